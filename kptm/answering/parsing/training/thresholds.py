"""Learns thresholds of words ("major" cities, "tall" buildings) from answers.

Suppose a program explains all of a question but one word, and denotes all answers and other nodes
too. Then the word may stand for a threshold of any measure that separates the answers from the
other nodes. Each such question gives an interval of possible thresholds. The threshold of a word is
chosen in the interval on which most questions agree.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import ceil, inf, log10
from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Compare, Follow, Measure, Named
from kg.types import Literal, Step
from kg.values import ValueKey
from kg.values.base_quantities import quantity
from kg.vocabulary import XSD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.programs import Program
    from kg.programs.expressions import Comparison
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.training.answer_matching import AnswerMatcher

MIN_QUESTIONS = 3
"""The fewest questions that must agree on a threshold."""
MIN_LISTED_ANSWERS = 2
"""The fewest of these questions that must list their answers; a mere count fits many thresholds."""
MAX_NODES = 2_000
"""Programs that denote more nodes are ignored."""
SIGNS: dict[Comparison, float] = {">=": 1.0, "<=": -1.0}
"""By comparison: the sign that makes its threshold a lower bound."""
MAX_DIGITS = 15
"""The most significant digits of a number."""


@dataclass(frozen=True, slots=True, order=True)
class Threshold:
    """The threshold that a word means for entities of a type: "major", for cities.

    Attributes:
        word: The stem of the word.
        type: The type; "" for any entity with the measure.
        relation: The relation of the measure.
        comparison: ">=" or "<=".
        value: The threshold.
        unit: The unit of the threshold; "" for a plain number.
    """

    word: str
    type: str
    relation: str
    comparison: Comparison
    value: float
    unit: str = ""

    def program(self, base: Program) -> Compare:
        """The program for the nodes of ``base`` that satisfy the threshold."""
        whole = self.value == int(self.value)
        text = f"{int(self.value)}" if whole else repr(self.value)
        value = Literal(text, datatype=f"{XSD}{'integer' if whole else 'decimal'}", unit=self.unit)
        return Compare(
            base, Measure((Step(self.relation),)), self.comparison, Named((ValueKey(value),))
        )


class _Key(NamedTuple):
    """A possible meaning of a word, apart from the value of the threshold."""

    word: str
    type: str
    relation: str
    comparison: Comparison
    unit: str


class _Interval(NamedTuple):
    """The thresholds in (``low``, ``high``], which separate a question's answers from the rest."""

    low: float
    high: float


class ThresholdLearner:
    """Collects intervals of possible thresholds from questions.

    Args:
        knowledge: Cached queries to the graph.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._intervals: dict[_Key, dict[int, set[_Interval]]] = defaultdict(dict)
        self._by_sets: dict[_Key, set[int]] = defaultdict(set)
        self._with_word: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._lessons = 0

    def add(
        self, question: Question, answers: AnswerMatcher, derivations: Sequence[Derivation]
    ) -> None:
        """Collect intervals from the candidates of a question that has no completely right program.

        Args:
            question: The question.
            answers: Compares nodes with its answers.
            derivations: The derivations of its candidates.
        """
        self._lessons += 1
        seen: set[tuple[tuple[str, ...], int]] = set()
        for derivation in derivations:
            nodes = derivation.counted or derivation.nodes
            open_words = question.open_words(derivation.mask | question.known)
            if (
                not open_words
                or not 1 < len(nodes) <= MAX_NODES
                or (nodes, derivation.mask) in seen
            ):
                continue
            seen.add((nodes, derivation.mask))
            kind = _type(self._knowledge, nodes)
            for word in open_words:
                self._add(word, kind, nodes, derivation, answers)

    def _add(
        self,
        word: str,
        kind: str,
        nodes: Sequence[str],
        derivation: Derivation,
        answers: AnswerMatcher,
    ) -> None:
        """Collect the intervals of one unexplained word, for all measures of the nodes."""
        wanted = answers.expected_count() if derivation.counted else len(answers.right_nodes(nodes))
        some_missing = not derivation.counted and wanted != len(answers.names)
        if some_missing or not 0 < wanted < len(nodes):
            return
        self._with_word[word, kind].add(self._lessons)
        right = frozenset() if derivation.counted else answers.right_nodes(nodes)
        for step in self._knowledge.measures(nodes[:MAX_NODES]):
            sizes, unit = _sizes(self._knowledge, nodes, step)
            for comparison, sign in SIGNS.items():
                interval = _parting(
                    {node: sign * size for node, size in sizes.items()}, right, wanted
                )
                if interval is not None:
                    key = _Key(word, kind, step.relation, comparison, unit)
                    self._intervals[key].setdefault(self._lessons, set()).add(interval)
                    if right:
                        self._by_sets[key].add(self._lessons)

    def thresholds(self) -> tuple[Threshold, ...]:
        """The thresholds on which enough questions agree: at most one for each word and type."""
        best: dict[tuple[str, str], tuple[int, Threshold]] = {}
        for key, lessons in sorted(self._intervals.items()):
            support, interval = _most_agreed(lessons.values())
            enough = support >= MIN_QUESTIONS and len(self._by_sets[key]) >= MIN_LISTED_ANSWERS
            if not enough or 2 * support <= len(self._with_word[key.word, key.type]):
                continue
            known = best.get((key.word, key.type))
            if known is None or support > known[0]:
                best[key.word, key.type] = support, _threshold(key, interval)
        typed = {word for word, kind in best if kind}
        return tuple(
            threshold
            for (word, kind), (_, threshold) in sorted(best.items())
            if kind or word not in typed
        )


def apply(
    thresholds: Mapping[str, Sequence[Threshold]],
    question: Question,
    part: Derivation,
    knowledge: Knowledge,
) -> Iterator[tuple[Threshold, int]]:
    """Find the thresholds of a question's unexplained words that apply to a set.

    Yields:
        The threshold, and the bit mask of its word.
    """
    for at, token in enumerate(question.tokens):
        for threshold in thresholds.get(token.stem, ()) if not part.mask >> at & 1 else ():
            of_type = threshold.type in ("", _type(knowledge, part.nodes))
            if of_type and Step(threshold.relation) in knowledge.measures(part.nodes[:MAX_NODES]):
                yield threshold, 1 << at


def _type(knowledge: Knowledge, nodes: Sequence[str]) -> str:
    """The type that all nodes of a set have; "" if there is none."""
    some = nodes[:MAX_NODES]
    return min(
        (kind for kind, count in knowledge.types(some).items() if count == len(some)), default=""
    )


def _sizes(knowledge: Knowledge, nodes: Sequence[str], step: Step) -> tuple[dict[str, float], str]:
    """By node: its number, if that has the unit of the first number found; and this unit."""
    sizes: dict[str, float] = {}
    unit = None
    for node in nodes:
        for value in knowledge.evaluate(Follow(Named((node,)), step)).nodes[:1]:
            literal = value.literal if isinstance(value, ValueKey) else Literal("")
            if quantity(literal) is None or unit not in (None, literal.unit):
                continue
            try:
                sizes[node] = float(literal.value)
            except ValueError:  # a date
                continue
            unit = literal.unit
    return sizes, unit or ""


def _parting(sizes: Mapping[str, float], right: frozenset[str], wanted: int) -> _Interval | None:
    """The interval of thresholds that exactly ``wanted`` nodes reach; None if there is none.

    Args:
        sizes: The measure of each node.
        right: The answers, which must be these nodes; empty if only their number is known.
        wanted: The number of answers.
    """
    ordered = sorted(sizes.items(), key=lambda item: -item[1])
    above, below = ordered[:wanted], ordered[wanted:]
    if len(above) < wanted or not below or above[-1][1] <= below[0][1]:
        return None
    if right and right != {node for node, _ in above}:
        return None
    return _Interval(below[0][1], above[-1][1])


def _most_agreed(lessons: Iterable[Iterable[_Interval]]) -> tuple[int, _Interval]:
    """The largest number of questions that agree on an interval, and that interval."""
    sets = [sorted(some) for some in lessons]
    ends = sorted({interval.high for some in sets for interval in some})
    best = (0, _Interval(-inf, inf))
    for end in ends:
        holding = [
            interval
            for some in sets
            if (interval := next((x for x in some if x.low < end <= x.high), None))
        ]
        if len(holding) > best[0]:
            within = _Interval(max(x.low for x in holding), min(x.high for x in holding))
            best = (len(holding), within)
    return best


def _threshold(key: _Key, interval: _Interval) -> Threshold:
    value = roundest(interval.low, interval.high)
    return Threshold(
        key.word, key.type, key.relation, key.comparison, SIGNS[key.comparison] * value, key.unit
    )


def roundest(low: float, high: float) -> float:
    """The number in (``low``, ``high``] with the fewest digits; if there are several, the largest.

    For (48, 51] it is 50.
    """
    size = max(abs(low), abs(high))
    place = ceil(log10(size)) if size else 0
    for digits in range(MAX_DIGITS):
        unit = 10.0 ** (place - digits)
        value = round(high // unit * unit, 12)
        if low < value <= high:
            return value
    return high
