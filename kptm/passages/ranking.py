"""Ranks passages by a log-linear score of their links and words.

The weights are set by hand, because fitted weights ranked no better.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from kptm.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES = ("log p of the link", "share of the words", "1 / rank by words", "log length")
VERSION = 1


@dataclass(frozen=True, slots=True)
class RankWeights:
    """One weight per feature, in the order of :data:`FEATURES`."""

    values: tuple[float, ...]

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scores of P passages, shape (P,), from their features, shape (P, F)."""
        return np.asarray(features @ np.array(self.values), np.float64)

    @classmethod
    def parse(cls, text: str) -> RankWeights:
        """Read weights from JSON.

        Raises:
            ConfigError: The JSON is of another version, or has no weights.
        """
        content = json.loads(text)
        if content.get("version") != VERSION or list(content["weights"]) != list(FEATURES):
            raise ConfigError("ranking.json: is of another version; reinstall kptm")
        return cls(tuple(map(float, content["weights"].values())))

    @staticmethod
    @cache
    def default() -> RankWeights:
        """The weights that ship with the package."""
        return RankWeights.parse(
            files("kptm.passages").joinpath("ranking.json").read_text(encoding="utf-8")
        )
