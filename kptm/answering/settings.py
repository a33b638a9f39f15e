"""The settings of the section ``[answering]`` of ``kptm.toml``."""

from __future__ import annotations

from dataclasses import dataclass

from kg.types import TimeNames

_TIMES = TimeNames()


@dataclass(frozen=True, kw_only=True)
class AnsweringConfig:
    """The settings with which a workspace answers questions.

    Attributes:
        model: The model that answers, and that reads and writes modeledge: the name of a compressed
            model of the workspace, such as "int8", or the folder of one; "" is the workspace's own.
        modules: The modules of the model for every question, stacked in this order, or "auto"
            alone, which chooses one by the types of linked entities; by default the model's own.
        encoder: The folder of a sentence encoder that compares questions with relations, or the
            name of an installed package that contains one; "" answers without an encoder.
        start: The names of qualifiers for the beginning of a fact: their keys, labels, or the last
            part of their IRIs.
        end: The names of qualifiers for the end of a fact.
        point: The names of qualifiers for the point in time at which a fact held.
    """

    model: str = ""
    modules: tuple[str, ...] = ()
    encoder: str = ""
    start: tuple[str, ...] = _TIMES.start
    end: tuple[str, ...] = _TIMES.end
    point: tuple[str, ...] = _TIMES.point

    def __post_init__(self) -> None:
        for name in ("modules", "start", "end", "point"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def times(self) -> TimeNames:
        """The names of all qualifiers for time, as the graph expects them."""
        return TimeNames(self.start, self.end, self.point)
