"""Which classes the public signatures mention, and which of them no package exports.

Names are resolved through the imports of their file, so that two classes of one name stay two.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Definition = ast.ClassDef | ast.FunctionDef


class Place(NamedTuple):
    """Where a name is defined."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Sources:
    """The modules of a project by their dotted names; packages are called as they are imported."""

    def __init__(self, trees: Mapping[str, ast.Module], packages: set[str]) -> None:
        self._packages = packages
        self._definitions: dict[Place, Definition] = {}
        self._aliases: dict[Place, ast.expr] = {}
        self._imports: dict[Place, Place] = {}
        self._exports: dict[str, list[str]] = {}
        for module, tree in trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module:
                    for item in node.names:
                        place = Place(module, item.asname or item.name)
                        self._imports[place] = Place(node.module, item.name)
            for node in tree.body:
                self._read(module, node)

    def _read(self, module: str, node: ast.stmt) -> None:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            self._definitions[Place(module, node.name)] = node
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            self._exports[module] = ast.literal_eval(node.value)
        elif isinstance(node, ast.AnnAssign | ast.Assign) and node.value:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            self._aliases[Place(module, ast.unparse(target))] = node.value

    def exported(self) -> dict[Place, str]:
        """Each definition that a package exports, with that package."""
        found: dict[Place, str] = {}
        for package in sorted(self._packages & self._exports.keys()):
            for name in self._exports[package]:
                place = self.resolve(Place(package, name))
                if place:
                    found.setdefault(place, package)
        return found

    def resolve(self, place: Place) -> Place | None:
        """Where a name that a module uses is defined; ``None``: not in this project."""
        seen: set[Place] = set()
        while place not in self._definitions and place not in self._aliases:
            if place in seen or place not in self._imports:
                return None
            seen.add(place)
            place = self._imports[place]
        return place

    def mentioned(self, place: Place) -> Iterator[Place]:
        """The classes that the signatures of a public class or function mention."""
        for module, part in self._signatures(place):
            yield from self._named(module, part)

    def _named(self, module: str, part: ast.expr) -> Iterator[Place]:
        """The classes that an annotation names; an alias stands for what it names."""
        for node in ast.walk(part):
            if not isinstance(node, ast.Name):
                continue
            place = self.resolve(Place(module, node.id))
            if place and place in self._aliases:
                yield from self._named(place.module, self._aliases[place])
            elif place and is_public(place.name):
                yield place

    def _signatures(self, place: Place) -> Iterator[tuple[str, ast.expr]]:
        """The annotations, each with the module that its names belong to."""
        node = self._definitions.get(place)
        if isinstance(node, ast.FunctionDef):
            yield from ((place.module, part) for part in annotations(node))
        elif node:
            for module, method in self._methods(place.module, node):
                yield from ((module, part) for part in annotations(method))
            yield from ((place.module, part) for part in fields(node))

    def _methods(self, module: str, node: ast.ClassDef) -> Iterator[tuple[str, ast.FunctionDef]]:
        """Public methods: own, inherited, and ``name = Delegated(part, Class.method)``."""
        for each in node.body:
            if isinstance(each, ast.FunctionDef) and is_public(each.name):
                yield module, each
            value = each.value if isinstance(each, ast.Assign) else None
            if isinstance(value, ast.Call) and ast.unparse(value.func) == "Delegated":
                owner, _, name = ast.unparse(value.args[1]).partition(".")
                yield from (
                    pair for pair in self._inherited(Place(module, owner)) if pair[1].name == name
                )
        for base in node.bases:
            yield from self._inherited(Place(module, ast.unparse(base)))

    def _inherited(self, name: Place) -> Iterator[tuple[str, ast.FunctionDef]]:
        place = self.resolve(name)
        node = self._definitions.get(place) if place else None
        if place and isinstance(node, ast.ClassDef):
            yield from self._methods(place.module, node)


def not_exported(trees: Mapping[str, ast.Module], packages: set[str]) -> list[str]:
    """What public signatures mention that no package exports, each with where it is mentioned."""
    sources = Sources(trees, packages)
    exported = sources.exported()
    missing: dict[Place, Place] = {}
    for place in exported:
        for each in sources.mentioned(place):
            if each not in exported:
                missing.setdefault(each, place)
    return sorted(f"{each}: in {place.name}" for each, place in missing.items())


def is_public(name: str) -> bool:
    """Whether a method is called by users."""
    return not name.startswith("_")


def annotations(node: ast.FunctionDef) -> Iterator[ast.expr]:
    """The annotations of a function; a string that is an annotation is parsed."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    extra = [item for item in (node.args.vararg, node.args.kwarg) if item]
    for part in [*(item.annotation for item in [*arguments, *extra]), node.returns]:
        if part:
            yield part


def fields(node: ast.ClassDef) -> Iterator[ast.expr]:
    """The annotations of the public attributes of a class: the fields of a dataclass."""
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and is_public(ast.unparse(each.target)):
            yield each.annotation
