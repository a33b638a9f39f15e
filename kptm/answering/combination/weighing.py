"""Fitting how the sources are combined, and what a p is worth, on answered questions that nothing was learnt from.

Of those that the graph is silent on the combiner learns: the model was trained on the graph's own facts and the store was written
from the texts that say them, so that both would seem surer than they are of anything else.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.files.atomic import write_text
from kptm.answering.combination import combiner as combining
from kptm.answering.combination.combiner import Combiner, relation_name
from kptm.answering.combination.p_calibration import Calibration
from kptm.answering.sources.source import from_modeledge, last_best
from kptm.errors import ConfigError, ModeledgeError
from kptm.modeledge.knn.interpolation import Interpolation
from kptm.modeledge.knn.interpolation_fit import HeldOut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.answering.sources.source import Asked, Opinion
    from kptm.modeledge import Hit

ENOUGH = 50
"""Questions below which nothing is fitted: a store that nothing was asked of would be silenced."""
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Silent:
    """An answered question that the graph is silent on.

    Attributes:
        answers: The right entities.
        asked: As the sources were asked it.
        opinions: What link prediction and the model say.
        hits: The neighbours that speak.
    """

    answers: frozenset[str]
    asked: Asked
    opinions: Sequence[Opinion]
    hits: Sequence[Hit]

    @property
    def relation(self) -> str:
        """Its relation with its direction."""
        return relation_name(self.asked.reading.relation, self.asked.reading.forward)

    @property
    def right(self) -> list[int]:
        """The places of right answers among the candidates."""
        place = self.asked.side.place
        return sorted(place[key] for key in self.answers if key in place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How sources are combined and calibrated.

    Attributes:
        space: Of the store's rows; it has the model's fingerprint, whose weights these are.
        combiner: Link prediction and the model.
        neighbours: How much modeledge weighs beside them.
        calibration: From p to how often it is right.
        count: Questions that these were fitted on; 0 for the unfitted ones.
    """

    space: str = ""
    combiner: Combiner = Combiner()  # noqa: RUF009 - frozen
    neighbours: Interpolation = Interpolation()  # noqa: RUF009 - frozen
    calibration: Calibration = Calibration()  # noqa: RUF009 - frozen
    count: int = 0

    @classmethod
    def fit(cls, silent: Sequence[Silent], *, space: str, k: int) -> Weights:
        """Fit how the sources are combined; of fewer than :data:`ENOUGH` questions the defaults stay.

        The calibration is fitted on p that come from weights which have not seen the question, or it would be told of
        answers that are surer than others will be.
        """
        if len(silent) < ENOUGH:
            return cls(space=space)
        combiner = _combiner(silent)
        return cls(
            space=space,
            combiner=combiner,
            neighbours=Interpolation.fit(_held_out(silent, combiner), k=k),
            calibration=_calibration(silent, k),
            count=len(silent),
        )

    def save(self, path: str | Path) -> None:
        """Write JSON."""
        write_text(Path(path), json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path, *, space: str) -> Weights:
        """Read what :meth:`save` wrote; the defaults where there is no file, or one of another model.

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
                combiner=Combiner.from_dict(found["combiner"]),
                neighbours=Interpolation.from_dict(found["neighbours"]),
                calibration=Calibration.from_dict(found["calibration"]),
                count=int(found["count"]),
            )
        except (
            OSError, ValueError, KeyError, TypeError, AttributeError, ConfigError, ModeledgeError,
        ) as error:  # fmt: skip
            raise ConfigError(f"{path}: no weights there ({error}); delete it") from error
        return made if made.space == space else cls(space=space)


def _combiner(silent: Sequence[Silent]) -> Combiner:
    found = (combining.example(item.opinions, item.relation, item.right) for item in silent)
    return combining.fit([item for item in found if item is not None])


def _held_out(silent: Sequence[Silent], combiner: Combiner) -> list[HeldOut]:
    """Each right answer with the pool's p of it, beside which the neighbours have to prove themselves."""
    found = []
    for item in silent:
        pooled = combiner.pool(item.opinions, item.relation)
        place = item.asked.side.place
        for answer in sorted(item.answers):
            p = 0.0 if pooled is None or answer not in place else float(pooled[place[answer]])
            found.append(HeldOut(answer, p, item.hits))
    return found


def _calibration(silent: Sequence[Silent], k: int) -> Calibration:
    rows = []
    for fold in range(FOLDS):
        seen = [item for number, item in enumerate(silent) if number % FOLDS != fold]
        combiner = _combiner(seen)
        neighbours = Interpolation.fit(_held_out(seen, combiner), k=k)
        rows += [_best(item, combiner, neighbours) for item in silent[fold::FOLDS]]
    told = [row for row in rows if row is not None]
    return Calibration.fit([x[0] for x in told], [x[1] for x in told], [x[2] for x in told])


def _best(
    item: Silent, combiner: Combiner, neighbours: Interpolation
) -> tuple[float, bool, bool] | None:
    """P of the best answer, whether it is right, and whether the store had a voice."""
    near = from_modeledge(item.hits, item.asked, neighbours)
    p = combiner.combined([*item.opinions, *([near] if near else [])], item.relation)
    if p is None:
        return None
    best = last_best(p)
    return float(p[best]), item.asked.side.keys[best] in item.answers, near is not None
