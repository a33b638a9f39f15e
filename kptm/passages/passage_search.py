"""Finds passages by entities and words, and ranks them by a small log-linear model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from kg.naming.folding import fold
from kg.store.merging.merged_keys import all_keys
from kptm.passages import passage_rows
from kptm.passages.ranking import RankWeights

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kptm.passages.passage_records import Passage

MAX_PASSAGES_PER_SEARCH = 256
"""The maximum number of passages that the search by links, and the search by words, each return."""
PREFIX_CHARACTERS = 6
"""The number of leading characters of a word that are compared; inflected forms share them."""
_WORD = re.compile(r"\w+")


def search(
    sql: Sql,
    words: str = "",
    entities: Sequence[str] = (),
    *,
    limit: int = 10,
    weights: RankWeights | None = None,
) -> list[Passage]:
    """Search the live passages by words and entities.

    Args:
        sql: A reading transaction.
        words: Words that rank the passages; without entities, a passage must have one of them.
        entities: Keys of entities; a passage must link to all of them.
        limit: The maximum number of passages to return.
        weights: The weights of the ranking; None takes those of the package.

    Returns:
        Passages, highest score first.
    """
    terms = list(dict.fromkeys(map(fold, _WORD.findall(words))))
    linked = linked_to(sql, entities) if entities else {}
    ranks = by_words(sql, terms, list(entities))
    if entities:
        linked = {**linked_to(sql, entities, ranks), **linked}
        ids: Collection[int] = linked
    else:
        ids = ranks
    passages = passage_rows.fetch(sql, dict.fromkeys(ids, 0.0))
    if not passages:
        return []
    features = features_of(passages, terms, linked, ranks)
    scores = (weights or RankWeights.default()).score(features)
    order = np.lexsort((np.array([item.id for item in passages]), -scores))[:limit]
    return [_score_passage(passages[i], float(scores[i])) for i in order]


def features_of(
    passages: Sequence[Passage],
    terms: Sequence[str],
    linked: Mapping[int, float],
    ranks: Mapping[int, int],
) -> NDArray[np.float64]:
    """The features of P passages for ranking, as :data:`kptm.passages.ranking.FEATURES` lists them.

    Args:
        passages: The passages.
        terms: The searched words, case-folded.
        linked: The probability of the links of each passage, by its id.
        ranks: The rank of each passage in the search by words, by its id.

    Returns:
        Shape (P, F) for F features.
    """
    stems = [term[:PREFIX_CHARACTERS] for term in terms]
    return np.array(
        [
            [
                np.log(max(linked.get(item.id, 1.0), 1e-4)),
                _overlap(stems, item.text),
                1.0 / ranks[item.id] if item.id in ranks else 0.0,
                np.log1p(len(item.text) / 100),
            ]
            for item in passages
        ]
    )


def _score_passage(passage: Passage, score: float) -> Passage:
    from dataclasses import replace

    return replace(passage, score=score)


def _overlap(stems: Sequence[str], text: str) -> float:
    """The share of the searched words that occur in a text."""
    if not stems:
        return 0.0
    text_stems = {word[:PREFIX_CHARACTERS] for word in _WORD.findall(fold(text))}
    return sum(stem in text_stems for stem in stems) / len(stems)


def linked_to(
    sql: Sql, entities: Sequence[str], among: Collection[int] | None = None
) -> dict[int, float]:
    """The live passages that link to all of the entities, by id: the product of the links' p."""
    p_of: dict[int, float] | None = None
    for entity in dict.fromkeys(entities):
        inside, parameters = "", []
        if among is not None or p_of is not None:
            listed, parameter = sql.values(list(among if p_of is None else p_of) or [-1])  # type: ignore[arg-type]
            inside, parameters = f" AND l.passage_id IN {listed}", [parameter]
        keys, named = sql.values(all_keys(sql, entity))
        query = (
            "SELECT l.passage_id, max(l.p) FROM passage_link l"
            " JOIN passage g ON g.id = l.passage_id"
            f" WHERE l.entity IN {keys} AND g.live = 1{inside} GROUP BY l.passage_id"
            " ORDER BY max(l.p) DESC, l.passage_id LIMIT ?"
        )
        limit = MAX_PASSAGES_PER_SEARCH if len(set(entities)) == 1 else 16 * MAX_PASSAGES_PER_SEARCH
        linked = dict(sql.all(query, (named, *parameters, limit)))
        p_of = linked if p_of is None else {key: p * p_of[key] for key, p in linked.items()}
    return p_of or {}


def by_words(sql: Sql, terms: Sequence[str], entities: Sequence[str]) -> dict[int, int]:
    """The live passages with any of the words, by id: their rank.

    SQLite ranks by BM25; PostgreSQL, which lacks it, by ``ts_rank_cd``.
    """
    if not terms:
        return {}
    inside, parameters = "", []
    if entities:  # for a frequent entity, linked_to returns only some passages; these add others
        keys, parameter = sql.values(all_keys(sql, entities[0]))
        inside = (
            " AND EXISTS (SELECT 1 FROM passage_link l WHERE l.passage_id = g.id"
            f" AND l.entity IN {keys})"
        )
        parameters = [parameter]
    if sql.postgresql:
        query = (
            "SELECT g.id FROM passage_terms t JOIN passage g ON g.id = t.id,"
            " to_tsquery('simple', ?) q WHERE t.terms @@ q AND g.live = 1" + inside +
            " ORDER BY ts_rank_cd(t.terms, q) DESC, g.id LIMIT ?"
        )  # fmt: skip
        wanted = " | ".join(f"'{term}':*" for term in terms)
    else:
        query = (
            "SELECT g.id FROM passage_terms JOIN passage g ON g.id = passage_terms.rowid"
            " WHERE passage_terms MATCH ? AND g.live = 1" + inside +
            " ORDER BY bm25(passage_terms), g.id LIMIT ?"
        )  # fmt: skip
        wanted = " OR ".join(f'"{term}"' for term in terms)
    rows_found = sql.all(query, (wanted, *parameters, MAX_PASSAGES_PER_SEARCH))
    return {number: rank for rank, (number,) in enumerate(rows_found, 1)}
