"""Fitting how much modeledge weighs, and what a p is worth, on answered questions that the graph is silent on.

The graph's own facts will not do: the model was trained on them and the store was written from the texts that say them, so both
would seem surer than they are of anything else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kptm.answering.calibration import Calibration
from kptm.answering.sources import from_modeledge, mix
from kptm.errors import ConfigError, ModeledgeError
from kptm.modeledge.fitting import HeldOut
from kptm.modeledge.interpolation import Interpolation
from kptm.texts import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.answering.sources import Opinion
    from kptm.modeledge import Hit

ENOUGH = 50
"""Questions below which nothing is fitted: a store that nothing was asked of would be silenced."""


@dataclass(frozen=True, slots=True)
class Silent:
    """An answered question that the graph is silent on.

    Attributes:
        answers: The right entities.
        opinions: What link prediction and the model say.
        hits: The neighbours that speak.
    """

    answers: frozenset[str]
    opinions: Sequence[Opinion]
    hits: Sequence[Hit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How a model's answers are mixed and calibrated.

    Attributes:
        space: Of the store's rows; it has the model's fingerprint, whose weights these are.
        neighbours: The mixture.
        calibration: From its p to how often it is right.
        count: Questions that they were fitted on; 0 for the unfitted ones.
    """

    space: str = ""
    neighbours: Interpolation = Interpolation()  # noqa: RUF009 - frozen
    calibration: Calibration = Calibration()  # noqa: RUF009 - frozen
    count: int = 0

    @classmethod
    def fit(cls, questions: Sequence[Silent], *, space: str, k: int) -> Weights:
        """Fit both; below :data:`ENOUGH` questions the defaults stay.

        The calibration sees the questions that the mixture was fitted on: its nine numbers hardly bend to them.
        """
        if len(questions) < ENOUGH:
            return cls(space=space)
        held_out = [
            HeldOut(answer, mix(item.opinions).get(answer, 0.0), item.hits)
            for item in questions
            for answer in sorted(item.answers)
        ]
        weights = Interpolation.fit(held_out, k=k)
        rows = []
        for item in questions:
            near = from_modeledge(item.hits, weights)
            mixed = mix([*item.opinions, near] if near is not None else item.opinions)
            if mixed:
                best = max(mixed, key=lambda key: (mixed[key], key))
                rows.append((mixed[best], best in item.answers, near is not None))
        curves = Calibration.fit([x[0] for x in rows], [x[1] for x in rows], [x[2] for x in rows])
        return cls(space=space, neighbours=weights, calibration=curves, count=len(questions))

    def save(self, path: str | Path) -> None:
        """Write JSON."""
        write_whole(Path(path), json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path, *, space: str) -> Weights:
        """Read what :meth:`save` wrote; the defaults where there is no file, or one that belongs to another model.

        Raises:
            ConfigError: The file is malformed.
        """
        path = Path(path)
        if not path.exists():
            return cls(space=space)
        try:
            found: Any = json.loads(path.read_text(encoding="utf-8"))
            made = cls(
                space=str(found["space"]),
                neighbours=Interpolation.from_dict(found["neighbours"]),
                calibration=Calibration.from_dict(found["calibration"]),
                count=int(found["count"]),
            )
        except (OSError, ValueError, KeyError, TypeError, ConfigError, ModeledgeError) as error:
            raise ConfigError(f"{path}: no weights there ({error}); delete it") from error
        return made if made.space == space else cls(space=space)
