"""Routes that list, add and remove tokens; only admins may use them."""

from anyio.to_thread import run_sync
from fastapi import HTTPException, Request

from kptm.errors import ConfigError
from kptm.serving.access.roles import AccessRole
from kptm.serving.access.token_file import TokenFile
from kptm.serving.routes.workspace_route import RoleRouter, problems, token_of
from kptm.serving.schemas import token_schemas

routes = RoleRouter("tokens", AccessRole.ADMIN)


def _file(request: Request) -> TokenFile:
    tokens: TokenFile = request.app.state.tokens
    return tokens


@routes.get("/tokens", responses=problems())
async def tokens(request: Request) -> list[token_schemas.TokenEntry]:
    """All tokens, without their secrets."""
    return [
        token_schemas.TokenEntry(name=token.name, role=token.role, created=token.created)
        for token in _file(request).tokens()
    ]


@routes.post("/tokens/add", responses=problems(408, 409, 413, 415))
async def add_token(request: Request, body: token_schemas.WantedToken) -> token_schemas.NewToken:
    """Create a token; only this response contains it, and it cannot be read again."""
    text = await run_sync(_file(request).add, body.name, body.role)
    return token_schemas.NewToken(name=body.name, role=body.role, token=text)


@routes.post("/tokens/remove", responses=problems(404, 408, 409, 413, 415))
async def remove_token(
    request: Request, body: token_schemas.TokenName
) -> token_schemas.RemovedToken:
    """Remove a token; the server refuses it from the next request on."""
    own = token_of(request)
    if own is not None and own.name == body.name:
        raise HTTPException(409, f"{body.name!r} is the token of this request; use another one")
    try:
        await run_sync(_file(request).remove, body.name)
    except ConfigError as error:
        raise HTTPException(404, str(error)) from error
    return token_schemas.RemovedToken(name=body.name)
