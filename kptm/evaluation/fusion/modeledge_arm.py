"""Modeledge in studies: neighbours change the model's p, by weights fitted on other probes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.modeledge.encode.encode_texts import fact_keys
from kptm.modeledge.knn.interpolation import Interpolation
from kptm.modeledge.knn.interpolation_fit import HeldOutQuestion
from kptm.modeledge.knn.relevant_hits import OVERFETCH, relevant
from kptm.modeledge.sql.spaces import spaces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kptm.evaluation.fusion.fact_probing import Probe
    from kptm.fusion import FusedModel
    from kptm.modeledge import Hit, Modeledge


def neighbours(
    model: FusedModel, store: Modeledge, probes: Sequence[Probe], *, k: int
) -> list[list[Hit]]:
    """The ``k * WIDER`` nearest rows of each probe, before any filter."""
    keys = fact_keys(model, [probe.cloze for probe in probes])
    return store.search(keys, k=k * OVERFETCH, space=spaces_of(model)["cloze"])


def relevant_neighbours(probe: Probe, hits: Iterable[Hit], k: int) -> list[Hit]:
    """The ``k`` nearest neighbours of a probe that name its head and a candidate."""
    return relevant(hits, probe.head, set(probe.candidates), k)


def fit_neighbours(
    probes: Sequence[Probe],
    scores: Sequence[Mapping[str, float]],
    hits: Sequence[Sequence[Hit]],
    *,
    k: int = 16,
) -> Interpolation:
    """Fit the interpolation on probes that are not used for the evaluation.

    Args:
        probes: The probes.
        scores: The model's p over the candidates of each probe.
        hits: The relevant neighbours of each probe.
        k: The maximum number of neighbours per probe.
    """
    questions = [
        HeldOutQuestion(probe.answer, p.get(probe.answer, 0.0), near)
        for probe, p, near in zip(probes, scores, hits, strict=True)
    ]
    return Interpolation.fit(questions, k=k)


def neighbours_speak(
    model: FusedModel,
    store: Modeledge,
    probes: Sequence[Probe],
    interpolation: Interpolation | None = None,
) -> Callable[[int, dict[str, float]], dict[str, float]]:
    """The ``adjust`` of :func:`~kptm.evaluation.fusion.fact_probing.ask_model` for a store."""
    weights = interpolation or Interpolation()
    hits = neighbours(model, store, probes, k=weights.k)

    def adjust(number: int, p: dict[str, float]) -> dict[str, float]:
        return weights.mix_probabilities(
            p, relevant_neighbours(probes[number], hits[number], weights.k)
        )

    return adjust
