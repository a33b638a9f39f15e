"""The tokens of a workspace whose server requires them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.errors import ConfigError
from kptm.serving.access.token_file import TokenFile

if TYPE_CHECKING:
    from kptm.workspace import Workspace


def required_tokens(workspace: Workspace) -> TokenFile:
    """The tokens of a workspace.

    Raises:
        ConfigError: There is no token, or the file of tokens is malformed.
    """
    file = TokenFile(workspace.layout.tokens)
    if not file.tokens():
        raise ConfigError(
            f"{workspace.folder}: has no tokens yet, so nobody could use the server; make one:"
            f" kptm token add {workspace.folder} NAME --role read"
        )
    return file
