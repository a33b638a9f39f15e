"""Uploads a fused model with its card to the Hugging Face Hub."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from kptm.errors import ModelError

if TYPE_CHECKING:
    from kptm.fusion.fused_model import FusedModel


class HubClient(Protocol):
    """The methods of ``huggingface_hub.HfApi`` that an upload needs."""

    def create_repo(self, repo_id: str, *, private: bool | None, exist_ok: bool) -> Any:
        """Create a repository if it is not there."""

    def upload_folder(self, *, repo_id: str, folder_path: Path, commit_message: str) -> Any:
        """Upload a folder as one commit."""


def push_to_hub(
    model: FusedModel,
    repo_id: str,
    *,
    private: bool | None = None,
    message: str = "Upload a fused model",
    client: HubClient | None = None,
) -> str:
    """Upload a model, as ``save_pretrained`` writes it, in one commit; return the address.

    Args:
        model: The model.
        repo_id: "owner/name".
        private: Whether a new repository is private; by default as the owner has set it.
        message: The commit's message.
        client: Talks to the Hub; by default ``huggingface_hub.HfApi`` with the token of its login.

    Raises:
        ModelError: The Hub is not reached, or refuses.
    """
    from huggingface_hub import HfApi

    api: Any = HfApi() if client is None else client
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        model.save_pretrained(folder)
        try:
            address = api.create_repo(repo_id, private=private, exist_ok=True)
            api.upload_folder(repo_id=repo_id, folder_path=folder, commit_message=message)
        except (OSError, ValueError) as error:  # the Hub's own errors are of these
            first = str(error).strip().partition("\n")[0]
            raise ModelError(
                f"{repo_id}: cannot be uploaded ({type(error).__name__}: {first}); check that the"
                " Hub can be reached and that `hf auth login` was run"
            ) from error
    return str(address)
