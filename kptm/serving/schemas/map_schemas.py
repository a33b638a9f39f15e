"""The map of thousands of facts: its request, and its response with numbers in place of keys."""

from typing import Annotated

from pydantic import BaseModel, Field

from kptm.serving.schemas.requests import Asked, Name
from kptm.serving.schemas.responses import Key, Relation

MOST = 20_000
"""The most facts of a map."""


class MapOf(Asked):
    """The entity in the middle of a map, by its key; without one, the map is of the whole graph."""

    key: Name | None = None
    limit: Annotated[int, Field(ge=1, le=MOST)] = 10_000


class MapNode(BaseModel):
    """An entity of a map; ``type`` is its first type, or empty."""

    key: Key
    label: str
    type: str


class GraphMap(BaseModel):
    """The facts of a map, nearest to its middle first.

    Each edge is the number of its head in ``nodes``, of its relation in ``relations``, and of its
    tail in ``nodes``, from 0 on. ``complete`` says whether these are all facts within reach.
    """

    nodes: list[MapNode]
    relations: list[Relation]
    edges: list[tuple[int, int, int]]
    complete: bool
