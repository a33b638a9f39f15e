"""What the API takes.

What is too long, of another type or not known is refused with one message.
"""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from kptm.answering.parsing.times import TIME, period_of
from kptm.errors import ConfigError
from kptm.serving.config import MAX_NAME, MAX_QUESTION, MAX_QUESTIONS, MAX_TEXT

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
Question = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION)]
Limit = Annotated[int, Field(ge=1, le=500)]

MAX_REVISION = 2**31 - 1


def _time(text: str) -> str:
    try:
        period_of(text)
    except ConfigError as error:
        # Braces in the text of a request are no placeholders of the message.
        raise PydanticCustomError("time", "{message}", {"message": str(error)}) from error
    return text


Time = Annotated[
    str,
    Field(max_length=MAX_NAME, json_schema_extra={"pattern": TIME}),
    AfterValidator(_time),
]
"""The year or the day that is asked about where a question says none."""


class Asked(BaseModel):
    """A request; a field that it does not know is a slip of the pen."""

    model_config = ConfigDict(extra="forbid")


class OneQuestion(Asked):
    """A cloze with ``[MASK]``, or a question in words."""

    question: Question
    at: Time | None = None


class ManyQuestions(Asked):
    """Several of them."""

    questions: Annotated[list[Question], Field(min_length=1, max_length=MAX_QUESTIONS)]
    at: Time | None = None


class FactQuery(Asked):
    """(head, relation, ?) or (?, relation, tail): one of head and tail."""

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


class SomeText(Asked):
    """A text to link."""

    text: Annotated[str, Field(max_length=MAX_TEXT)]


class Beginning(Asked):
    """The beginning of a name, or a near miss."""

    text: Name
    limit: Limit = 10


class OneEntity(Asked):
    """An entity, by its key."""

    key: Name
    limit: Limit = 100


class Around(Asked):
    """An entity, by its key, and how far around it."""

    key: Name
    hops: Annotated[int, Field(ge=1, le=2)] = 1
    limit: Limit = 40


class Few(Asked):
    """How many of them."""

    limit: Annotated[int, Field(ge=1, le=6)] = 3


class Past(Asked):
    """An entity, by its key; or one fact of it, by its relation and what it ends in."""

    key: Name
    relation: Name | None = None
    tail: Name | None = None
    limit: Limit = 100


class Newest(Asked):
    """How many of the newest."""

    limit: Limit = 20


class NewFact(Asked):
    """``tail`` is to be the value of ``relation`` of ``head``, in place of ``old`` if given."""

    head: Name
    relation: Name
    tail: Name
    old: Name | None = None


class AddedFact(Asked):
    """``tail`` is a value of ``relation``, how surely."""

    relation: Name
    tail: Name
    confidence: Annotated[float, Field(ge=0, le=1, strict=True)] | None = None


class Addition(Asked):
    """An entity, with a label, aliases, types, a description, and facts of it.

    What the graph knows by key, label or alias is that; any other name becomes a new entity or
    relation.
    """

    name: Name
    facts: Annotated[list[AddedFact], Field(max_length=MAX_QUESTIONS)] = []
    label: Name | None = None
    aliases: Annotated[list[Name], Field(max_length=MAX_QUESTIONS)] = []
    types: Annotated[list[Name], Field(max_length=MAX_QUESTIONS)] = []
    description: Annotated[str, Field(max_length=MAX_NAME)] | None = None
    exact: StrictBool = False


class Undone(Asked):
    """A revision to take back; `later`: with the later ones that changed the same."""

    revision: Annotated[int, Field(ge=1, le=MAX_REVISION)]
    later: StrictBool = False
