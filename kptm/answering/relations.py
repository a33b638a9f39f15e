"""Which relation a question asks for, read from words.

Each relation has a bag of words: its own name, its description, the phrasings mined from the user's texts, and what questions that
were answered by it have said. A question's
word w speaks for relation r by p(r | w), weighted by how rare w is; words that no relation knows speak for none, so that a
question about something else scores low.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from kptm.answering.words import question_words
from kptm.data.phrasings import HEAD, TAIL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from kg.types import Entity, Relation
    from kptm.data import Phrasings

NAME_WEIGHT, LEARNT_WEIGHT = 3.0, 2.0
OFTEN = 10
"""A learnt word counts in full from one in so many of the words of its relation's questions on."""


class RelationReader:
    """Scores relations for the words of a question.

    Args:
        relations: The graph's relations.
        phrasings: How texts say them.
        described: Those relations that the graph has as entities, too, with aliases and a description.

    Attributes:
        labels: The label of each relation, by key.
    """

    def __init__(
        self,
        relations: Iterable[Relation],
        phrasings: Phrasings,
        described: Mapping[str, Entity] | None = None,
    ) -> None:
        self._phrasings = phrasings
        self._described = described or {}
        self._relations = list(relations)
        self.labels = {item.key: item.label for item in self._relations}
        self._names = {item.key: frozenset(question_words(item.label)) for item in self._relations}
        self.learn({})

    def learn(self, said: Mapping[str, Mapping[str, float]]) -> None:
        """Count in the words of answered questions, in place of those that were learnt before.

        Args:
            said: By relation, in how many questions that ask for it each word is.
        """
        bags = {item.key: self._bag(item, said.get(item.key, {})) for item in self._relations}
        self._total: Counter[str] = Counter()
        spread: Counter[str] = Counter()
        for bag in bags.values():
            self._total.update(bag)
            spread.update(dict.fromkeys(bag, 1))
        self._bags = bags
        self._rarity = {word: math.log1p(len(bags) / count) for word, count in spread.items()}

    def _bag(self, relation: Relation, said: Mapping[str, float]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for pattern in self._phrasings.of(relation.key):
            counts.update(set(question_words(pattern)))
        most = max(counts.values(), default=1)
        bag: Counter[str] = Counter()
        for word, count in counts.items():
            bag[word] = count / most  # type: ignore[assignment]
        entity = self._described.get(relation.key)
        for word in question_words(entity.description) if entity else ():
            bag[word] += 1
        for word in question_words(" ".join((relation.label, *(entity.aliases if entity else ())))):
            bag[word] += NAME_WEIGHT  # type: ignore[assignment]
        seen = sum(said.values())
        for word, number in said.items():
            if number > 0:
                bag[word] += LEARNT_WEIGHT * min(1.0, OFTEN * number / seen)  # type: ignore[assignment]
        return bag

    @property
    def names(self) -> Mapping[str, frozenset[str]]:
        """The words of each relation's name."""
        return self._names

    def words(self, relation: str) -> Collection[str]:
        """The stems of all words that speak for a relation."""
        return self._bags.get(relation, ())

    @property
    def vocabulary(self) -> Collection[str]:
        """The stems of all words that speak for any relation."""
        return self._rarity.keys()

    def score(self, words: Iterable[str]) -> list[tuple[str, float]]:
        """Relations with a score between 0 and 1, best first; those at 0 are left out."""
        words = set(words)
        unknown = math.log1p(len(self._bags))
        mass = sum(self._rarity.get(word, unknown) for word in words)
        found = []
        for relation, bag in self._bags.items():
            spoken = sum(
                self._rarity[word] * bag[word] / self._total[word] for word in words if word in bag
            )
            if spoken:
                found.append((relation, spoken / mass))
        return sorted(found, key=lambda item: (-item[1], item[0]))

    def blank_is_tail(self, relation: str, words: Iterable[str], entity_first: bool) -> bool | None:
        """Whether the blank of a cloze is the tail, by the phrasing most like it; None if unclear.

        Args:
            relation: The relation asked for.
            words: The cloze's words.
            entity_first: Whether the named entity stands before the blank.
        """
        wanted, best = set(words), (0.0, False)
        for pattern in self._phrasings.of(relation):
            own = set(question_words(pattern))
            likeness = len(own & wanted) / max(1, len(own | wanted))
            head_first = pattern.index(HEAD) < pattern.index(TAIL)
            best = max(best, (likeness, head_first == entity_first))
        return best[1] if best[0] > 0 else None
