"""Tries paths that answered training questions, even if few words of the question match them.

"The movies that share actors with X are directed by who" names two of three steps. Step by step,
the search would need to consider thousands of such paths; training remembers a few dozen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import Follow, Named
from kptm.answering.parsing.ranking.program_features import edges, question_words, skeleton

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kg.programs import Program
    from kg.types import Step
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder

MIN_PATH_STEPS = 2
"""The fewest steps of a remembered path, because the search tries all single steps anyway."""
MIN_QUESTIONS = 2
"""A path is remembered if it answered at least this many training questions."""
MAX_PATHS = 80
"""The most remembered paths."""
MAX_NAMES, MAX_SCORE_GAP = 8, 5.0
"""The most names from which paths are tried, and how far below the best name they may score."""
MAX_EVALUATED_PATHS = 12
"""The most paths that are evaluated for a question."""


def path_of(program: Program) -> tuple[Step, ...]:
    """The steps of a program that is a path of at least two steps from a name; else empty."""
    steps: list[Step] = []
    while isinstance(program, Follow) and program.during is None:
        steps.append(program.step)
        program = program.source
    named = isinstance(program, Named) and len(steps) >= MIN_PATH_STEPS
    return tuple(reversed(steps)) if named else ()


def frequent(counts: Mapping[tuple[Step, ...], int]) -> tuple[tuple[Step, ...], ...]:
    """The paths that answered several training questions, most frequent first."""
    chosen = sorted((-count, path) for path, count in counts.items() if count >= MIN_QUESTIONS)
    return tuple(path for _, path in chosen[:MAX_PATHS])


class RememberedPaths:
    """Applies the remembered paths to the names of a question.

    Args:
        builder: Builds derivations.
        step: Builds the derivation of a step, even if no word of the question names it.
    """

    def __init__(self, builder: Builder, step: Callable[[Derivation, Step], Derivation]) -> None:
        self._builder = builder
        self._step = step

    def paths(self, bases: Sequence[Derivation]) -> list[Derivation]:
        """The derivations of the likeliest paths from the names in ``bases``, not yet evaluated."""
        named = [part for part in bases if part.mention is not None]
        if not named or not self._builder.lexical.paths:
            return []
        named = [part for part in named[:MAX_NAMES] if part.score > named[0].score - MAX_SCORE_GAP]
        scored = [pair for part in named for pair in self._from(part)]
        scored.sort(key=lambda pair: (-pair[0], str(pair[1].program)))
        return [derivation for _, derivation in scored[:MAX_EVALUATED_PATHS]]

    def _from(self, part: Derivation) -> Iterator[tuple[float, Derivation]]:
        """Yield (score, derivation) of each remembered path that can start at a name."""
        first_steps = self._builder.knowledge.steps(part.nodes)
        words = question_words(self._builder.question, part.names)
        derivation_of_path: dict[tuple[Step, ...], Derivation] = {(): part}
        for path in self._builder.lexical.paths:
            if path[0] not in first_steps:
                continue
            for end in range(1, len(path) + 1):
                if path[:end] not in derivation_of_path:
                    derivation_of_path[path[:end]] = self._step(
                        derivation_of_path[path[: end - 1]], path[end - 1]
                    )
            derivation = derivation_of_path[path]
            terms = (*edges(derivation.program), skeleton(derivation.program))
            yield derivation.score + self._builder.lexical.words(terms, words), derivation
