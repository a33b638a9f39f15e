"""Write docs/reference/ from the docstrings of what ``kg`` and ``kptm`` export.

It reads the source and imports nothing.

python tools/build_reference.py            # writes docs/reference/kg.md and kptm.md
python tools/build_reference.py --check    # says whether they are what the source says now
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import griffe
from griffe import DocstringSectionKind as Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from griffe import Class, Function, Module, Object

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "reference"
PACKAGES = ("kg", "kptm")
WIDTH = 100
TITLES = {
    Kind.parameters: "Arguments",
    Kind.attributes: "Attributes",
    Kind.returns: "Returns",
    Kind.yields: "Yields",
    Kind.raises: "Raises",
}
ROLE = re.compile(r":[a-z]+:`~?(?:([^`<]+) <)?([^`>]+)>?`")


def load() -> dict[str, Module]:
    """Both packages, read."""
    loader = griffe.GriffeLoader(docstring_parser=griffe.Parser.google, search_paths=[str(ROOT)])
    for name in PACKAGES:
        loader.load(name)
    loader.resolve_aliases(external=False)
    return {name: loader.modules_collection[name] for name in PACKAGES}


def exported(package: Module) -> Iterator[tuple[str, Object]]:
    """The names of ``__all__`` and what they stand for, in the order of the names."""
    for name in sorted((str(item) for item in package.exports or ()), key=str.casefold):
        found = package.members[name]
        found = found.final_target if found.is_alias else found
        # Of a module and a function of one name in it, the function is what is exported.
        yield name, found.members[name] if found.is_module else found  # type: ignore[misc]


def methods(found: Class) -> Iterator[tuple[str, Function | griffe.Attribute]]:
    """Public methods and properties in source order, also inherited from private bases."""
    shown = {name for base in public_bases(found) for name, _ in methods(base)}
    for name, member in found.all_members.items():
        target = member.final_target if member.is_alias else member
        target = _delegated(found, target)
        wanted = target.is_function or "property" in target.labels
        if wanted and not name.startswith("_") and (name in found.members or name not in shown):
            yield name, target


def _delegated(found: Class, member: Object) -> Object:
    """The method of ``name = Delegated(part, Class.method)``; otherwise the member itself."""
    value = getattr(member, "value", None)
    if not isinstance(value, griffe.ExprCall) or str(value.function) != "Delegated":
        return member
    owner, _, name = str(value.arguments[1]).partition(".")
    part = found.module.members[owner]
    return (part.final_target if part.is_alias else part).members[name]  # type: ignore[return-value]


def public_bases(found: Class) -> list[Class]:
    """The classes below a class that a package exports."""
    names = {name for package in PUBLIC.values() for name in package}
    return [base for base in found.mro() if base.name in names]


PUBLIC: dict[str, list[str]] = {}
"""Package → its exported names; filled by :func:`pages`."""


def pages() -> dict[Path, str]:
    """Each page's path and text."""
    packages = load()
    PUBLIC.update({name: [key for key, _ in exported(each)] for name, each in packages.items()})
    places = {name: dict(_places(name, package)) for name, package in packages.items()}
    # "Record" is a name of both packages: a page means its own.
    return {
        TARGET / f"{name}.md": _page(package, {**places["kg"], **places["kptm"], **places[name]})
        for name, package in packages.items()
    }


def _places(page: str, package: Module) -> Iterator[tuple[str, str]]:
    """Each name, and each method as ``Class.method``, with where it is described."""
    for key, found in exported(package):
        yield key, f"{page}.md#{slug(key)}"
        if found.is_class:
            for each, _ in methods(found):  # type: ignore[arg-type]
                yield f"{key}.{each}", f"{page}.md#{slug(f'{key}.{each}')}"


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.casefold()).replace(" ", "-")


def _page(package: Module, places: dict[str, str]) -> str:
    names = [name for name, _ in exported(package)]
    links = ", ".join(f"[`{name}`](#{slug(name)})" for name in names)
    parts = [
        f"# `{package.name}`: reference",
        "Made from the docstrings by `python tools/build_reference.py`; a test compares.",
        _marked(package.docstring.value if package.docstring else "", places),
        links,
    ]
    for name, found in exported(package):
        parts += [f"## `{name}`", *_described(name, found, places)]
        if found.is_class:
            parts += [_inherited(base, places) for base in public_bases(found)[:1]]  # type: ignore[arg-type]
            for each, method in methods(found):  # type: ignore[arg-type]
                called = f"{name}.{each}" if "classmethod" in method.labels else each
                parts += [f"### `{name}.{each}`", *_described(called, method, places)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _inherited(base: Class, places: dict[str, str]) -> str:
    shown = _link(base.name, base.name, places)
    names = [_link(each, f"{base.name}.{each}", places) for each, _ in methods(base)]
    return f"A {shown}" + (f", which has also {', '.join(names)}." if names else ".")


def _described(name: str, found: Object, places: dict[str, str]) -> Iterator[str]:
    """Signature, text and sections."""
    signature = _signature(name, found)
    if signature:
        yield f"```py\n{signature}\n```"
    for section in found.docstring.parsed if found.docstring else ():
        if section.kind is Kind.text:
            yield _marked(section.value, places)
        elif section.kind in TITLES:
            yield f"**{TITLES[section.kind]}**"
            yield "\n".join(_item(item, section.kind, places) for item in section.value)
        else:
            raise ValueError(
                f"{found.path}: a section {section.kind.value!r} that has no place here"
            )


def _item(item: griffe.DocstringElement, kind: Kind, places: dict[str, str]) -> str:
    name = str(item.annotation) if kind is Kind.raises else getattr(item, "name", "")
    text = _marked(" ".join(item.description.split()), places)
    shown = _link(name, name, places) if kind is Kind.raises else f"`{name}`"
    return f"- {shown}: {text}" if name else f"- {text}"


def _signature(name: str, found: Object) -> str:
    if found.is_attribute:  # a property
        return (f"{name}: {found.annotation}") if found.annotation else ""  # type: ignore[attr-defined]
    if not found.is_function and (not found.is_class or _is_error(found)):
        return ""
    if found.is_function and found.overloads:  # type: ignore[attr-defined]
        return "\n".join(_call(name, each) for each in found.overloads)  # type: ignore[attr-defined]
    return _call(name, found)  # type: ignore[arg-type]


def _is_error(found: Object) -> bool:
    return found.name.endswith("Error")


def _call(name: str, found: Function | Class) -> str:
    """A signature as it is called: without ``self``, on several lines where one is too long."""
    given, marks = [], {"positional-only": False, "keyword-only": False}
    for parameter in found.parameters:
        if parameter.name in ("self", "cls"):
            continue
        kind = parameter.kind.value if parameter.kind else ""
        if kind == "variadic positional":
            marks["keyword-only"] = True
        if kind == "keyword-only" and not marks["keyword-only"]:
            given.append("*")
            marks["keyword-only"] = True
        star = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        said = f"{star}{parameter.name}"
        said += f": {parameter.annotation}" if parameter.annotation else ""
        if parameter.default is not None and not star:
            said += f" = {parameter.default}" if parameter.annotation else f"={parameter.default}"
        given.append(said)
    returns = f" -> {found.returns}" if found.is_function and found.returns else ""  # type: ignore[union-attr]
    line = f"{name}({', '.join(given)}){returns}"
    if len(line) <= WIDTH:
        return line
    body = "".join(f"    {each},\n" for each in given)
    return f"{name}(\n{body}){returns}"


def _marked(text: str, places: dict[str, str]) -> str:
    """A docstring as Markdown: roles are links, double backquotes single, indented code a block."""
    text = ROLE.sub(lambda found: _link(found[1] or found[2], found[2], places), text)
    return re.sub(r"``(.+?)``", r"`\1`", text)


def _link(shown: str, target: str, places: dict[str, str]) -> str:
    """A name, linked where a page has it: by its last part, or by class and method."""
    parts = target.strip().split(".")
    for key in (".".join(parts[-2:]), parts[-1]):
        if key in places:
            return f"[`{shown.removeprefix('kg.').removeprefix('kptm.')}`]({places[key]})"
    return f"`{shown}`"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="Write nothing; fail if a page is old."
    )
    check = parser.parse_args().check
    old = 0
    for path, text in pages().items():
        if check:
            old += not path.exists() or path.read_text(encoding="utf-8") != text
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if old:
        print("docs/reference is old: python tools/build_reference.py")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
