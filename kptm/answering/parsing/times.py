"""When facts hold: programs at a time that was asked for, and what holds now before what does not any more."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kg.programs import Follow, Period, children

if TYPE_CHECKING:
    from kg.programs import Program
    from kptm.answering.parsing.knowledge import Knowledge


def today() -> Period:
    """Today, in UTC."""
    date = datetime.now(UTC).date().isoformat()
    return Period(date, date)


def at_time(program: Program, period: Period, knowledge: Knowledge) -> Program:
    """The program with facts that held in a period alone, wherever facts say when they held and no time is said."""
    changed: dict[str, object] = {}
    inside = children(program)
    for field in fields(program):
        value = getattr(program, field.name)
        if value in inside:
            changed[field.name] = at_time(value, period, knowledge)
    if (
        isinstance(program, Follow)
        and program.during is None
        and knowledge.is_timed(program.step.relation)
    ):
        changed["during"] = period
    return replace(program, **changed) if changed else program  # type: ignore[arg-type]  # of the fields' own types


def current_first(
    program: Program, nodes: tuple[str, ...], knowledge: Knowledge
) -> tuple[str, ...]:
    """What a path leads to, what holds today first."""
    if len(nodes) < 2:
        return nodes
    now = at_time(program, today(), knowledge)
    if now == program:
        return nodes
    current = set(knowledge.evaluate(now).nodes)
    return tuple(sorted(nodes, key=lambda node: node not in current))
