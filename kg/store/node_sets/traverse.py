"""Follows a path of relations from an entity: the nodes at its end, and the facts on it.

A path of several steps never ends at its start: "films by the director of Vertigo" are the other
films. A path of one step may: Narcissus loves Narcissus.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from kg.store.read.triples import alive, source_condition
from kg.store.rows.values import nodes
from kg.types import Triple
from kg.values.node import node_of, node_query
from kg.vocabulary import PREFERRED, RANK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql
    from kg.types import Step


def follow(sql: Sql, start: str, steps: Sequence[Step], at: int | None) -> list[str]:
    """The keys and values at the end of a path from ``start``, each once.

    Nodes that the last step reaches from the most entities come first; ties are broken by the
    earliest revision and line, because people list important things first.
    """
    if not steps:
        return []
    node, node_parameters = node_query(start)
    avoided = node_parameters if len(steps) > 1 else ()
    parameters = [*node_parameters]
    for step in steps:
        parameters += [step.relation, *avoided]
    directions = tuple(step.forward for step in steps)
    return [node_of(row) for row in sql.all(_reach_query(node, directions, at), parameters)]


def witness_paths(
    sql: Sql, start: str, steps: Sequence[Step], end: str, *, limit: int, at: int | None
) -> list[list[Triple]]:
    """The facts, one per step, of the first ``limit`` paths from ``start`` to ``end``."""
    if not steps or (start == end and len(steps) > 1):
        return []
    relations = [step.relation for step in steps]
    first, of_first = node_query(start)
    last, of_last = node_query(end)
    parameters = [*of_first, *relations, *of_first * (len(steps) - 1), *of_last, limit]
    rows = sql.all(_facts(first, last, tuple(step.forward for step in steps), at), parameters)
    node_of_id = nodes(sql, {number for *ids, _ in rows for number in ids})
    paths = []
    for *ids, _ in rows:
        positions = [start, *map(node_of_id.__getitem__, ids), end]
        paths.append(
            [
                Triple(here, step.relation, there)
                if step.forward
                else Triple(there, step.relation, here)
                for step, here, there in zip(steps, positions, positions[1:], strict=False)
            ]
        )
    return paths


_RELATION = "(SELECT id FROM relation WHERE key = ?)"
_RANKED = (
    "count(DISTINCT x.id) AS ways, min(x.rev_added) AS rev, coalesce(min(s.line), 0) AS line,"
    " min(x.id) AS first,"
)
_JOIN_SOURCES = "LEFT JOIN triple_source s ON s.triple_id = x.id AND s.rev_added = x.rev_added"


_RANK = f"(SELECT id FROM relation WHERE key = '{RANK}')"


def best(name: str, at: int | None) -> str:
    """The condition that triple ``name`` is preferred, or no triple with its head and relation is.

    In a graph without ranks the condition is true without reading any triple.
    """
    preferred = (
        "SELECT 1 FROM triple y JOIN qualifier q ON q.triple_id = y.id"
        " AND q.source_id = b.source_id"
        f" AND q.relation_id = {_RANK} JOIN literal l ON l.id = q.value_id"
        f" AND l.value = '{PREFERRED}'"
        " JOIN triple_source s ON s.triple_id = q.triple_id AND s.source_id = q.source_id"
        f" AND s.rev_added = q.rev_added AND s.seq = q.seq AND {source_condition(at)} WHERE "
    )
    return (
        f"({_RANK} IS NULL OR EXISTS (SELECT 1 FROM triple_source b WHERE b.triple_id = {name}.id"
        f" AND {source_condition(at, 'b')} AND (b.confidence IS NULL OR b.confidence > 0)"
        f" AND (EXISTS ({preferred}"
        f"y.id = {name}.id) OR NOT EXISTS ({preferred}y.head_id = {name}.head_id"
        f" AND y.relation_id = {name}.relation_id AND {alive(at, 'y')}))))"
    )


def ends(forward: bool) -> tuple[str, str]:
    """The columns at which a step starts and ends."""
    return ("head_id", "tail_id") if forward else ("tail_id", "head_id")


@lru_cache(maxsize=256)
def _reach_query(start: str, directions: tuple[bool, ...], at: int | None) -> str:
    """A SELECT nested from the start outwards: each step joins the nodes of the previous one.

    SQLite executes a CROSS JOIN in the order in which it is written; elsewhere it is a plain join.
    """
    reached = start
    away = f" AND x.{{}} <> ({start})" if len(directions) > 1 else ""
    for number, forward in enumerate(directions):
        here, there = ends(forward)
        is_last = number + 1 == len(directions)
        columns, joined = (_RANKED, _JOIN_SOURCES) if is_last else ("DISTINCT", "")
        reached = (
            f"SELECT {columns} x.{there} AS id FROM ({reached}) AS p CROSS JOIN triple x {joined}"
            f" WHERE x.{here} = p.id AND x.relation_id = {_RELATION} AND {alive(at)}"
            f"{away.format(there)} AND {best('x', at)}"
        )
    return (
        "SELECT e.key, l.value, l.datatype, l.language, l.unit"
        f" FROM ({reached} GROUP BY x.{there}) AS p LEFT JOIN entity e ON e.id = p.id"
        " LEFT JOIN literal l ON l.id = p.id"
        " ORDER BY p.ways DESC, p.rev, p.line, p.first"
    )


@lru_cache(maxsize=256)
def _facts(start: str, end: str, directions: tuple[bool, ...], at: int | None) -> str:
    """A SELECT that joins one triple per step and returns the ids of the nodes between them."""
    columns = [ends(forward) for forward in directions]
    steps = range(len(directions))
    where = [f"x0.{columns[0][0]} = ({start})"]
    where += [f"x{n}.{columns[n][0]} = x{n - 1}.{columns[n - 1][1]}" for n in steps[1:]]
    where += [f"x{n}.relation_id = {_RELATION}" for n in steps]
    where += [f"x{n}.{columns[n][1]} <> ({start})" for n in steps[:-1]]
    where += [f"x{steps[-1]}.{columns[-1][1]} = ({end})"]
    where += [f"{alive(at, f'x{n}')} AND {best(f'x{n}', at)}" for n in steps]
    between = [f"x{n}.{columns[n][1]}" for n in steps[:-1]]
    tables = " CROSS JOIN ".join(f"triple x{n}" for n in steps)
    # Without the plus, SQLite would read the whole table in the order of ids.
    order = ", ".join(f"+x{n}.id" for n in steps)
    return (
        f"SELECT {', '.join([*between, '1'])} FROM {tables} WHERE {' AND '.join(where)}"
        f" ORDER BY {order} LIMIT ?"
    )
