"""The requests of the API; invalid fields are refused with one message."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from kptm.answering.parsing.times import TIME, period_of
from kptm.errors import ConfigError
from kptm.serving.config import (
    MAX_NAME_CHARACTERS,
    MAX_QUESTION_CHARACTERS,
    MAX_QUESTIONS,
    MAX_TEXT_CHARACTERS,
)

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
Question = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)]
Limit = Annotated[int, Field(ge=1, le=500)]

MAX_REVISION = 2**31 - 1


def _time(text: str) -> str:
    try:
        period_of(text)
    except ConfigError as error:
        # The message is a parameter, because braces in it would be read as placeholders.
        raise PydanticCustomError("time", "{message}", {"message": str(error)}) from error
    return text


Time = Annotated[
    str,
    Field(max_length=MAX_NAME_CHARACTERS, json_schema_extra={"pattern": TIME}),
    AfterValidator(_time),
]
"""The year or day asked about if a question states no time."""


class StrictRequest(BaseModel):
    """The base of all requests; unknown fields are refused, because they are probably misspelt."""

    model_config = ConfigDict(extra="forbid")


class OneQuestion(StrictRequest):
    """A cloze with ``[MASK]``, or a question in words."""

    question: Question
    at: Time | None = None


class ManyQuestions(StrictRequest):
    """Several questions."""

    questions: Annotated[list[Question], Field(min_length=1, max_length=MAX_QUESTIONS)]
    at: Time | None = None


class FactQuery(StrictRequest):
    """The query (head, relation, ?) or (?, relation, tail), with either head or tail."""

    relation: Name
    head: Name | None = None
    tail: Name | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.head is None) == (self.tail is None):
            raise PydanticCustomError(
                "one_end", "give either head or tail: the other one is asked for"
            )
        return self


class TextToLink(StrictRequest):
    """A text to link."""

    text: Annotated[str, Field(max_length=MAX_TEXT_CHARACTERS)]


class NameSearch(StrictRequest):
    """A name to search for; it may be the beginning of a name, or a misspelling."""

    text: Name
    limit: Limit = 10


class EntityQuery(StrictRequest):
    """An entity, by its key, whose facts are wanted."""

    key: Name
    limit: Limit = 100


class NeighbourQuery(StrictRequest):
    """An entity, by its key, whose neighbourhood is wanted, and the number of hops."""

    key: Name
    hops: Annotated[int, Field(ge=1, le=2)] = 1
    limit: Limit = 40


class ExampleQuery(StrictRequest):
    """The number of example questions."""

    limit: Annotated[int, Field(ge=1, le=6)] = 3


class HistoryQuery(StrictRequest):
    """An entity by its key, or some of its facts by relation and tail, whose history is wanted."""

    key: Name
    relation: Name | None = None
    tail: Name | None = None
    limit: Limit = 100


class RevisionQuery(StrictRequest):
    """The number of newest revisions."""

    limit: Limit = 20


class FactEdit(StrictRequest):
    """An edit: ``tail`` becomes the value of ``relation`` of ``head``, in place of ``old``."""

    head: Name
    relation: Name
    tail: Name
    old: Name | None = None


class AddedFact(StrictRequest):
    """A fact to add: relation, tail and confidence."""

    relation: Name
    tail: Name
    confidence: Annotated[float, Field(ge=0, le=1, strict=True)] | None = None


class EntityAddition(StrictRequest):
    """An entity to add, with label, aliases, types, description and facts.

    A name may be a key, label or alias in the graph; any other name becomes a new entity or
    relation.
    """

    name: Name
    facts: Annotated[list[AddedFact], Field(max_length=MAX_QUESTIONS)] = []
    label: Name | None = None
    aliases: Annotated[list[Name], Field(max_length=MAX_QUESTIONS)] = []
    types: Annotated[list[Name], Field(max_length=MAX_QUESTIONS)] = []
    description: Annotated[str, Field(max_length=MAX_NAME_CHARACTERS)] | None = None
    exact: StrictBool = False


class RevisionUndo(StrictRequest):
    """A revision to undo; `later` undoes later revisions that changed the same facts too."""

    revision: Annotated[int, Field(ge=1, le=MAX_REVISION)]
    later: StrictBool = False
