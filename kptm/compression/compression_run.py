"""Compresses a model, and measures it before and after."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from kptm.compression.distillation import distil
from kptm.compression.layer_choice import drop_layers
from kptm.compression.layer_sharing import share_layers
from kptm.compression.measurements import Measurement, measure
from kptm.compression.pruning import prune_neurons, prune_weights
from kptm.compression.student import check_kind, quantise
from kptm.errors import ModelError
from kptm.evaluation.fusion.study_facts import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.compression.compression_config import CompressionConfig
    from kptm.evaluation import Probe
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText


@dataclass(frozen=True, slots=True)
class CompressionReport:
    """The result of a compression.

    Attributes:
        name: The name of the result, :attr:`CompressionConfig.name`.
        original: Measurements of the original model.
        compressed: Measurements of the compressed model.
        texts: How many texts were trained on.
        held_out: How many texts were held out for the measurements.
        steps: The number of distillation steps.
        seconds: Wall-clock time in seconds.
        folder: The folder of the compressed model; "" if it was not written.
    """

    name: str
    original: Measurement
    compressed: Measurement
    texts: int
    held_out: int
    steps: int
    seconds: float
    folder: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The report as values for JSON."""
        return asdict(self)


def compress(
    model: FusedModel,
    documents: Sequence[LinkedText],
    config: CompressionConfig,
    *,
    probes: Sequence[Probe] = (),
    progress: Callable[[int, float], None] | None = None,
) -> tuple[FusedModel, CompressionReport]:
    """Compress a model, and measure both models; the given model is not changed.

    First layers and neurons are removed, or layers are shared. Then the result is trained to
    imitate the original. Last, single weights are set to zero, and weights become 8-bit numbers.

    Args:
        model: The fused model.
        documents: Linked texts. Most are trained on; the others are held out for the measurements.
        config: The methods and their settings.
        probes: Questions for the measurements; see :func:`~kptm.compression.graph_only_probes`.
        progress: Called after each step of distillation.

    Raises:
        ConfigError: The methods do not support the kind of fusion or the family of the backbone.
        ModelError: There is no text to train on, or the model already has 8-bit weights.
    """
    began = time.monotonic()
    check_kind(model)
    learnt, held_out = _share_out(documents, config.held_out)
    student, steps = model, 0
    if config.layers:
        student = drop_layers(student, config.layers)
    if config.prune and config.unit == "neurons":
        student = prune_neurons(student, config.prune)
    if config.share:
        student = share_layers(student)
    if config.needs_training and config.steps:
        if not learnt:
            raise ModelError(
                "there is no text to learn from; give some, or set steps = 0 to train nothing"
            )
        steps = distil(student, model, learnt, config, progress).steps
    if config.prune and config.unit == "weights":  # after training, which would fill the zeros
        student = prune_weights(student, config.prune)
    if config.quantise:
        student = quantise(student)
    student.origin = replace(student.origin, compressed=config.name, copy_of=model.fingerprint())
    figures = measure({"original": model, "compressed": student}, probes, held_out)
    report = CompressionReport(
        config.name,
        figures["original"],
        figures["compressed"],
        len(learnt),
        len(held_out),
        steps,
        time.monotonic() - began,
    )
    student.figures = {**model.figures, **_card_figures(report.compressed)}
    return student, report


def _card_figures(measurement: Measurement) -> dict[str, float]:
    """The available measurements of the compressed model, by their names in a model card."""
    figures = {
        "compressed, bytes without vectors": measurement.bytes,
        "compressed, CPU ms of one text": measurement.ms_of_one,
        "compressed, share of facts right that only the graph has": measurement.facts,
        "compressed, language-model loss on held-out texts": measurement.masked_lm,
    }
    return {name: value for name, value in figures.items() if value is not None}


def _share_out(
    documents: Sequence[LinkedText], share: float
) -> tuple[list[LinkedText], list[LinkedText]]:
    """Split texts into training and held-out ones by a hash, so that equal texts stay together."""
    held_out = [text for text in documents if draw("held out", text.text) < share]
    learnt = [text for text in documents if draw("held out", text.text) >= share]
    return learnt, held_out
