"""The versions of kptm, Python, the required libraries and the stored formats."""

from __future__ import annotations

import platform
import re
import sqlite3
from importlib import metadata

from kg.sql.migrate import HEAD
from kptm.workspace.health.findings import Finding

_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(?:\[[^]]*\])?\s*(?P<bounds>[^;]*)(?P<marker>;.*)?")
_BOUND = re.compile(r"(>=|<=|==|!=|<|>)\s*([\d.]+)")


def versions() -> tuple[dict[str, str], list[Finding]]:
    """The installed versions by name, and findings about missing or unsuitable ones."""
    from kptm import __version__

    installed = {
        "kptm": __version__,
        "schema": HEAD,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    findings: list[Finding] = []
    for name, bounds in _requirements():
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            findings.append(_unsuitable(name, bounds, "is not installed", broken=True))
            continue
        if not _fits(installed[name], bounds):
            findings.append(
                _unsuitable(name, bounds, f"has version {installed[name]}", broken=False)
            )
    return installed, findings


def _requirements() -> list[tuple[str, str]]:
    """The packages that kptm requires without its extras: names, and bounds of versions."""
    try:
        lines = metadata.requires("kptm") or []
    except metadata.PackageNotFoundError:  # it runs from its sources
        return []
    matches = (_REQUIREMENT.fullmatch(line) for line in lines)
    return sorted(
        (match["name"], match["bounds"].strip())
        for match in matches
        if match is not None and not match["marker"]
    )


def _unsuitable(name: str, bounds: str, text: str, *, broken: bool) -> Finding:
    wanted = f"{name}{bounds}"
    kind = "library-missing" if broken else "library-version"
    return Finding(
        kind, broken, f"{name} {text}, and kptm needs {wanted}", f'run pip install "{wanted}"'
    )


def _fits(version: str, bounds: str) -> bool:
    own = _numbers(version)
    tests = {
        ">=": lambda other: own >= other,
        "<=": lambda other: own <= other,
        "==": lambda other: own == other,
        "!=": lambda other: own != other,
        ">": lambda other: own > other,
        "<": lambda other: own < other,
    }
    return all(tests[sign](_numbers(text)) for sign, text in _BOUND.findall(bounds))


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, without zeros at the end: 2.0 and 2 are the same."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
