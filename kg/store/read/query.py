"""Basic graph patterns: triples with variables, joined in SQL.

    [("?film", "directed by", "?who"), ("?who", "born in", "Q90")]

SQLite joins in the order that is written here: the pattern with the fewest triples first, then
always one that shares a variable with what is bound. PostgreSQL has statistics and chooses by
itself.
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

ENOUGH = 10_000
"""The most triples of a pattern that are counted."""


class VariablePlace(NamedTuple):
    """The place of a variable: the numbers of the pattern and the column."""

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
        QueryError: There is no pattern, one has not three terms, a variable stands both for a
            relation and for an entity, or a selected variable is in no pattern.
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
        sql: Where it will be run.
        patterns: Keys and variables.
        select: The variables.
        limit: The most rows.
        at: The revision, None for now.
        where: Conditions on what variables stand for.
        order: What rows are sorted by: a place in ``select``, and whether the greatest comes first.
        ids: Whether the rows are to be of ids, not names.
    """
    given_ids: list[Ids] = []
    for pattern in patterns:
        found = _ids(sql, pattern, at)
        if found is None:
            return None
        given_ids.append(found)
    joined = _order(sql, patterns, given_ids)
    shape = tuple(
        tuple(term if given is None else len(given) for term, given in zip(*pair, strict=True))
        for pair in zip(patterns, given_ids, strict=True)
    )
    conditions = tuple((one.variable, one.text) for one in where)
    form = _Form(tuple(select), limit, conditions, order, ids, "C" if sql.postgresql else "BINARY")
    statement = _statement(shape, tuple(joined), form, at)
    given = (found for number in joined for found in given_ids[number] if found is not None)
    numbers: list[int | str] = [one for found in given for one in found]
    return statement, [*numbers, *(one for item in where for one in item.parameters)]


class Condition(NamedTuple):
    """A condition on a variable: SQL in which ``{0}`` is its id, and the SQL's parameters."""

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
    """The statement of patterns in which each given name is the number of ids that it may have."""
    where, places = _conditions(shape, order, at)
    where += [text.format(places[name][0]) for name, text in form.where]
    select = form.select
    # In SQLite a CROSS JOIN keeps the order in which it is written; elsewhere it is a plain join.
    tables = " CROSS JOIN ".join(f"triple x{number}" for number in order)
    inner = ", ".join(f"{places[name][0]} AS v{n}" for n, name in enumerate(select)) or "1 AS v"
    outer = ", ".join(_name(f"d.v{n}", places[name]) for n, name in enumerate(select)) or "1"
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
        _sort_key(place, _name(f"d.v{place}", places[select[place]]), form.collation, down=down)
        for place, down in form.order
    )
    return f"SELECT {outer} FROM ({distinct}) AS d{sizes} ORDER BY {keys}{end}"


def _sort_key(place: int, name: str, collation: str, *, down: bool) -> str:
    """The sort key of rows: equal dimensions stand together, and what measures nothing is last."""
    size, turn = f"k{place}", " DESC" if down else ""
    return (
        f'CASE WHEN {size}.low IS NULL THEN 1 ELSE 0 END, {size}.dimension COLLATE "{collation}",'
        f' {size}.low{turn}, {size}.high{turn}, {name} COLLATE "{collation}"{turn}'
    )


def _conditions(
    shape: Shape, order: Sequence[int], at: int | None
) -> tuple[list[str], dict[str, list[VariablePlace]]]:
    """What the joined triples must fulfil, and where each variable stands."""
    places: dict[str, list[VariablePlace]] = {}
    where: list[str] = []
    for number in order:
        where.append(alive(at, f"x{number}"))
        for column, term in enumerate(shape[number]):
            here = VariablePlace(number, column)
            if isinstance(term, int):
                where.append(f"{here} IN ({', '.join('?' * term)})" if term > 1 else f"{here} = ?")
                continue
            standing = places.setdefault(term, [])
            if standing:
                where.append(f"{here} = {standing[0]}")
            elif column == 1:  # labels and their like are no facts
                where.append(f"{here} >= {FIRST_RELATION}")
            standing.append(here)
    return where, places


def _name(value: str, places: Sequence[VariablePlace]) -> str:
    """What turns a variable's id into the name it stands for."""
    columns = {place.column for place in places}
    table = "relation" if columns == {1} else "entity"
    key = f"(SELECT key FROM {table} WHERE id = {value})"
    if columns == {2}:  # a literal is nowhere but at the end
        return f"COALESCE({key}, (SELECT value FROM literal WHERE id = {value}))"
    return key


def _ids(sql: Sql, pattern: Terms, at: int | None) -> Ids | None:
    """The ids of a pattern's terms, None for a variable; None alone where a name is unknown.

    A tail may be an entity's key and a value's text at once: the film 1984 and the year.
    """
    found: list[tuple[int, ...] | None] = []
    for column, term in enumerate(pattern):
        if is_variable(term):
            found.append(None)
            continue
        if column == 1:
            number = sql.one("SELECT id FROM relation WHERE key = ?", (term,))
        else:
            number = node_id(sql, term)
        given = () if number is None else (int(number),)
        if column == 2 and not isinstance(term, ValueKey) and (not given or candidates(term)):
            nodes = node_ids(sql, [ValueKey(item) for item in find_values(sql, term, at)])
            given = (*given, *sorted(nodes.values()))
        if not given:
            return None
        found.append(given)
    return found


def _order(sql: Sql, patterns: Sequence[Terms], ids: Sequence[Ids]) -> list[int]:
    """The patterns' numbers in the order to join them."""
    if len(patterns) == 1:
        return [0]
    ends = [sum(number is not None for number in (found[0], found[2])) for found in ids]
    first = [number for number, given in enumerate(ends) if given == max(ends)]
    sizes = [0] * len(patterns)
    if len(patterns) > 2 or len(first) > 1:  # else there is nothing to choose
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
    """The number of live triples with these ids, up to a limit."""
    given = [(column, n) for column, n in zip(COLUMNS, numbers, strict=True) if n is not None]
    if not given:
        return ENOUGH + 1
    where = " AND ".join(f"{column} IN ({', '.join('?' * len(n))})" for column, n in given)
    query = (
        "SELECT count(*) FROM (SELECT 1 FROM triple"
        f" WHERE {where} AND rev_removed = 0 LIMIT {ENOUGH}) AS counted"
    )
    return int(sql.one(query, [one for _, numbers in given for one in numbers]))
