"""Loads the tokenizer of a backbone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kptm.errors import ModelError


def read_tokenizer(backbone: Any) -> Any:
    """The tokenizer in a backbone's folder, or of a hub name.

    Raises:
        ModelError: There is no tokenizer, or the backbone is a config or a model.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    if not isinstance(backbone, str | Path):
        raise ModelError("a config or a model comes without a tokenizer; pass tokenizer=")
    try:
        # A tokenizer of a general class must be read by it. AutoTokenizer would take the class that
        # belongs to the model's family, and split texts differently.
        tokenizer_class = PreTrainedTokenizerFast if _is_general(Path(backbone)) else AutoTokenizer
        tokenizer = tokenizer_class.from_pretrained(
            str(backbone), trust_remote_code=False, local_files_only=Path(backbone).exists()
        )
    except (OSError, ValueError) as error:
        raise ModelError(f"{backbone}: no tokenizer there; pass tokenizer= ({error})") from error
    # Without a vocabulary transformers returns an empty tokenizer.
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise ModelError(f"{backbone}: no tokenizer there; pass tokenizer=")
    return tokenizer


def _is_general(folder: Path) -> bool:
    """Whether a folder's tokenizer is of a general class, not of a model family such as BERT."""
    try:
        text = (folder / "tokenizer_config.json").read_text(encoding="utf-8")
        return json.loads(text)["tokenizer_class"] in (
            "TokenizersBackend",
            "PreTrainedTokenizerFast",
        )
    except (OSError, ValueError, LookupError, TypeError):
        return False
