"""What entities and relations are called, and how many there are of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.entities import fetch, number_in
from kg.store.schema import FIRST_RELATION
from kg.store.triples import alive
from kg.types import Relation, readable_label
from kg.vocabulary import IRI, LABELS, NAMES, PRIOR, UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kg.store.sql import Sql

_NAMES = tuple(UNDERSTOOD.index(name) + 1 for name in NAMES)
_LABELS = tuple(UNDERSTOOD.index(name) + 1 for name in LABELS)
_PRIOR = UNDERSTOOD.index(PRIOR) + 1


def _facts(at: int | None) -> str:
    return f"x.relation_id >= {FIRST_RELATION} AND x.tail_id > 0 AND {alive(at)}"


def _ends(at: int | None) -> str:
    """The ids of all entities that anything is said of, but for those that are only relations."""
    return (
        f"SELECT x.head_id AS id FROM triple x WHERE {alive(at)}"
        f" UNION SELECT x.tail_id FROM triple x WHERE x.tail_id > 0 AND {alive(at)}"
        " EXCEPT SELECT e.id FROM relation r JOIN entity e ON e.key = r.key WHERE NOT EXISTS"
        f" (SELECT 1 FROM triple x WHERE x.head_id = e.id AND {_facts(at)}) AND NOT EXISTS"
        f" (SELECT 1 FROM triple x WHERE x.tail_id = e.id AND {_facts(at)})"
    )


def surfaces(sql: Sql, at: int | None) -> Iterator[tuple[str, str, bool, float | None]]:
    """Every (key, surface form, is it a label, prior) of the entities, in the order of their rows.

    The labels of relations are none: no text means a relation by a name.
    """
    priors = dict(_priors(sql, at))
    listed = ", ".join(map(str, _NAMES))
    query = (
        "SELECT e.id, e.key, n.relation_id, n.value FROM"
        f" ({_ends(at)}) AS d JOIN entity e ON e.id = d.id LEFT JOIN"
        " (SELECT x.head_id, x.relation_id, x.id, l.value FROM triple x"
        " JOIN literal l ON l.id = x.tail_id"
        f" WHERE x.relation_id IN ({listed}) AND l.datatype <> '{IRI}' AND {alive(at)}) AS n"
        " ON n.head_id = e.id ORDER BY e.id, n.id"
    )
    last, labelled = "", True
    for number, key, relation, value in sql.stream(query):
        if key != last and not labelled:
            yield last, readable_label(last), True, priors.get(last)
        labelled = (labelled if key == last else False) or relation in _LABELS
        last = key
        if relation is not None:
            yield key, value, relation in _LABELS, priors.get(key)
        del number
    if not labelled:
        yield last, readable_label(last), True, priors.get(last)


def _priors(sql: Sql, at: int | None) -> Iterator[tuple[str, float]]:
    query = (
        "SELECT e.key, l.value FROM triple x JOIN entity e ON e.id = x.head_id"
        f" JOIN literal l ON l.id = x.tail_id WHERE x.relation_id = {_PRIOR} AND {alive(at)}"
        " ORDER BY x.id"
    )
    for key, value in sql.all(query):
        number = number_in(value)
        if number is not None:
            yield key, number


def relations(sql: Sql, at: int | None) -> list[Relation]:
    """Every relation that a fact has, by key; its label is that of the entity of the same key."""
    used = (
        f"SELECT r.key FROM relation r WHERE r.id >= {FIRST_RELATION} AND EXISTS"
        f" (SELECT 1 FROM triple x WHERE x.relation_id = r.id AND {alive(at)}) ORDER BY r.key"
    )
    keys = [key for (key,) in sql.all(used)]
    named = fetch(sql, keys, at)
    return [
        Relation(key, named[key].label if key in named else readable_label(key)) for key in keys
    ]


def are_relations(sql: Sql, names: Collection[str]) -> bool:
    """Whether all ``names`` are keys of relations."""
    marks = ", ".join("?" * len(names))
    query = f"SELECT count(*) FROM relation WHERE key IN ({marks})"
    return bool(sql.one(query, sorted(names)) == len(names))


def counts(sql: Sql, at: int | None) -> dict[str, int]:
    """How many of each kind are alive."""
    alias = UNDERSTOOD.index(NAMES[-1]) + 1
    ours = alive(at)
    queries = {
        "entities": f"FROM ({_ends(at)}) AS ends",
        "relations": f"FROM relation r WHERE r.id >= {FIRST_RELATION} AND EXISTS"
        f" (SELECT 1 FROM triple x WHERE x.relation_id = r.id AND {ours})",
        "triples": f"FROM triple x WHERE {_facts(at)}",
        "attributes": f"FROM triple x WHERE x.relation_id >= {FIRST_RELATION}"
        f" AND x.tail_id < 0 AND {ours}",
        "aliases": f"FROM triple x WHERE x.relation_id = {alias} AND {ours}",
        "sources": "FROM source",
        "revisions": "FROM revision" + ("" if at is None else f" WHERE id <= {at:d}"),
    }
    return {name: int(sql.one(f"SELECT count(*) {rest}")) for name, rest in queries.items()}
