"""Evaluate programs over a graph; what they share is computed once while the graph is unchanged."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kg.programs import arithmetic
from kg.programs.denotation import Denotation
from kg.programs.evaluation import Evaluation, GraphState
from kg.programs.expressions import Follow, Named, OfType
from kg.store.node_sets import profile, traverse
from kg.store.node_sets.sets import SMALL, NodeSet
from kg.store.rows import revisions
from kg.store.rows.times import now
from kg.types import Step, TimeNames
from kg.vocabulary import TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.programs.expressions import Program
    from kg.sql.cursor import Sql
    from kg.sql.database import Database
    from kg.types import Triple

LOOKED_AT = 200
"""Entities of a type whose values are looked at."""

MOST = 4_096
"""Programs that are held with what they denote."""


class Evaluator:
    """Evaluates programs over a graph; parts that programs share are computed once.

    What was computed is held until the graph has another revision. It may be shared by threads.

    Args:
        database: Where the graph is.
        at: The revision, None for now.
        times: What the qualifiers for start, end and point in time are called.
        most: Programs that are held with what they denote.
        small: Nodes of a set that is held in Python; larger ones stay in SQL.
    """

    def __init__(
        self,
        database: Database,
        at: int | None = None,
        *,
        times: TimeNames | None = None,
        most: int = MOST,
        small: int = SMALL,
    ) -> None:
        self._database = database
        self._at = at
        self._times, self._most, self._small = times or TimeNames(), most, small
        self._memory = self._new(None)

    def _new(self, revision: tuple[int, str, str] | None) -> GraphState:
        return GraphState(revision, self._most, self._times)

    def evaluate(self, program: Program, *, limit: int | None = None) -> Denotation:
        """What a program denotes.

        Args:
            program: The program.
            limit: The most nodes to give.

        Raises:
            QueryError: A part of it is of another kind than is needed there: the count of a yes or
                no.
        """
        with self._database.quick() as sql:
            work = self._evaluation(sql)
            value = work.value(program)
            if isinstance(value, NodeSet):
                ids = work.sets.ids(value, None if limit is None else max(limit, 0))
                return Denotation(work.keys(ids), work.sets.size(value))
            return Denotation(truth=value) if isinstance(value, bool) else Denotation(number=value)

    def follow(self, key: str, steps: Sequence[Step]) -> list[str]:
        """The nodes that a path leads to; see :meth:`kg.GraphView.follow`."""
        with self._database.quick() as sql:
            work = self._evaluation(sql)
            if not work.sets.roles or not steps:
                return traverse.follow(sql, key, steps, self._at)
            program: Program = Named((key,))
            for step in steps:
                program = Follow(program, step)
            return list(work.keys(work.sets.ids(work.nodes(program))))

    def _evaluation(self, sql: Sql) -> Evaluation:
        """An evaluation with the caches of the present graph.

        The caches are empty inside a transaction, which may be rolled back.
        """
        if self._database.in_transaction:
            return Evaluation(sql, self._at, self._new(None), self._small)
        revision = revisions.newest(sql)
        memory = self._memory
        if memory.revision != revision or memory.today != now():
            memory = self._memory = self._new(revision)
        return Evaluation(sql, self._at, memory, self._small)

    # ── evidence, and what there is ──────────────────────────────────────────────────────────────

    def facts(self, program: Program, node: str | None = None, *, limit: int = 20) -> list[Triple]:
        """The facts that prove what a program denotes, each once; values are :class:`kg.ValueKey`.

        Of a superlative and a comparison the measures come first, then what puts the node in the
        set: the facts of a path from its begin to its end. Of a count and a sum it is all that is
        counted or added up.

        Args:
            program: The program.
            node: Of a set: the node whose facts are wanted; None takes all in their order.
            limit: The most facts.
        """
        from kg.programs.evidence import ProgramEvidence

        with self._database.quick() as sql:
            return ProgramEvidence(self._evaluation(sql)).facts(program, node, limit)

    def steps(self, keys: Iterable[str]) -> Counter[Step]:
        """Which steps lead from any of some nodes, and by how many facts each."""
        with self._database.quick() as sql:
            work = self._evaluation(sql)
            found = profile.steps(work.sets, work.existing_nodes(keys))
            return Counter({Step(key, forward): count for (key, forward), count in found.items()})

    def types(self, keys: Iterable[str]) -> Counter[str]:
        """Which types some nodes have, and how many of them have each."""
        with self._database.quick() as sql:
            work = self._evaluation(sql)
            relation = work.relation(TYPE)
            nodes = work.existing_nodes(keys)
            return Counter({} if relation is None else profile.types(work.sets, nodes, relation))

    def all_types(self) -> list[str]:
        """The types that anything in the graph has, sorted."""
        with self._database.quick() as sql:
            work = self._evaluation(sql)
            relation = work.relation(TYPE)
            return [] if relation is None else profile.all_types(work.sets, relation)

    def is_timed(self, relation: str) -> bool:
        """Whether any fact of a relation says when it held."""
        with self._database.quick() as sql:
            work = self._evaluation(sql)
            key, names = work.relation(relation), work.sets.roles
            return key is not None and bool(names) and profile.is_qualified(work.sets, key, names)

    def main_relation(self) -> str | None:
        """The relation with most heads, the first of equals; None in an empty graph."""
        with self._database.quick() as sql:
            return profile.main_relation(self._evaluation(sql).sets)

    def files(self) -> list[tuple[int, str]]:
        """The files that facts were loaded from: the number of the source and its path."""
        with self._database.quick() as sql:
            return profile.files(self._evaluation(sql).sets)

    def main_relation_of_file(self, source: int) -> str | None:
        """The relation that most heads of a file have, of those that its first head has.

        None of a file without facts.
        """
        with self._database.quick() as sql:
            return profile.main_relation_of_file(self._evaluation(sql).sets, source)

    def numeric_steps(self, nodes: Iterable[str] | OfType) -> dict[Step, str]:
        """Which steps lead from some nodes, or from entities of a type, to numbers and dates.

        Each comes with what most of its values measure.

        That is "" of plain numbers, "date", "time", or the base unit: "m" of kilometres and of
        miles. Of many entities the first 200 are looked at.
        """
        with self._database.quick() as sql:
            work = self._evaluation(sql)
            given = work.nodes(nodes) if isinstance(nodes, OfType) else work.existing_nodes(nodes)
            some = NodeSet(work.sets.ids(given, LOOKED_AT))
            found = {}
            for relation, values in profile.values(work.sets, some).items():
                numbers = arithmetic.measure_all(values)
                if 2 * len(numbers) > len(values):
                    found[Step(relation)] = arithmetic.main_dimension(numbers)
            return found
