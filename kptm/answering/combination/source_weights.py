"""The fitted combination and calibration of the sources, and its file.

The file has the weights of the model for which they were fitted last, and under "others" those of
other models, so that a compressed model and its original each have their own.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kg.files.atomic import write_text
from kptm.answering.combination.combiner import LogLinearPool
from kptm.answering.combination.p_calibration import ProbabilityCalibration
from kptm.errors import ConfigError, ModeledgeError
from kptm.modeledge.knn.interpolation import Interpolation

MAX_OTHER_MODELS = 8
"""The maximum number of other models whose weights a file keeps; those that were fitted first are
dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWeights:
    """The fitted combination and calibration of the sources.

    Attributes:
        space: The space of the store; its name contains the fingerprint of the model.
        combiner: The weights of link prediction, the model and texts.
        neighbours: The weights of modeledge's neighbours.
        calibration: The calibration curves of p.
        count: The number of questions to which the weights were fitted; 0 for unfitted weights.
        borrowed: The model for which they were fitted, in words, if that is not the present one.
    """

    space: str = ""
    combiner: LogLinearPool = LogLinearPool()  # noqa: RUF009 - frozen
    neighbours: Interpolation = Interpolation()  # noqa: RUF009 - frozen
    calibration: ProbabilityCalibration = ProbabilityCalibration()  # noqa: RUF009 - frozen
    count: int = 0
    borrowed: str = ""

    @property
    def remark(self) -> str:
        """What to say of p beside a prediction; "" if the weights belong to the present model."""
        return f"; its p was calibrated for {self.borrowed}" if self.borrowed else ""

    def save(self, path: str | Path) -> None:
        """Write the weights to a JSON file, which keeps those of other models."""
        path = Path(path)
        try:
            before = _read(path) if path.exists() else []
        except ConfigError:
            before = []  # a damaged file is replaced
        others = [_as_json(item) for item in before if item.space != self.space][:MAX_OTHER_MODELS]
        write_text(path, json.dumps({**_as_json(self), "others": others}, indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path, *, space: str, original: str = "") -> SourceWeights:
        """Read weights that :meth:`save` wrote.

        Without a file, or if its weights belong to other models, the result is the defaults.

        Args:
            path: The file.
            space: The space of the model.
            original: The space of the model of which this one is a compressed copy, whose weights
                are used until the copy has its own.

        Raises:
            ConfigError: The file is malformed.
        """
        path = Path(path)
        known = {item.space: item for item in _read(path)} if path.exists() else {}
        if space in known:
            return known[space]
        if original and original in known:
            return replace(known[original], borrowed="the uncompressed model")
        return cls(space=space)


def _as_json(weights: SourceWeights) -> dict[str, Any]:
    value = asdict(weights)
    del value["borrowed"]
    return value


def _read(path: Path) -> list[SourceWeights]:
    """The weights in a file, those that were fitted last first.

    Raises:
        ConfigError: The file is malformed.
    """
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
        return [
            SourceWeights(
                space=str(item["space"]),
                combiner=LogLinearPool.from_dict(item["combiner"]),
                neighbours=Interpolation.from_dict(item["neighbours"]),
                calibration=ProbabilityCalibration.from_dict(item["calibration"]),
                count=int(item["count"]),
            )
            for item in (value, *value.get("others", ()))
        ]
    except (
        OSError, ValueError, KeyError, TypeError, AttributeError, ConfigError, ModeledgeError,
    ) as error:  # fmt: skip
        raise ConfigError(f"{path}: no weights there ({error}); delete it") from error
