"""Whether what a program denotes is what a question's answers are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.values import ValueKey
from kg.values.forms import candidates as value_forms
from kptm.linking.text.char_classes import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kptm.answering.parsing.derivation import Derivation

YES = frozenset("yes true ja wahr sí si oui sì sim ναι はい 是 对".split())
NO = frozenset("no false nein falsch non não nao όχι οχι いいえ 不是 否".split())
CLOSE = 1e-3
"""How far numbers may be apart, of their size."""
ENOUGH, SHARP = 0.5, 8
"""F1 from which on a denotation may be meant, and the power of F1 that it weighs.

The graph may say a little more or less than the answers.
"""


class AnswerMatcher:
    """Compares denotations with the answers of a question.

    Args:
        names: The answers as they are written.
        keys: What each may mean in the graph: entities and values.
    """

    def __init__(self, names: Collection[str], keys: Mapping[str, Collection[str]]) -> None:
        self.names = tuple(names)
        self._of = {key: name for name in self.names for key in keys.get(name, ())}
        self._numbers = {
            name: number for name in self.names if (number := as_number(name)) is not None
        }
        self._folded = {fold(name): name for name in self.names}

    def f1(self, made: Derivation) -> float:
        """F1 of a denotation, 0 where it is of another kind."""
        if made.truth is not None:
            return float(bool(self._folded.keys() & (YES if made.truth else NO)))
        if made.number is not None:
            return float(
                len(self.names) == 1 and self._name_of_number(made.number.value) is not None
            )
        if not made.nodes or not self.names:
            return 0.0
        found = [name for node in made.nodes if (name := self._name(node)) is not None]
        hits = len(set(found))
        if not hits:
            return 0.0
        precision, recall = len(found) / len(made.nodes), hits / len(self.names)
        return 2 * precision * recall / (precision + recall)

    def among(self, nodes: Sequence[str]) -> frozenset[str]:
        """Those of some nodes that are answers."""
        return frozenset(node for node in nodes if self._name(node) is not None)

    def count(self) -> int:
        """The answer as a count, 0 where it is none."""
        number = self._numbers.get(self.names[0]) if len(self.names) == 1 else None
        return int(number) if number is not None and number == int(number) and number > 0 else 0

    def has_first(self, made: Derivation) -> bool:
        """Whether the first answer of a denotation is one of the answers."""
        if made.truth is not None or made.number is not None:
            return self.f1(made) > 0
        return bool(made.nodes) and self._name(made.nodes[0]) is not None

    def reward(self, made: Derivation) -> float:
        """How right a denotation is, between 0 and 1."""
        f1 = self.f1(made)
        return f1**SHARP if f1 >= ENOUGH else 0.0

    def _name(self, node: str) -> str | None:
        known = self._of.get(node)
        if known is None and isinstance(node, ValueKey):
            known = self._name_of_number(node.literal.value) or self._folded.get(
                fold(node.literal.value)
            )
        return known

    def _name_of_number(self, text: str) -> str | None:
        number = as_number(text)
        if number is None:
            return None
        for name, other in self._numbers.items():
            if abs(number - other) <= CLOSE * max(abs(number), abs(other), 1e-12):
                return name
        return None


def as_number(text: str) -> float | None:
    """A number as people write it, its unit aside."""
    for literal in value_forms(text):
        try:
            return float(literal.value)
        except ValueError:
            continue
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
