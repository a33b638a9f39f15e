"""Finds the kinds of rows in an untyped graph, by the relations that they have.

In a table of a museum, the paintings have a painter and a technique, and the painters a nationality
and a year of birth.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from kg.programs import Having, Union
from kg.types import Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from kg.programs import Program

MIN_SHARED_RELATIONS = 0.6
"""The least share of a row's relations that its kind has, too."""
MIN_ROWS = 3
"""The fewest rows of a kind."""
MIN_COMMON_SHARE = 0.5
"""The least share of a kind's rows that have a common relation."""
MIN_TYPICAL_SHARE = 1 / 3
"""The least share of the common relations that a typical row has."""
MAX_DENOTING_RELATIONS = 3
"""The most relations by which the rows of a kind are denoted."""


@dataclass(frozen=True, slots=True)
class RowKind:
    """A kind of rows.

    Attributes:
        relations: The common relations of its rows.
        rows: The rows.
        program: The program that denotes them: those that have some relation.
    """

    relations: frozenset[str]
    rows: frozenset[str]
    program: Program


def find_row_kinds(relations_of: Mapping[str, frozenset[str]]) -> list[RowKind]:
    """The kinds of rows, largest first; empty if there is only one.

    A row belongs to the first kind that has most of its relations. Rows with many relations come
    first, because they are typical.

    Args:
        relations_of: By row: its relations.
    """
    rows_with: dict[frozenset[str], list[str]] = defaultdict(list)
    for row, relations in relations_of.items():
        rows_with[relations].append(row)
    kinds: list[tuple[set[str], list[str]]] = []
    order = sorted(rows_with, key=lambda x: (-len(x), -len(rows_with[x]), sorted(x)))
    for relations in order:
        for known, rows in kinds:
            if len(known & relations) >= MIN_SHARED_RELATIONS * len(relations):
                known |= relations
                rows += rows_with[relations]
                break
        else:
            kinds.append((set(relations), list(rows_with[relations])))
    heads: dict[str, set[str]] = defaultdict(set)
    for row, relations in relations_of.items():
        for relation in relations:
            heads[relation].add(row)
    large = [rows for _, rows in kinds if len(rows) >= MIN_ROWS]
    row_kinds = [kind for rows in large if (kind := _kind(rows, relations_of, heads)) is not None]
    row_kinds.sort(key=lambda kind: (-len(kind.rows), sorted(kind.relations)))
    return row_kinds if len(row_kinds) > 1 else []


def _kind(
    rows: Collection[str],
    relations_of: Mapping[str, frozenset[str]],
    heads: Mapping[str, set[str]],
) -> RowKind | None:
    """The kind that some rows are; None if no relation tells them from other rows.

    Args:
        rows: The rows.
        relations_of: By row of the graph: its relations.
        heads: By relation: all rows of the graph that have it.
    """
    counts = Counter(relation for row in rows for relation in relations_of[row])
    common = {
        relation for relation, count in counts.items() if count >= MIN_COMMON_SHARE * len(rows)
    }
    typical = {
        row for row in rows if len(relations_of[row] & common) >= MIN_TYPICAL_SHARE * len(common)
    }
    others = {relation: len(heads[relation] - typical) for relation in sorted(counts)}
    chosen: list[str] = []
    missing = set(typical)
    while missing and len(chosen) < MAX_DENOTING_RELATIONS:
        gains = {relation: len(missing & heads[relation]) - others[relation] for relation in others}
        best = max(gains, key=gains.__getitem__)
        if gains[best] <= 0:
            break
        chosen.append(best)
        missing -= heads[best]
    if not chosen:
        return None
    sets: list[Program] = [Having(Step(relation)) for relation in chosen]
    return RowKind(frozenset(common), frozenset(typical), reduce(Union, sets))


def kind_with(relations: Iterable[str], kinds: Iterable[RowKind]) -> RowKind | None:
    """The kind that has most of some relations; of these, relations of one kind alone count double.

    None if no kind has any, or several have as many.
    """
    some = list(kinds)
    wanted = set(relations)
    alone = {
        relation for relation in wanted if sum(relation in kind.relations for kind in some) == 1
    }
    scores = [len(wanted & kind.relations) + len(alone & kind.relations) for kind in some]
    best = max(scores, default=0)
    return some[scores.index(best)] if best and scores.count(best) == 1 else None
