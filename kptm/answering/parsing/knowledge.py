"""The parser's queries to a graph, cached until the graph changes.

The hundreds of candidate programs of a question share a few sets of nodes. With the cache, the
graph is queried only once for each set.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from kg.programs import Follow, Having, Intersection, Named
from kg.types import Literal, Step
from kg.values import ValueKey
from kg.values.value_forms import DATES, NUMERIC
from kg.vocabulary import XSD
from kptm.answering.lexicon.columns.relation_nouns import PERSON
from kptm.answering.parsing.rows.nouns import Nouns

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import TypeVar

    from kg.graph import KnowledgeGraph
    from kg.programs import Denotation, Program
    from kptm.answering.parsing.rows.row_kinds import RowKind

    K = TypeVar("K")
    V = TypeVar("V")

MAX_CACHED_RESULTS = 20_000
"""The most cached results of each kind of query."""
SAMPLED_NODES = 20
"""Nodes of a set from which the types of the whole set are estimated."""
YES, NO = frozenset("yes y true".split()), frozenset("no n false".split())
"""Spellings of truth values, in lower case."""
MAX_TRUTH_VALUES = 6
"""The most different values of a yes-or-no relation, which may spell them in several ways."""
MAX_DAY_VALUES = 5_000
"""A relation with this many values is not examined for a common year."""
FIRST_YEAR, LAST_YEAR = 1000, 2200
"""Plain numbers from the first to the last may be years, if all values of a relation are."""
SAMPLED_YEARS = 200
"""Values of a relation that are read to decide whether they are years."""
SAMPLED_VALUES = 10
"""Values of a relation that are read to decide whether it is a measure."""


class Knowledge:
    """Cached queries to a graph.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        self._evaluator = graph.evaluator()
        self._nouns = Nouns(graph, self._evaluator)
        self.clear()

    def clear(self) -> None:
        """Clear the cache; call it after the graph has changed."""
        self._programs: dict[Program, Denotation] = {}
        self._steps: dict[tuple[str, ...], Counter[Step]] = {}
        self._types: dict[tuple[str, ...], Counter[str]] = {}
        self._beyond: dict[
            tuple[tuple[str, ...], frozenset[str]], Mapping[Step, Collection[str]]
        ] = {}
        self._row_nouns: dict[str, Program] = {}
        self._numeric: dict[tuple[str, ...], Mapping[Step, str]] = {}
        self._measures: dict[str, bool] = {}
        self._timed: dict[str, bool] = {}
        self._years: dict[str, bool] = {}
        self._truths: dict[str, Mapping[str, bool]] = {}
        self._main: str | None = None
        self._year: tuple[int | None] | None = None

    def assume_unchanged(self) -> AbstractContextManager[None]:
        """A context in which the graph's revision is checked once, not for each query."""
        return self._evaluator.assume_unchanged()

    def evaluate(self, program: Program) -> Denotation:
        """Evaluate a program."""
        return _get_or_compute(self._programs, program, self._evaluator.evaluate)

    def steps(self, nodes: Sequence[str]) -> Counter[Step]:
        """The steps that lead from any of the nodes, with the number of facts of each."""
        return _get_or_compute(self._steps, tuple(nodes), self._evaluator.steps)

    def relations_beyond(
        self, nodes: Sequence[str], relations: Iterable[str]
    ) -> Mapping[Step, Collection[str]]:
        """By step from the nodes: those of the relations that the nodes at its end have."""
        key = (tuple(nodes), frozenset(relations))
        return _get_or_compute(self._beyond, key, lambda _: self._evaluator.relations_beyond(*key))

    def types(self, nodes: Sequence[str]) -> Counter[str]:
        """The types of the nodes (nouns for rows, in an untyped graph), with counts."""
        return _get_or_compute(self._types, tuple(nodes), self._types_of)

    def _types_of(self, nodes: tuple[str, ...]) -> Counter[str]:
        """The types of the nodes, and the nouns for rows that apply to any of them."""
        counts = self._evaluator.types(nodes)
        classes: dict[Step, set[str]] = {}
        for noun, rows in self._row_nouns.items():
            # One query finds the classes of the nodes, so that most nouns need no query.
            if isinstance(rows, Follow) and isinstance(rows.source, Named):
                step = Step(rows.step.relation)
                if step not in classes:
                    classes[step] = set(self.evaluate(Follow(Named(nodes), step)).nodes)
                if classes[step].isdisjoint(rows.source.keys):
                    continue
            of_noun = self.evaluate(Intersection(Named(nodes), rows))
            if of_noun.nodes:
                counts[noun] = len(of_noun.nodes)
        return counts

    def nouns(self) -> dict[str, Program]:
        """By noun for rows of an untyped graph: the program that denotes these rows."""
        nouns = self._nouns.find()
        people = self._nouns.people
        self._row_nouns = nouns if people is None else {**nouns, PERSON: people}
        return dict(nouns)

    @property
    def row_kinds(self) -> Sequence[RowKind]:
        """The kinds of rows of an untyped graph; empty if there is one (see :class:`Nouns`)."""
        return self._nouns.kinds

    @property
    def is_table(self) -> bool:
        """Whether the graph has few enough facts to look for kinds of rows (see :class:`Nouns`)."""
        return self._nouns.is_table

    @property
    def people(self) -> Program | None:
        """The program for the rows that are people and have no noun (see :class:`Nouns`)."""
        return self._nouns.people

    @property
    def doubtful_nouns(self) -> frozenset[str]:
        """The nouns for rows that are only inferred (see :class:`Nouns`)."""
        return self._nouns.doubtful

    def all_types(self) -> list[str]:
        """All types in the graph, sorted."""
        return self._evaluator.all_types()

    def measures(self, nodes: Sequence[str]) -> Mapping[Step, str]:
        """The steps that lead from the nodes to numbers and dates, with their dimensions."""
        return _get_or_compute(self._numeric, tuple(nodes), self._evaluator.numeric_steps)

    def main_relation(self) -> str | None:
        """The relation that most entities have; None in an empty graph."""
        if self._main is None:
            self._main = self._evaluator.main_relation() or ""
        return self._main or None

    def are_alike(self, left: Program, right: Program) -> bool:
        """Whether the denotations of two programs may overlap.

        They may if some members share a type or have none, and else if the two share a node.
        """
        left_nodes, right_nodes = (
            self.evaluate(program).nodes[:SAMPLED_NODES] for program in (left, right)
        )
        if (
            not left_nodes
            or not right_nodes
            or isinstance(left_nodes[0], ValueKey) != isinstance(right_nodes[0], ValueKey)
        ):
            return False
        # The name of a file may be a noun for rows of several kinds.
        sure = [
            self.types(nodes).keys() - self.doubtful_nouns for nodes in (left_nodes, right_nodes)
        ]
        kinds = (
            sure if all(sure) else [self.types(nodes).keys() for nodes in (left_nodes, right_nodes)]
        )
        if not any(kinds) or (all(kinds) and not kinds[0].isdisjoint(kinds[1])):
            return True
        return bool(self.evaluate(Intersection(left, right)).nodes)

    def is_timed(self, relation: str) -> bool:
        """Whether any fact of a relation has a time."""
        return _get_or_compute(self._timed, relation, self._evaluator.is_timed)

    def truth_values(self, relation: str) -> Mapping[str, bool]:
        """The truth value of each tail of a yes-or-no relation; empty for other relations."""
        return _get_or_compute(self._truths, relation, self._truth_values)

    def year(self) -> int | None:
        """The year that contains all dates of a relation; None if there is none or several.

        It completes dates without a year: in a table of trips in 2024, "4 March" is in 2024.
        """
        if self._year is None:
            years = {year for item in self._graph.relations() if (year := self._year_of(item.key))}
            self._year = (years.pop() if len(years) == 1 else None,)
        return self._year[0]

    def _year_of(self, relation: str) -> int | None:
        """The year of all values of a relation, if all are dates of one year; else None."""
        values = [
            item.value for item in islice(self._graph.attributes(relation=relation), MAX_DAY_VALUES)
        ]
        days = [value.value for value in values if value.datatype == f"{XSD}date"]
        years = {day.split("-")[0] for day in days if day[:1] != "-"}
        alone = len(years) == 1 and len(days) == len(values) < MAX_DAY_VALUES
        return int(years.pop()) if alone else None

    def _truth_values(self, relation: str) -> Mapping[str, bool]:
        ends = self.evaluate(Having(Step(relation, False)))
        if ends.size > MAX_TRUTH_VALUES:
            return {}
        words = {node: str(getattr(node, "literal", Literal(node)).value) for node in ends.nodes}
        if not all(word.casefold() in YES | NO for word in words.values()):
            return {}
        return {node: word.casefold() in YES for node, word in words.items()}

    def is_measure(self, relation: str) -> bool:
        """Whether a relation leads to numbers, dates or times, judged by its first values."""
        return _get_or_compute(self._measures, relation, self._is_measure)

    def has_years(self, relation: str) -> bool:
        """Whether the first values of a relation are plain numbers that may all be years: 1869."""
        return _get_or_compute(self._years, relation, self._has_years)

    def _has_years(self, relation: str) -> bool:
        some = islice(self._graph.attributes(relation=relation), SAMPLED_YEARS)
        values = [item.value for item in some]
        return bool(values) and all(
            value.datatype == f"{XSD}integer"
            and not value.unit
            and value.value.isdecimal()
            and FIRST_YEAR <= int(value.value) <= LAST_YEAR
            for value in values
        )

    def _is_measure(self, relation: str) -> bool:
        some = list(islice(self._graph.attributes(relation=relation), SAMPLED_VALUES))
        typed = sum(item.value.datatype in (*NUMERIC, *DATES, f"{XSD}time") for item in some)
        return 2 * typed > len(some)


def _get_or_compute(cache: dict[K, V], key: K, compute: Callable[[K], V]) -> V:
    if key not in cache:
        if len(cache) >= MAX_CACHED_RESULTS:
            cache.clear()
        cache[key] = compute(key)
    return cache[key]
