"""What the graph gives and takes: small frozen values without dependencies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from kg.vocabulary import LANG_STRING, STRING


class Triple(NamedTuple):
    """A fact: ``head`` and ``tail`` are entity keys, ``relation`` is a relation key."""

    head: str
    relation: str
    tail: str


class Step(NamedTuple):
    """One hop of a path: along ``relation`` from head to tail, or back from tail to head."""

    relation: str
    forward: bool = True


@dataclass(frozen=True, slots=True)
class Literal:
    """A typed value: text in a language, a number with a unit, a date.

    Attributes:
        value: Its lexical form, kept as it was written; may be "".
        datatype: The IRI of its type, "" for plain text, ``vocabulary.IRI`` where it names a class.
        language: A language tag such as "en", in lower case, or ""; only text has one.
        unit: The key of its unit, or "".
    """

    value: str
    datatype: str = ""
    language: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        """One value has one form, that of RDF 1.1: text has no datatype, tags are in lower case."""
        if self.datatype in (STRING, LANG_STRING):
            object.__setattr__(self, "datatype", "")
        if self.language and not self.language.islower():
            object.__setattr__(self, "language", self.language.lower())


class Attribute(NamedTuple):
    """What is said of an entity by a value rather than by another entity."""

    head: str
    relation: str
    value: Literal


class Qualifier(NamedTuple):
    """What narrows a fact down: ``value`` is an entity's key or a literal."""

    relation: str
    value: str | Literal


class TimeNames(NamedTuple):
    """What qualifiers are called that say when a fact began, ended, or held.

    Each is a key, the last part of an IRI, or a label, in any case.
    """

    start: tuple[str, ...] = ("P580", "start time", "start date", "since")
    end: tuple[str, ...] = ("P582", "end time", "end date", "until")
    point: tuple[str, ...] = ("P585", "point in time")


@dataclass(frozen=True, slots=True)
class Statement:
    """A fact with all that is known of it.

    Attributes:
        fact: A triple, or an attribute.
        confidence: Between 0 and 1, or None where nobody said.
        qualifiers: In the order they were given.
        source: Who says so; None means the file it stands in.
        span: Where in the source's text, as (start, end) characters.
    """

    fact: Triple | Attribute
    confidence: float | None = None
    qualifiers: tuple[Qualifier, ...] = ()
    source: str | None = None
    span: tuple[int, int] | None = None


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
    """What a file says of an entity: a None field says nothing and changes nothing.

    Attributes:
        key: The user's own name for it; unique.
        label: The name people write.
        aliases: Other surface forms.
        description: One line.
        types: What it is: nouns or keys.
        prior: How often the entity is meant, in any unit.
    """

    key: str
    label: str | None = None
    aliases: tuple[str, ...] = ()
    description: str | None = None
    types: tuple[str, ...] = ()
    prior: float | None = None


Record: TypeAlias = Triple | Attribute | Statement | EntityRecord
"""Whatever a file may hold of a graph."""


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
class LinkCount:
    """How often texts meant ``entity`` by ``name`` (``linked``), and had it (``seen``)."""

    entity: str
    name: str
    linked: int
    seen: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that was skipped, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A relation whose tails in a table were taken for values.

    Attributes:
        relation: Its key.
        kind: "integer", "decimal", "quantity", "date", "time", "boolean", "url", "email", "version"
            or "text".
        count: How many there are.
        as_text: How many of them have another form, and were taken as text.
        example: The first of those, or "".
    """

    relation: str
    kind: str
    count: int
    as_text: int = 0
    example: str = ""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The outcome of one load. ``read == added + duplicate + rejected_count``.

    Attributes:
        read: Records found in the file.
        added: Records that say something new.
        duplicate: Records that the graph held already, or that the file repeats; the graph notes
            that this source attests them too.
        rejected: The first 1,000 lines skipped, only ever filled with ``on_error="skip"``.
        revision: The revision the load made, or None when nothing changed.
        rejected_count: How many lines were skipped.
        rejected_file: Where all of them are, as they stood, or None when there were none.
        ended: Facts that live no more, because the file stated them before and does not state them
            now.
        stated_elsewhere: Facts that the file does not state any more and another source does.
        unconfirmed: Facts that the file stated before and that were left because lines were
            skipped: one of these may state them.
        other_files: Other files in which the same source speaks; what they state stays.
        typed: Relations of a table whose tails were taken for values, by key.
        notes: What was guessed of a table: its header, its separator, its encoding; what was left
            out; what counts as something else than it says: priors above the greatest, dates of
            Wikidata that were converted.
    """

    read: int
    added: int
    duplicate: int
    rejected: tuple[Rejected, ...] = ()
    revision: int | None = None
    rejected_count: int = 0
    rejected_file: str | None = None
    ended: int = 0
    stated_elsewhere: int = 0
    unconfirmed: int = 0
    other_files: tuple[str, ...] = ()
    typed: tuple[Typed, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The outcome of one export.

    Attributes:
        written: Statements that the file holds.
        left_out: Statements, or parts of them, that its format has no place for.
    """

    written: int
    left_out: int


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What a purge deleted.

    Attributes:
        statements: Statements of sources, with their history.
        triples: Triples (and attributes, labels) that nobody says any more.
        names: Keys and values that nothing holds any more, by which copies can be looked for.
        revision: The revision the purge made; 0 of one that is only planned.
        called: Those of ``names`` that things are called by: keys of entities, labels, aliases.
    """

    statements: int
    triples: int
    names: tuple[str, ...]
    revision: int
    called: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attested:
    """A fact and who says it.

    Attributes:
        fact: A triple, or an attribute.
        sources: (source, line or None) each.
        revision: The first revision since which one of them says it.
        confidence: The highest that a source gives; None where one says it without a confidence.
        rank: "preferred", "normal", or "deprecated" for what is recorded although it is known to be
            wrong.
    """

    fact: Triple | Attribute
    sources: tuple[tuple[str, int | None], ...]
    revision: int
    confidence: float | None = None
    rank: str = "normal"


@dataclass(frozen=True, slots=True)
class Description:
    """All that the graph knows of an entity: the entity, its facts as head and as tail."""

    entity: Entity
    facts: tuple[Attested, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a fact's history: at ``revision`` a source began or ceased to say it.

    Attributes:
        revision: The revision's number.
        kind: "added" or "removed".
        fact: What was said: a triple, or an attribute (labels too).
        source: Who said it.
        line: Where in the source, counted from 1, or None.
        at: When: ISO 8601, UTC.
        confidence: How sure the source is, between 0 and 1, or None; 0 is deprecated.
    """

    revision: int
    kind: str
    fact: Triple | Attribute
    source: str
    line: int | None
    at: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One change of the graph, or of what was learnt beside it.

    Attributes:
        number: Its number, to undo it by.
        kind: "load", "add", "remove", "edit", "links", "accept" and "reject" (of proposals),
            "undo", "redo" (the undo of an undo) or "purge"; in a workspace also "learn" and
            "index".
        note: What it was about.
        at: When: ISO 8601, UTC.
        undoes: The revisions that it took back.
    """

    number: int
    kind: str
    note: str
    at: str
    undoes: tuple[int, ...] = ()


_BRACKETS = re.compile(r"(?<=\S)[ _]+\([^()]+\)$")


def readable_label(key: str) -> str:
    """A label for a key that has none.

    The last part of an IRI or of a relation's path, without quotes around it or a bracket that
    tells it from its namesakes, underscores as spaces.
    """
    return _BRACKETS.sub("", _last_part(key)).replace("_", " ").strip() or key


def searchable(key: str) -> str:
    """The same with its bracket, by which a person may look for it."""
    return _last_part(key).replace("_", " ").strip() or key


def _last_part(key: str) -> str:
    name = key
    if "://" in key or (key.startswith("/") and key.count("/") > 2):
        name = key.rstrip("/#").rsplit("#", 1)[-1].rsplit("/", 1)[-1] or key
    if len(name) > 2 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return name
