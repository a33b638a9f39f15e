"""Interpolates a model's prediction with that of the nearest stored vectors (kNN-LM).

    p(y) = λ·Σ softmax(similarity / T)·1[v = y] + (1 − λ)·p_model(y)

The sum is over the neighbours, with values v: entities or tokens. The formula is from Khandelwal et
al. 2020 (equations 2 and 3). As in Drozdov et al. 2022 (arXiv 2210.15859), λ depends on the
similarity of the nearest neighbour: there is one λ for each bucket of similarities, fitted on
held-out questions.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import exp, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.deprecation import OldName
from kg.files.atomic import write_text
from kptm.errors import ModeledgeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kptm.modeledge.knn.interpolation_fit import HeldOutQuestion
    from kptm.modeledge.records import Hit


@dataclass(frozen=True, kw_only=True)
class Interpolation:
    """Weights of neighbours against a model; the defaults are not fitted.

    Attributes:
        k: Number of neighbours to search for.
        temperature: T of the softmax over cosine similarities.
        edges: Ascending similarities at which a bucket begins; below the first one the store
            abstains.
        weights: λ of each bucket, one per edge.
    """

    k: int = 16
    temperature: float = 0.02
    edges: tuple[float, ...] = (0.82, 0.84, 0.86, 0.88, 0.90, 0.92, 0.94)
    weights: tuple[float, ...] = (0.1, 0.2, 0.35, 0.45, 0.6, 0.75, 0.9)

    def __post_init__(self) -> None:
        if self.k < 1 or not (isfinite(self.temperature) and self.temperature > 0):
            raise ModeledgeError(
                f"k and the temperature are above 0, not {self.k} and {self.temperature}"
            )
        if len(self.edges) != len(self.weights):
            raise ModeledgeError(
                f"{len(self.edges)} edges need as many weights, not {len(self.weights)}"
            )
        if not all(map(isfinite, self.edges)) or any(a >= b for a, b in pairwise(self.edges)):
            raise ModeledgeError(f"edges must ascend, these do not: {self.edges}")
        if not all(0 <= weight <= 1 for weight in self.weights):
            raise ModeledgeError(f"weights are between 0 and 1, not {self.weights}")

    @classmethod
    def fit(cls, questions: Sequence[HeldOutQuestion], *, k: int = 16) -> Interpolation:
        """Fit temperature, edges and weights by the likelihood of held-out answers.

        The method is in :mod:`kptm.modeledge.knn.interpolation_fit`.

        Args:
            questions: Answered questions that neither the model nor the store was made from.
            k: Number of neighbours that were searched for.

        Raises:
            ModeledgeError: ``k`` is below 1.
        """
        from kptm.modeledge.knn.interpolation_fit import fit

        cls(k=k)  # refuses a k below 1
        result = fit(questions, k=k)
        return cls(k=k, temperature=result.temperature, edges=result.edges, weights=result.weights)

    @property
    def threshold(self) -> float:
        """The similarity below which the store abstains; infinite if it always abstains."""
        return next(
            (edge for edge, weight in zip(self.edges, self.weights, strict=True) if weight > 0),
            float("inf"),
        )

    def weight(self, hits: Sequence[Hit]) -> float:
        """λ for these neighbours, by the similarity of the nearest one; 0 if there are none."""
        if not hits:
            return 0.0
        bucket = bisect_right(self.edges, max(hit.score for hit in hits))
        return self.weights[bucket - 1] if bucket else 0.0

    def near(self, hits: Sequence[Hit]) -> dict[str, float]:
        """Value → p by the neighbours alone; the p add up to 1. Empty without neighbours."""
        if not hits:
            return {}
        top = max(hit.score for hit in hits)
        mass: dict[str, float] = defaultdict(float)
        for hit in hits:
            mass[hit.value] += exp((hit.score - top) / self.temperature)
        total = sum(mass.values())
        return {value: part / total for value, part in mass.items()}

    mixed = OldName("mix_probabilities")
    cited = OldName("cited_hits")

    def mix_probabilities(
        self, p_model: Mapping[str, float], hits: Sequence[Hit]
    ) -> dict[str, float]:
        """Value → p of model and neighbours combined, or of neighbours alone if ``p_model`` is {}.

        Args:
            p_model: Value → p by the model.
            hits: The relevant neighbours.
        """
        share = self.weight(hits)
        if not p_model:
            return self.near(hits) if share > 0 else {}
        if share == 0:
            return dict(p_model)
        mixed = {value: (1 - share) * p for value, p in p_model.items()}
        for value, p in self.near(hits).items():
            mixed[value] = mixed.get(value, 0.0) + share * p
        return mixed

    def cited_hits(self, value: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """The neighbours that support ``value``: all with this value; none if λ is 0.

        Without these rows the store would add nothing to the p of ``value``, unless further rows
        with the value moved up among the ``k`` nearest.
        """
        return tuple(hit for hit in hits if hit.value == value) if self.weight(hits) > 0 else ()

    def save(self, path: str | Path) -> None:
        """Write JSON."""
        write_text(Path(path), json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Interpolation:
        """Read what :meth:`save` wrote.

        Raises:
            ModeledgeError: The file is missing or malformed.
        """
        try:
            return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, ModeledgeError) as error:
            raise ModeledgeError(f"{path}: no weights of neighbours there ({error})") from error

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Interpolation:
        """Read the mapping that :func:`dataclasses.asdict` returned."""
        return cls(
            k=int(value["k"]),
            temperature=float(value["temperature"]),
            edges=tuple(map(float, value["edges"])),
            weights=tuple(map(float, value["weights"])),
        )
