"""Requests and responses about tokens."""

from typing import Annotated

from pydantic import BaseModel, Field

from kptm.serving.access.roles import AccessRole
from kptm.serving.schemas.requests import StrictRequest

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
TokenLabel = Annotated[str, Field(pattern=NAME, max_length=64)]


class WantedToken(StrictRequest):
    """A token to create."""

    name: TokenLabel
    role: AccessRole


class TokenName(StrictRequest):
    """The name of a token."""

    name: TokenLabel


class TokenEntry(BaseModel):
    """A token without its secret."""

    name: str
    role: AccessRole
    created: str


class NewToken(BaseModel):
    """A new token with its secret."""

    name: str
    role: AccessRole
    token: str


class RemovedToken(BaseModel):
    """The name of a token that was removed."""

    name: str
