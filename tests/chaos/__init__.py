"""Faults made to happen to the real program, and the books that are read afterwards; `python -m tests.chaos` runs them all."""
