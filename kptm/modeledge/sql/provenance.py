"""Origins: the texts that records were made from, each stored once, and the sources that attest it.

A text stays live until the last of its sources is forgotten.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from kptm.modeledge.sql import oplog

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.sql.cursor import Sql


def of_text(text: str) -> str:
    """The digest of a text, which any source may attest."""
    return _digest("text", text)


def of_own(source: str, text: str) -> str:
    """The digest of a user's own vectors, which no source other than theirs can attest."""
    return _digest("own", source, text)


def of_fact(fact: tuple[str, str, str], value: str, text: str) -> str:
    """The digest of a statement of a triple, which any source may attest."""
    return _digest("fact", *fact, value, text)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def find_ids(sql: Sql, digests: Sequence[str]) -> dict[str, int]:
    """The ids of the digests that the store has."""
    listed, parameter = sql.values(list(digests))
    query = f"SELECT digest, id FROM modeledge_origin WHERE digest IN {listed}"
    return dict(sql.all(query, (parameter,)))


def ids(sql: Sql, texts: dict[str, str]) -> dict[str, int]:
    """The ids of origins by digest; new ones are written with their texts (digest → text)."""
    stored = find_ids(sql, list(texts))
    last = int(sql.one("SELECT max(id) FROM modeledge_origin") or 0)
    fresh = [digest for digest in texts if digest not in stored]
    new = {digest: last + number for number, digest in enumerate(fresh, 1)}
    rows = [(number, digest, texts[digest]) for digest, number in new.items()]
    sql.insert("modeledge_origin", "id, digest, text", rows)
    return stored | new


def attest(sql: Sql, operation: int, source: str, origins: Iterable[int]) -> list[int]:
    """Let a source attest origins; return those that it did not attest before."""
    wanted = sorted(set(origins))
    listed, parameter = sql.values(wanted)
    query = (
        "SELECT origin_id, live FROM modeledge_attestation"
        f" WHERE source = ? AND origin_id IN {listed}"
    )
    is_live = dict(sql.all(query, (source, parameter)))
    sql.insert(
        "modeledge_attestation",
        "origin_id, source, live, op_changed",
        [(number, source, 1, operation) for number in wanted if number not in is_live],
    )
    ended = [number for number, live in is_live.items() if not live]
    if ended:
        listed, parameter = sql.values(ended)
        sql.run(
            "UPDATE modeledge_attestation SET live = 1, op_changed = ?"
            f" WHERE source = ? AND origin_id IN {listed}",
            (operation, source, parameter),
        )
    return [number for number in wanted if not is_live.get(number)]


def end(sql: Sql, operation: int, source: str, origins: Sequence[int]) -> None:
    """End a source's attestations of these origins."""
    listed, parameter = sql.values(list(origins))
    if origins:
        sql.run(
            "UPDATE modeledge_attestation SET live = 0, op_changed = ?"
            f" WHERE source = ? AND live = 1 AND origin_id IN {listed}",
            (operation, source, parameter),
        )


def list_unattested(sql: Sql, source: str, origins: Sequence[int]) -> list[int]:
    """The origins that a source does not attest, unless a user made it forget them."""
    listed, parameter = sql.values(list(origins))
    query = (
        "SELECT origin_id, live, op_changed FROM modeledge_attestation"
        f" WHERE source = ? AND origin_id IN {listed}"
    )
    kinds: dict[int, str] = {}
    unattested = set(origins)
    for number, live, operation in sql.all(query, (source, parameter)):
        if operation not in kinds:
            kinds[operation] = oplog.kind_of(sql, operation)
        if live or kinds[operation] in ("forget", ""):
            unattested.discard(number)
    return sorted(unattested)


def orphaned_by(sql: Sql, operation: int, source: str) -> list[int]:
    """End all attestations of a source; return the origins that no source attests now."""
    sql.run(
        "UPDATE modeledge_attestation SET live = 0, op_changed = ? WHERE source = ? AND live = 1",
        (operation, source),
    )
    return unattested_by(sql, operation)


def reverse_attestations(sql: Sql, undone: int, operation: int) -> list[int]:
    """Reverse the attestations that an operation changed last; return origins attested again.

    An attestation stays if its source added more rows of the origin later and no other source
    attests these. Call this after the rows have been restored or removed.
    """
    keeps = (
        "live = 1 AND EXISTS (SELECT 1 FROM modeledge_record r"
        " WHERE r.origin_id = modeledge_attestation.origin_id AND r.live = 1 AND r.op_changed > ?)"
        " AND NOT EXISTS (SELECT 1 FROM modeledge_attestation b"
        " WHERE b.origin_id = modeledge_attestation.origin_id AND b.live = 1 AND b.op_changed <> ?)"
    )
    sql.run(
        "UPDATE modeledge_attestation SET live = 1 - live, op_changed = ?"
        f" WHERE op_changed = ? AND NOT ({keeps})",
        (operation, undone, undone, undone),
    )
    query = "SELECT origin_id FROM modeledge_attestation WHERE op_changed = ? AND live = 1"
    return [number for (number,) in sql.all(query, (operation,))]


def unattested_by(sql: Sql, operation: int) -> list[int]:
    """The origins whose last attestation an operation ended."""
    query = (
        "SELECT a.origin_id FROM modeledge_attestation a WHERE a.op_changed = ? AND a.live = 0"
        " AND NOT EXISTS (SELECT 1 FROM modeledge_attestation b"
        " WHERE b.origin_id = a.origin_id AND b.live = 1)"
    )
    return sorted({number for (number,) in sql.all(query, (operation,))})


def attested_origins(sql: Sql, operation: int, origins: Sequence[int]) -> set[int]:
    """The origins that any source attests.

    If an undo ended the last attestation of an origin, it is restored, so that the origin counts.
    """
    listed, parameter = sql.values(sorted(set(origins)))
    if not origins:
        return set()
    live = f"SELECT origin_id FROM modeledge_attestation WHERE live = 1 AND origin_id IN {listed}"
    attested = {number for (number,) in sql.all(live, (parameter,))}
    unattested = sorted(set(origins) - attested)
    if unattested:
        listed, parameter = sql.values(unattested)
        sql.run(
            "UPDATE modeledge_attestation SET live = 1, op_changed = ?"
            f" WHERE origin_id IN {listed} AND op_changed = (SELECT max(b.op_changed)"
            " FROM modeledge_attestation b WHERE b.origin_id = modeledge_attestation.origin_id)"
            " AND EXISTS (SELECT 1 FROM modeledge_operation o"
            " WHERE o.id = modeledge_attestation.op_changed AND o.kind = 'undo')",
            (operation, parameter),
        )
        listed, parameter = sql.values(sorted(set(origins)))
        attested = {number for (number,) in sql.all(live, (parameter,))}
    return attested


def is_source(sql: Sql, source: str) -> bool:
    """Whether a source attests an origin, or did so before."""
    query = "SELECT 1 FROM modeledge_attestation WHERE source = ? LIMIT 1"
    return sql.one(query, (source,)) is not None


def texts_of(sql: Sql, source: str, *, alone: bool) -> list[str]:
    """The texts that this source alone attests or attested; or, if not ``alone``, all others."""
    attests = "SELECT 1 FROM modeledge_attestation a WHERE a.origin_id = o.id AND a.source"
    only_this = f"EXISTS ({attests} = ?) AND NOT EXISTS ({attests} <> ?)"
    condition = only_this if alone else f"NOT ({only_this})"
    query = f"SELECT o.text FROM modeledge_origin o WHERE {condition} ORDER BY o.id"
    return [text for (text,) in sql.all(query, (source, source))]


def is_changed_by(sql: Sql, operation: int) -> bool:
    """Whether an operation was the last to change an attestation."""
    query = "SELECT 1 FROM modeledge_attestation WHERE op_changed = ? LIMIT 1"
    return sql.one(query, (operation,)) is not None


def sources(sql: Sql, origins: Sequence[int]) -> dict[int, list[str]]:
    """The sources of each origin, sorted."""
    listed, parameter = sql.values(list(origins))
    query = (
        "SELECT origin_id, source FROM modeledge_attestation"
        f" WHERE live = 1 AND origin_id IN {listed} ORDER BY origin_id, source"
    )
    sources_of: dict[int, list[str]] = {}
    for number, source in sql.all(query, (parameter,)):
        sources_of.setdefault(number, []).append(source)
    return sources_of


def sources_of_rows(sql: Sql, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The sources of each row's origin, sorted."""
    listed, parameter = sql.values(list(ids))
    query = f"SELECT id, origin_id FROM modeledge_record WHERE id IN {listed}"
    origin_of = dict(sql.all(query, (parameter,)))
    sources_of = sources(sql, sorted(set(origin_of.values())))
    return {number: tuple(sources_of.get(origin, ())) for number, origin in origin_of.items()}
