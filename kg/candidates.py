"""Surface form → the entities it may mean, with p(entity | surface form).

The prior of a candidate is proportional to its own prior, or to its degree in the graph where it has
none, plus one; being the label rather than an alias doubles it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg.types import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LABEL_WEIGHT = 2.0


class CandidateTable:
    """An immutable table of surface forms, exact and folded."""

    def __init__(self, table: dict[str, tuple[Candidate, ...]]) -> None:
        self._exact = table
        self._folded: dict[str, list[str]] = defaultdict(list)
        for surface in table:
            self._folded[surface.casefold()].append(surface)

    @classmethod
    def build(
        cls,
        surfaces: Iterable[tuple[str, str, bool, float | None]],
        degrees: Mapping[str, int],
    ) -> CandidateTable:
        """Build from (key, surface form, is it the label, prior) rows and degrees by key."""
        weights: dict[str, dict[str, float]] = defaultdict(dict)
        for key, surface, is_label, prior in surfaces:
            count = 1.0 + (degrees.get(key, 0) if prior is None else prior)
            weight = count * (LABEL_WEIGHT if is_label else 1.0)
            weights[surface][key] = max(weight, weights[surface].get(key, 0.0))
        return cls({surface: _normalised(found) for surface, found in weights.items()})

    def __len__(self) -> int:
        return len(self._exact)

    def __iter__(self) -> Iterator[str]:
        return iter(self._exact)

    def __getitem__(self, surface: str) -> tuple[Candidate, ...]:
        """Candidates of exactly this surface form, best first; empty for an unknown one."""
        return self._exact.get(surface, ())

    def lookup(self, name: str) -> tuple[Candidate, ...]:
        """Candidates of a name as a person types it: exact, else in any case; best first."""
        if name in self._exact:
            return self._exact[name]
        merged: dict[str, float] = {}
        for surface in self._folded.get(name.casefold(), ()):
            for candidate in self._exact[surface]:
                merged[candidate.entity] = max(candidate.prior, merged.get(candidate.entity, 0.0))
        return _normalised(merged)


def _normalised(weights: Mapping[str, float]) -> tuple[Candidate, ...]:
    total = sum(weights.values()) or 1.0
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Candidate(entity, weight / total) for entity, weight in ranked)
