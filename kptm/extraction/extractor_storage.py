"""Stores an extractor as a safetensors file, with classes and thresholds as JSON in the header."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from kptm.errors import ModelError
from kptm.extraction.fitting.relation_thresholds import PRECISIONS, RelationThresholds
from kptm.extraction.relation_classifier import Classifier, Label, LabelSpace, RelationKind

FORMAT = 2
"""The version of the format; files of other versions are refused."""
ENTRY = "kptm-extractor"
"""The header has only this entry, because safetensors writes several entries in any order."""
_ARRAYS = ("vectors", "output", "bias", "shared", "context")


def content(classifier: Classifier, calibration: RelationThresholds) -> bytes:
    """The content of an extractor's file; equal extractors have equal bytes."""
    from safetensors.numpy import save

    space = classifier.space
    arrays = {name: np.ascontiguousarray(getattr(classifier, name)) for name in _ARRAYS}
    arrays["hashes"] = space.hashes
    meta = {
        "format": FORMAT,
        "classes": [[list(label) for label in labels] for labels in space.classes],
        "kinds": {name: asdict(kind) for name, kind in space.kinds.items()},
        "encoder": classifier.encoder,
        "precisions": PRECISIONS,
        "calibration": {
            "slope": calibration.slope,
            "shift": calibration.shift,
            "general": calibration.general,
            "relations": dict(calibration.relations),
        },
    }
    raw: bytes = save(arrays, {ENTRY: json.dumps(meta, ensure_ascii=False)})
    return raw


def save(classifier: Classifier, calibration: RelationThresholds, path: str | Path) -> None:
    """Write an extractor, atomically."""
    from kg.files.atomic import replace_file

    with replace_file(Path(path)) as stream:
        stream.write(content(classifier, calibration))


def load(path: str | Path) -> tuple[Classifier, RelationThresholds]:
    """Read the parts of an extractor.

    Raises:
        ModelError: The file is missing, damaged, or of another kind.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path}: there is no extractor; kptm extract trains one")
    try:
        with safe_open(path, framework="np") as file:
            meta = json.loads((file.metadata() or {}).get(ENTRY, "{}"))
            if meta.get("format") != FORMAT:
                raise ModelError(
                    f"{path}: is not an extractor of this version; remove it and extract again"
                )
            arrays = {name: file.get_tensor(name) for name in (*_ARRAYS, "hashes")}
        return _parts(meta, arrays)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: is damaged ({error}); remove it and extract again") from error


def _parts(meta: dict[str, Any], arrays: dict[str, Any]) -> tuple[Classifier, RelationThresholds]:
    classes = tuple(
        tuple(Label(str(relation), bool(forward)) for relation, forward in labels)
        for labels in meta["classes"]
    )
    kinds = {name: RelationKind(**kind) for name, kind in meta["kinds"].items()}
    space = LabelSpace(classes, kinds, arrays.pop("hashes"))
    if arrays["output"].shape != (arrays["vectors"].shape[1], len(classes)):
        raise ValueError("its arrays have shapes that do not match")
    stored = meta["calibration"]
    if tuple(meta["precisions"]) != PRECISIONS:
        raise ValueError("its thresholds are for other precisions")
    calibration = RelationThresholds(
        stored["slope"],
        stored["shift"],
        tuple(stored["general"]),
        {name: tuple(thresholds) for name, thresholds in stored["relations"].items()},
    )
    weights = {name: arrays[name] for name in _ARRAYS}
    return Classifier(space, **weights, encoder=str(meta["encoder"])), calibration
