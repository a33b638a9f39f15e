"""Writes passages to SQL, and marks them as live or removed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from kg.store.merging.merged_keys import kept_keys
from kptm.passages.passage_records import EntityLink, Passage, Written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.sql.cursor import Sql
    from kptm.passages.sentence_splitting import Piece

    Rows = list[tuple[object, ...]]

PASSAGES_PER_STATEMENT = 1_000
"""The number of passages that one SQL statement writes."""
_COLUMNS = "id, source, document, ordinal, digest, text, live, forgotten, rev_came, rev_changed"


def write(
    sql: Sql, pieces: Iterable[Piece], *, source: str, document: str, revision: int, replace: bool
) -> Written:
    """Write a document's passages; a passage that is already stored only gets new links.

    Args:
        sql: A writing transaction.
        pieces: The passages, in the order of the document.
        source: The source of the passages.
        document: The document's file or folder; "" for texts that are in no file.
        revision: The graph's revision that the change belongs to.
        replace: Whether to end stored passages that the document no longer has.
    """
    query = "SELECT digest, id, live, forgotten FROM passage WHERE source = ? AND document = ?"
    stored = {
        digest: (number, live, forgotten)
        for digest, number, live, forgotten in sql.all(query, (source, document))
    }
    last = int(sql.one("SELECT max(id) FROM passage") or 0)
    digests: set[str] = set()
    total = added = 0
    stream = iter(pieces)
    while batch := list(islice(stream, PASSAGES_PER_STATEMENT)):
        total += len(batch)
        fresh: Rows = []
        restored: list[int] = []
        piece_of: dict[int, Piece] = {}
        for piece in batch:
            if piece.digest in digests:
                continue
            number, live, forgotten = stored.get(piece.digest, (0, 0, 0))
            if not number:
                number = last = last + 1
                place = (len(digests), piece.digest, piece.text, 1, 0)
                fresh.append((number, source, document, *place, revision, revision))
            elif not live and not forgotten:
                restored.append(number)
            digests.add(piece.digest)
            piece_of[number] = piece
        _insert(sql, fresh)
        _relink(sql, piece_of)
        _restore(sql, restored, revision)
        added += len(fresh) + len(restored)
    missing = [row[0] for digest, row in stored.items() if row[1] and digest not in digests]
    if replace:
        _end(sql, missing, revision)
    return Written(added, len(missing) if replace else 0, total)


def _insert(sql: Sql, rows: Rows) -> None:
    if not rows:
        return
    sql.insert("passage", _COLUMNS, rows)
    first, last = rows[0][0], rows[-1][0]
    if sql.postgresql:
        query = (
            "INSERT INTO passage_terms (id, terms)"
            " SELECT id, to_tsvector('simple', text) FROM passage WHERE id BETWEEN ? AND ?"
        )
    else:
        query = (
            "INSERT INTO passage_terms (rowid, text)"
            " SELECT id, text FROM passage WHERE id BETWEEN ? AND ?"
        )
    sql.run(query, (first, last))


def _relink(sql: Sql, piece_of: Mapping[int, Piece]) -> None:
    """Replace the links of passages, because the names in the graph may have changed."""
    listed, parameter = sql.values(sorted(piece_of))
    sql.run(f"DELETE FROM passage_link WHERE passage_id IN {listed}", (parameter,))
    links = [
        (number, link.start, link.entity, link.end, link.p)
        for number, piece in piece_of.items()
        for link in {
            (piece_link.start, piece_link.entity): piece_link for piece_link in piece.links
        }.values()
    ]
    sql.insert("passage_link", "passage_id, span_start, entity, span_end, p", links, grouped=True)


def _restore(sql: Sql, ids: Sequence[int], revision: int) -> None:
    if ids:
        listed, parameter = sql.values(sorted(ids))
        query = f"UPDATE passage SET live = 1, rev_came = ?, rev_changed = ? WHERE id IN {listed}"
        sql.run(query, (revision, revision, parameter))


def _end(sql: Sql, ids: Sequence[int], revision: int) -> None:
    if ids:
        listed, parameter = sql.values(sorted(ids))
        query = f"UPDATE passage SET live = 0, rev_changed = ? WHERE id IN {listed}"
        sql.run(query, (revision, parameter))


def forget(sql: Sql, *, source: str | None, text: str | None, revision: int) -> int:
    """End the live passages of a source, or those with a text; return their number."""
    if source is not None:
        query = "UPDATE passage SET live = 0, rev_changed = ? WHERE live = 1 AND source = ?"
        return sql.run(query, (revision, source))
    query = (
        "UPDATE passage SET live = 0, forgotten = 1, rev_changed = ? WHERE live = 1 AND text = ?"
    )
    return sql.run(query, (revision, text))


def undo(sql: Sql, undone: int, revision: int) -> int:
    """Undo a revision's changes of passages; return how many passages that changes.

    Passages that the revision added are ended, and those that it ended are live again.
    """
    query = (
        "UPDATE passage SET live = 1 - live, forgotten = CASE WHEN live = 1 THEN forgotten"
        " ELSE 0 END, rev_changed = ? WHERE rev_changed = ? OR (rev_came = ? AND live = 1)"
    )
    return sql.run(query, (revision, undone, undone))


def purge(sql: Sql, ids: Sequence[int]) -> int:
    """Delete passages for good, live or ended; the caller must rewrite the file of the database."""
    if not ids:
        return 0
    if not sql.postgresql:
        sql.run("PRAGMA secure_delete = ON")
    listed, parameter = sql.values(sorted(ids))
    sql.run(f"DELETE FROM passage_link WHERE passage_id IN {listed}", (parameter,))
    if sql.postgresql:
        sql.run(f"DELETE FROM passage_terms WHERE id IN {listed}", (parameter,))
    sql.run(f"DELETE FROM passage WHERE id IN {listed}", (parameter,))
    if not sql.postgresql:  # deleted words stay in the segments of the index until it is rebuilt
        sql.run("INSERT INTO passage_terms (passage_terms) VALUES ('rebuild')")
    return len(ids)


def fetch(sql: Sql, scores: dict[int, float]) -> list[Passage]:
    """The live passages among the ids of ``scores`` with their links, highest score first."""
    listed, parameter = sql.values(list(scores))
    links: dict[int, list[EntityLink]] = {}
    query = (
        "SELECT passage_id, span_start, span_end, entity, p FROM passage_link"
        f" WHERE passage_id IN {listed} ORDER BY passage_id, span_start, p DESC, entity"
    )
    rows = sql.all(query, (parameter,))
    kept_key_of = kept_keys(sql, (row[3] for row in rows))
    for number, start, end, entity, p in rows:
        link = EntityLink(start, end, kept_key_of.get(entity, entity), p)
        links.setdefault(number, []).append(link)
    query = (
        f"SELECT id, text, source, document, ordinal FROM passage WHERE live = 1 AND id IN {listed}"
    )
    passages = [
        Passage(
            number, text, source, document, ordinal, tuple(links.get(number, ())), scores[number]
        )
        for number, text, source, document, ordinal in sql.all(query, (parameter,))
    ]
    return sorted(passages, key=lambda item: (-item.score, item.id))


def page(sql: Sql, last: int, source: str | None) -> list[int]:
    """The ids of the next live passages after the id ``last``, ascending; [] after the last one."""
    condition, parameters = ("", ()) if source is None else (" AND source = ?", (source,))
    query = f"SELECT id FROM passage WHERE live = 1 AND id > ?{condition} ORDER BY id LIMIT ?"
    return [number for (number,) in sql.all(query, (last, *parameters, 2 * PASSAGES_PER_STATEMENT))]
