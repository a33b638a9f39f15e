"""References of docstrings, ``:func:`name``` and the like, that lead to nothing."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROLE = re.compile(r":(?:mod|class|func|meth|data|attr|exc|obj):`([^`]+)`")
OWN = ("kg", "kptm")


@dataclass(slots=True)
class Scope:
    """The names that a module or a class defines or imports."""

    names: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    """Name → the dotted name that it is imported from."""
    bases: list[str] = field(default_factory=list)


def unresolved(trees: Mapping[str, ast.Module], texts: Mapping[str, str]) -> list[str]:
    """``module: reference`` of each reference to a part of kg or kptm that is not there.

    A reference is looked for in its class, in its module, and as a dotted name; what belongs to
    another library is not looked for.

    Args:
        trees: Module → its syntax tree.
        texts: Module → its source, for attributes that are documented after their value.
    """
    scopes: dict[str, Scope] = {}
    for module, tree in trees.items():
        _read_scope(tree.body, module, scopes)
    return [
        f"{module}: {target}"
        for module in trees
        for owner, target in _references(trees[module], texts[module])
        if not _resolves(target.lstrip("~"), module, owner, scopes)
    ]


def _read_scope(body: list[ast.stmt], name: str, scopes: dict[str, Scope]) -> None:
    scope = scopes.setdefault(name, Scope())
    for node in [part for statement in body for part in ast.walk(statement)]:
        if isinstance(node, ast.ImportFrom) and node.module:
            for item in node.names:
                scope.aliases[item.asname or item.name] = f"{node.module}.{item.name}"
        elif isinstance(node, ast.Import):
            for item in node.names:
                scope.aliases[item.asname or item.name.split(".")[0]] = item.name
        else:
            scope.names.update(_defined(node))
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            _read_scope(statement.body, f"{name}.{statement.name}", scopes)
            own = scopes[f"{name}.{statement.name}"]
            own.bases = [ast.unparse(base).partition("[")[0] for base in statement.bases]


def _defined(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.attr
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name


def _references(tree: ast.Module, text: str) -> Iterator[tuple[str, str]]:
    """The class around each reference ("" outside of one), and the reference."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for match in ROLE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        around = [node.name for node in classes if node.lineno <= line <= (node.end_lineno or 0)]
        yield "".join(around), re.sub(r"\s+", "", match[1])


def _resolves(target: str, module: str, owner: str, scopes: Mapping[str, Scope]) -> bool:
    starts = [f"{module}.{owner}.{target}"] if owner else []
    starts += [f"{module}.{target}", target]
    known = any(_is_known(start, scopes) for start in starts)
    return known or (target.partition(".")[0] not in OWN and "." in target)


def _is_known(dotted: str, scopes: Mapping[str, Scope], depth: int = 0) -> bool:
    if dotted in scopes:
        return True
    owner, _, name = dotted.rpartition(".")
    if not owner or depth > 9:
        return False
    if owner not in scopes:  # the owner may be imported into its own module
        place, _, alias = owner.rpartition(".")
        target = scopes[place].aliases.get(alias) if place in scopes else None
        return target is not None and _is_known(f"{target}.{name}", scopes, depth + 1)
    scope = scopes[owner]
    if name in scope.names:
        return True
    if name in scope.aliases:
        target = scope.aliases[name]
        return target.partition(".")[0] not in OWN or _is_known(target, scopes, depth + 1)
    module = owner.rpartition(".")[0]
    return any(
        _is_known(f"{module}.{base}.{name}", scopes, depth + 1)
        or _is_known(f"{base}.{name}", scopes, depth + 1)
        for base in scope.bases
    )
