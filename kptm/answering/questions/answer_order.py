"""The order of the answers of a reading: those that other readings also give come first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from kg.programs import Follow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.parser import Parse

MIN_SUPPORT_P = 0.02
"""The minimum p of another reading whose answers count."""


def order_answers(best: Parse, others: Sequence[Parse], knowledge: Knowledge) -> Parse:
    """Sort the answers of the best reading by the probability of the other readings with them.

    A film is a thriller by its genre and by the titles of the genre. Both readings of "which film
    is a thriller" give many films; one that both give is more probably wanted than one that only
    the best reading gives. Answers that as many readings give stay in their order.

    Answers with times are left in order, because those that hold now come first.

    Args:
        best: The best reading.
        others: The other readings.
        knowledge: Cached queries to the graph.
    """
    program, nodes = best.derivation.program, best.derivation.nodes
    if len(nodes) < 2 or (
        isinstance(program, Follow) and knowledge.is_timed(program.step.relation)
    ):
        return best
    support: defaultdict[str, float] = defaultdict(float)
    for other in others:
        if other.p >= MIN_SUPPORT_P:
            for node in other.derivation.nodes:
                support[node] += other.p
    ordered = tuple(sorted(nodes, key=lambda node: -support[node]))
    return replace(best, derivation=replace(best.derivation, nodes=ordered))
