"""Sparse features: the predicates of programs and the words of questions.

The model learns a weight for each pair of a predicate and a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.programs import (
    Aggregate,
    Compare,
    Difference,
    Follow,
    Having,
    Intersection,
    Measure,
    Named,
    OfType,
    Superlative,
    Union,
    children,
    parts,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from kg.programs import Program
    from kg.types import Step
    from kptm.answering.parsing.question.question import Question

SLOT = "_"
"""What replaces a name."""


def step_name(step: Step) -> str:
    """The predicate of a step: "capital>" forward, "capital<" backward."""
    return f"{step.relation}{'>' if step.forward else '<'}"


def measure_name(measure: Measure) -> str:
    """The predicate of a measure: its steps joined by dots, after "#" if it counts.

    After "sum:" or "mean:" if it adds, and followed by "-" and the step that it subtracts.
    """
    path = ".".join(map(step_name, measure.steps))
    if measure.count:
        return f"#{path}"
    adds = f"{measure.adds}:{path}" if measure.adds else path
    return adds if measure.since is None else f"{adds}-{step_name(measure.since)}"


def uses_relation(program: Program, relations: Collection[str]) -> bool:
    """Whether any step or measure of a program is along one of the relations."""
    for part in parts(program):
        steps = part.measure.steps if isinstance(part, (Compare, Superlative)) else ()
        steps = (part.step,) if isinstance(part, (Follow, Having)) else steps
        if any(step.relation in relations for step in steps):
            return True
    return False


def predicates(program: Program) -> list[str]:
    """The predicates of a program: one for each operation; names have none."""
    names: list[str] = []
    if isinstance(program, Follow):
        names.append(step_name(program.step))
    elif isinstance(program, OfType):
        names.append(f"t:{program}")
    elif isinstance(program, Having):
        names.append(f"h:{step_name(program.step)}")
    elif isinstance(program, Superlative):
        names.append(f"{program.order}:{measure_name(program.measure)}")
    elif isinstance(program, Compare):
        names.append(f"{program.comparison}:{measure_name(program.measure)}")
    elif isinstance(program, Aggregate):
        names.append(program.function)
    elif isinstance(program, (Difference, Union)):
        names.append(type(program).__name__)
    elif isinstance(program, Intersection) and not isinstance(program.right, OfType):
        names.append("and")
    for child in children(program):
        names += predicates(child)
    return names


def edges(program: Program) -> list[str]:
    """Pairs of predicates, one applied to the result of the other: "capital>(borders>"."""
    own = _own(program)
    pairs = []
    for child in children(program):
        below = _own(child)
        if own and below:
            pairs.append(f"{own}({below}")
        pairs += edges(child)
    return pairs


def _own(program: Program) -> str:
    if isinstance(program, Named):
        return SLOT
    names = predicates(program)
    return names[0] if names else ""


def skeleton(program: Program) -> str:
    """The shape of a program: all its predicates, with slots in place of names."""
    return f"s:{_skeleton(program)}"


def _skeleton(program: Program) -> str:
    if isinstance(program, Named):
        return SLOT
    inner = ",".join(map(_skeleton, children(program)))
    own = _own(program) or type(program).__name__
    return f"{own}({inner})" if inner else own


def question_words(question: Question, names: int) -> list[str]:
    """The stems of a question, and the pairs of adjacent stems with slots in place of names.

    Args:
        question: The question.
        names: Bit mask of the names.
    """
    words: list[str] = []
    for at, token in enumerate(question.tokens):
        if names >> at & 1:
            if not words or words[-1] != SLOT:
                words.append(SLOT)
        else:
            words.append(token.stem)
    pairs = [
        f"{first} {second}" for first, second in zip(["^", *words], [*words, "$"], strict=True)
    ]
    return list(dict.fromkeys([word for word in words if word != SLOT] + pairs))
