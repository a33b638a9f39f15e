"""The fitted combination and calibration of the sources, and its file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kg.files.atomic import write_text
from kptm.answering.combination.combiner import LogLinearPool
from kptm.answering.combination.p_calibration import ProbabilityCalibration
from kptm.errors import ConfigError, ModeledgeError
from kptm.modeledge.knn.interpolation import Interpolation


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWeights:
    """The fitted combination and calibration of the sources.

    Attributes:
        space: The space of the store; its name contains the fingerprint of the model.
        combiner: The weights of link prediction, the model and texts.
        neighbours: The weights of modeledge's neighbours.
        calibration: The calibration curves of p.
        count: The number of questions to which the weights were fitted; 0 for unfitted weights.
    """

    space: str = ""
    combiner: LogLinearPool = LogLinearPool()  # noqa: RUF009 - frozen
    neighbours: Interpolation = Interpolation()  # noqa: RUF009 - frozen
    calibration: ProbabilityCalibration = ProbabilityCalibration()  # noqa: RUF009 - frozen
    count: int = 0

    def save(self, path: str | Path) -> None:
        """Write the weights to a JSON file."""
        write_text(Path(path), json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path, *, space: str) -> SourceWeights:
        """Read weights that :meth:`save` wrote.

        Without a file, or if its weights belong to another model, the result is the defaults.

        Raises:
            ConfigError: The file is malformed.
        """
        path = Path(path)
        if not path.exists():
            return cls(space=space)
        try:
            value: Any = json.loads(path.read_text(encoding="utf-8"))
            weights = cls(
                space=str(value["space"]),
                combiner=LogLinearPool.from_dict(value["combiner"]),
                neighbours=Interpolation.from_dict(value["neighbours"]),
                calibration=ProbabilityCalibration.from_dict(value["calibration"]),
                count=int(value["count"]),
            )
        except (
            OSError, ValueError, KeyError, TypeError, AttributeError, ConfigError, ModeledgeError,
        ) as error:  # fmt: skip
            raise ConfigError(f"{path}: no weights there ({error}); delete it") from error
        return weights if weights.space == space else cls(space=space)
