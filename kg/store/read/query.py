"""Basic graph patterns: triples with variables, joined in SQL.

    [("?film", "directed by", "?who"), ("?who", "born in", "Q90")]

SQLite joins the patterns in the order written here: first the pattern with the fewest triples, then
always one that shares a variable with those before it. PostgreSQL chooses the order by its
statistics.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kg.errors import QueryError
from kg.store.read.triples import alive
from kg.store.rows.schema import FIRST_RELATION
from kg.store.rows.values import find_values, node_ids
from kg.values import ValueKey, candidates
from kg.values.node import node_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.sql.cursor import Sql

    Terms = Sequence[str]
    Ids = Sequence[tuple[int, ...] | None]
    Shape = tuple[tuple[str | int, ...], ...]

COLUMNS = ("head_id", "relation_id", "tail_id")

MAX_COUNTED_TRIPLES = 10_000
"""The number of triples at which counting those of a pattern stops."""


class VariablePlace(NamedTuple):
    """The place of a variable: the number of its pattern, and of its column."""

    pattern: int
    column: int

    def __str__(self) -> str:
        return f"x{self.pattern}.{COLUMNS[self.column]}"


def is_variable(term: str) -> bool:
    """Whether a term is a variable: ``?name``."""
    return len(term) > 1 and term[0] == "?"


def check_variables(patterns: Sequence[Terms], select: Sequence[str] | None) -> list[str]:
    """The variables to select: the requested ones, or all in order of occurrence.

    Raises:
        QueryError: There is no pattern, a pattern does not have three terms, a variable stands both
            for a relation and for an entity, or a selected variable is in no pattern.
    """
    if not patterns:
        raise QueryError("a query needs at least one pattern (head, relation, tail)")
    kinds: dict[str, str] = {}
    for pattern in patterns:
        if (
            isinstance(pattern, str)
            or len(pattern) != 3
            or not all(isinstance(term, str) and term for term in pattern)
        ):
            raise QueryError(f"a pattern is three names or ?variables, not {pattern!r}")
        for column, term in enumerate(pattern):
            kind = "relation" if column == 1 else "entity"
            if is_variable(term) and kinds.setdefault(term, kind) != kind:
                raise QueryError(f"{term} stands for a relation here and for an entity there")
    chosen = list(kinds) if select is None else list(select)
    for name in chosen:
        if name not in kinds:
            known = ", ".join(kinds) or "none"
            raise QueryError(f"{name!r} is in no pattern; the variables are {known}")
    return chosen


def plan(
    sql: Sql,
    patterns: Sequence[Terms],
    select: Sequence[str],
    *,
    limit: int | None,
    at: int | None,
    where: Sequence[Condition] = (),
    order: tuple[tuple[int, bool], ...] = (),
    ids: bool = False,
) -> tuple[str, list[int | str]] | None:
    """The SQL of checked patterns, with parameters; None if there are no answers.

    Args:
        sql: The connection on which the statement will be run.
        patterns: The patterns, of keys and variables.
        select: The variables to select.
        limit: The maximum number of rows.
        at: The revision, None for now.
        where: Conditions on variables.
        order: The sort keys of the rows, each as a place in ``select`` and whether the greatest
            value comes first.
        ids: Whether the rows contain ids instead of names.
    """
    ids_of_patterns: list[Ids] = []
    for pattern in patterns:
        ids_of_terms = _ids(sql, pattern, at)
        if ids_of_terms is None:
            return None
        ids_of_patterns.append(ids_of_terms)
    join_order = _order(sql, patterns, ids_of_patterns)
    shape = tuple(
        tuple(
            term if of_term is None else len(of_term) for term, of_term in zip(*pair, strict=True)
        )
        for pair in zip(patterns, ids_of_patterns, strict=True)
    )
    conditions = tuple((condition.variable, condition.text) for condition in where)
    form = _Form(tuple(select), limit, conditions, order, ids, "C" if sql.postgresql else "BINARY")
    statement = _statement(shape, tuple(join_order), form, at)
    numbers: list[int | str] = [
        id_
        for pattern_number in join_order
        for of_term in ids_of_patterns[pattern_number]
        if of_term is not None
        for id_ in of_term
    ]
    return statement, [
        *numbers,
        *(parameter for condition in where for parameter in condition.parameters),
    ]


class Condition(NamedTuple):
    """A condition on a variable.

    Attributes:
        variable: The variable.
        text: SQL, in which ``{0}`` stands for the id of the variable.
        parameters: The parameters of the SQL.
    """

    variable: str
    text: str
    parameters: tuple[str, ...] = ()


class _Form(NamedTuple):
    """The form of the rows, as for :func:`plan`; ``collation`` sorts names by their code points."""

    select: tuple[str, ...]
    limit: int | None
    where: tuple[tuple[str, str], ...]
    order: tuple[tuple[int, bool], ...]
    ids: bool
    collation: str


@lru_cache(maxsize=256)
def _statement(shape: Shape, order: tuple[int, ...], form: _Form, at: int | None) -> str:
    """The statement of patterns in which a name is replaced by the number of ids it may have."""
    where, positions = _conditions(shape, order, at)
    where += [text.format(positions[name][0]) for name, text in form.where]
    select = form.select
    # In SQLite a CROSS JOIN keeps the order in which it is written; elsewhere it is a plain join.
    tables = " CROSS JOIN ".join(f"triple x{number}" for number in order)
    inner = ", ".join(f"{positions[name][0]} AS v{n}" for n, name in enumerate(select)) or "1 AS v"
    outer = ", ".join(_name(f"d.v{n}", positions[name]) for n, name in enumerate(select)) or "1"
    end = "" if form.limit is None else f" LIMIT {max(form.limit, 0):d}"
    distinct = f"SELECT DISTINCT {inner} FROM {tables} WHERE {' AND '.join(where)}"
    if form.ids:
        return distinct + end
    if not form.order:
        return f"SELECT {outer} FROM ({distinct}{end}) AS d"
    sizes = "".join(
        f" LEFT JOIN quantity k{place} ON k{place}.literal_id = d.v{place}"
        for place in dict.fromkeys(place for place, _ in form.order)
    )
    keys = ", ".join(
        _sort_key(place, _name(f"d.v{place}", positions[select[place]]), form.collation, down=down)
        for place, down in form.order
    )
    return f"SELECT {outer} FROM ({distinct}) AS d{sizes} ORDER BY {keys}{end}"


def _sort_key(place: int, name: str, collation: str, *, down: bool) -> str:
    """The sort key of rows: by dimension, then size, then name; rows without a size come last."""
    size, turn = f"k{place}", " DESC" if down else ""
    return (
        f'CASE WHEN {size}.low IS NULL THEN 1 ELSE 0 END, {size}.dimension COLLATE "{collation}",'
        f' {size}.low{turn}, {size}.high{turn}, {name} COLLATE "{collation}"{turn}'
    )


def _conditions(
    shape: Shape, order: Sequence[int], at: int | None
) -> tuple[list[str], dict[str, list[VariablePlace]]]:
    """The conditions on the joined triples, and the places of each variable."""
    positions: dict[str, list[VariablePlace]] = {}
    where: list[str] = []
    for number in order:
        where.append(alive(at, f"x{number}"))
        for column, term in enumerate(shape[number]):
            here = VariablePlace(number, column)
            if isinstance(term, int):
                where.append(f"{here} IN ({', '.join('?' * term)})" if term > 1 else f"{here} = ?")
                continue
            of_variable = positions.setdefault(term, [])
            if of_variable:
                where.append(f"{here} = {of_variable[0]}")
            elif column == 1:  # labels and the like are not facts
                where.append(f"{here} >= {FIRST_RELATION}")
            of_variable.append(here)
    return where, positions


def _name(value: str, places: Sequence[VariablePlace]) -> str:
    """The SQL for the name of a variable whose id is ``value``."""
    columns = {place.column for place in places}
    table = "relation" if columns == {1} else "entity"
    key = f"(SELECT key FROM {table} WHERE id = {value})"
    if columns == {2}:  # only a tail can be a literal
        return f"COALESCE({key}, (SELECT value FROM literal WHERE id = {value}))"
    return key


def _ids(sql: Sql, pattern: Terms, at: int | None) -> Ids | None:
    """The ids of each term of a pattern, None for a variable.

    A tail may be both the key of an entity and the text of a value, such as the film 1984 and the
    year.

    Returns:
        The ids; None instead of a list if the graph does not have one of the names.
    """
    ids: list[tuple[int, ...] | None] = []
    for column, term in enumerate(pattern):
        if is_variable(term):
            ids.append(None)
            continue
        if column == 1:
            number = sql.one("SELECT id FROM relation WHERE key = ?", (term,))
        else:
            number = node_id(sql, term)
        of_term = () if number is None else (int(number),)
        if column == 2 and not isinstance(term, ValueKey) and (not of_term or candidates(term)):
            nodes = node_ids(sql, [ValueKey(item) for item in find_values(sql, term, at)])
            of_term = (*of_term, *sorted(nodes.values()))
        if not of_term:
            return None
        ids.append(of_term)
    return ids


def _order(sql: Sql, patterns: Sequence[Terms], ids: Sequence[Ids]) -> list[int]:
    """The numbers of the patterns in the order in which to join them."""
    if len(patterns) == 1:
        return [0]
    # The first is one with the most known ends.
    known_ends = [(head is not None) + (tail is not None) for head, _, tail in ids]
    first = [number for number, count in enumerate(known_ends) if count == max(known_ends)]
    sizes = [0] * len(patterns)
    if len(patterns) > 2 or len(first) > 1:  # otherwise there is only one order
        sizes = [_size(sql, numbers) for numbers in ids]
    variables = [{term for term in pattern if is_variable(term)} for pattern in patterns]
    order = [min(first, key=lambda number: (sizes[number], number))]
    bound = set(variables[order[0]])
    while len(order) < len(patterns):
        left = [number for number in range(len(patterns)) if number not in order]
        best = min(
            left, key=lambda n: (not variables[n] & bound, len(variables[n] - bound), sizes[n], n)
        )
        order.append(best)
        bound |= variables[best]
    return order


def _size(sql: Sql, numbers: Ids) -> int:
    """The number of live triples with these ids, up to :data:`MAX_COUNTED_TRIPLES`."""
    known = [(column, n) for column, n in zip(COLUMNS, numbers, strict=True) if n is not None]
    if not known:
        return MAX_COUNTED_TRIPLES + 1
    where = " AND ".join(f"{column} IN ({', '.join('?' * len(n))})" for column, n in known)
    query = (
        "SELECT count(*) FROM (SELECT 1 FROM triple"
        f" WHERE {where} AND rev_removed = 0 LIMIT {MAX_COUNTED_TRIPLES}) AS counted"
    )
    return int(sql.one(query, [id_ for _, ids in known for id_ in ids]))
