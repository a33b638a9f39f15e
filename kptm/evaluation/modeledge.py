"""Modeledge beside the model: its neighbours change the p of a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering.sources import KnnConfig, Opinion, from_modeledge, mix
from kptm.modeledge.spaces import spaces_of
from kptm.modeledge.writing import fact_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kptm.evaluation.probing import Probe
    from kptm.fusion import FusedModel
    from kptm.modeledge import Modeledge


def neighbours_speak(
    model: FusedModel, store: Modeledge, probes: Sequence[Probe], config: KnnConfig | None = None
) -> Callable[[int, dict[str, float]], dict[str, float]]:
    """The ``adjust`` of :func:`~kptm.evaluation.probing.ask_model` for a store.

    Neighbours that do not name the probe's head say nothing about it.
    """
    config = config or KnnConfig()
    keys = fact_keys(model, [probe.cloze for probe in probes])
    found = store.search(keys, k=config.k, space=spaces_of(model)["cloze"])

    def adjust(number: int, p: dict[str, float]) -> dict[str, float]:
        probe = probes[number]
        hits = [hit for hit in found[number] if probe.head in hit.record.context]
        near = from_modeledge(hits, config, set(probe.candidates))
        opinions = [Opinion("model", p, 1.0, ())]
        return mix([*opinions, near] if near is not None else opinions)

    return adjust
