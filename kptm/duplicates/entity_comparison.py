"""The features of a pair of entities that may be the same thing.

Each is between about -1 and 3, and 0 if the graph says nothing.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz

from kptm.duplicates.name_keys import all_words
from kptm.duplicates.name_similarity import (
    NameComparer,
    NameSimilarity,
    letters_in_common,
    words_of,
)
from kptm.duplicates.surroundings import MAX_LIKENESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from kg.store.merging.entity_facts import ComparedEntity, Fact
    from kg.store.merging.relation_counts import RelationCounts
    from kptm.duplicates.blocks import WordCounts
    from kptm.duplicates.latent_classes import LatentClasses
    from kptm.duplicates.namesake_rates import NamesakeRates
    from kptm.duplicates.relation_pairs import RolePairs

FEATURES = (
    "same_name",
    "same_words",
    "share",
    "string",
    "labels",
    "rarity",
    "namesakes",
    "slips",
    "known_words",
    "abbreviated",
    "short_words",
    "left_over",
    "extra",
    "numbers_differ",
    "types_agree",
    "types_differ",
    "roles",
    "exclusion",
    "completion",
    "one_thing",
    "one_class",
    "few_facts",
    "neighbours",
    "facts",
    "conflicts",
    "kind_namesakes",
    "surroundings",
    "apart",
    "ambiguous",
    "linked",
    "description",
    "vectors",
)
"""The features, in the order of the columns."""
SIGNS = {
    **dict.fromkeys(("slips", "known_words", "abbreviated", "few_facts"), 0),
    **dict.fromkeys(
        (
            "namesakes",
            "short_words",
            "left_over",
            "extra",
            "numbers_differ",
            "types_differ",
            "exclusion",
            "conflicts",
            "kind_namesakes",
            "apart",
            "ambiguous",
            "linked",
        ),
        -1,
    ),
}
"""Whether a feature speaks against a pair (-1) or either way (0); all others speak for it."""
_SURROUNDINGS_COLUMNS = [FEATURES.index(name) for name in ("surroundings", "apart", "ambiguous")]
_FEW_FACTS_COLUMN, _NAMESAKES_COLUMN = FEATURES.index("few_facts"), FEATURES.index("kind_namesakes")
MIN_SHARE, MIN_STRING_SIMILARITY = 0.4, 0.88
"""Pairs whose names are less alike than both are not compared further."""
MIN_COMMON_LETTERS, MAX_COMPARED_NAMES = 60.0, 2
"""The least percentage of letters in common, and the most names of a pair, that are compared."""
MAX_NODE_WEIGHT = 3.0
"""The weight of common nodes above which more make no difference."""
CONFLICT_EXPONENT = 4
"""The exponent of a relation's share of heads with one tail, as the weight of a conflict."""
MIN_MENTIONED_LIKENESS = 1.0
"""The likeness of surroundings, from 0 to 3, above which evidence mentions them."""
MAX_NAMED_NEIGHBOURS = 5
"""The most neighbours and relations that evidence names."""


@dataclass(slots=True)
class Comparison:
    """The similarities of two entities, for features and evidence.

    Attributes:
        name: Their most similar names.
        types: Their common types.
        neighbours: The nodes that both have facts with.
        facts: The facts that both have.
        conflicts: The relations, with their side, of which both have different nodes.
        linked: Whether a fact joins the two.
        values: The features, in the order of :data:`FEATURES`.
    """

    name: NameSimilarity
    types: set[str]
    neighbours: set[int]
    facts: set[Fact]
    conflicts: list[tuple[int, bool]]
    linked: bool
    values: NDArray[np.float64]


class PairComparer:
    """Compares entities.

    Args:
        words: How many names have a word.
        relations: The numbers of facts, heads and tails of each relation.
        entities: The number of entities.
        pairs: How many entities have two relations.
        classes: The numbers of facts of the classes of entities.
        rates: How often entities with a relation have namesakes.
    """

    def __init__(
        self,
        words: WordCounts,
        relations: Mapping[int, RelationCounts],
        entities: int,
        pairs: RolePairs,
        classes: LatentClasses,
        rates: NamesakeRates,
    ) -> None:
        self._pairs, self._classes, self._rates = pairs, classes, rates
        self._words, self._relations, self._entities = words, relations, max(2, entities)
        self._unit = math.log(self._entities)
        self._names = NameComparer(words.__getitem__, words.weight)

    def best_name(self, first: ComparedEntity, second: ComparedEntity) -> NameSimilarity | None:
        """The most similar names of two entities; None if no two are similar."""
        likely = heapq.nlargest(
            MAX_COMPARED_NAMES, ((letters_in_common(of_first, of_second), of_first, of_second)
                       for of_first in first.names for of_second in second.names)
        )  # fmt: skip
        if likely[0][0] < MIN_COMMON_LETTERS:
            return None
        names = [self._names.compare(of_first, of_second) for _, of_first, of_second in likely]
        best = max(
            names,
            key=lambda similarity: (similarity.same_words, similarity.share, similarity.string),
        )
        return best if best.share >= MIN_SHARE or best.string >= MIN_STRING_SIMILARITY else None

    def compare(
        self,
        ids: tuple[int, int],
        first: ComparedEntity,
        second: ComparedEntity,
        name: NameSimilarity,
        degrees: Mapping[int, int],
        similarity: float,
    ) -> Comparison:
        """Compare two entities.

        Their surroundings are added by :func:`with_surroundings`, because comparing them takes
        longer.

        Args:
            ids: Their ids.
            first: The first entity.
            second: The second entity.
            name: Their most similar names.
            degrees: The number of facts of each neighbour that both have.
            similarity: The standardised cosine of their vectors, 0 if unknown.
        """
        neighbours = {node for _, node, _ in first.facts} & {node for _, node, _ in second.facts}
        neighbours -= set(ids)
        facts = first.facts & second.facts
        conflicts = self._conflicts(first, second)
        linked = any(node == ids[1] for _, node, _ in first.facts)
        fewest_facts = min(len(first.facts), len(second.facts))
        types = first.types & second.types
        both_typed = bool(first.types and second.types)
        described = bool(first.description and second.description)
        common = Counter((relation, is_head) for relation, _, is_head in facts)
        one_thing, one_class = self._classes.compare(first.roles, second.roles, common)
        values = {
            "same_name": name.same,
            "same_words": name.same_words,
            "share": name.share,
            "string": 4 * (name.string - 0.75),
            "labels": self._names.compare(first.names[0], second.names[0]).share,
            "rarity": self._rarity(name),
            "namesakes": math.log(max(2, self._namesakes(name)) / 2),
            "slips": name.slips,
            "known_words": name.known,
            "abbreviated": name.abbreviated,
            "short_words": name.short_words,
            "left_over": name.left_over / self._unit,
            "extra": name.extra / self._unit,
            "numbers_differ": name.numbers_differ,
            "types_agree": both_typed and len(types) / len(first.types | second.types),
            "types_differ": both_typed and not types,
            "roles": self._roles(first, second),
            "exclusion": self._pairs.exclusion(first.roles, second.roles),
            "completion": self._pairs.completion(first.roles, second.roles),
            "one_thing": one_thing,
            "one_class": one_class,
            "few_facts": 1 / (1 + fewest_facts),
            "neighbours": self._weights(degrees, _by_two_relations(first, second, neighbours)),
            "facts": self._weights(degrees, (node for _, node, _ in facts)),
            "conflicts": math.log1p(sum(self._functional(*conflict) for conflict in conflicts)),
            "kind_namesakes": self._rates.of_pair(first.roles, second.roles),
            "surroundings": 0,
            "apart": 0,
            "ambiguous": 0,
            "linked": linked,
            "description": described
            and fuzz.token_set_ratio(first.description, second.description) / 50 - 1,
            "vectors": max(-3.0, min(5.0, similarity)) / 2,
        }
        row = np.array([float(values[feature]) for feature in FEATURES])
        return Comparison(name, types, neighbours, facts, conflicts, linked, row)

    def _weights(self, degrees: Mapping[int, int], nodes: Iterable[int]) -> float:
        """The weights of common nodes, 1 for the rarest, up to 3 in all.

        Large entities of one kind share hundreds of nodes, which proves no more than a few do.
        """
        total = sum(1 / math.sqrt(max(1, degrees.get(node, 2) - 1)) for node in nodes)
        return math.log1p(min(total, MAX_NODE_WEIGHT))

    def _rarity(self, name: NameSimilarity) -> float:
        words = set(words_of(name.first)) & set(words_of(name.second))
        return min(3.0, sum(map(self._words.weight, words)) / self._unit)

    def _namesakes(self, name: NameSimilarity) -> int:
        return max(self._words[all_words(text)] for text in (name.first, name.second))

    def _functional(self, relation: int, is_head: bool) -> float:
        counts = self._relations.get(relation)
        if counts is None:
            return 0.0
        share = counts.side(is_head) / counts.facts
        return float(share**CONFLICT_EXPONENT)

    def _conflicts(self, first: ComparedEntity, second: ComparedEntity) -> list[tuple[int, bool]]:
        """The relations that mostly have one node, and in which the two have different nodes."""
        common = sorted(first.roles.keys() & second.roles.keys())
        agree = {(relation, is_head) for relation, _, is_head in first.facts & second.facts}
        return [role for role in common if role not in agree and self._functional(*role) > 0.5]

    def _roles(self, first: ComparedEntity, second: ComparedEntity) -> float:
        """The cosine of the relations of two entities, weighted by their rarity."""
        first_profile, second_profile = (self._profile(item.roles) for item in (first, second))
        norm = math.hypot(*first_profile.values()) * math.hypot(*second_profile.values())
        return (
            sum(value * second_profile[key] for key, value in first_profile.items()) / norm
            if norm
            else 0.0
        )

    def _profile(self, roles: Mapping[tuple[int, bool], int]) -> Counter[tuple[int, bool]]:
        weights: Counter[tuple[int, bool]] = Counter()
        for (relation, is_head), count in roles.items():
            counts = self._relations.get(relation)
            ends = 1 if counts is None else counts.side(is_head)
            weight = math.log1p(self._entities / max(1, ends))
            weights[relation, is_head] = weight * math.log1p(count)  # type: ignore[assignment]
        return weights


def _by_two_relations(
    first: ComparedEntity, second: ComparedEntity, nodes: set[int]
) -> Iterable[int]:
    """The nodes with which two entities have facts of more than one relation and side.

    Those of one relation are counted by the feature "facts".
    """
    roles: dict[int, set[tuple[int, bool]]] = {node: set() for node in nodes}
    for relation, node, is_head in (*first.facts, *second.facts):
        if node in roles:
            roles[node].add((relation, is_head))
    return (node for node in sorted(nodes) if len(roles[node]) > 1)


def with_surroundings(
    features: NDArray[np.float64], alike: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Features of pairs, shape (P, F), with those of their surroundings.

    Different surroundings say more of entities with many facts, and of a kind in which namesakes
    are frequent.

    Args:
        features: The features without those of surroundings.
        alike: How alike the surroundings of each pair are, from 0 to
            :data:`~kptm.duplicates.surroundings.MAX_LIKENESS`, shape (P,); or one value for all
            pairs.
    """
    completed = features.copy()
    differ = 1 - np.asarray(alike) / MAX_LIKENESS
    for column, values in zip(
        _SURROUNDINGS_COLUMNS,
        (
            alike,
            -differ * np.log(features[:, _FEW_FACTS_COLUMN]),
            differ * np.maximum(0, features[:, _NAMESAKES_COLUMN]),
        ),
        strict=True,
    ):
        completed[:, column] = values
    return completed


def describe(
    comparison: Comparison,
    labels: Mapping[int, str],
    relations: Mapping[int, str],
    alike: float = 0.0,
) -> str:
    """Say what two entities have in common, and what speaks against them, as one line."""
    parts = [f'"{comparison.name.first}" and "{comparison.name.second}": {comparison.name.how}']
    if comparison.types:
        parts.append("both are " + _join(sorted(comparison.types)))
    if comparison.neighbours:
        names = sorted(labels.get(node, "?") for node in comparison.neighbours)
        count = len(names)
        parts.append(f"{count:,} common neighbour{'s' if count > 1 else ''}: {_join(names)}")
    else:
        far = alike > MIN_MENTIONED_LIKENESS
        parts.append("no common neighbours" + (", but common ones two facts away" if far else ""))
    if comparison.facts:
        count = len(comparison.facts)
        parts.append(f"{count:,} fact{'s' if count > 1 else ''} of both")
    if comparison.conflicts:
        names = list(
            dict.fromkeys(relations.get(relation, "?") for relation, _ in comparison.conflicts)
        )
        parts.append("against it: different " + _join(names))
    if comparison.linked:
        parts.append("against it: a fact joins the two")
    return "; ".join(parts)


def spans_of(first: str, second: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """The spans of the two names in the evidence, which begins with them."""
    start = len(first) + 8
    return (1, 1 + len(first)), (start, start + len(second))


def _join(names: Sequence[str]) -> str:
    more = len(names) - MAX_NAMED_NEIGHBOURS
    return ", ".join(names[:MAX_NAMED_NEIGHBOURS]) + (f" and {more:,} more" if more > 0 else "")
