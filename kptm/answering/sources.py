"""What can speak where the graph is silent: link prediction, the fused model, modeledge.

Each gives p over the candidates of one question. Shapes: N candidates, T texts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from kptm.data import collate
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from kg.embedding import EntityEmbeddings
    from kptm.answering.candidates import Side
    from kptm.answering.questions import Reading
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge import Hit, Interpolation

    Floats = NDArray[np.float64]

GRAPH, LINKS, MODEL, STORE = "graph", "link prediction", "model", "modeledge"
SOURCES = (GRAPH, LINKS, MODEL, STORE)
"""Whoever can be asked, by the names that switch them off."""
BATCH = 128
"""Texts that the model reads at once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the sources are asked it.

    Attributes:
        reading: Entity and relation; one hop.
        texts: The same as clozes.
        side: The candidates; the entity itself is none.
    """

    reading: Reading
    texts: tuple[LinkedText, ...]
    side: Side


@dataclass(frozen=True, slots=True)
class Opinion:
    """One source's p over the candidates of a question.

    Attributes:
        kind: Which source.
        p: Shape (N,), summing to 1; 0 for those of which it knows nothing.
        known: Of how many candidates it knows anything.
        text: The cloze that it was asked, "" where it needs none.
        hits: The neighbours that speak, of modeledge.
        weight: λ of modeledge, how much those weigh.
    """

    kind: str
    p: Floats
    known: int
    text: str = ""
    hits: tuple[Hit, ...] = ()
    weight: float = 1.0

    @property
    def best(self) -> int:
        """The likeliest candidate's place; of equals the last, whichever is right."""
        return last_best(self.p)

    def rank(self, place: int) -> int:
        """The rank of a candidate, 1 for the likeliest."""
        return 1 + int((self.p > self.p[place]).sum())


def checked_sources(names: Iterable[str] | None) -> frozenset[str]:
    """The sources of those names; all of them for None.

    Raises:
        ConfigError: There is none of a name.
    """
    if names is None:
        return frozenset(SOURCES)
    found = frozenset([names] if isinstance(names, str) else names)
    unknown = sorted(found - set(SOURCES))
    if unknown or not found:
        what = f"no source is called {unknown[0]!r}" if unknown else "no source is left"
        raise ConfigError(f"{what}; there are {', '.join(SOURCES)}")
    return found


def last_best(p: Floats) -> int:
    """The place of the largest number, the last of equals."""
    return len(p) - 1 - int(np.argmax(p[::-1]))


def from_embeddings(embeddings: EntityEmbeddings, asked: Asked) -> Opinion | None:
    """Link prediction: softmax of the scores; None when the entity, its relation or all candidates have no vector."""
    entity, relation = asked.reading.entity, asked.reading.relation
    if entity not in embeddings or relation not in embeddings.relations:
        return None
    scores = (
        embeddings.scores(head=entity, relation=relation)
        if asked.reading.forward
        else embeddings.scores(relation=relation, tail=entity)
    )
    return _spread(LINKS, scores, asked, embeddings)


@torch.no_grad()
def from_model(
    model: FusedModel, asked: Sequence[Asked]
) -> list[tuple[Opinion | None, NDArray[np.float32]]]:
    """What the fused model reads at the first blank of each question's texts, many questions in one pass.

    Returns:
        For each question p, the mean over its texts, and the fact keys that modeledge is searched by, shape (T, 4E).
    """
    model.eval()
    texts, owner = [], []
    for number, question in enumerate(asked):
        for document in question.texts:
            text = model.encoder.encode(document)
            if text.blanks:  # one behind the cut of a long text is not seen
                texts.append(replace(text, blanks=text.blanks[:1]))
                owner.append(number)
    opinions: list[list[Opinion]] = [[] for _ in asked]
    keys: list[list[NDArray[np.float32]]] = [[] for _ in asked]
    for start in range(0, len(texts), BATCH):
        seen = model(**collate(texts[start : start + BATCH], model.pad_id).tensors())
        for number, row_N, key_F in zip(
            owner[start:], seen.entity_logits, seen.fact_keys, strict=False
        ):
            opinion = _spread(MODEL, row_N, asked[number], model.embeddings)
            opinions[number] += [] if opinion is None else [opinion]
            keys[number].append(key_F.float().cpu().numpy())
    width = 4 * model.embeddings.dim
    return [
        (_mean(said), np.array(found, np.float32).reshape(-1, width))
        for said, found in zip(opinions, keys, strict=True)
    ]


def _mean(opinions: Sequence[Opinion]) -> Opinion | None:
    if not opinions:
        return None
    return replace(opinions[0], p=np.mean([item.p for item in opinions], axis=0))


def _spread(
    kind: str, scores: torch.Tensor, asked: Asked, embeddings: EntityEmbeddings
) -> Opinion | None:
    """Softmax of the scores of those candidates that have a vector."""
    rows = asked.side.rows(embeddings)
    there = rows >= 0
    own = asked.side.place.get(asked.reading.entity)
    if own is not None:
        there = there.copy()
        there[own] = False
    if not there.any():
        return None
    p = np.zeros(len(rows))
    chosen = scores.detach().cpu()[torch.from_numpy(rows[there])].double()
    p[there] = torch.softmax(chosen, 0).numpy()
    text = asked.texts[0].text if kind == MODEL else ""
    return Opinion(kind, p, int(there.sum()), text)


def from_modeledge(
    hits: Sequence[Hit], asked: Asked, interpolation: Interpolation
) -> Opinion | None:
    """What the neighbours say that speak of the question; None where the store abstains."""
    share = interpolation.weight(hits)
    if share == 0:
        return None
    p = np.zeros(len(asked.side))
    near = interpolation.near(hits)
    p[[asked.side.place[key] for key in near]] = list(near.values())
    return Opinion(STORE, p, len(near), hits=tuple(hits), weight=share)
