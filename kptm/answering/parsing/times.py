"""Restricts programs to a time."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from kg.programs import Follow, Period, children
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from kg.programs import Program
    from kptm.answering.parsing.knowledge import Knowledge

TIME = r"^-?\d{4}(-\d\d(-\d\d)?)?$"
"""A year, month or day in ISO 8601."""


def period_of(text: str) -> Period:
    """Read a year, month or day as a period.

    Raises:
        ConfigError: The text is none of these.
    """
    if not re.fullmatch(TIME, text):
        raise ConfigError(f"{text!r} is not a time: give a year, 1995, or a day, 1995-07-04")
    return Period(text, text)


def at_time(program: Program, period: Period, knowledge: Knowledge) -> Program:
    """Restrict a program to a period: each step along a relation with dated facts.

    A step that has a time already keeps it.
    """
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
