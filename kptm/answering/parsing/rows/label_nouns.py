"""Finds nouns for rows in their labels: "Battle of Hastings" is a battle, "Tower Bridge" a bridge.

In a graph without types, labels often say what the rows are.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from kg.programs import Having, Named
from kg.types import Step
from kptm.answering.answer_kinds import describes_people
from kptm.answering.parsing.rows.class_nouns import MIN_NOUN_LETTERS
from kptm.answering.parsing.rows.row_kinds import RowKind
from kptm.linking.names.english_lexicon import frequent_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kg.graph import KnowledgeGraph
    from kg.programs import Program

MIN_LABELS = 3
"""The fewest labels with a noun."""
MAX_NAMED_ROWS = 200
"""The most rows that a noun denotes one by one."""
MIN_SHARE_OF_KIND = 0.7
"""A noun denotes all rows of a kind if at least this share of their labels have it."""
ROMAN = frozenset("ivx")
"""Letters of Roman numerals."""
OF = " of "
"""What follows the noun in "Battle of Hastings"."""
FIRST_NOUNS = frozenset(
    "cafe camp cape castle fort hotel hut lake mount mountain port refuge restaurant river villa"
    .split()
)  # fmt: skip
"""Nouns that begin a name: "Lake Geneva"."""


def nouns_of_labels(
    graph: KnowledgeGraph, relations_of: Mapping[str, frozenset[str]], kinds: Sequence[RowKind]
) -> Iterator[tuple[str, Program]]:
    """Yield (noun, program) for the nouns in the labels of rows.

    The program denotes a whole kind if most of its labels have the noun, else (:class:`Named`) only
    the rows with the noun. People are left out: three people called Baker are no bakers.

    Args:
        graph: The graph.
        relations_of: By row: its relations.
        kinds: The kinds of rows; empty if there is only one.
    """
    counts = Counter(relation for relations in relations_of.values() for relation in relations)
    if not counts:
        return
    personal = {key for key in counts if describes_people(graph.relation(key).label)}
    things = [row for row, relations in relations_of.items() if personal.isdisjoint(relations)]
    rows: dict[str, list[str]] = defaultdict(list)
    for row, entity in graph.entities(things).items():
        for noun in _nouns(entity.label):
            rows[noun].append(row)
    common = max(sorted(counts), key=counts.__getitem__)
    only = RowKind(frozenset(counts), frozenset(relations_of), Having(Step(common)))
    for noun, called in sorted(rows.items()):
        if not MIN_LABELS <= len(called) <= MAX_NAMED_ROWS:
            continue
        whole = [
            kind.program
            for kind in kinds or [only]
            if len(kind.rows.intersection(called))
            >= MIN_SHARE_OF_KIND * max(len(kind.rows), len(called))
        ]
        yield noun, whole[0] if whole else Named(tuple(sorted(called)))


def _nouns(label: str) -> set[str]:
    """The nouns in a label that are English words, in lower case.

    They are the word before "of", else the last word and a first word that often begins names.
    """
    head, of, _ = label.partition(OF)
    words = [word.lower() for word in re.findall(r"\w+", head)]
    if len(words) < (1 if of else 2):
        return set()
    first = set() if of else FIRST_NOUNS.intersection(words[:1])
    nouns = {words[-1], *first} & frequent_words()
    return {noun for noun in nouns if len(noun) >= MIN_NOUN_LETTERS and not ROMAN.issuperset(noun)}
