"""The responses of the API: entities, facts, links and answers as JSON."""

from typing import Literal

from pydantic import BaseModel

from kg.types import Step

Key = str


class Problem(BaseModel):
    """The reason why a request failed, and what to do."""

    detail: str


class Health(BaseModel):
    """The status of the server: "ok" if it is alive, "ready" if it can answer questions."""

    status: str


class About(BaseModel):
    """The workspace, whether it may be changed, and whether the server has others."""

    name: str
    version: str
    revision: int
    allow_edit: bool
    one_of_several: bool


class Stats(BaseModel):
    """Counts of the graph and of modeledge, and the stages that have been run."""

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
    """The value of an attribute: a date, a number or a text."""

    value: str
    datatype: str
    language: str
    unit: str


class Fact(BaseModel):
    """A fact; its tail is an entity (``tail``) or a value."""

    head: Key
    relation: Key
    tail: Key | None = None
    value: Value | None = None


class Source(BaseModel):
    """A source of a fact, and the line in it that states the fact."""

    source: str
    line: int | None


class Attested(BaseModel):
    """A fact with its sources."""

    fact: Fact
    sources: list[Source]


class Description(BaseModel):
    """The facts about an entity; ``labels`` has the label of every key in them."""

    entity: Entity
    facts: list[Attested]
    labels: dict[Key, str]


class Node(BaseModel):
    """An entity of a neighbourhood, and its distance from the centre in hops."""

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
    """A change: at ``revision`` a source began or ceased to state a fact."""

    revision: int
    kind: str
    fact: Fact
    source: str
    line: int | None
    at: str


class History(BaseModel):
    """Changes, newest first; ``labels`` has the label of every key in them."""

    changes: list[Change]
    labels: dict[Key, str]


class Revision(BaseModel):
    """A change of the graph or of learnt files; `undoes` lists the revisions that it undid."""

    number: int
    kind: str
    note: str
    at: str
    undoes: list[int]


class Changed(BaseModel):
    """The revision of a change, by which it can be undone."""

    revision: int


class Added(BaseModel):
    """The result of an addition: the number of new items, the revision, and new keys.

    Revision 0 means that the graph had everything already.
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
    """A mention in a text and its entity; ``start`` and ``end`` count Unicode characters.

    ``coreference`` is true for a pronoun or a description of an entity named before.
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
    """An answer, an entity or a value, with its probability."""

    entity: Key | None
    label: str
    score: float
    value: Value | None = None
    is_span: bool = False


class Span(BaseModel):
    """A span in the text of a piece of evidence that names an entity."""

    start: int
    end: int
    entity: Key


class Evidence(BaseModel):
    """A piece of evidence for an answer; see :class:`kptm.answering.Evidence`."""

    kind: str
    text: str
    entity: Key
    score: float
    triple: tuple[Key, Key, Key] | None
    sources: list[str]
    revision: int | None
    spans: list[Span]


class OtherSense(BaseModel):
    """Another entity that the name in the question may mean, with the answers for that entity."""

    entity: Key
    label: str
    score: float
    answers: list[str]


class Conflict(BaseModel):
    """A source with a different answer."""

    kind: str
    entity: Key
    label: str
    score: float


class WordMeaning(BaseModel):
    """The meaning assigned to a part of a question; ``start`` and ``end`` count characters."""

    start: int
    end: int
    text: str
    kind: str
    means: str


class NearReading(BaseModel):
    """A possible reading of a refused question: an expression, its p, and unexplained words."""

    expression: str
    score: float
    unexplained: list[str]


class Answer(BaseModel):
    """An answer in the form of ``Answer.to_dict()``; ``labels`` has the label of every key in it.

    ``description`` has facts about the entity if the question is only a name. ``predicted`` is true
    if no fact states the answer. ``sentence`` is the answer in words, and ``expression`` is the
    evaluated program, or "".
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
