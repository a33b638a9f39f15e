"""The values of the graph's interface: small, frozen, and without dependencies."""

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
    """One hop of a path: along ``relation`` from head to tail, or from tail to head."""

    relation: str
    forward: bool = True

    def reverse(self) -> Step:
        """The hop along the same relation in the other direction."""
        return Step(self.relation, not self.forward)


@dataclass(frozen=True, slots=True)
class Literal:
    """A typed value: text in a language, a number with a unit, a date.

    Attributes:
        value: Its lexical form, as it was written; may be "".
        datatype: The IRI of its type, "" for plain text, ``vocabulary.IRI`` if it names a class.
        language: A language tag such as "en", in lower case, or ""; only text has one.
        unit: The key of its unit, or "".
    """

    value: str
    datatype: str = ""
    language: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        """Normalise as in RDF 1.1: text has no datatype, language tags are in lower case."""
        if self.datatype in (STRING, LANG_STRING):
            object.__setattr__(self, "datatype", "")
        if self.language and not self.language.islower():
            object.__setattr__(self, "language", self.language.lower())


class Attribute(NamedTuple):
    """A fact whose tail is a value instead of an entity."""

    head: str
    relation: str
    value: Literal


class Qualifier(NamedTuple):
    """A qualifier of a fact; ``value`` is an entity's key or a literal."""

    relation: str
    value: str | Literal


class TimeNames(NamedTuple):
    """The names of qualifiers for the times at which a fact began, ended, or held.

    Each is a key, the last part of an IRI, or a label, in upper or lower case.
    """

    start: tuple[str, ...] = ("P580", "start time", "start date", "since")
    end: tuple[str, ...] = ("P582", "end time", "end date", "until")
    point: tuple[str, ...] = ("P585", "point in time")


@dataclass(frozen=True, slots=True)
class Statement:
    """A fact with its confidence, qualifiers and source.

    Attributes:
        fact: A triple, or an attribute.
        confidence: The confidence between 0 and 1; None if it is not stated.
        qualifiers: The qualifiers, in order.
        source: The source; None for the file that contains the statement.
        span: The span in the source's text, as (start, end) in characters.
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
        key: The user's identifier (a QID, an IRI, a title); unique.
        label: The name for people; derived from the key if none is stated.
        aliases: Other surface forms, sorted, without the label.
        description: One line, or "".
        types: Lower-case nouns or keys, sorted.
        prior: How often the entity is meant, in any unit; None if unknown.
    """

    key: str
    label: str
    aliases: tuple[str, ...] = ()
    description: str = ""
    types: tuple[str, ...] = ()
    prior: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRecord:
    """Statements about an entity; fields that are None change nothing.

    Attributes:
        key: The user's identifier; unique.
        label: The name for people.
        aliases: Other surface forms.
        description: One line.
        types: Its types: nouns or keys.
        prior: How often the entity is meant, in any unit.
    """

    key: str
    label: str | None = None
    aliases: tuple[str, ...] = ()
    description: str | None = None
    types: tuple[str, ...] = ()
    prior: float | None = None


Record: TypeAlias = Triple | Attribute | Statement | EntityRecord
"""Any record of a file."""


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
    """How often texts link ``name`` to ``entity`` (``linked``), and contain it (``seen``)."""

    entity: str
    name: str
    linked: int
    seen: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that was skipped, and the reason."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A relation whose tails in a table were taken as values.

    Attributes:
        relation: The key of the relation.
        kind: "integer", "decimal", "quantity", "date", "time", "boolean", "url", "email", "version"
            or "text".
        count: The number of tails.
        as_text: The number of tails in another form, which were taken as text.
        example: The first tail taken as text, or "".
    """

    relation: str
    kind: str
    count: int
    as_text: int = 0
    example: str = ""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """The result of a load, with ``read == added + duplicate + rejected_count``.

    Attributes:
        read: The number of records in the file.
        added: The number of new records.
        duplicate: The number of records that the graph had already, or that the file repeats; the
            graph notes this source for them too.
        rejected: The first 1,000 skipped lines; filled only with ``on_error="skip"``.
        revision: The revision of the load; None if nothing changed.
        rejected_count: The number of skipped lines.
        rejected_file: The file with all skipped lines, unchanged; None if there were none.
        ended: The number of facts that ended because the file no longer states them.
        stated_elsewhere: The number of facts that the file no longer states, but another source
            does.
        unconfirmed: The number of facts that would have ended, but were kept because lines were
            skipped, one of which may state them.
        other_files: Other files of the same source, whose statements stay.
        typed: The relations of a table whose tails were taken as values, by key.
        notes: Guesses about a table (header, separator, encoding), omissions, and conversions
            (priors above the maximum, dates of Wikidata).
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
    """The result of an export.

    Attributes:
        written: The number of statements in the file.
        left_out: The number of statements, or parts of them, that its format cannot represent.
    """

    written: int
    left_out: int


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """The result of a purge.

    Attributes:
        statements: The number of deleted statements, with their history.
        triples: The number of deleted triples, attributes and labels.
        names: The deleted keys and values, by which copies can be searched for.
        revision: The revision of the purge; 0 if it is only planned.
        called: The deleted keys of entities, labels and aliases, a part of ``names``.
    """

    statements: int
    triples: int
    names: tuple[str, ...]
    revision: int
    called: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attested:
    """A fact with its sources.

    Attributes:
        fact: A triple, or an attribute.
        sources: (source, line or None) of each source.
        revision: The first revision from which on a present source states it.
        confidence: The highest confidence of a source; None if a source states the fact without
            one.
        rank: "preferred", "normal", or "deprecated" for a fact that is known to be wrong.
    """

    fact: Triple | Attribute
    sources: tuple[tuple[str, int | None], ...]
    revision: int
    confidence: float | None = None
    rank: str = "normal"


@dataclass(frozen=True, slots=True)
class Description:
    """An entity, with its facts as head and as tail."""

    entity: Entity
    facts: tuple[Attested, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A change in the history: at ``revision`` a source began or ceased to state a fact.

    Attributes:
        revision: The number of the revision.
        kind: "added" or "removed".
        fact: A triple, or an attribute (including labels).
        source: The source.
        line: The line in the source, counted from 1, or None.
        at: The time in ISO 8601, UTC.
        confidence: The source's confidence between 0 and 1, or None; 0 means deprecated.
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
    """A change of the graph, or of files beside it.

    Attributes:
        number: The number, by which it can be undone.
        kind: "load", "add", "remove", "edit", "links", "accept" and "reject" (of proposals),
            "undo", "redo" (the undo of an undo) or "purge"; in a workspace also "learn" and
            "index".
        note: A note on the change.
        at: The time in ISO 8601, UTC.
        undoes: The revisions that it undid.
    """

    number: int
    kind: str
    note: str
    at: str
    undoes: tuple[int, ...] = ()


_BRACKETS = re.compile(r"(?<=\S)[ _]+\([^()]+\)$")


def readable_label(key: str) -> str:
    """Derive a label from a key.

    It is the last part of an IRI or a relation's path, without quotes around it or a disambiguation
    in brackets, and with spaces for underscores.
    """
    return _BRACKETS.sub("", _last_part(key)).replace("_", " ").strip() or key


def searchable(key: str) -> str:
    """Like :func:`readable_label`, but with the brackets, which people may search for."""
    return _last_part(key).replace("_", " ").strip() or key


def _last_part(key: str) -> str:
    name = key
    if "://" in key or (key.startswith("/") and key.count("/") > 2):
        name = key.rstrip("/#").rsplit("#", 1)[-1].rsplit("/", 1)[-1] or key
    if len(name) > 2 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return name
