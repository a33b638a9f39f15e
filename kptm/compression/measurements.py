"""Measures the size, the time and the knowledge of models side by side."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import torch

from kptm.data import collate
from kptm.evaluation import ask_model
from kptm.evaluation.fusion.language_loss import masked_lm_loss

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kptm.evaluation import Probe
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText

LARGE_BATCH = 32
"""The number of texts in the larger batch."""
TIMED_PASSES = 15
"""How often each model is timed on each batch; the models take turns."""
MASKINGS = 3
"""How often the texts are masked for the loss."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Measurements of a model.

    Attributes:
        bytes: The size of the model's files in bytes, without the entity vectors.
        ms_of_one: The median CPU time in ms of a pass over one text; None without texts.
        ms_of_many: The median CPU time in ms of a pass over ``LARGE_BATCH`` texts; None without
            texts.
        facts: The share of questions whose right answer is ranked first, about facts that only the
            graph has; None without questions.
        asked: The number of these questions.
        masked_lm: The language-modelling loss on held-out texts; None without them.
    """

    bytes: int
    ms_of_one: float | None
    ms_of_many: float | None
    facts: float | None
    asked: int
    masked_lm: float | None


def measure(
    models: Mapping[str, FusedModel], probes: Sequence[Probe], held_out: Sequence[LinkedText]
) -> dict[str, Measurement]:
    """Measure models on the same questions and texts.

    Args:
        models: The models by name.
        probes: Questions; see :func:`~kptm.compression.graph_only_probes`.
        held_out: Linked texts for the loss; without questions, also for the time.
    """
    texts = [probe.cloze for probe in probes[:LARGE_BATCH]] or list(held_out[:LARGE_BATCH])
    ms_of_one, ms_of_many = (measure_passes(models, texts[:count]) for count in (1, LARGE_BATCH))
    measurements = {}
    for name, model in models.items():
        right = ask_model(model, probes)
        measurements[name] = Measurement(
            bytes=model_bytes(model),
            ms_of_one=ms_of_one.get(name),
            ms_of_many=ms_of_many.get(name),
            facts=sum(right) / len(right) if right else None,
            asked=len(right),
            masked_lm=_loss(model, held_out),
        )
    return measurements


def measure_passes(
    models: Mapping[str, FusedModel], texts: Sequence[LinkedText], passes: int = TIMED_PASSES
) -> dict[str, float]:
    """The median CPU time in ms of a pass of each model, by name; the models take turns."""
    if not texts:
        return {}
    batches = {
        name: collate([model.encoder.encode(text) for text in texts], model.pad_id).tensors()
        for name, model in models.items()
    }
    seconds: dict[str, list[float]] = {name: [] for name in models}
    with torch.no_grad():
        for _ in range(passes):
            for name, model in models.items():
                began = time.process_time()
                model(**batches[name])
                seconds[name].append(time.process_time() - began)
    return {name: 1_000 * median(durations) for name, durations in seconds.items()}


def model_bytes(model: FusedModel) -> int:
    """The size of a model's files in bytes, without the entity vectors."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        model.save_pretrained(folder)
        files = (path for path in folder.rglob("*") if path.is_file())
        own = (path for path in files if path.relative_to(folder).parts[0] != "embeddings")
        return sum(path.stat().st_size for path in own)


def _loss(model: FusedModel, held_out: Sequence[LinkedText]) -> float | None:
    losses = [masked_lm_loss(model, held_out, True, seed) for seed in range(MASKINGS)]
    there = [loss for loss in losses if loss is not None]
    return sum(there) / len(there) if there else None
