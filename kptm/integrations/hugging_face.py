"""``datasets.Dataset`` of triples, linked texts and proposals, out of a workspace and into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datasets import Dataset, Features, List, Value

from kg.types import Literal
from kg.values import value_text
from kptm.errors import LinkingError
from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.view import GraphView
    from kptm.workspace import Workspace
    from kptm.workspace.review_items import ReviewItem

__all__ = [
    "add_proposals",
    "linked_texts",
    "links_dataset",
    "proposals_dataset",
    "triples_dataset",
]

_TEXT = Value("string")
TRIPLES = Features(dict.fromkeys(("head", "relation", "tail", "source"), _TEXT))
LINKS = Features(
    {
        "text": _TEXT,
        "links": List(
            {
                "start": Value("int64"),
                "end": Value("int64"),
                "surface": _TEXT,
                "entity": _TEXT,
                "score": Value("float64"),
                "coreference": Value("bool"),
            }
        ),
    }
)
PROPOSALS = Features(
    {
        "head": _TEXT,
        "relation": _TEXT,
        "tail": _TEXT,
        "sentence": _TEXT,
        "source": _TEXT,
        "confidence": Value("float64"),
        "state": _TEXT,
    }
)


def triples_dataset(graph: GraphView) -> Dataset:
    """The triples between entities, once per source that states them.

    ``graph.load(dataset)`` reads it. All triples are held in memory.

    Returns:
        A dataset with the columns head, relation, tail and source.
    """
    columns: dict[str, list[str]] = {name: [] for name in TRIPLES}
    for triple, source in graph.triples_with_sources():
        for name, value in zip(columns, (*triple, source), strict=True):
            columns[name].append(value)
    return Dataset.from_dict(columns, features=TRIPLES)


def links_dataset(documents: Iterable[LinkedText]) -> Dataset:
    """Linked texts, one per row, without the other candidates of their mentions.

    Returns:
        A dataset with the columns text and links.
    """
    rows = [
        {
            "text": document.text,
            "links": [
                {name: getattr(link, name) for name in LINKS["links"].feature}
                for link in document.links
            ],
        }
        for document in documents
    ]
    return _dataset(rows, LINKS)


def linked_texts(dataset: Iterable[Mapping[str, Any]]) -> Iterator[LinkedText]:
    """The linked texts of a dataset with the columns text and links.

    Raises:
        LinkingError: A link does not fit its text, or something is missing; the message has the
            number of the row.
    """
    for number, row in enumerate(dataset, 1):
        try:
            yield LinkedText.from_dict(row)
        except LinkingError as error:
            raise LinkingError(f"row {number}: {error}") from error


def proposals_dataset(workspace: Workspace, *, state: str | None = "proposed") -> Dataset:
    """Proposals of facts with their sentences.

    Args:
        workspace: An open workspace.
        state: Only those in this state: "proposed", "accepted", "rejected"; None for all.

    Returns:
        A dataset with the columns head, relation, tail, sentence, source, confidence and state.
    """
    items = workspace.review(state=state)
    return _dataset(list(map(_row, items)), PROPOSALS)


def _dataset(rows: Sequence[dict[str, Any]], features: Features) -> Dataset:
    columns = {name: [row[name] for row in rows] for name in features}
    return Dataset.from_dict(columns, features=features)


def _row(item: ReviewItem) -> dict[str, Any]:
    proposal = item.proposal
    tail = proposal.tail
    return {
        "head": proposal.head,
        "relation": proposal.relation,
        "tail": value_text(tail) if isinstance(tail, Literal) else tail,
        "sentence": proposal.sentence,
        "source": proposal.source,
        "confidence": proposal.confidence,
        "state": proposal.state.value,
    }


def add_proposals(workspace: Workspace, dataset: Iterable[Mapping[str, Any]]) -> int:
    """Propose the facts of a dataset for review, all or none; return their number.

    The column "state" is ignored: every proposal awaits a decision here.

    Args:
        workspace: An open workspace, which has the relations.
        dataset: Rows with head, relation, tail, sentence, source and confidence.

    Raises:
        ConfigError: A confidence is out of range.
        StoreError: A fact was rejected before for the same sentence.
        UnknownKeyError: A relation does not exist.
    """
    count = 0
    with workspace.graph.transaction():
        for row in dataset:
            workspace.propose(
                row["head"],
                row["relation"],
                row["tail"],
                sentence=row["sentence"],
                source=row["source"],
                confidence=row["confidence"],
            )
            count += 1
    return count
