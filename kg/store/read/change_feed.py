"""The changes since a revision, so that results computed from the graph can be updated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.store.rows.revisions import PURGE

if TYPE_CHECKING:
    from kg.sql.cursor import Sql


def changed_keys(sql: Sql, since: int, most: int) -> set[str] | None:
    """The keys of entities whose statements changed after ``since``.

    Returns:
        The keys; None if more than ``most`` facts have changed, or if there was a purge, which
        leaves no trace of the facts that it deleted.
    """
    if sql.one("SELECT 1 FROM revision WHERE id > ? AND kind = ? LIMIT 1", (since, PURGE)):
        return None
    triples: set[int] = set()
    for condition in (
        "rev_added > 1 AND rev_added > ?",  # the index has the condition rev_added > 1
        "rev_removed IS NOT NULL AND rev_removed > ?",
    ):
        # Without the plus, SQLite would read the whole table by its primary key for DISTINCT.
        query = (
            f"SELECT DISTINCT +triple_id FROM triple_source WHERE {condition} LIMIT {most + 1:d}"
        )
        if since == 0:
            query = query.replace("rev_added > 1 AND ", "")
        triples.update(number for (number,) in sql.all(query, (since,)))
        if len(triples) > most:
            return None
    keys: set[str] = set()
    if not triples:
        return keys
    listed, parameter = sql.values(sorted(triples))
    for end in ("head_id", "tail_id"):
        query = f"SELECT e.key FROM triple x JOIN entity e ON e.id = x.{end} WHERE x.id IN {listed}"
        keys.update(key for (key,) in sql.all(query, (parameter,)))
    return keys
