"""Programs at a time that was asked for."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from kg.programs import Follow, children

if TYPE_CHECKING:
    from kg.programs import Period, Program
    from kptm.answering.parsing.knowledge import Knowledge


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
