"""What the text of one mail may cost: how long it grows, how many rounds its loops make, how long it is worked on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from daemon.errors import Permanent


class TemplateFailure(Permanent):
    """A template can't be rendered with these values: one is missing or no plain value, or the text grows too long."""

    def __init__(self, name: str, detail: str) -> None:
        self.name = name
        self.detail = detail
        super().__init__(f"template {name}: {detail}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderLimits:
    """What one mail's text may cost; whatever costs more is a TemplateFailure."""

    output: int = 1024 * 1024
    """Octets of the text part; the HTML part says the same."""
    steps: int = 50_000
    """Rounds of all loops together."""
    cpu_seconds: float = 2.0
    """Of this thread, so that a busy machine fails no template."""


DEFAULT_LIMITS = RenderLimits()


class Meter:
    """What one rendering has cost so far. Raises TemplateFailure where it crosses a limit."""

    def __init__(self, name: str, limits: RenderLimits) -> None:
        self.name = name
        self.limits = limits
        self.steps = 0
        self.octets = 0
        self.end = time.thread_time() + limits.cpu_seconds

    def step(self) -> None:
        """One round of a loop."""
        self.steps += 1
        if self.steps > self.limits.steps:
            raise TemplateFailure(self.name, f"template_steps: more than {self.limits.steps} rounds of its loops")
        if self.steps % 256 == 0:
            self.look()

    def look(self) -> None:
        """Look at the clock."""
        if time.thread_time() > self.end:
            raise TemplateFailure(self.name, f"template_cpu_seconds: more than {self.limits.cpu_seconds:g} s")

    def written(self, output: Iterable[str]) -> str:
        """What a template writes, as long as it is not too much."""
        kept = []
        for piece in output:
            self.octets += len(piece)
            if self.octets > self.limits.output:
                raise TemplateFailure(self.name, f"template_output: more than {self.limits.output} octets")
            kept.append(piece)
        self.look()
        return "".join(kept)

    def metered(self, value: object) -> object:
        """The same value, whose rounds of a loop are counted."""
        if isinstance(value, list):
            return _List(self, [self.metered(item) for item in value])
        if isinstance(value, dict):
            return _Table(self, {key: self.metered(item) for key, item in value.items()})
        return value


class _List(list[Any]):
    """A list that counts who walks it."""

    def __init__(self, meter: Meter, items: list[Any]) -> None:
        super().__init__(items)
        self._meter = meter

    def __iter__(self) -> Iterator[Any]:
        for item in super().__iter__():
            self._meter.step()
            yield item


class _Table(dict[str, Any]):
    """A table that counts who walks its keys."""

    def __init__(self, meter: Meter, items: dict[str, Any]) -> None:
        super().__init__(items)
        self._meter = meter

    def __iter__(self) -> Iterator[str]:
        for key in super().__iter__():
            self._meter.step()
            yield key
