"""The map of thousands of facts: its request, and its response with indices in place of keys."""

from typing import Annotated

from pydantic import BaseModel, Field

from kptm.serving.schemas.requests import Name, StrictRequest
from kptm.serving.schemas.responses import Key, Relation

MAX_FACTS = 20_000
"""The maximum number of facts of a map."""


class MapQuery(StrictRequest):
    """The key of the entity in the centre of a map; without it, the map is of the whole graph."""

    key: Name | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_FACTS)] = 10_000


class MapNode(BaseModel):
    """An entity of a map; ``type`` is its first type, or empty."""

    key: Key
    label: str
    type: str


class GraphMap(BaseModel):
    """The facts of a map, nearest to its centre first.

    An edge is a fact: the index of its head in ``nodes``, of its relation in ``relations``, and of
    its tail in ``nodes``. ``complete`` says whether these are all facts within reach.
    """

    nodes: list[MapNode]
    relations: list[Relation]
    edges: list[tuple[int, int, int]]
    complete: bool
