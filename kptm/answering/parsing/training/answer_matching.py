"""Compares the denotation of a program with the answers to a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.values import ValueKey
from kg.values.value_forms import candidates as value_forms
from kptm.linking.text.char_classes import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kptm.answering.parsing.derivation import Derivation

YES = frozenset("yes true ja wahr sí si oui sì sim ναι はい 是 对".split())
NO = frozenset("no false nein falsch non não nao όχι οχι いいえ 不是 否".split())
NUMBER_TOLERANCE = 1e-3
"""The relative tolerance of equal numbers."""
MIN_F1, REWARD_EXPONENT = 0.5, 8
"""The reward of a denotation: F1 to the power ``REWARD_EXPONENT``, or 0 if F1 is below ``MIN_F1``.

F1 need not be 1, because the graph may have a few more or fewer answers than the example.
"""


class AnswerMatcher:
    """Compares denotations with the answers to a question.

    Args:
        names: The answers as written.
        keys: By answer: the nodes (entities and values) that it may mean.
    """

    def __init__(self, names: Collection[str], keys: Mapping[str, Collection[str]]) -> None:
        self.names = tuple(names)
        self._answer_of = {key: name for name in self.names for key in keys.get(name, ())}
        self._numbers = {
            name: number for name in self.names if (number := as_number(name)) is not None
        }
        self._folded = {fold(name): name for name in self.names}

    def f1(self, derivation: Derivation) -> float:
        """F1 of a denotation against the answers, between 0 and 1.

        For a number or a truth value it is 1 or 0.
        """
        if derivation.truth is not None:
            return float(bool(self._folded.keys() & (YES if derivation.truth else NO)))
        if derivation.number is not None:
            return float(
                len(self.names) == 1 and self._name_of_number(derivation.number.value) is not None
            )
        if not derivation.nodes or not self.names:
            return 0.0
        names = [name for node in derivation.nodes if (name := self._name(node)) is not None]
        hits = len(set(names))
        if not hits:
            return 0.0
        precision, recall = len(names) / len(derivation.nodes), hits / len(self.names)
        return 2 * precision * recall / (precision + recall)

    def right_nodes(self, nodes: Sequence[str]) -> frozenset[str]:
        """The nodes that are answers."""
        return frozenset(node for node in nodes if self._name(node) is not None)

    def expected_count(self) -> int:
        """The answer, if it is a single positive integer; else 0."""
        number = self._numbers.get(self.names[0]) if len(self.names) == 1 else None
        return int(number) if number is not None and number == int(number) and number > 0 else 0

    def has_first(self, derivation: Derivation) -> bool:
        """Whether the first node of a denotation, or its number or truth value, is an answer."""
        if derivation.truth is not None or derivation.number is not None:
            return self.f1(derivation) > 0
        return bool(derivation.nodes) and self._name(derivation.nodes[0]) is not None

    def reward(self, derivation: Derivation) -> float:
        """The reward of a denotation in training, between 0 and 1."""
        f1 = self.f1(derivation)
        return f1**REWARD_EXPONENT if f1 >= MIN_F1 else 0.0

    def _name(self, node: str) -> str | None:
        """The answer that a node is, by key, number or text; None if it is no answer."""
        known = self._answer_of.get(node)
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
            if abs(number - other) <= NUMBER_TOLERANCE * max(abs(number), abs(other), 1e-12):
                return name
        return None


def as_number(text: str) -> float | None:
    """Read a number as people write it ("1,500 km"), without the unit; None for other texts."""
    for literal in value_forms(text):
        try:
            return float(literal.value)
        except ValueError:
            continue
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
