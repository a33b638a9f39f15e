"""The tokens of several workspaces, each of which has a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kptm.serving.access.token_file import AccessToken, TokenFile


class AllTokens:
    """Accepts the tokens of all workspaces, for what belongs to none of them.

    Args:
        files: The tokens of each workspace, by name.
    """

    def __init__(self, files: Mapping[str, TokenFile]) -> None:
        self._files = dict(files)

    def find(self, text: str) -> AccessToken | None:
        """The token whose secret is ``text`` in any workspace, or None.

        All files are read, so that the duration does not reveal the workspace.

        Raises:
            ConfigError: A file is malformed, or cannot be read.
        """
        matches = [file.find(text) for file in self._files.values()]
        return next((token for token in matches if token is not None), None)

    def opened_by(self, token: AccessToken) -> list[str]:
        """The names of the workspaces that accept a token.

        Raises:
            ConfigError: A file is malformed, or cannot be read.
        """
        return [
            name
            for name, file in self._files.items()
            if any(accepted.sha256 == token.sha256 for accepted in file.tokens())
        ]
