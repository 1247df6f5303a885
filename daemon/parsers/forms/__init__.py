"""Forms that come by mail: questions and their answers, in whatever shape a form service writes them."""

from __future__ import annotations

from daemon.parsers.forms.candidates import read_candidates

__all__ = ["read_candidates"]
