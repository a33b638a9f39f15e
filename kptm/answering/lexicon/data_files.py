"""Reads and validates the data files of the lexicon."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, get_args

from kptm.answering.lexicon.match import Kind
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

COMMON = "common"
DEGREES = ("plain", "more", "most")
TEMPLATES = (
    "superlative", "superlative_less", "ranked", "comparison", "comparison_less", "comparative",
    "comparative_less", "equal", "difference", "ask", "measure",
)  # fmt: skip
RELATIONS = ("in", "since", "until", "before", "after", "between")
SWITCHES = ("compounds", "vigesimal", "myriads", "ordinal_dot")
LISTED: tuple[Kind, ...] = tuple(
    kind for kind in get_args(Kind) if kind not in ("measure", "number", "time")
)
"""Kinds whose phrases are listed in the files; those of other kinds are generated."""

_TABLES = {
    *LISTED, "measure", "name", "stemmer", "suffixes", "prefixes", "elisions", "glued", "words",
    "groups", "templates", "spelling", "variants", "numbers", "units", "time",
}  # fmt: skip
_ENTRY = {
    "phrases", "order", "comparison", "hints", "answer", "generic", "initial", "not_initial",
    "typed", "final", "empty", "inner", "before_number", "after_number", "after", "not_after",
    "not_before", "unless_asked", "unless_compared", "with", "without", "after_apostrophe",
    "after_rank",
}  # fmt: skip
_PARTS = {
    "words": {"function", "names", "content", "plain", "openers"},
    "templates": {*TEMPLATES, "measure_with"},
    "numbers": {
        "grouping", "joiners", "articles", "halves", "minus", *SWITCHES, "ordinal_before",
        "ordinal_after", "ordinal_suffixes", "words", "scales", "ordinals", "suffixes", "clock",
    },
    "time": {
        "months", "decade_suffixes", "decades", "before_christ", "moments", "yearless", "roman",
        *RELATIONS,
    },
}  # fmt: skip
_VALUES = {
    "order": ("max", "min"),
    "comparison": ("<", "<=", ">", ">=", "=", "!=", "between"),
    "answer": ("person", "place", "date", "value", "kind", "any", "reason"),
}


def languages_of(folder: Path) -> tuple[str, ...]:
    """The codes of the languages that have a data file, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml") if path.stem != COMMON))


def read_file(folder: Path, code: str) -> dict[str, Any]:
    """Read and check the data file of a language.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or has an unknown table, attribute or
            value.
    """
    data = _parse(folder / f"{code}.toml")
    try:
        _check(data)
    except ConfigError as error:
        raise ConfigError(f"{code}.toml: {error}") from error
    return data


def read_common(folder: Path) -> dict[str, Any]:
    """Read the data that all languages share.

    Raises:
        ConfigError: The file cannot be read, or is not TOML.
    """
    return _parse(folder / f"{COMMON}.toml")


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: is not TOML: {error}") from error


def _check(data: Mapping[str, Any]) -> None:
    """Refuse unknown tables, attributes and values, and missing ones."""
    _check_names("table", data, _TABLES)
    if not isinstance(data.get("words"), dict) or "function" not in data["words"]:
        raise ConfigError("there is no [words] with the words that are its function words")
    for table, known in _PARTS.items():
        _check_names(f"attribute of [{table}]", data.get(table, {}), known)
    if "measure" in data and "templates" not in data:
        raise ConfigError("there is no table [templates] for [[measure]]")
    for name in TEMPLATES:
        for phrase in data.get("templates", {}).get(name, ()):
            if not any(f"{{{degree}}}" in phrase for degree in DEGREES):
                raise ConfigError(
                    f"template {phrase!r} of {name!r} has none of {{plain}}, {{more}}, {{most}}"
                )
    for entry in data.get("measure", ()):
        _check_entry("measure", entry, {"order", "hints", "generic", *DEGREES}, "order")
    for kind in LISTED:
        for entry in data.get(kind, ()):
            _check_entry(kind, entry, _ENTRY, "phrases")


def _check_entry(kind: str, entry: Mapping[str, Any], known: Iterable[str], needed: str) -> None:
    """Refuse an entry such as ``[[count]]`` with an unknown attribute or value, or without one."""
    _check_names(f"attribute of [[{kind}]]", entry, known)
    if needed not in entry:
        raise ConfigError(f"an entry of [[{kind}]] has no {needed!r}")
    for attribute, values in _VALUES.items():
        value = entry.get(attribute, values[0])
        if value not in values:
            raise ConfigError(
                f"{value!r} is no {attribute} of [[{kind}]]; known are {', '.join(values)}"
            )


def _check_names(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ConfigError(f"{kind} {unknown[0]!r} is unknown; known are {', '.join(sorted(known))}")
