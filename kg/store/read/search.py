"""Search by name: exact matches, then prefixes, substrings and approximate matches.

Case, accents and typographic marks make no difference (:mod:`kg.naming.folding`). Ties go to names
with the same spelling, then to entities that are meant more often.

The index gives the rows that share trigrams with what was typed; what lives, and how often it is
meant, is asked of the triples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.naming.folding import canonical, fold, spellings
from kg.store.read.triples import alive
from kg.store.rows.schema import FIRST_RELATION
from kg.vocabulary import NAMES, PRIOR, UNDERSTOOD

if TYPE_CHECKING:
    from kg.sql.cursor import Sql

MAX_QUERY = 200
"""The most characters of a search."""

NEAR = 400
"""The most rows with common trigrams that are checked for a typing error."""

LONGEST_SWAPPED = 24
"""Characters up to which each swap of neighbours is tried; a longer name shares enough trigrams."""

_NAMES = ", ".join(str(UNDERSTOOD.index(name) + 1) for name in NAMES)
_PRIOR = UNDERSTOOD.index(PRIOR) + 1


def search(sql: Sql, text: str, limit: int, at: int | None) -> list[str]:
    """Keys of entities by what they are called, best first."""
    wanted = fold(text)
    if not wanted or "\0" in wanted or len(wanted) > MAX_QUERY or limit < 1:
        return []  # no name holds NUL, and FTS5 would read no further than to it
    given = canonical(text.strip())
    found = [
        *((-1 if canonical(key) == given else 1, number) for number, key in _beginning(sql, given)),
        *((_rank(surface, wanted), number) for number, surface in _holding(sql, wanted)),
    ]
    keys = _best_keys(sql, found, given, limit, at)
    if len(keys) < limit and len(wanted) > 3:
        more = _best_keys(sql, _near(sql, wanted), given, limit, at)
        keys += [key for key in more if key not in keys]
    return keys[:limit]


def _near(sql: Sql, wanted: str) -> list[tuple[int, int]]:
    """(rank, row) of the index for names within a typing error."""
    found = [
        (10 + distance, number)
        for number, surface in _sharing(sql, wanted)
        if wanted not in surface and (distance := _distance(surface, wanted)) is not None
    ]
    # Of a short name with two letters swapped no trigram is left.
    for swapped in _swaps(wanted):
        found += [
            (11, number)
            for number, surface in _holding(sql, swapped)
            if _distance(surface, wanted) is not None
        ]
    return found


def _swaps(text: str) -> list[str]:
    """``text`` with each pair of neighbouring characters swapped in turn; empty for a long text."""
    if len(text) > LONGEST_SWAPPED:
        return []
    every = (text[:at] + text[at + 1] + text[at] + text[at + 2 :] for at in range(len(text) - 1))
    return [swapped for swapped in dict.fromkeys(every) if swapped != text]


def _beginning(sql: Sql, text: str) -> list[tuple[int, str]]:
    """Entities whose keys begin with the typed text, or with its capitals."""
    query = "SELECT id, key FROM entity WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
    return [
        row
        for start in dict.fromkeys((*spellings(text), text.upper()))
        for row in sql.all(query, (start, start + "\U0010ffff", NEAR))
    ]


def _rank(surface: str, wanted: str) -> int:
    if wanted in (surface, surface.rpartition(" (")[0]):  # "georgia (country)" is called georgia
        return 0
    if surface.startswith(wanted):
        return 1
    return 2 if f" {wanted}" in surface else 3


def _holding(sql: Sql, wanted: str) -> list[tuple[int, str]]:
    """Rows of the index that hold ``wanted``."""
    if sql.postgresql:
        like = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return sql.all("SELECT id, surface FROM name_index WHERE surface LIKE ?", (f"%{like}%",))
    if len(wanted) < 3:  # no trigram
        query = "SELECT rowid, surface FROM name_index WHERE instr(surface, ?) > 0"
        return sql.all(query, (wanted,))
    query = "SELECT rowid, surface FROM name_index(?) WHERE instr(surface, ?) > 0"
    return sql.all(query, (" AND ".join(_trigrams(wanted)), wanted))


def _sharing(sql: Sql, wanted: str) -> list[tuple[int, str]]:
    """Rows of the index that share most trigrams with ``wanted``."""
    if sql.postgresql:
        query = (
            "SELECT id, surface FROM name_index WHERE surface % ?"
            " ORDER BY similarity(surface, ?) DESC, id LIMIT ?"
        )
        return sql.all(query.replace(" % ", " %% "), (wanted, wanted, NEAR))
    query = "SELECT rowid, surface FROM name_index(?) ORDER BY rank, rowid LIMIT ?"
    return sql.all(query, (" OR ".join(_trigrams(wanted)), NEAR))


def _trigrams(text: str) -> list[str]:
    """Its trigrams as FTS5 takes them: quoted, so that none is read as an operator."""
    cut = {text[at : at + 3] for at in range(len(text) - 2)}
    return ['"' + part.replace('"', '""') + '"' for part in sorted(cut)]


def _best_keys(
    sql: Sql, found: list[tuple[int, int]], given: str, limit: int, at: int | None
) -> list[str]:
    """Keys of the entities of rows of the index, (rank, row), best first.

    Args:
        sql: A reading transaction.
        found: The rows with their ranks.
        given: What was typed: of equal rank a name that is written so comes first.
        limit: The most keys.
        at: The revision.
    """
    typed = given.casefold()
    rank: dict[int, int] = {}
    for value, number in found:
        rank[number] = min(value, rank.get(number, value))
    best: dict[str, tuple[int, bool, float]] = {}
    for key, number, weight, name in _owners(sql, list(rank), at):
        other = typed not in canonical(name or key).casefold()
        mine = (rank[number], other, -weight)
        best[key] = min(mine, best.get(key, mine))
    return sorted(best, key=lambda key: (best[key], key))[:limit]


def _owners(sql: Sql, rows: list[int], at: int | None) -> list[tuple[str, int, float, str | None]]:
    """(key, row, how often it is meant, name) of the live entities that rows of the index name."""
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
        # Rows below 0 are names, which live themselves; a key counts while a fact has it.
        f" WHERE (d.row < 0 OR {lives})"
    )
    return sql.all(query, (parameter, parameter))


def _distance(surface: str, wanted: str) -> int | None:
    """Edits between ``wanted`` and a name, or its first words; None where there are too many."""
    allowed = 1 if len(wanted) < 8 else 2
    words = surface.split()
    count = len(wanted.split())
    # "barak obama" is near the end of "president barack obama", too.
    texts = {surface, " ".join(words[:count]), " ".join(words[-count:])}
    least = min(edits(text, wanted, allowed) for text in texts)
    return least if least <= allowed else None


def edits(left: str, right: str, most: int) -> int:
    """Insertions, deletions, changes and swaps from one text to the other, or ``most + 1``.

    Optimal string alignment (Damerau 1964, with each part edited once).
    """
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for at, char in enumerate(left, 1):
        two, before, row = before, row, [at]
        for to, other in enumerate(right, 1):
            # A deletion, an insertion, a change (or none).
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (char != other))
            if two and to > 1 and char == right[to - 2] and left[at - 2] == other:
                cost = min(cost, two[to - 2] + 1)
            row.append(cost)
        # Rows never get cheaper: the rest need not be compared.
        if min(row) > most:
            return most + 1
    return row[-1]
