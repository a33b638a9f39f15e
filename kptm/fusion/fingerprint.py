"""A model's identity: SHA-256 of all that its vectors depend on, cached until a change.

Hashing reads every weight, and each edit needs the fingerprint. So the digest is cached with a
stamp of its inputs, which takes a twentieth of the time; :mod:`kg.embedding.files.stamps` also says
which changes a stamp misses.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from kg.embedding.files.stamps import tensor_stamp

if TYPE_CHECKING:
    from kptm.fusion.parts import FusedParts

_NOT_IDENTITY = frozenset(("transformers_version", "architectures", "dtype", "_name_or_path"))
"""Entries of a backbone's config that describe its file, not its computation."""
_TOKENIZER_PARTS = ("normalizer", "pre_tokenizer", "post_processor", "decoder")


class Fingerprint:
    """The digest of a model, with the stamp of its inputs."""

    def __init__(self) -> None:
        self._stamp: object = None
        self._digest = ""

    def of(self, model: FusedParts) -> str:
        """The current fingerprint of the model."""
        stamp = _stamp(model)
        if self._stamp is None or stamp != self._stamp:
            self._digest, self._stamp = compute(model), stamp
        return self._digest

    def __reduce__(self) -> tuple[type[Fingerprint], tuple[()]]:
        """Copy without the digest."""
        return Fingerprint, ()


def compute(model: FusedParts) -> str:
    """SHA-256 of weights, configuration, tokenizer and entity table."""
    tokenizer = json.loads(model.tokenizer.backend_tokenizer.to_str())
    parts = (
        asdict(model.fusion_config),
        # Truncation and padding belong to the last call, not to the tokenizer.
        {name: part for name, part in tokenizer.items() if name not in ("truncation", "padding")},
        [model.encoder.mask_id, model.pad_id],
        _backbone(model),
        list(model.embeddings.keys),
    )
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode())
    for name, value in sorted(model.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        whole = value.detach().cpu().contiguous().reshape(-1)
        digest.update(whole.view(torch.uint8).numpy().tobytes())
    for line in model.facts.lines() if model.facts is not None else ():
        digest.update(line.encode())
    for rows in model.embeddings.chunks():
        digest.update(rows.tobytes())
    return digest.hexdigest()


def _backbone(model: FusedParts) -> Any:
    return _identity_of(model.backbone.config.to_diff_dict())


def _identity_of(config: Any) -> Any:
    """A configuration without the entries that describe files, nested ones included."""
    if not isinstance(config, dict):
        return config
    return {
        name: _identity_of(value) for name, value in config.items() if name not in _NOT_IDENTITY
    }


def _stamp(model: FusedParts) -> object:
    """A stamp that changes with the fingerprint, in a twentieth of its time."""
    tokenizer = model.tokenizer.backend_tokenizer
    pieces = [getattr(tokenizer, name) for name in _TOKENIZER_PARTS]
    return (
        model.fusion_config,
        repr(vars(model.backbone.config)),
        model.tokenizer,  # holding the object keeps its address from being reused
        tokenizer.get_vocab_size(with_added_tokens=True),
        [piece.__getstate__() if piece is not None else None for piece in pieces],
        (model.encoder.mask_id, model.pad_id),
        model.facts,
        model.embeddings.stamp(),
        [(name, tensor_stamp(value)) for name, value in model.state_dict().items()],
    )
