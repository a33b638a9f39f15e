"""Two small graphs of other kinds, with questions: elements, and packages of programs.

Who wrote the questions had not seen the code that reads them. They are in lower case, as typed; the
gold of each is computed from the graph.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .cases import Case
from .elements import ELEMENTS
from .newcomer import Facts
from .packages import PACKAGES

if TYPE_CHECKING:
    from .domain_rules import Rows

HERE = Path(__file__).parent
DOMAINS: dict[str, Rows] = {"elements": ELEMENTS, "packages": PACKAGES}


def graph_of(name: str) -> Path:
    """The triples of a domain."""
    return HERE / f"{name}.tsv"


def domain(name: str) -> list[Case]:
    """The questions of a domain."""
    facts = Facts.read(graph_of(name))
    return [Case(question, rule(facts), kind) for kind, question, rule in DOMAINS[name]]
