"""Find passages by entities and words, ranked by a small log-linear model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from kg.naming.folding import fold
from kptm.passages import passage_rows
from kptm.passages.ranking import RankWeights

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from kg.sql.cursor import Sql
    from kptm.passages.passage_records import Passage

MOST = 256
"""The most passages of each way of searching."""
STEM = 6
"""Characters of a word's prefix, which its inflections share."""
_WORD = re.compile(r"\w+")


def search(
    sql: Sql,
    words: str = "",
    entities: Sequence[str] = (),
    *,
    limit: int = 10,
    weights: RankWeights | None = None,
) -> list[Passage]:
    """The best passages, best first.

    Args:
        sql: A reading transaction.
        words: Words of which they have at least one.
        entities: Keys of entities that they all link to; without any, only words are searched.
        limit: The most passages.
        weights: The weights of links and words, by default those of the package.
    """
    terms = list(dict.fromkeys(map(fold, _WORD.findall(words))))
    linked = linked_to(sql, entities) if entities else {}
    ranks = by_words(sql, terms, list(entities))
    if entities:
        linked = {**linked_to(sql, entities, ranks), **linked}
        ids: Collection[int] = linked
    else:
        ids = ranks
    found = passage_rows.fetch(sql, dict.fromkeys(ids, 0.0))
    if not found:
        return []
    features = features_of(found, terms, linked, ranks)
    scores = (weights or RankWeights.default()).score(features)
    order = np.lexsort((np.array([item.id for item in found]), -scores))[:limit]
    return [_score_passage(found[at], float(scores[at])) for at in order]


def features_of(
    found: Sequence[Passage],
    terms: Sequence[str],
    linked: Mapping[int, float],
    ranks: Mapping[int, int],
) -> NDArray[np.float64]:
    """The features of passages, shape (P, F), by :data:`kptm.passages.ranking.FEATURES`.

    Args:
        found: P passages.
        terms: The words that are searched, folded.
        linked: The probability of each passage's links, by its id.
        ranks: Its rank by words.
    """
    stems = [term[:STEM] for term in terms]
    return np.array(
        [
            [
                np.log(max(linked.get(item.id, 1.0), 1e-4)),
                _overlap(stems, item.text),
                1.0 / ranks[item.id] if item.id in ranks else 0.0,
                np.log1p(len(item.text) / 100),
            ]
            for item in found
        ]
    )


def _score_passage(passage: Passage, score: float) -> Passage:
    from dataclasses import replace

    return replace(passage, score=score)


def _overlap(stems: Sequence[str], text: str) -> float:
    """The share of the words that a text has."""
    if not stems:
        return 0.0
    there = {word[:STEM] for word in _WORD.findall(fold(text))}
    return sum(stem in there for stem in stems) / len(stems)


def linked_to(
    sql: Sql, entities: Sequence[str], among: Collection[int] | None = None
) -> dict[int, float]:
    """The live passages that link to all of the entities, the likeliest links first."""
    found: dict[int, float] | None = None
    for entity in dict.fromkeys(entities):
        inside, parameters = "", []
        if among is not None or found is not None:
            listed, parameter = sql.values(list(among if found is None else found) or [-1])  # type: ignore[arg-type]
            inside, parameters = f" AND l.passage_id IN {listed}", [parameter]
        query = (
            "SELECT l.passage_id, max(l.p) FROM passage_link l"
            " JOIN passage g ON g.id = l.passage_id"
            f" WHERE l.entity = ? AND g.live = 1{inside} GROUP BY l.passage_id"
            " ORDER BY max(l.p) DESC, l.passage_id LIMIT ?"
        )
        most = MOST if len(set(entities)) == 1 else 16 * MOST
        held = dict(sql.all(query, (entity, *parameters, most)))
        found = held if found is None else {key: p * found[key] for key, p in held.items()}
    return found or {}


def by_words(sql: Sql, terms: Sequence[str], entities: Sequence[str]) -> dict[int, int]:
    """The live passages with any of the words, ranked by BM25 or PostgreSQL's own measure."""
    if not terms:
        return {}
    inside, parameters = "", []
    if entities:  # a frequent entity: not all of its passages are scored
        inside = (
            " AND EXISTS (SELECT 1 FROM passage_link l WHERE l.passage_id = g.id AND l.entity = ?)"
        )
        parameters = [entities[0]]
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
    rows_found = sql.all(query, (wanted, *parameters, MOST))
    return {number: rank for rank, (number,) in enumerate(rows_found, 1)}
