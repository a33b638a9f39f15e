"""Retrieves facts and passages for a query, best first, with the sources of each."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kg.naming.folding import fold
from kptm.errors import ConfigError
from kptm.integrations.tool_functions import submit
from kptm.passages.passage_search import PREFIX_CHARACTERS
from kptm.serving.agents.agent_views import fact_views
from kptm.serving.config import MAX_QUESTION_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.types import Attribute, Triple
    from kptm.answering import Answer
    from kptm.passages.passage_records import Passage
    from kptm.workspace import Workspace

RANK_OFFSET = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009)."""
MAX_FACTS_PER_SIDE = 100
"""The maximum number of facts of an entity, as head and as tail, that are ranked."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class RetrievedText:
    """A fact or a passage.

    Attributes:
        id: Its id: the same fact or passage has the same id in every query.
        kind: "fact" or "passage".
        text: The fact as "head | relation | tail" by labels, or the sentences of the passage.
        keys: The keys of its entities: head and tail of a fact, the links of a passage.
        relation: The key of the relation of a fact, "" for a passage.
        sources: The sources that state it.
        revision: The revision from which on a fact is stated; None for a passage.
        score: The fused score by which texts are ordered; it only compares texts of one query.
    """

    id: str
    kind: str
    text: str
    keys: tuple[str, ...]
    relation: str
    sources: tuple[str, ...]
    revision: int | None
    score: float = 0.0

    def metadata(self) -> dict[str, Any]:
        """Everything but the text, as a JSON value."""
        return {
            "kind": self.kind,
            "keys": list(self.keys),
            "relation": self.relation,
            "source": ", ".join(self.sources),
            "revision": self.revision,
            "score": self.score,
        }


def checked_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """The kinds of texts to retrieve.

    Raises:
        ConfigError: There is no such kind, or none is given.
    """
    chosen = tuple(kinds)
    if not chosen or not set(chosen) <= {"fact", "passage"}:
        raise ConfigError(f'kinds {chosen}: give "fact", "passage", or both')
    return chosen


def retrieve(
    workspace: Workspace, query: str, k: int, kinds: Sequence[str] = ("fact", "passage")
) -> list[RetrievedText]:
    """The ``k`` best facts and passages for a query.

    Four rankings are fused by their ranks: the facts that answer the query as a question, all facts
    of the entities that it names by the words that they share with it, the passages that link to
    these entities, and the passages with its words.

    Args:
        workspace: An open workspace.
        query: A question, or any text.
        k: The maximum number of texts to return.
        kinds: "fact", "passage", or both.

    Raises:
        ConfigError: ``k`` is below 1, or there is no such kind.
    """
    if k < 1:
        raise ConfigError(f"k {k}: retrieve at least 1 text")
    chosen = checked_kinds(kinds)
    return submit(workspace, lambda ws: _retrieve(ws, query, k, chosen)).result()


def _retrieve(
    workspace: Workspace, query: str, k: int, kinds: Sequence[str]
) -> list[RetrievedText]:
    entities = list(workspace.predictor().link(query).entities())
    rankings: list[list[RetrievedText]] = []
    if "fact" in kinds:
        ranked = _by_words(_facts_of(workspace, entities), query)
        rankings += [_answering(workspace, query, ranked), ranked]
    if "passage" in kinds:
        linked = workspace.passages.search(query, entities=entities, limit=k)
        words = workspace.passages.search(query, limit=k) if entities else []
        rankings += [_passage_texts(linked), _passage_texts(words)]
    return _fuse(rankings)[:k]


def _facts_of(workspace: Workspace, entities: Sequence[str]) -> list[RetrievedText]:
    """The facts of entities, those of each in the order of the graph."""
    facts = [
        attested
        for key in entities
        for attested in workspace.describe(key, limit=MAX_FACTS_PER_SIDE).facts
    ]
    return _fact_texts(
        workspace,
        [
            (attested.fact, [name for name, _ in attested.sources], attested.revision)
            for attested in facts
        ],
    )


def _fact_texts(
    workspace: Workspace,
    facts: Sequence[tuple[Triple | Attribute, Sequence[str], int | None]],
) -> list[RetrievedText]:
    """Facts, each with its sources and revision, as texts."""
    views = fact_views(
        workspace.graph, [part for part, _, _ in facts], [part for _, part, _ in facts]
    )
    return [
        RetrievedText(
            id=_fact_id(view.head, view.relation, view.tail or view.value or ""),
            kind="fact",
            text=view.text,
            keys=(view.head,) if view.tail is None else (view.head, view.tail),
            relation=view.relation,
            sources=tuple(view.sources),
            revision=revision,
        )
        for (_, _, revision), view in zip(facts, views, strict=True)
    ]


def _fact_id(head: str, relation: str, tail: str) -> str:
    return f"fact:{head}|{relation}|{tail}"


def _by_words(facts: Sequence[RetrievedText], query: str) -> list[RetrievedText]:
    """Facts by the share of their words that the query has, the first stated ones first."""
    query_stems = _stems(query)

    def share(fact: RetrievedText) -> float:
        words = _stems(fact.text)
        return len(words & query_stems) / max(len(words), 1)

    return sorted(facts, key=share, reverse=True)


def _stems(text: str) -> set[str]:
    return {fold(word)[:PREFIX_CHARACTERS] for word in _WORD.findall(text)}


def _answering(
    workspace: Workspace, query: str, facts: Sequence[RetrievedText]
) -> list[RetrievedText]:
    """The facts that answer the query as a question; those with values are among ``facts``."""
    if len(query) > MAX_QUESTION_CHARACTERS or not query.strip():
        return []
    answer = workspace.ask(query, sources=["graph"])
    triples = [item.triple for item in answer.evidence if item.kind == "triple" and item.triple]
    stated = workspace.graph.attestations(triples)
    texts = _fact_texts(
        workspace,
        [
            (fact, [name for name, _ in stated[fact].sources], stated[fact].revision)
            for fact in triples
            if fact in stated
        ],
    )
    return texts or _with_values(answer, facts)


def _with_values(answer: Answer, facts: Sequence[RetrievedText]) -> list[RetrievedText]:
    """The facts whose value is the answer, such as an area; a value has no triple as evidence."""
    values = {item.text for item in answer.answers if item.entity is None}
    asked_relations = {step.relation for step in answer.path}
    return [
        fact
        for fact in facts
        if len(fact.keys) == 1
        and fact.relation in asked_relations
        and fact.text.split(" | ")[-1] in values
    ]


def _passage_texts(passages: Sequence[Passage]) -> list[RetrievedText]:
    return [
        RetrievedText(
            id=f"passage:{passage.id}",
            kind="passage",
            text=passage.text,
            keys=tuple(dict.fromkeys(link.entity for link in passage.links)),
            relation="",
            sources=(passage.source,),
            revision=None,
        )
        for passage in passages
    ]


def _fuse(rankings: Sequence[Sequence[RetrievedText]]) -> list[RetrievedText]:
    """Fuse rankings: the score of a text is the sum of 1 / (60 + rank) over those that have it."""
    texts: dict[str, RetrievedText] = {}
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, text in enumerate({retrieved.id: retrieved for retrieved in ranking}.values(), 1):
            texts.setdefault(text.id, text)
            scores[text.id] = scores.get(text.id, 0.0) + 1 / (RANK_OFFSET + rank)
    order = sorted(texts, key=lambda name: -scores[name])
    return [replace(texts[name], score=scores[name]) for name in order]
