"""Does an answer depend on the rows that it cites? Drop them and ask again."""

import random
import tempfile
from pathlib import Path

from kptm import Modeledge
from kptm.evaluation.fusion.fact_probing import first
from kptm.evaluation.fusion.modeledge_arm import neighbours, relevant_neighbours
from kptm.modeledge.knn.relevant_hits import OVERFETCH

CHECKED = 4
"""Questions of a seed that are checked against a store without the cited rows."""


class Dropping:
    """Drops rows from the questions that the store decided.

    A question is decided by the store if λ is above 0 and the best answer differs without the
    store. Its relevant hits are the k nearest that name the head and whose value is a candidate,
    among the 16·k nearest rows; the cited ones are those whose value is the answer. To drop a row,
    one more row is looked up and the dropped one is filtered out, which is what an exact index
    without it would find; `checks` compares this with stores that really lack the rows.
    """

    def __init__(self, model, store, space, probes, scores, weights, seed):
        self._model, self._store, self._space = model, store, space
        self._probes, self._scores, self._weights = probes, scores, weights
        self._rows = [record for record, _ in store.vectors(space)]
        self._random = random.Random(seed)

    def measure(self):
        """Whether each decided answer changes without its cited rows, or others in their number."""
        k = self._weights.k
        found = neighbours(self._model, self._store, self._probes, k=k + 1)
        decided, checks = [], []
        for probe, p, far in zip(self._probes, self._scores, found, strict=True):
            answer = self._answer(probe, p, far, ())
            relevant = relevant_neighbours(probe, far[: k * OVERFETCH], k)
            cited = {hit.record for hit in self._weights.cited_hits(answer, relevant)}
            if not cited or answer == first(p):
                continue
            others = self._sample([row for row in self._rows if row not in cited], len(cited))
            near = [hit.record for hit in far[:k] if hit.record not in cited]
            beside = self._sample(near, len(cited))
            without = self._answer(probe, p, far, cited)
            changes = [without != answer, self._answer(probe, p, far, others) != answer]
            decided.append([*changes, self._answer(probe, p, far, beside) != answer])
            if len(checks) < CHECKED:
                checks.append(self._really_dropped(probe, p, cited) == without)
        return {"decided": decided, "checks": checks}

    def _sample(self, rows, count):
        return set(self._random.sample(rows, min(count, len(rows))))

    def _answer(self, probe, p, far, dropped):
        k = self._weights.k  # at most k rows are dropped, and OVERFETCH more were looked up
        left = [hit for hit in far if hit.record not in dropped][: k * OVERFETCH]
        return first(self._weights.mix_probabilities(p, relevant_neighbours(probe, left, k)))

    def _really_dropped(self, probe, p, dropped):
        with tempfile.TemporaryDirectory() as folder:
            store = Modeledge.open(Path(folder) / "fewer.db")
            kept = [x for x in self._store.vectors(self._space) if x[0] not in dropped]
            records = [record for record, _ in kept]
            values = [record.value for record in records]
            store.add([vector for _, vector in kept], values, space=self._space, records=records)
            near = neighbours(self._model, store, [probe], k=self._weights.k)[0]
            answer = first(
                self._weights.mix_probabilities(
                    p, relevant_neighbours(probe, near, self._weights.k)
                )
            )
            store.close()
        return answer
