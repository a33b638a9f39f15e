"""Which relation a question asks for, and from which end: read from words, learnt from pairs.

Each relation has a bag of words: its own name, the phrasings mined from the user's texts, and the words
of questions that were answered by it. A question's word w speaks for relation r by p(r | w), weighted by how
rare w is; words that no relation knows speak for none, so that a question about something else scores low.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.data.phrasings import HEAD, TAIL
from kptm.errors import ConfigError
from kptm.linking.text import fold
from kptm.texts import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.types import Relation
    from kptm.data import Phrasings

_WORD = re.compile(r"[^\W\d_]+")
_STOP = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "to",
        "by",
        "for",
        "from",
        "with",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "do",
        "does",
        "did",
        "has",
        "have",
        "had",
        "it",
        "its",
        "this",
        "that",
        "which",
        "what",
        "who",
        "whom",
        "whose",
        "where",
        "when",
        "how",
        "and",
        "or",
        "name",
        "names",
        "can",
        "you",
        "may",
        "one",
        "there",
        "not",
    ]
)
NAME_WEIGHT, LEARNT_WEIGHT = 3.0, 2.0


def question_words(text: str) -> list[str]:
    """Content words of a question, folded, with a plain English ending cut off."""
    found = []
    for word in _WORD.findall(text.replace(HEAD, " ").replace(TAIL, " ")):
        folded = fold(word)
        if folded not in _STOP:
            found.append(_stem(folded))
    return found


def _stem(word: str) -> str:
    """Cut English endings, so that "directed", "director" and "directs" are one word."""
    for _ in range(2):
        for ending in ("ies", "ing", "ed", "er", "or", "es", "s", "e"):
            if len(word) > (5 if ending == "ies" else len(ending) + 3) and word.endswith(ending):
                word = word[: -len(ending)] + ("y" if ending == "ies" else "")
                break
    return word


class RelationReader:
    """Scores relations for the words of a question.

    Args:
        relations: The graph's relations.
        phrasings: How texts say them.
        learnt: Word counts by relation from answered questions.
    """

    def __init__(
        self,
        relations: Iterable[Relation],
        phrasings: Phrasings,
        learnt: dict[str, dict[str, float]] | None = None,
    ) -> None:
        self._phrasings = phrasings
        self.learnt: dict[str, Counter[str]] = defaultdict(Counter)
        for key, counts in (learnt or {}).items():
            self.learnt[key].update(counts)
        self._relations = list(relations)
        self._weigh()

    def _weigh(self) -> None:
        bags: dict[str, Counter[str]] = {}
        for relation in self._relations:
            bag: Counter[str] = Counter()
            for pattern in self._phrasings.of(relation.key):
                for word in set(question_words(pattern)):
                    bag[word] += 1
            total = max(bag.values(), default=1)
            for word in bag:
                bag[word] /= total  # type: ignore[assignment]
            for word in question_words(relation.label):
                bag[word] += NAME_WEIGHT  # type: ignore[assignment]
            learnt = self.learnt.get(relation.key, Counter())
            seen = sum(learnt.values()) or 1
            for word, count in learnt.items():
                bag[word] += LEARNT_WEIGHT * min(1.0, 10 * count / seen)  # type: ignore[assignment]
            bags[relation.key] = bag
        self._total: Counter[str] = Counter()
        spread: Counter[str] = Counter()
        for bag in bags.values():
            self._total.update(bag)
            spread.update(dict.fromkeys(bag, 1))
        self._bags = bags
        self._rarity = {word: math.log1p(len(bags) / count) for word, count in spread.items()}

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

    def learn(self, relation: str, words: Iterable[str]) -> None:
        """Count the words of a question that ``relation`` answers; call :meth:`settle` after."""
        self.learnt[relation].update(set(words))

    def settle(self) -> None:
        """Weigh again after :meth:`learn`."""
        self._weigh()

    def save(self, path: str | Path) -> None:
        """Write what was learnt as JSON."""
        write_whole(Path(path), json.dumps(self.learnt, ensure_ascii=False))


def load_learnt(path: Path) -> dict[str, dict[str, float]]:
    """Read what :meth:`RelationReader.save` wrote; nothing where there is no file.

    Raises:
        ConfigError: The file is malformed.
    """
    if not path.exists():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return {
            key: {word: float(count) for word, count in counts.items()}
            for key, counts in value.items()
        }
    except (ValueError, AttributeError, TypeError) as error:
        raise ConfigError(f"{path}: malformed ({error}); remove it and learn again") from error
