"""Reads facts and phrasings in the format of the T-REx probe, and assigns splits.

``facts.jsonl``: {"relation", "subject", "object"}; ``patterns.jsonl``: {"relation", "pattern"} with
``[X]`` and ``[Y]``.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.text.lines import text_lines
from kptm.data import fill
from kptm.data.phrasings import HEAD, TAIL
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kptm.evaluation.fusion.fact_probing import SplitFact
    from kptm.linking import LinkedText

SHARES = (("B", 0.25), ("C", 0.15))
"""The shares of the splits; the rest is A."""
EDITED_SHARE = 0.2
"""The share of the B facts that is edited after training and becomes D."""


class Edit(NamedTuple):
    """A fact whose object is replaced after training."""

    head: str
    relation: str
    old: str
    new: str


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
    """Read facts and assign each a split by a hash of its two entities.

    All facts of a pair are in one split, because the text of one would reveal the others.

    Args:
        path: A file of JSON Lines, which may be compressed (``.gz``).
        limit: The maximum number of facts per relation, chosen by the same hash.

    Raises:
        TripleFormatError: A line is malformed.
    """
    by_relation: dict[str, list[tuple[float, SplitFact]]] = defaultdict(list)
    seen = set()
    for _, (relation, head, tail) in _rows(Path(path), ("relation", "subject", "object")):
        if (relation, head, tail) in seen:
            continue
        seen.add((relation, head, tail))
        order = draw(*sorted((head, tail)))
        fact = (head, relation, tail, split_of(head, tail))
        by_relation[relation].append((draw(str(order), relation), fact))
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
    patterns: dict[str, list[str]] = defaultdict(list)
    for number, (relation, pattern) in _rows(Path(path), ("relation", "pattern")):
        if HEAD not in pattern or TAIL not in pattern:
            raise TripleFormatError(path, number, f"a pattern needs {HEAD} and {TAIL}", pattern)
        patterns[relation].append(pattern)
    return dict(patterns)


def choose_asked(
    patterns: dict[str, list[str]], ask: str
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Split phrasings into those for the texts and the one for the probes, by relation.

    Args:
        patterns: Phrasings by relation.
        ask: The phrasing of the probes: its number from 1, or a file of phrasings.

    Raises:
        ConfigError: No relation has a phrasing for the texts and one for the probes.
    """
    if ask.isdecimal():
        place = int(ask) - 1
        asked_pattern = {
            key: of_relation[place]
            for key, of_relation in patterns.items()
            if 0 <= place < len(of_relation)
        }
    else:
        asked_pattern = {key: of_relation[0] for key, of_relation in read_patterns(ask).items()}
    read = {
        key: [pattern for pattern in of_relation if pattern != asked_pattern.get(key)]
        for key, of_relation in patterns.items()
    }
    both = {key for key in asked_pattern if read.get(key)}
    if not both:
        raise ConfigError(f"--ask {ask}: leaves no relation with phrasings to train on and to ask")
    return {key: read[key] for key in sorted(both)}, {
        key: asked_pattern[key] for key in sorted(both)
    }


def say(facts: Iterable[SplitFact], patterns: Mapping[str, Sequence[str]]) -> list[LinkedText]:
    """The A facts as texts with gold links, each in all phrasings of its relation."""
    return [
        fill(pattern, {HEAD: (head, head), TAIL: (tail, tail)})
        for head, relation, tail, split in facts
        if split == "A" and head != tail
        for pattern in patterns.get(relation, ())
    ]


def split_of(head: str, tail: str) -> str:
    """The split of all facts between two entities, by a hash of both: A, B or C."""
    rest = draw(*sorted((head, tail)))
    for name, share in SHARES:
        if rest < share:
            return name
        rest -= share
    return "A"


def choose_edits(
    facts: Iterable[SplitFact],
    share: float = EDITED_SHARE,
    *,
    among: Iterable[tuple[str, str, str]] | None = None,
) -> tuple[list[SplitFact], list[Edit]]:
    """Turn a share of the B facts into D facts, by hash; each gets another object of its relation.

    Only facts whose (head, relation) has a single object are edited, so that there is a single
    right answer after the edit too.

    Args:
        facts: The facts.
        share: The share of the B facts.
        among: All facts of the graph, if ``facts`` are not all, from which objects are taken.

    Returns:
        The facts, in which edited ones are D with their old object, and the edits, both in the
        order of ``facts``.
    """
    facts = list(facts)
    tails: dict[str, set[str]] = defaultdict(set)
    values: Counter[tuple[str, str]] = Counter()
    for head, relation, tail in among or [fact[:3] for fact in facts]:
        tails[relation].add(tail)
        values[head, relation] += 1
    now: list[SplitFact] = []
    edits: list[Edit] = []
    for head, relation, tail, split in facts:
        others = sorted(tails[relation] - {head, tail})
        alone = values[head, relation] == 1 and others
        if split == "B" and alone and draw("edit", head, relation) < share:
            new = others[int(draw("new", head, relation) * len(others))]
            edits.append(Edit(head, relation, tail, new))
            split = "D"
        now.append((head, relation, tail, split))
    return now, edits


def apply_edits(facts: Iterable[SplitFact], edits: Iterable[Edit]) -> list[SplitFact]:
    """The facts as they are after the edits, in their order."""
    new = {(edit.head, edit.relation, edit.old): edit.new for edit in edits}
    return [
        (head, relation, new.get((head, relation, tail), tail), split)
        for head, relation, tail, split in facts
    ]


def draw(*parts: str) -> float:
    """A pseudo-random number in [0, 1) that depends only on the parts."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
