"""Evaluates programs over a graph, with a cache that lasts until the graph changes."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING

from kg.programs import arithmetic
from kg.programs.denotation import Denotation
from kg.programs.evaluation import Evaluation, GraphState
from kg.programs.expressions import Follow, Named, OfType
from kg.store.node_sets import profile, traverse
from kg.store.node_sets.sets import MAX_IDS_IN_PYTHON, NodeSet
from kg.store.rows import revisions
from kg.store.rows.times import now
from kg.types import Step, TimeNames
from kg.vocabulary import TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kg.programs.expressions import Program
    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kg.types import Triple

SAMPLED_ENTITIES = 200
"""Entities of a type whose values :meth:`Evaluator.numeric_steps` reads."""

MAX_CACHED_PROGRAMS = 4_096
"""Programs whose values are cached."""


class Evaluator:
    """Evaluates programs over a graph; a part that several programs share is evaluated once.

    Values are cached until the graph has a new revision. Threads may share an evaluator.

    Args:
        database: The database of the graph.
        at: The revision, None for the newest.
        times: Names of the qualifiers for start, end and point in time.
        most: Programs whose values are cached.
        small: Sets of at most this many nodes are held in Python; larger ones stay in SQL.
    """

    def __init__(
        self,
        database: Database,
        at: int | None = None,
        *,
        times: TimeNames | None = None,
        most: int = MAX_CACHED_PROGRAMS,
        small: int = MAX_IDS_IN_PYTHON,
    ) -> None:
        self._database = database
        self._at = at
        self._times, self._most, self._small = times or TimeNames(), most, small
        self._memory = self._new(None)
        self._of_thread = local()

    def _new(self, revision: tuple[int, str, str] | None) -> GraphState:
        return GraphState(revision, self._most, self._times)

    def evaluate(self, program: Program, *, limit: int | None = None) -> Denotation:
        """Evaluate a program.

        Args:
            program: The program.
            limit: The maximum number of nodes to return; ``Denotation.size`` counts all.

        Raises:
            QueryError: A part denotes another kind of value than its place needs, such as the count
                of a truth value.
        """
        with self._open() as work:
            value = work.value(program)
            if isinstance(value, NodeSet):
                ids = work.sets.ids(value, None if limit is None else max(limit, 0))
                return Denotation(work.keys(ids), work.sets.size(value))
            return Denotation(truth=value) if isinstance(value, bool) else Denotation(number=value)

    def follow(self, key: str, steps: Sequence[Step]) -> list[str]:
        """The nodes at the end of a path; see :meth:`kg.GraphView.follow`."""
        with self._open() as work:
            if not work.sets.roles or not steps:
                return traverse.follow(work.sets.sql, key, steps, self._at)
            program: Program = Named((key,))
            for step in steps:
                program = Follow(program, step)
            return list(work.keys(work.sets.ids(work.nodes(program))))

    @contextmanager
    def assume_unchanged(self) -> Iterator[None]:
        """Check for a new revision once for all that this thread evaluates in the block.

        A question evaluates hundreds of programs. A change made during the block may be seen in
        part; the first evaluation after the block sees all of it.
        """
        if getattr(self._of_thread, "work", None) is not None or self._database.in_transaction:
            yield
            return
        with self._database.quick() as sql:
            self._of_thread.work = self._evaluation(sql)
            try:
                yield
            finally:
                self._of_thread.work = None

    @contextmanager
    def _open(self) -> Iterator[Evaluation]:
        """The evaluation of this thread's block, or one of its own."""
        work: Evaluation | None = getattr(self._of_thread, "work", None)
        if work is not None:
            yield work
            return
        with self._database.quick() as sql:
            yield self._evaluation(sql)

    def _evaluation(self, sql: Sql) -> Evaluation:
        """An evaluation with the caches of the graph's newest revision.

        Inside a transaction it starts with empty caches, because the transaction may be rolled
        back.
        """
        if self._database.in_transaction:
            return Evaluation(sql, self._at, self._new(None), self._small)
        revision = revisions.newest(sql)
        memory = self._memory
        if memory.revision != revision or memory.today != now():
            memory = self._memory = self._new(revision)
        return Evaluation(sql, self._at, memory, self._small)

    # ── evidence, steps, types and files ─────────────────────────────────────────────────────────

    def facts(self, program: Program, node: str | None = None, *, limit: int = 20) -> list[Triple]:
        """The facts from which a program's denotation follows, each once.

        For a superlative or a comparison, the facts with the measured values come first, then the
        facts that put the node in the base: those of a path from its start to its end. For a count
        or a sum they are all facts counted or added up. Values are :class:`kg.ValueKey`.

        Args:
            program: The program.
            node: For a set: the node whose membership to prove; None for all nodes in order.
            limit: The maximum number of facts.
        """
        from kg.programs.evidence import ProgramEvidence

        with self._open() as work:
            return ProgramEvidence(work).facts(program, node, limit)

    def steps(self, keys: Iterable[str]) -> Counter[Step]:
        """The steps that lead from any of the nodes, with the number of facts of each."""
        with self._open() as work:
            counts = profile.steps(work.sets, work.existing_nodes(keys))
            return Counter({Step(key, forward): count for (key, forward), count in counts.items()})

    def relations_beyond(
        self, keys: Iterable[str], relations: Iterable[str]
    ) -> dict[Step, set[str]]:
        """For each step from the nodes: which of ``relations`` lead forward from its ends.

        Steps to ends that have none of the relations are left out. Of a node with thousands of
        facts only the first ones are read.
        """
        with self._open() as work:
            key_of = {number: key for key in relations if (number := work.relation(key))}
            if not key_of:
                return {}
            numbers_of_step = profile.relations_beyond(
                work.sets, work.existing_nodes(keys), sorted(key_of)
            )
            return {
                Step(key, forward): {key_of[number] for number in numbers}
                for (key, forward), numbers in numbers_of_step.items()
            }

    def types(self, keys: Iterable[str]) -> Counter[str]:
        """The types of the nodes, with the number of nodes of each."""
        with self._open() as work:
            relation = work.relation(TYPE)
            nodes = work.existing_nodes(keys)
            return Counter({} if relation is None else profile.types(work.sets, nodes, relation))

    def all_types(self) -> list[str]:
        """All types in the graph, sorted."""
        with self._open() as work:
            relation = work.relation(TYPE)
            return [] if relation is None else profile.all_types(work.sets, relation)

    def is_timed(self, relation: str) -> bool:
        """Whether any fact of a relation has a qualifier for time."""
        with self._open() as work:
            key, names = work.relation(relation), work.sets.roles
            return key is not None and bool(names) and profile.is_qualified(work.sets, key, names)

    def main_relation(self) -> str | None:
        """The relation with the most heads; None in an empty graph."""
        with self._open() as work:
            return profile.main_relation(work.sets)

    def relations_of_heads(self, most: int) -> dict[str, frozenset[str]]:
        """By entity: the relations of its facts; empty for graphs of more than ``most`` facts."""
        with self._open() as work:
            relations_of_id = profile.relations_of_heads(work.sets, most)
            keys = work.keys(list(relations_of_id))
            return {
                key: frozenset(relations)
                for key, relations in zip(keys, relations_of_id.values(), strict=True)
            }

    def files(self) -> list[tuple[int, str, str]]:
        """The files that facts were loaded from: (number of the source, path, key column).

        Rows that were loaded from memory have the path "". Only a table with one entity per row has
        a key column; other files have "".
        """
        with self._open() as work:
            return profile.files(work.sets)

    def main_relation_of_file(self, source: int) -> str | None:
        """The relation of most heads in a file, among the relations of the file's first head.

        None for a file without facts.
        """
        with self._open() as work:
            return profile.main_relation_of_file(work.sets, source)

    def numeric_steps(self, nodes: Iterable[str] | OfType) -> dict[Step, str]:
        """The steps from the nodes, or from entities of a type, to numbers and dates.

        Each step comes with the dimension of most of its values: "" for plain numbers, "date",
        "time", or the base unit, which is "m" for kilometres and for miles. Only the first 200
        entities are read.
        """
        with self._open() as work:
            all_nodes = (
                work.nodes(nodes) if isinstance(nodes, OfType) else work.existing_nodes(nodes)
            )
            sample = NodeSet(work.sets.ids(all_nodes, SAMPLED_ENTITIES))
            dimensions = {}
            for relation, values in profile.values(work.sets, sample).items():
                numbers = arithmetic.measure_all(values)
                if 2 * len(numbers) > len(values):
                    dimensions[Step(relation)] = arithmetic.main_dimension(numbers)
            return dimensions
