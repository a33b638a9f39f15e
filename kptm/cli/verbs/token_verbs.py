"""The verbs token add, token list and token remove."""

from __future__ import annotations

from pathlib import Path

import click

from kptm.cli.output.common import show, show_rows, verb, workspace_argument
from kptm.errors import WorkspaceError
from kptm.serving.access.roles import AccessRole
from kptm.serving.access.token_file import TokenFile


@click.group()
def token() -> None:
    """Tokens with which clients use a server (kptm serve --require-token)."""


@token.command("add")
@workspace_argument
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in AccessRole]),
              default=AccessRole.READ.value, show_default=True,
              help="Read; edit facts too; or admin: give out tokens as well.")  # fmt: skip
@verb
def add(workspace: str, name: str, role: str, as_json: bool) -> None:
    """Make a token called NAME and print it, this once.

    The workspace keeps only its hash. A server that runs accepts it at once.
    """
    secret = _tokens(workspace).add(name, AccessRole(role))
    if not as_json:
        click.echo(f"{name} may {role}; store its token now, it cannot be shown again:", err=True)
    show({"name": name, "role": role, "token": secret}, as_json, secret)


@token.command("list")
@workspace_argument
@verb
def list_tokens(workspace: str, as_json: bool) -> None:
    """List the tokens: name, role and time of creation."""
    rows = [(entry.name, str(entry.role), entry.created) for entry in _tokens(workspace).tokens()]
    show_rows(
        ("name", "role", "created"),
        rows,
        as_json,
        nothing=f"no tokens yet; make one: kptm token add {workspace} NAME --role read",
    )


@token.command("remove")
@workspace_argument
@click.argument("name")
@verb
def remove(workspace: str, name: str, as_json: bool) -> None:
    """Withdraw the token NAME; a server that runs refuses it from the next request on."""
    _tokens(workspace).remove(name)
    show({"removed": name}, as_json, f"{name} is accepted no longer")


def _tokens(workspace: str) -> TokenFile:
    """The tokens of an existing workspace.

    Raises:
        WorkspaceError: There is no workspace in the folder.
    """
    from kptm.workspace.layout import Layout

    layout = Layout(Path(workspace))
    if not layout.is_workspace():
        raise WorkspaceError(f"{workspace}: there is no workspace; make one with kptm init")
    return TokenFile(layout.tokens)
