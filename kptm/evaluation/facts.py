"""Facts and phrasings in the format of the T-REx probe, and the study they make.

``facts.jsonl``: {"relation", "subject", "object"}; ``patterns.jsonl``: {"relation", "pattern"} with ``[X]`` and ``[Y]``.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.lines import text_lines
from kptm.data import fill
from kptm.data.phrasings import HEAD, TAIL
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kptm.evaluation.probing import SplitFact
    from kptm.linking import LinkedText

SHARES = (("B", 0.25), ("C", 0.15))
"""The rest is A."""


def _rows(path: Path, fields: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    with open_bytes(path) as stream:
        for number, text in text_lines(stream, path):
            if isinstance(text, TripleFormatError):
                raise text
            try:
                row: Any = json.loads(text)
                values = tuple(row[name] for name in fields)
            except (ValueError, KeyError, TypeError) as error:
                reason = f"expected an object with {', '.join(fields)} ({error})"
                raise TripleFormatError(path, number, reason, text) from error
            if not all(isinstance(value, str) and value for value in values):
                raise TripleFormatError(path, number, f"{', '.join(fields)} must be text", text)
            yield number, values


def read_facts(path: str | Path, *, limit: int | None = None) -> list[SplitFact]:
    """Read facts and give each its split by a hash of its two entities.

    All facts of one pair share a split, or the text of one would give the other away.

    Args:
        path: JSON Lines, ``.gz`` too.
        limit: At most so many facts a relation, chosen by the same hash.

    Raises:
        TripleFormatError: A line is malformed.
    """
    by_relation: dict[str, list[tuple[float, SplitFact]]] = defaultdict(list)
    seen = set()
    for _, (relation, head, tail) in _rows(Path(path), ("relation", "subject", "object")):
        if (relation, head, tail) in seen:
            continue
        seen.add((relation, head, tail))
        at = _draw(*sorted((head, tail)))
        order, split = at, "A"
        for name, share in SHARES:
            if at < share:
                split = name
                break
            at -= share
        by_relation[relation].append((_draw(str(order), relation), (head, relation, tail, split)))
    return [
        fact
        for relation in sorted(by_relation)
        for _, fact in sorted(by_relation[relation])[:limit]
    ]


def read_patterns(path: str | Path) -> dict[str, list[str]]:
    """Read phrasings by relation, in the order of the file.

    Raises:
        TripleFormatError: A line is malformed, or a pattern lacks a slot.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for number, (relation, pattern) in _rows(Path(path), ("relation", "pattern")):
        if HEAD not in pattern or TAIL not in pattern:
            raise TripleFormatError(path, number, f"a pattern needs {HEAD} and {TAIL}", pattern)
        found[relation].append(pattern)
    return dict(found)


def choose_asked(
    patterns: dict[str, list[str]], ask: str
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Split phrasings into those that are read and the one that is asked.

    Args:
        patterns: Phrasings by relation.
        ask: Which phrasing is asked, by its place counted from 1, or a file of phrasings to ask.

    Raises:
        ConfigError: No relation would be left with a phrasing to read.
    """
    if ask.isdecimal():
        place = int(ask) - 1
        asked = {key: found[place] for key, found in patterns.items() if 0 <= place < len(found)}
    else:
        asked = {key: found[0] for key, found in read_patterns(ask).items()}
    read = {
        key: [pattern for pattern in found if pattern != asked.get(key)]
        for key, found in patterns.items()
    }
    both = {key for key in asked if read.get(key)}
    if not both:
        raise ConfigError(f"--ask {ask}: leaves no relation with a phrasing to read and one to ask")
    return {key: read[key] for key in sorted(both)}, {key: asked[key] for key in sorted(both)}


def say(facts: Iterable[SplitFact], patterns: dict[str, list[str]]) -> list[LinkedText]:
    """The A facts as texts with gold links, each in all of its relation's phrasings."""
    return [
        fill(pattern, {HEAD: (head, head), TAIL: (tail, tail)})
        for head, relation, tail, split in facts
        if split == "A" and head != tail
        for pattern in patterns.get(relation, ())
    ]


def _draw(*parts: str) -> float:
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
