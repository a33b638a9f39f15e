"""Search by name: exact matches, then prefixes, substrings and approximate matches.

Case, accents and typographic marks are ignored (:mod:`kg.naming.folding`). Among matches of the
same rank, names that contain the text with its accents as typed come first, then entities with the
higher prior, or without a stated prior with more facts.

The index finds names that share trigrams with the text. Whether their entities are live is looked
up in the triples. The number of a row of the index is the id of an entity (above 0) if the row is
its key, and the id of a literal (below 0) if the row is a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.naming.folding import canonical, fold, spellings
from kg.store.read.triples import alive
from kg.store.rows.schema import FIRST_RELATION
from kg.vocabulary import NAMES, PRIOR, UNDERSTOOD

if TYPE_CHECKING:
    from kg.sql.cursor import Sql

MAX_QUERY_CHARACTERS = 200
"""The maximum number of characters of a text to search for."""

MAX_ROWS_CHECKED = 400
"""Maximum number of rows that share trigrams with the text and are checked for typing errors.

Also the maximum number of keys that begin with each spelling of the text.
"""

MAX_SWAPPED_CHARACTERS = 24
"""Maximum length of a text that is also searched with each two adjacent letters swapped.

A swap changes at most four trigrams. In a longer text enough others are left to find the name.
"""

_NAMES = ", ".join(str(UNDERSTOOD.index(name) + 1) for name in NAMES)
_PRIOR = UNDERSTOOD.index(PRIOR) + 1


def search(sql: Sql, text: str, limit: int, at: int | None) -> list[str]:
    """The keys of entities whose key or name matches a text, best first."""
    wanted = fold(text)
    if not wanted or "\0" in wanted or len(wanted) > MAX_QUERY_CHARACTERS or limit < 1:
        return []  # no name contains NUL, and FTS5 would stop reading at it
    typed = canonical(text.strip())
    matches = [
        *(
            (-1 if canonical(key) == typed else 1, number)
            for number, key in _find_keys_beginning_with(sql, typed)
        ),
        *(
            (_rank(surface, wanted), number)
            for number, surface in _find_names_containing(sql, wanted)
        ),
    ]
    keys = _best_keys(sql, matches, typed, limit, at)
    if len(keys) < limit and len(wanted) > 3:
        more = _best_keys(sql, _find_similar_names(sql, wanted), typed, limit, at)
        keys += [key for key in more if key not in keys]
    return keys[:limit]


def _find_similar_names(sql: Sql, wanted: str) -> list[tuple[int, int]]:
    """(rank, number of the row) of names that differ from ``wanted`` by few typing errors."""
    matches = [
        (10 + distance, number)
        for number, surface in _find_names_sharing_trigrams(sql, wanted)
        if wanted not in surface and (distance := _distance(surface, wanted)) is not None
    ]
    # A short name with two letters swapped may share no trigram with the correct one.
    for swapped in _swaps(wanted):
        matches += [
            (11, number)
            for number, surface in _find_names_containing(sql, swapped)
            if _distance(surface, wanted) is not None
        ]
    return matches


def _swaps(text: str) -> list[str]:
    """``text`` with each pair of neighbouring characters swapped in turn; empty for a long text."""
    if len(text) > MAX_SWAPPED_CHARACTERS:
        return []
    variants = (text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in range(len(text) - 1))
    return [swapped for swapped in dict.fromkeys(variants) if swapped != text]


def _find_keys_beginning_with(sql: Sql, text: str) -> list[tuple[int, str]]:
    """(id, key) of entities whose keys begin with the text in one of several spellings.

    The spellings are the typed text, composed and decomposed, and the text in upper case.
    """
    query = "SELECT id, key FROM entity WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
    return [
        row
        for start in dict.fromkeys((*spellings(text), text.upper()))
        for row in sql.all(query, (start, start + "\U0010ffff", MAX_ROWS_CHECKED))
    ]


def _rank(surface: str, wanted: str) -> int:
    """The rank of a name that contains the wanted text, 0 for the best."""
    if wanted in (surface, surface.rpartition(" (")[0]):  # "georgia" matches "georgia (country)"
        return 0
    if surface.startswith(wanted):
        return 1
    return 2 if f" {wanted}" in surface else 3


def _find_names_containing(sql: Sql, wanted: str) -> list[tuple[int, str]]:
    """(number, name) of the rows of the index whose name contains ``wanted``."""
    if sql.postgresql:
        like = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return sql.all("SELECT id, surface FROM name_index WHERE surface LIKE ?", (f"%{like}%",))
    if len(wanted) < 3:  # no trigram
        query = "SELECT rowid, surface FROM name_index WHERE instr(surface, ?) > 0"
        return sql.all(query, (wanted,))
    query = "SELECT rowid, surface FROM name_index(?) WHERE instr(surface, ?) > 0"
    return sql.all(query, (" AND ".join(_trigrams(wanted)), wanted))


def _find_names_sharing_trigrams(sql: Sql, wanted: str) -> list[tuple[int, str]]:
    """(id, name) of the :data:`MAX_ROWS_CHECKED` rows with most trigrams of ``wanted``.

    SQLite sorts by bm25, in which a rare trigram counts more. PostgreSQL sorts by ``similarity``,
    the shared fraction of the trigrams of both texts, and omits names below its threshold.
    """
    if sql.postgresql:
        query = (
            "SELECT id, surface FROM name_index WHERE surface % ?"
            " ORDER BY similarity(surface, ?) DESC, id LIMIT ?"
        )
        return sql.all(query, (wanted, wanted, MAX_ROWS_CHECKED))
    query = "SELECT rowid, surface FROM name_index(?) ORDER BY rank, rowid LIMIT ?"
    return sql.all(query, (" OR ".join(_trigrams(wanted)), MAX_ROWS_CHECKED))


def _trigrams(text: str) -> list[str]:
    """The trigrams of a text, quoted so that FTS5 does not read any of them as an operator."""
    trigrams = {text[i : i + 3] for i in range(len(text) - 2)}
    return ['"' + trigram.replace('"', '""') + '"' for trigram in sorted(trigrams)]


def _best_keys(
    sql: Sql, matches: list[tuple[int, int]], typed: str, limit: int, at: int | None
) -> list[str]:
    """The keys of the live entities of rows of the index, best first.

    Args:
        sql: A reading transaction.
        matches: (rank, number of the row).
        typed: The text as it was typed; among equal ranks, names that contain it with these accents
            come first.
        limit: The maximum number of keys.
        at: The revision, None for now.
    """
    folded = typed.casefold()
    rank: dict[int, int] = {}
    for value, number in matches:
        rank[number] = min(value, rank.get(number, value))
    best: dict[str, tuple[int, bool, float]] = {}
    for key, number, weight, name in _owners(sql, list(rank), at):
        other_spelling = folded not in canonical(name or key).casefold()
        sort_key = (rank[number], other_spelling, -weight)
        best[key] = min(sort_key, best.get(key, sort_key))
    return sorted(best, key=lambda key: (best[key], key))[:limit]


def _owners(sql: Sql, rows: list[int], at: int | None) -> list[tuple[str, int, float, str | None]]:
    """(key, number of the row, prior or degree, name) of the live entities of rows.

    The name is None for a row that is a key.
    """
    if not rows:
        return []
    listed, parameter = sql.values(rows)
    lives = " OR ".join(
        f"EXISTS (SELECT 1 FROM triple x WHERE x.{end} = e.id AND {alive(at)})"
        for end in ("head_id", "tail_id")
    )
    degree = " + ".join(
        f"(SELECT count(*) FROM triple x WHERE x.{end} = e.id"
        f" AND x.relation_id >= {FIRST_RELATION} AND {alive(at)})"
        for end in ("head_id", "tail_id")
    )
    prior = (
        "(SELECT max(CAST(l.value AS REAL)) FROM triple x JOIN literal l ON l.id = x.tail_id"
        f" WHERE x.head_id = e.id AND x.relation_id = {_PRIOR} AND {alive(at)})"
    )
    query = (
        f"SELECT e.key, d.row, COALESCE({prior}, {degree}), n.value FROM ("
        f"SELECT id, id AS row FROM entity WHERE id IN {listed}"
        f" UNION ALL SELECT x.head_id, x.tail_id FROM triple x WHERE x.tail_id IN {listed}"
        f" AND x.relation_id IN ({_NAMES}) AND x.tail_id < 0 AND {alive(at)}"
        ") AS d JOIN entity e ON e.id = d.id LEFT JOIN literal n ON n.id = d.row"
        # The subquery selects a name (a row below 0) only if a live triple states it. A key has no
        # such triple, so its entity is live if any triple with it is live.
        f" WHERE (d.row < 0 OR {lives})"
    )
    return sql.all(query, (parameter, parameter))


def _distance(surface: str, wanted: str) -> int | None:
    """The edit distance of ``wanted`` from a name, its first words or its last words.

    If ``wanted`` has n words, the first n and the last n words of the name are compared. None if
    more than one edit is needed, or more than two for a text of eight or more characters.
    """
    allowed = 1 if len(wanted) < 8 else 2
    words = surface.split()
    count = len(wanted.split())
    # The last words, so that "barak obama" matches "president barack obama".
    texts = {surface, " ".join(words[:count]), " ".join(words[-count:])}
    fewest_edits = min(edits(text, wanted, allowed) for text in texts)
    return fewest_edits if fewest_edits <= allowed else None


def edits(left: str, right: str, limit: int) -> int:
    """The edit distance of two texts, with swaps of neighbours, or ``limit + 1`` if it is more.

    This is the optimal string alignment distance: that of Damerau (1964), but each part of the text
    is edited at most once.
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, char in enumerate(left, 1):
        two_before, before, row = before, row, [i]
        for j, other in enumerate(right, 1):
            # A deletion, an insertion, a change (or none).
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other))
            if two_before and j > 1 and char == right[j - 2] and left[i - 2] == other:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
        # The minimum of a row never decreases, so the rest need not be compared.
        if min(row) > limit:
            return limit + 1
    return row[-1]
