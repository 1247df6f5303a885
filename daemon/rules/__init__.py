"""What is granted: pure rules. No I/O, no clock, no database."""
