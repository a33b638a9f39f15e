"""Labels of entities and relations, and statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.read.triples import alive, recorded_condition
from kg.store.rows.entities import fetch
from kg.store.rows.schema import FIRST_RELATION
from kg.types import Relation, readable_label
from kg.vocabulary import NAMES, UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kg.sql.cursor import Sql


def _facts(at: int | None) -> str:
    return f"x.relation_id >= {FIRST_RELATION} AND x.tail_id > 0 AND {alive(at)}"


def _ends(at: int | None) -> str:
    """The ids of all entities in statements, except those that are only relations."""
    facts = f"x.relation_id >= {FIRST_RELATION} AND x.tail_id > 0 AND {recorded_condition(at)}"
    return (
        f"SELECT x.head_id AS id FROM triple x WHERE {recorded_condition(at)}"
        f" UNION SELECT x.tail_id FROM triple x WHERE x.tail_id > 0 AND {recorded_condition(at)}"
        " EXCEPT SELECT e.id FROM relation r JOIN entity e ON e.key = r.key WHERE NOT EXISTS"
        f" (SELECT 1 FROM triple x WHERE x.head_id = e.id AND {facts}) AND NOT EXISTS"
        f" (SELECT 1 FROM triple x WHERE x.tail_id = e.id AND {facts})"
    )


def entity_keys(sql: Sql, at: int | None) -> Iterator[str]:
    """The keys of all entities that are not only relations, in the order of first mention."""
    query = f"SELECT e.key FROM ({_ends(at)}) AS d JOIN entity e ON e.id = d.id ORDER BY e.id"
    for (key,) in sql.stream(query):
        yield key


def relations(
    sql: Sql,
    at: int | None,
    languages: Sequence[str] = (),
    known: Mapping[str, Relation] | None = None,
) -> list[Relation]:
    """The relations of all facts, sorted by key, each with the label of the entity of that key.

    Args:
        sql: A reading transaction.
        at: The revision, None for now.
        languages: The preferred languages of labels, best first.
        known: Relations that need not be read again, by key.
    """
    known = known or {}
    used = (
        f"SELECT r.key FROM relation r WHERE r.id >= {FIRST_RELATION} AND EXISTS"
        f" (SELECT 1 FROM triple x WHERE x.relation_id = r.id AND {alive(at)}) ORDER BY r.key"
    )
    keys = [key for (key,) in sql.all(used)]
    entities = fetch(sql, [key for key in keys if key not in known], at, languages)
    return [
        known.get(key)
        or Relation(key, entities[key].label if key in entities else readable_label(key))
        for key in keys
    ]


def sources(sql: Sql) -> list[str]:
    """The names of all sources that make or made a statement, sorted."""
    query = (
        "SELECT DISTINCT c.name FROM source c"
        " WHERE EXISTS (SELECT 1 FROM triple_source s WHERE s.source_id = c.id)"
    )
    return sorted(str(name) for (name,) in sql.all(query))


def counts(sql: Sql, at: int | None) -> dict[str, int]:
    """The number of live rows of each kind."""
    alias = UNDERSTOOD.index(NAMES[-1]) + 1
    is_live = alive(at)
    queries = {
        "entities": f"FROM ({_ends(at)}) AS ends",
        "relations": f"FROM relation r WHERE r.id >= {FIRST_RELATION} AND EXISTS"
        f" (SELECT 1 FROM triple x WHERE x.relation_id = r.id AND {is_live})",
        "triples": f"FROM triple x WHERE {_facts(at)}",
        "attributes": f"FROM triple x WHERE x.relation_id >= {FIRST_RELATION}"
        f" AND x.tail_id < 0 AND {is_live}",
        "aliases": f"FROM triple x WHERE x.relation_id = {alias} AND {is_live}",
        "sources": "FROM (SELECT DISTINCT name FROM source) AS named",
        "revisions": "FROM revision" + ("" if at is None else f" WHERE id <= {at:d}"),
    }
    return {name: int(sql.one(f"SELECT count(*) {rest}")) for name, rest in queries.items()}
