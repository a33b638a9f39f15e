"""What the API shows: the values of graph, linker and answers as JSON."""

from typing import Literal

from pydantic import BaseModel

from kg.types import Step

Key = str


class Problem(BaseModel):
    """Why a request failed, and what to do."""

    detail: str


class About(BaseModel):
    """Which workspace this is, and what may be done with it."""

    name: str
    version: str
    revision: int
    allow_edit: bool


class Stats(BaseModel):
    """Counts of the graph and of modeledge, and which stages have been run."""

    entities: int
    relations: int
    triples: int
    attributes: int
    aliases: int
    sources: int
    revisions: int
    passages: int
    modeledge: int
    embeddings: bool
    model: bool


class Relation(BaseModel):
    """An edge type."""

    key: Key
    label: str


class Entity(BaseModel):
    """A node of the graph."""

    key: Key
    label: str
    aliases: list[str]
    description: str
    types: list[str]
    prior: float | None


class Value(BaseModel):
    """A date, a number, a text."""

    value: str
    datatype: str
    language: str
    unit: str


class Fact(BaseModel):
    """A statement: it ends in an entity (``tail``), or in a value."""

    head: Key
    relation: Key
    tail: Key | None = None
    value: Value | None = None


class Source(BaseModel):
    """Who says something, and on which line."""

    source: str
    line: int | None


class Attested(BaseModel):
    """A fact and who says it."""

    fact: Fact
    sources: list[Source]


class Description(BaseModel):
    """What the graph knows of an entity; ``labels`` names every key in it."""

    entity: Entity
    facts: list[Attested]
    labels: dict[Key, str]


class Node(BaseModel):
    """An entity of a neighbourhood, and how many hops it is from the centre."""

    key: Key
    label: str
    types: list[str]
    hops: int


class Edge(BaseModel):
    """A fact between two nodes."""

    head: Key
    relation: Key
    tail: Key


class Neighbourhood(BaseModel):
    """The facts around an entity, nearest first; ``complete`` says whether these are all."""

    centre: Key
    nodes: list[Node]
    edges: list[Edge]
    relations: dict[Key, str]
    complete: bool


class Change(BaseModel):
    """At ``revision`` a source began or ceased to say a fact."""

    revision: int
    kind: str
    fact: Fact
    source: str
    line: int | None
    at: str


class History(BaseModel):
    """Changes, newest first; ``labels`` names every key in them."""

    changes: list[Change]
    labels: dict[Key, str]


class Revision(BaseModel):
    """A change of the graph or of what was learnt; `undoes`: the revisions that it took back."""

    number: int
    kind: str
    note: str
    at: str
    undoes: list[int]


class Changed(BaseModel):
    """The revision that a change made; undo it by this number."""

    revision: int


class Added(BaseModel):
    """What was added: the number of new items, the revision to undo it by, new keys.

    Revision 0: all was known.
    """

    added: int
    revision: int
    new_entities: list[str]
    new_relations: list[str]


class Sense(BaseModel):
    """An entity that a name may mean, and p(entity | name)."""

    entity: Key
    label: str
    description: str
    prior: float


class Mention(BaseModel):
    """A name in a text and what it means; ``start`` and ``end`` count Unicode characters.

    ``coreference`` says that it is a pronoun or a description of what a name said before.
    """

    start: int
    end: int
    surface: str
    entity: Key
    label: str
    score: float
    candidates: list[Sense]
    coreference: bool = False


class Linked(BaseModel):
    """A text with its links."""

    text: str
    links: list[Mention]


class ScoredEntity(BaseModel):
    """An answer, an entity or a value, and how sure we are."""

    entity: Key | None
    label: str
    score: float
    value: Value | None = None
    is_span: bool = False


class Span(BaseModel):
    """Characters of an evidence's text that name an entity."""

    start: int
    end: int
    entity: Key


class Evidence(BaseModel):
    """One thing an answer stands on; see :class:`kptm.answering.Evidence`."""

    kind: str
    text: str
    entity: Key
    score: float
    triple: tuple[Key, Key, Key] | None
    sources: list[str]
    revision: int | None
    spans: list[Span]


class OtherSense(BaseModel):
    """What else the question's name may mean, and what would then be answered."""

    entity: Key
    label: str
    score: float
    answers: list[str]


class Conflict(BaseModel):
    """A source that would answer otherwise."""

    kind: str
    entity: Key
    label: str
    score: float


class WordMeaning(BaseModel):
    """What a part of a question was understood as; ``start`` and ``end`` count characters."""

    start: int
    end: int
    text: str
    kind: str
    means: str


class NearReading(BaseModel):
    """What a refused question may have meant: an expression, its p, the words left unexplained."""

    expression: str
    score: float
    unexplained: list[str]


class Answer(BaseModel):
    """An answer as ``Answer.to_dict()`` has it; ``labels`` names every key in it.

    ``description`` is what is stated of an entity that the question names and no more;
    ``predicted`` says that no fact states the answer. ``sentence`` is the answer in words,
    ``expression`` the program that was evaluated, "" where none was.
    """

    question: str
    entity: Key | None
    score: float
    answers: list[ScoredEntity]
    evidence: list[Evidence]
    reason: str
    why: Literal["", "name", "relation", "words", "fact", "disagreement", "doubt", "uncalibrated"]
    topic: Key
    path: list[Step]
    senses: list[OtherSense]
    conflicts: list[Conflict]
    token: str
    description: str
    predicted: bool
    labels: dict[Key, str]
    sentence: str
    expression: str
    meanings: list[WordMeaning]
    readings: list[NearReading]
    unexplained: list[str]


class Answers(BaseModel):
    """Answers in the order of their questions."""

    answers: list[Answer]
