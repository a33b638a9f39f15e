"""How a workspace answers: the section ``[answering]`` of ``kptm.toml``."""

from __future__ import annotations

from dataclasses import dataclass

from kg.types import TimeNames

_TIMES = TimeNames()


@dataclass(frozen=True, kw_only=True)
class AnsweringConfig:
    """Settings of answering.

    Attributes:
        encoder: The folder of a sentence encoder that compares questions with relations, or the
            name of an installed package that has one; "" answers without one.
        start: What the qualifiers are called, by key, last part of an IRI, or label, that say when
            a fact began.
        end: Those that say when it ended.
        point: Those that say when it held.
    """

    encoder: str = ""
    start: tuple[str, ...] = _TIMES.start
    end: tuple[str, ...] = _TIMES.end
    point: tuple[str, ...] = _TIMES.point

    def __post_init__(self) -> None:
        for name in ("start", "end", "point"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def times(self) -> TimeNames:
        """The same for the graph."""
        return TimeNames(self.start, self.end, self.point)
