"""Purges an entity or a source: deletes its rows and rewrites the file, so that no page has them.

The rows are deleted in one transaction, whose revision has the note "pending"; then the file is
rewritten and the note removed. If the process dies in between, the next process that opens the
graph finds the note and finishes the purge.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kg.errors import StoreError, UnknownKeyError, shorten
from kg.store.merging import merged_keys
from kg.store.rows import proposal_rows, quantity_rows, revisions, sources
from kg.store.rows.schema import FIRST_RELATION
from kg.store.write import artefacts, liveness
from kg.types import PurgeReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.sql.cursor import Sql
    from kg.sql.database import Database

PENDING = "pending"

_UNSTATED = "NOT EXISTS (SELECT 1 FROM triple_source s WHERE s.triple_id = triple.id)"
_SEARCHED_CHARACTERS = 32
"""The characters of a long name that are searched for in notes, which shorten names."""
_MIN_SUBSTRING_CHARACTERS = 3
"""A name with fewer characters is searched for as a word, since longer words contain it."""


def purge(database: Database, *, entity: str | None, source: str | None) -> PurgeReport:
    """Delete an entity or a source; see :meth:`kg.KnowledgeGraph.purge`."""
    with database.writing() as (sql, _):
        if not sql.postgresql:
            sql.run("PRAGMA secure_delete = ON")
        report = _delete(sql, entity, source)
        if not sql.postgresql:  # FTS5 keeps deleted names in its segments until they are rewritten
            sql.run("INSERT INTO name_index (name_index) VALUES ('rebuild')")
        searched = [*_names_to_search(report), *filter(None, (source, entity))]
        _clean_notes(sql, searched)
        artefacts.purge(sql, partial(_is_in_content, _forms(searched)))
        number = revisions.begin(sql, revisions.PURGE, PENDING)
        if source is not None:
            liveness.reconcile_all(sql, number)
    _rewrite(database)
    return replace(report, revision=number)


def plan(database: Database, *, entity: str | None, source: str | None) -> PurgeReport:
    """Report what :func:`purge` would delete, without changing anything."""
    with database.writing() as (sql, transaction):
        report = _delete(sql, entity, source)
        transaction.rollback()
    return report


def _delete(sql: Sql, entity: str | None, source: str | None) -> PurgeReport:
    if entity is not None:
        # An entity that was merged into it keeps its history under its own key.
        merged = merged_keys.all_keys(sql, entity)
        statements = sum(_delete_entity(sql, key) for key in merged)
    else:
        statements = _delete_source(sql, source or "")
    triples = sql.run(f"DELETE FROM triple WHERE {_UNSTATED}")
    names, called = _drop_names(sql)
    quantity_rows.purge(sql)
    deleted = [*called, *([entity] if entity else [])]
    proposal_rows.purge(sql, source=source, names=deleted)
    return PurgeReport(
        statements=statements, triples=triples, names=names, revision=0, called=called
    )


def clean_history(database: Database, names: Sequence[str], *, all_contents: bool = False) -> bool:
    """Empty the notes of revisions that contain a name, and delete such earlier contents of files.

    Args:
        database: The database of the graph.
        names: The names to search for.
        all_contents: Whether to delete all earlier contents of files, whatever they contain.

    Returns:
        Whether anything was deleted; if so the file was rewritten too.
    """
    forms = _forms(names)
    with database.writing() as (sql, transaction):
        if not sql.postgresql:
            sql.run("PRAGMA secure_delete = ON")
        changed = _clean_notes(sql, names)
        changed += artefacts.purge(
            sql, (lambda _: True) if all_contents else partial(_is_in_content, forms)
        )
        if not changed:
            transaction.rollback()
    if changed:
        database.rewrite()
    return bool(changed)


def finish(database: Database) -> None:
    """Finish an interrupted purge if the database is writable and nobody else reads it."""
    with database.quick() as sql:
        pending = sql.one(
            "SELECT 1 FROM revision WHERE kind = ? AND note = ?", (revisions.PURGE, PENDING)
        )
    if pending:
        with suppress(StoreError):
            _rewrite(database)


def _delete_entity(sql: Sql, key: str) -> int:
    number = sql.one("SELECT id FROM entity WHERE key = ?", (key,))
    if number is None:
        raise UnknownKeyError(f"the graph never had an entity {shorten(key)!r}")
    query = "SELECT id FROM triple WHERE head_id = ? OR tail_id = ?"
    ids = [triple for (triple,) in sql.all(query, (number, number))]
    listed, parameter = sql.values(ids)
    sql.run(f"DELETE FROM qualifier WHERE triple_id IN {listed}", (parameter,))
    sql.run("DELETE FROM qualifier WHERE value_id = ?", (number,))
    return sql.run(f"DELETE FROM triple_source WHERE triple_id IN {listed}", (parameter,))


def _delete_source(sql: Sql, name: str) -> int:
    numbers = sources.ids_of(sql, name)
    if not numbers and proposal_rows.is_source(sql, name):
        return 0
    if not numbers:
        known = ", ".join(
            shorten(row[0]) for row in sql.all("SELECT DISTINCT name FROM source LIMIT 8")
        )
        raise UnknownKeyError(f"no source is called {shorten(name)!r}; there are {known or 'none'}")
    listed, parameter = sql.values(numbers)
    sql.run(f"DELETE FROM qualifier WHERE source_id IN {listed}", (parameter,))
    deleted = sql.run(f"DELETE FROM triple_source WHERE source_id IN {listed}", (parameter,))
    sql.run(f"DELETE FROM source WHERE id IN {listed}", (parameter,))
    return deleted


def _drop_names(sql: Sql) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete keys and values that nothing uses any more; return them, and the names among them."""
    names: list[str] = []
    called: list[str] = []
    for table, column, used in (
        (
            "entity",
            "key",
            ("head_id FROM triple", "tail_id FROM triple", "value_id FROM qualifier"),
        ),
        ("literal", "value", ("tail_id FROM triple", "value_id FROM qualifier")),
        ("relation", "key", ("relation_id FROM triple", "relation_id FROM qualifier")),
    ):
        unused = f"SELECT id FROM {table}" + "".join(f" EXCEPT SELECT {use}" for use in used)
        if table == "relation":
            unused += f" EXCEPT SELECT id FROM relation WHERE id < {FIRST_RELATION}"
        rows = sql.all(f"SELECT id, {column} FROM {table} WHERE id IN ({unused})")
        names += [name for _, name in rows]
        if not rows:
            continue
        listed, parameter = sql.values([number for number, _ in rows])
        place = "id" if sql.postgresql else "rowid"
        indexed = f"SELECT {place} FROM name_index WHERE {place} IN {listed}"
        searchable = {row[0] for row in sql.all(indexed, (parameter,))}
        called += [name for number, name in rows if table == "entity" or number in searchable]
        sql.run(f"DELETE FROM {table} WHERE id IN {listed}", (parameter,))
        if table != "relation":
            sql.run(f"DELETE FROM name_index WHERE {place} IN {listed}", (parameter,))
    return tuple(names), tuple(called)


def _names_to_search(report: PurgeReport) -> Iterator[str]:
    """The deleted names by which notes and files are recognised.

    Short values such as "5" are left out: they would match nearly every note and file.
    """
    called = {name for name in report.called if any(map(str.isalpha, name))}
    yield from (
        name for name in report.names if len(name) >= _MIN_SUBSTRING_CHARACTERS or name in called
    )


def _clean_notes(sql: Sql, names: Sequence[str]) -> int:
    """Empty the notes that contain a name, and all fingerprints; return the number of notes."""
    beginnings = frozenset(name[:_SEARCHED_CHARACTERS] for name in names if name)
    changed = 0
    for number, note in sql.all("SELECT id, note FROM revision"):
        if _contains_any(beginnings, note):
            changed += sql.run("UPDATE revision SET note = '' WHERE id = ?", (number,))
    sql.run("UPDATE revision SET fingerprint = NULL")
    return changed


def _forms(names: Sequence[str]) -> frozenset[str]:
    """The forms in which a file may contain the names: in lower case, and as JSON escapes them."""
    return frozenset(
        form
        for name in names
        if name
        for form in (
            name.lower(),
            name.casefold(),
            json.dumps(name)[1:-1].lower(),
            json.dumps(name, ensure_ascii=False)[1:-1].lower(),
        )
    )


def _is_in_content(forms: frozenset[str], content: bytes) -> bool:
    return _contains_any(forms, content.decode("utf-8", "replace").lower())


def _contains_any(forms: frozenset[str], text: str) -> bool:
    return any(
        form in text if len(form) >= _MIN_SUBSTRING_CHARACTERS else _is_word(form, text)
        for form in forms
    )


def _is_word(form: str, text: str) -> bool:
    """Whether a text contains a form that is not a part of a word in Latin letters."""
    return bool(re.search(rf"(?<![0-9A-Za-z]){re.escape(form)}(?![0-9A-Za-z])", text))


def _rewrite(database: Database) -> None:
    """Rewrite every page of the file, so that none contains deleted rows.

    Raises:
        StoreError: Another process reads the database. The rows are deleted; the next process that
            opens the graph rewrites the file.
    """
    database.rewrite()
    with database.writing() as (sql, _):
        sql.run(
            "UPDATE revision SET note = '' WHERE kind = ? AND note = ?", (revisions.PURGE, PENDING)
        )
