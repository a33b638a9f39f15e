"""Profiles of sets of nodes: relations with counts, types, numeric relations."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from kg.store.node_sets.sets import Clause
from kg.store.read.triples import alive
from kg.store.rows.schema import FIRST_RELATION
from kg.types import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.store.node_sets.sets import NodeSet, NodeSets

SAMPLED_VALUES = 40
"""The maximum number of values returned per relation."""
MAX_STATEMENTS_PER_FILE = 200_000
"""The maximum number of statements read per file."""
MAX_FACTS_FOLLOWED = 2_000
"""The maximum number of facts from a set that :func:`relations_beyond` follows in each
direction."""


def steps(sets: NodeSets, nodes: NodeSet) -> dict[tuple[str, bool], int]:
    """The number of facts from a set, by relation and direction."""
    parts: list[Clause] = []
    for column, forward in (("head_id", True), ("tail_id", False)):
        text, parameters = sets.holds(nodes, f"x.{column}")
        counted = (
            f"SELECT x.relation_id, {forward:d} AS forward, count(*) AS n FROM triple x"
            f" WHERE {text} AND x.relation_id >= {FIRST_RELATION} AND {alive(sets.at)}"
            " GROUP BY x.relation_id"
        )
        parts.append(Clause(counted, parameters))
    both = " UNION ALL ".join(part.text for part in parts)
    rows = sets.sql.all(
        f"SELECT r.key, g.forward, g.n FROM ({both}) AS g JOIN relation r ON r.id = g.relation_id",
        tuple(chain.from_iterable(part.parameters for part in parts)),
    )
    return {(key, bool(forward)): int(count) for key, forward, count in rows}


def relations_beyond(
    sets: NodeSets, nodes: NodeSet, relations: Iterable[int]
) -> dict[tuple[str, bool], set[int]]:
    """For each step from a set: which of ``relations`` have facts whose heads the step reaches.

    The first :data:`MAX_FACTS_FOLLOWED` facts are followed in each direction.
    """
    beyond_step: dict[tuple[str, bool], set[int]] = defaultdict(set)
    wanted = ", ".join(str(int(number)) for number in relations)
    for here, there, forward in (("head_id", "tail_id", True), ("tail_id", "head_id", False)):
        condition = sets.holds(nodes, f"x.{here}")
        rows = sets.sql.all(
            "SELECT r.key, g.beyond FROM (SELECT DISTINCT f.relation_id, y.relation_id AS beyond"
            f" FROM (SELECT x.relation_id, x.{there} AS id FROM triple x WHERE {condition.text}"
            f" AND x.relation_id >= {FIRST_RELATION} AND {alive(sets.at)}"
            f" ORDER BY x.id LIMIT {MAX_FACTS_FOLLOWED}) AS f"
            " CROSS JOIN triple y WHERE y.head_id = f.id"
            f" AND y.relation_id IN ({wanted}) AND {alive(sets.at, 'y')}) AS g"
            " JOIN relation r ON r.id = g.relation_id",
            condition.parameters,
        )
        for key, beyond in rows:
            beyond_step[key, forward].add(int(beyond))
    return dict(beyond_step)


def types(sets: NodeSets, nodes: NodeSet, relation: int) -> dict[str, int]:
    """The number of nodes of a set with each type."""
    condition = sets.holds(nodes, "x.head_id")
    rows = sets.sql.all(
        "SELECT l.value, g.n FROM (SELECT x.tail_id, count(*) AS n FROM triple x"
        f" WHERE {condition.text} AND x.relation_id = ? AND {alive(sets.at)}"
        " GROUP BY x.tail_id) AS g JOIN literal l ON l.id = g.tail_id",
        (*condition.parameters, relation),
    )
    counts: dict[str, int] = defaultdict(int)
    for value, count in rows:
        counts[value] += int(count)
    return dict(counts)


def all_types(sets: NodeSets, relation: int) -> list[str]:
    """All types of entities, sorted."""
    rows = sets.sql.all(
        "SELECT DISTINCT l.value FROM (SELECT DISTINCT x.tail_id AS id FROM triple x"
        f" WHERE x.relation_id = ? AND {alive(sets.at)}) AS t JOIN literal l ON l.id = t.id",
        (relation,),
    )
    return sorted(value for (value,) in rows)


def main_relation(sets: NodeSets) -> str | None:
    """The relation with the most heads."""
    rows = sets.sql.all(
        "SELECT r.key FROM (SELECT x.relation_id, count(DISTINCT x.head_id) AS n FROM triple x"
        f" WHERE x.relation_id >= {FIRST_RELATION} AND {alive(sets.at)}"
        " GROUP BY x.relation_id) AS g"
        " JOIN relation r ON r.id = g.relation_id ORDER BY g.n DESC, r.key LIMIT 1",
        (),
    )
    return rows[0][0] if rows else None


def relations_of_heads(sets: NodeSets, most: int) -> dict[int, set[str]]:
    """The relations of each head; empty if the graph has more than ``most`` facts."""
    rows = sets.sql.all(
        "SELECT x.head_id, r.key FROM triple x JOIN relation r ON r.id = x.relation_id"
        f" WHERE x.relation_id >= {FIRST_RELATION} AND {alive(sets.at)} LIMIT ?",
        (most + 1,),
    )
    relations_of_head: dict[int, set[str]] = defaultdict(set)
    for head, key in rows if len(rows) <= most else ():
        relations_of_head[int(head)].add(key)
    return dict(relations_of_head)


def files(sets: NodeSets) -> list[tuple[int, str, str]]:
    """The files of the sources as (id, path, name of the key column), in the order of loading.

    Rows that were loaded from memory have the path "". Only a table with one entity per row has a
    key column; other files have "".
    """
    rows = sets.sql.all(
        "SELECT id, document, key_column FROM source"
        " WHERE document <> '' OR key_column <> '' ORDER BY id",
        (),
    )
    return [(int(number), str(path), str(key)) for number, path, key in rows]


def main_relation_of_file(sets: NodeSets, source: int) -> str | None:
    """The relation with the most heads in a file, of those that the file's first head has.

    The first head is typical of its file: a file of clubs begins with a club, though it contains
    coaches too. Only the first :data:`MAX_STATEMENTS_PER_FILE` statements are read.
    """
    statements = (
        "SELECT x.head_id, x.relation_id FROM"
        " (SELECT triple_id FROM triple_source WHERE source_id = ? AND rev_removed IS NULL"
        " LIMIT ?) AS s JOIN triple x ON x.id = s.triple_id"
        f" WHERE x.relation_id >= {FIRST_RELATION} AND {alive(sets.at)}"
    )
    first = sets.sql.all(
        "SELECT x.head_id FROM triple_source s JOIN triple x ON x.id = s.triple_id"
        " WHERE s.source_id = ? AND s.rev_removed IS NULL"
        f" AND x.relation_id >= {FIRST_RELATION} AND {alive(sets.at)}"
        " ORDER BY s.line, s.seq, s.triple_id LIMIT 1",
        (source,),
    )
    if not first:
        return None
    rows = sets.sql.all(
        "SELECT r.key FROM (SELECT y.relation_id, count(DISTINCT y.head_id) AS n"
        f" FROM ({statements}) AS y"
        " GROUP BY y.relation_id) AS g JOIN relation r ON r.id = g.relation_id"
        " WHERE EXISTS (SELECT 1 FROM triple z"
        " WHERE z.head_id = ? AND z.relation_id = g.relation_id"
        f" AND {alive(sets.at, 'z')})"
        " ORDER BY g.n DESC, r.key LIMIT 1",
        (source, MAX_STATEMENTS_PER_FILE, first[0][0]),
    )
    return rows[0][0] if rows else None


def is_qualified(sets: NodeSets, relation: int, qualifiers: Iterable[int]) -> bool:
    """Whether any fact of a relation has one of some qualifiers."""
    ids = ", ".join(str(int(number)) for number in qualifiers)
    rows = sets.sql.all(
        "SELECT 1 FROM triple x JOIN qualifier q ON q.triple_id = x.id"
        f" WHERE x.relation_id = ? AND q.relation_id IN ({ids}) AND {alive(sets.at)} LIMIT 1",
        (relation,),
    )
    return bool(rows)


def values(sets: NodeSets, nodes: NodeSet) -> dict[str, list[Literal]]:
    """A sample of the values of a small set, by the relation's key."""
    condition = sets.holds(nodes, "x.head_id")
    rows = sets.sql.all(
        "SELECT r.key, l.value, l.datatype, l.language, l.unit FROM triple x"
        " JOIN literal l ON l.id = x.tail_id"
        " JOIN relation r ON r.id = x.relation_id"
        f" WHERE {condition.text} AND x.relation_id >= {FIRST_RELATION} AND {alive(sets.at)}"
        f" ORDER BY x.relation_id, x.id",
        condition.parameters,
    )
    values_of: dict[str, list[Literal]] = defaultdict(list)
    for key, *parts in rows:
        if len(values_of[key]) < SAMPLED_VALUES:
            values_of[key].append(Literal(*parts))
    return dict(values_of)
