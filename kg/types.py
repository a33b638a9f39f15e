"""What the graph gives and takes: small frozen values without dependencies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple


class Triple(NamedTuple):
    """A fact: ``head`` and ``tail`` are entity keys, ``relation`` is a relation key."""

    head: str
    relation: str
    tail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A node of the graph.

    Attributes:
        key: The user's own name for it (a QID, an IRI, a title); unique.
        label: The name people write; derived from the key where none was given.
        aliases: Other surface forms, sorted, without the label.
        description: One line, or "".
        types: Lower-case nouns or keys, sorted.
        prior: How often the entity is meant, in any unit, or None when unknown.
    """

    key: str
    label: str
    aliases: tuple[str, ...] = ()
    description: str = ""
    types: tuple[str, ...] = ()
    prior: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRecord:
    """What a file says of an entity: a None field says nothing and changes nothing."""

    key: str
    label: str | None = None
    aliases: tuple[str, ...] = ()
    description: str | None = None
    types: tuple[str, ...] = ()
    prior: float | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """An edge type: its key and its readable label."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity that a surface form may mean, with p(entity | surface form)."""

    entity: str
    prior: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that was skipped, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The outcome of one load. ``read == added + duplicate + len(rejected)``.

    Attributes:
        read: Records found in the file.
        added: Records that changed the graph.
        duplicate: Records that the graph held already, or that the file repeats.
        rejected: Lines skipped, only ever filled with ``on_error="skip"``.
        revision: The revision the load made, or None when nothing changed.
    """

    read: int
    added: int
    duplicate: int
    rejected: tuple[Rejected, ...] = ()
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of the graph: its number, kind ("load", "add", "remove", "edit", "undo"), note."""

    number: int
    kind: str
    note: str
    at: str


_BRACKETS = re.compile(r"(?<=\S)[ _]+\([^()]+\)$")


def readable_label(key: str) -> str:
    """A label for a key that has none.

    The last part of an IRI or of a relation's path, without quotes around it or a bracket that tells it
    from its namesakes, underscores as spaces.
    """
    name = key
    if "://" in key or (key.startswith("/") and key.count("/") > 2):
        name = key.rstrip("/#").rsplit("#", 1)[-1].rsplit("/", 1)[-1] or key
    if len(name) > 2 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return _BRACKETS.sub("", name).replace("_", " ").strip() or key
