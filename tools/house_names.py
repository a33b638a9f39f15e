"""Functions that are called by a participle alone, which says neither who does what nor to what."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

IRREGULAR = frozenset(
    "begun born bought bound broken brought built caught chosen done drawn driven found given gone"
    " grown heard held hidden kept known laid learnt left lent lit lost made meant met paid said"
    " seen sent shown sold sought spelt spoken stood taken thought told understood won worn woven"
    " written".split()
)
NO_PARTICIPLES = frozenset({"embed", "exceed", "feed", "need", "proceed", "seed", "speed"})
STANDARD = frozenset({"permuted"})
"""What NumPy calls a copy in another order."""


def participles(trees: Mapping[str, ast.Module]) -> list[str]:
    """``module.function`` of each function and method with such a name.

    Properties are not counted: ``report.added`` says what was added.

    Args:
        trees: Module → its syntax tree.
    """
    return [f"{name}.{part}" for name, tree in trees.items() for part in _named(tree.body)]


def _named(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{name}" for name in _named(node.body))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_property = any("property" in ast.unparse(each) for each in node.decorator_list)
            if _is_participle(node.name.strip("_")) and not is_property:
                yield node.name
            yield from (f"{node.name}.{name}" for name in _named(node.body))


def _is_participle(word: str) -> bool:
    if word in NO_PARTICIPLES | STANDARD or "_" in word:
        return False
    return word in IRREGULAR or word.endswith("ed")
