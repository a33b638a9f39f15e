"""The sources of answers besides the graph: link prediction, the fused model, texts, modeledge.

Each source returns p over the candidates of a question. Shapes: N candidates, T texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from kptm.answering.questions.path_reading import Reading
    from kptm.answering.sources.candidate_sets import CandidateSet
    from kptm.fusion import FactWeight
    from kptm.linking import LinkedText
    from kptm.modeledge import Hit, Interpolation
    from kptm.passages.reader.passage_reader import ReadAnswer

    Floats = NDArray[np.float64]

GRAPH, LINKS, MODEL, TEXTS, STORE = "graph", "link prediction", "model", "texts", "modeledge"
SOURCES = (GRAPH, LINKS, MODEL, TEXTS, STORE)
"""The names of all sources."""


@dataclass(frozen=True, slots=True)
class SourceQuery:
    """A question of one hop, in the form in which all sources are asked.

    Attributes:
        reading: The entity and the relation.
        texts: The question as clozes, for the fused model and modeledge.
        side: The candidates: all heads or tails of the relation, and the answers read in passages.
        read: The answers read in passages.
    """

    reading: Reading
    texts: tuple[LinkedText, ...]
    side: CandidateSet
    read: tuple[ReadAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceScores:
    """The p of one source over the candidates of a question.

    Attributes:
        kind: The name of the source.
        p: Shape (N,), with the sum 1; 0 for candidates that the source does not know.
        known: The number of candidates that the source knows.
        text: The cloze that the source read; "" if it reads none.
        origin: Only for the model: what made it other than the workspace's own, such as
            "model int8" or "module rivers".
        facts: Only for a model of kind "kblam": the facts that it attended to in its first cloze.
        without: Only for a model with modules: its p without them, shape (N,).
        hits: Only for modeledge: the neighbours that state an answer.
        weight: Only for modeledge: λ, the weight of the neighbours in the combined p.
    """

    kind: str
    p: Floats
    known: int
    text: str = ""
    origin: tuple[str, ...] = ()
    without: Floats | None = None
    facts: tuple[FactWeight, ...] = ()
    hits: tuple[Hit, ...] = ()
    weight: float = 1.0

    @property
    def best(self) -> int:
        """The position of the likeliest candidate; among equal ones the last."""
        return last_best(self.p)

    def rank(self, place: int) -> int:
        """The rank of the candidate at a position; the likeliest has rank 1."""
        return rank_of(self.p, place)


def checked_sources(names: Iterable[str] | None) -> frozenset[str]:
    """The set of sources with these names; all sources for None.

    Raises:
        ConfigError: A name is unknown, or ``names`` is empty.
    """
    if names is None:
        return frozenset(SOURCES)
    chosen = frozenset([names] if isinstance(names, str) else names)
    unknown = sorted(chosen - set(SOURCES))
    if unknown or not chosen:
        problem = f"no source is called {unknown[0]!r}" if unknown else "no source is left"
        raise ConfigError(f"{problem}; there are {', '.join(SOURCES)}")
    return chosen


def rank_of(p: Floats, place: int) -> int:
    """The rank of the number at a position; the greatest has rank 1."""
    return 1 + int((p > p[place]).sum())


def last_best(p: Floats) -> int:
    """The position of the largest number; among equal ones the last."""
    return len(p) - 1 - int(np.argmax(p[::-1]))


def from_modeledge(
    hits: Sequence[Hit], query: SourceQuery, interpolation: Interpolation
) -> SourceScores | None:
    """The p of modeledge, from the nearest neighbours; None if their weight λ is 0."""
    share = interpolation.weight(hits)
    if share == 0:
        return None
    p = np.zeros(len(query.side))
    near = interpolation.near(hits)
    p[[query.side.place[key] for key in near]] = list(near.values())
    return SourceScores(STORE, p, len(near), hits=tuple(hits), weight=share)
