"""Matches the words of a question with the relations of a graph."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from kptm.answering.answer_kinds import fits
from kptm.answering.lexicon.spelling.edit_variants import one_edit
from kptm.answering.lexicon.synonyms import expand, expand_question
from kptm.answering.parsing.question.articles import FIRST
from kptm.answering.parsing.question.mentions import LONG_WORD_LETTERS
from kptm.answering.parsing.question.question_spans import distance
from kptm.answering.parsing.question.schema_words import ALIAS_WEIGHT, SMALL
from kptm.answering.questions.word_order import PREPOSITIONS, Form, relation_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kptm.answering.lexicon import Match, Token
    from kptm.answering.parsing.question.schema_words import RelationWords, Schema

SYNONYM_STRENGTH, PREFIX_STRENGTH, MISSPELLING_STRENGTH, HINT_STRENGTH = 0.8, 0.7, 0.8, 0.5
"""Strengths of a match by a synonym, by a common prefix, by a misspelling, and by the hint of a
question word.
"""
DATE_STEMS, DATED = frozenset("date day month time year".split()), 0.8
"""Stems in the names of relations that a time in the question says, and with what strength."""
PARTIAL_PHRASE_FACTOR = 0.3
"""The factor for a match that uses only one word of a phrase that belongs together."""
MIN_NAMED = 0.6
"""The least strength of a token's match, and the least recall, with which a relation is named."""
MIN_EXPLAINED = 0.3
"""The least strength of a match with which a relation explains the token."""
PARTICLES = frozenset("up in out off on down over back away".split())
"""Words after a verb that may be written together with it in a noun."""


MAX_NOUN_STRENGTH = 0.4
"""A noun for rows is none if it names a relation at least as strongly: "pieces" a quantity."""


class RelationEvidence(NamedTuple):
    """How well the tokens of a question match a relation.

    Attributes:
        recall: The share of the relation's best-matching name that the question contains, weighted
            by the rarity of words, between 0 and 1.
        more: Further support from words outside that name, such as the domain in the key.
        mask: Bit mask of the tokens that match.
        headless: Whether the main name matches without its head noun: "population" for "population
            density".
        contrary: Whether the main name has a superlative that the question lacks: "lowest point"
            for "highest point".
    """

    recall: float
    more: float
    mask: int
    headless: bool = False
    contrary: bool = False


NOTHING = RelationEvidence(0.0, 0.0, 0)


class SaidRelations:
    """The relations that a question's tokens match.

    Args:
        schema: The words of relations.
        tokens: The tokens of the question.
        language: The language of the question.
        operators: The operators of the question. Their hints suggest relations: "how tall" a
            height.

    Attributes:
        typed: Bit mask of the tokens that name types. They are not added to the match of another
            word: in "how many moons orbit Saturn", "moons" says what is asked for, even if both
            "moons" and "orbit" match one relation.
    """

    def __init__(
        self, schema: Schema, tokens: Sequence[Token], language: str, operators: Sequence[Match]
    ) -> None:
        self._schema = schema
        self._tokens = tokens
        self._language = language
        # By stem of a relation: the strength of the match of each bit mask of tokens.
        self._said: dict[str, dict[int, float]] = defaultdict(dict)
        # Synonyms of several words, all of which a relation must have: "die" is "date of death".
        self._phrases: dict[str, list[tuple[frozenset[str], int, float]]] = defaultdict(list)
        self._cache: dict[tuple[str, int, bool], RelationEvidence] = {}
        self._found: frozenset[str] | None = None
        self._claimed = sum(
            1 << at for at, token in enumerate(tokens) if schema.relations_named((token.stem,))
        )
        self.typed = 0
        self._add_words()
        # Phrases of which a single word is no match: "kind of film" asks for no film.
        self._together: list[int] = []
        times = {match.start for match in operators if match.kind == "time"}
        for start, end, words in expand_question([token.folded for token in tokens], language):
            if end - start > 1 and end - 1 in times and not fits("date", words[0][0]):
                continue  # the "in" of "born in 1963" belongs to the time: no place is asked for
            parts = (stem for english, _ in words for stem in self._schema.stems(english))
            if end - start > 1 and any(map(self._schema.relations_of, parts)):
                self._together.append((1 << end) - (1 << start))
            for english, weight in words:
                self._add_phrase(english, (1 << end) - (1 << start), SYNONYM_STRENGTH * weight)
        self._passives = list(_passives(schema, tokens, operators))
        # A time, and "when", say the "year" of a "birth year".
        self._dated = any(x.kind == "time" or x.answer == "date" for x in operators)
        self._measured = 0
        for match in operators:
            if match.kind in ("ask", "measure"):
                self._measured |= ((1 << match.end) - (1 << match.start)) if match.hints else 0
                for stems, rank in schema.rank_hints(match.hints):
                    self._add_stems(
                        stems, (1 << match.end) - (1 << match.start), HINT_STRENGTH / (1 + rank / 5)
                    )

    def _add_words(self) -> None:
        """Match each token, and verbs with their particles, with the words of relations."""
        for at, token in enumerate(self._tokens):
            self._add(token.stem, 1 << at, 1.0)
            for other in self._schema.like(token.stem):
                self._add(other, 1 << at, PREFIX_STRENGTH)
        for at, (verb, after) in enumerate(pairwise(self._tokens)):
            if after.folded in PARTICLES:  # what is "picked up" has a "pickup"
                self._add(verb.stem + after.folded, 0b11 << at, 1.0)

    @property
    def mask(self) -> int:
        """Bit mask of the tokens that match any relation; the hints of operators do not count."""
        joint = 0
        for masks in self._said.values():
            for mask, strength in masks.items():
                joint |= mask if strength > HINT_STRENGTH + 1e-9 else 0
        for stem, phrases in self._phrases.items():
            for stems, mask, strength in phrases:
                if strength > HINT_STRENGTH + 1e-9 and any(
                    stems <= self._schema.relations[key].weights.keys()
                    for key, _ in self._schema.relations_of(stem)
                ):
                    joint |= mask
        return joint

    @property
    def own(self) -> int:
        """Bit mask of the tokens whose own stem is a word of a relation: no synonyms, no slips."""
        return self._matches_of(1.0)

    @property
    def faint(self) -> int:
        """Bit mask of the tokens that are unlikely synonyms of a word of a relation."""
        return self._matches_of(0.0, HINT_STRENGTH)

    @property
    def hinted(self) -> int:
        """Bit mask of the faint tokens but the faintest, which may as well be nouns for rows."""
        return self._matches_of(MAX_NOUN_STRENGTH, HINT_STRENGTH)

    def _matches_of(self, least: float, below: float = inf) -> int:
        """Bit mask of the tokens of all matches with a strength from ``least`` to ``below``."""
        found = 0
        for masks in self._said.values():
            for mask, strength in masks.items():
                found |= mask if least <= strength < below and strength else 0
        return found

    def named_at(self, at: int) -> frozenset[str]:
        """The relations most of whose name is in the question, including the token ``at``."""
        named = {
            key
            for stem, masks in self._said.items()
            if any(mask >> at & 1 and strength >= MIN_NAMED for mask, strength in masks.items())
            for key, weight in self._schema.relations_of(stem)
            if weight >= ALIAS_WEIGHT
        }
        return frozenset(key for key in named if self.evidence(key).recall >= MIN_NAMED)

    def remove(self, mask: int) -> None:
        """Remove all matches with the tokens in a mask."""
        for masks in self._said.values():
            for own in [own for own in masks if not own & ~mask]:
                del masks[own]
        self._said = defaultdict(dict, {stem: own for stem, own in self._said.items() if own})
        for stem, phrases in self._phrases.items():
            self._phrases[stem] = [item for item in phrases if item[1] & ~mask]
        self._found = None
        self._cache.clear()

    def add_misspelt(self, places: Iterable[int]) -> None:
        """Add matches of the tokens at ``places``, read as misspelt names of relations."""
        for at in places:
            word = self._tokens[at].folded
            # A known word is not a misspelling: "price" does not mean "prize".
            if len(word) > LONG_WORD_LETTERS and not expand(word, self._language):
                for edit in one_edit(word):
                    for stem in self._schema.stems(edit):
                        self._add(stem, 1 << at, MISSPELLING_STRENGTH)
        self._found = None
        self._cache.clear()

    def _add_phrase(self, text: str, mask: int, strength: float) -> None:
        """Match tokens with the relations that have all words of an English phrase."""
        self._add_stems(self._schema.stems(text), mask, strength)

    def _add_stems(self, words: Iterable[str], mask: int, strength: float) -> None:
        """Match tokens with the relations that have all of these stems."""
        stems = frozenset(stem for stem in words if stem not in SMALL)
        if len(stems) == 1:
            self._add(next(iter(stems)), mask, strength)
        for stem in stems if len(stems) > 1 else ():
            if self._schema.relations_of(stem):
                self._phrases[stem].append((stems, mask, strength))

    def _add(self, stem: str, mask: int, strength: float) -> None:
        """Match tokens with the relations that have a stem; the greatest strength counts."""
        if self._schema.relations_of(stem):
            known = self._said[stem]
            known[mask] = max(known.get(mask, 0.0), strength)

    def __contains__(self, relation: str) -> bool:
        """Whether a relation matches any token."""
        return relation in self._any()

    def relations(self) -> list[str]:
        """All relations that match any token, sorted."""
        return sorted(self._any())

    def _any(self) -> frozenset[str]:
        """The relations that match any token, cached, because most of a large graph match none."""
        if self._found is None:
            self._found = self._find()
        return self._found

    def _find(self) -> frozenset[str]:
        relations = {key for stem in self._said for key, _ in self._schema.relations_of(stem)}
        for stem, phrases in self._phrases.items():
            for key, _ in self._schema.relations_of(stem):
                words = self._schema.relations[key].weights.keys()
                if key not in relations and any(stems <= words for stems, *_ in phrases):
                    relations.add(key)
        return frozenset(relations)

    def _is_torn(self, mask: int, span: int, label: str) -> bool:
        """Whether a match has only one word of a phrase whose words belong together.

        For example, it has only "zone" of "time zone".

        For a relation "age", the word "age" is a match of its own even in "age of".
        """
        if (mask & span).bit_count() != 1:
            return False
        rest = [x.folded for at, x in enumerate(self._tokens) if (span & ~mask) >> at & 1]
        own = self._tokens[(mask & span).bit_length() - 1].folded
        return own != label.lower() or not set(rest) <= PREPOSITIONS | {"of"}

    def evidence(self, relation: str, used: int = 0, *, forward: bool = True) -> RelationEvidence:
        """How well the tokens outside ``used`` match a relation.

        Args:
            relation: The key of the relation.
            used: Bit mask of the tokens that may not be used.
            forward: The direction of the step. Backwards, words for the relation's heads match too.
        """
        if relation not in self._any():
            return NOTHING
        place = relation, used, forward
        if place not in self._cache:
            words = self._schema.relations.get(relation)
            names: tuple[frozenset[str], ...] = ()
            if words is not None:
                # "Mother of" leads to the child, so a noun for its inverse names its tails.
                back = relation_form(words.name).form is not Form.NOUN_OF
                names = (
                    *words.names,
                    *((words.source,) if words.source and not forward else ()),
                    *(words.inverse if forward is not back else ()),
                )
            self._cache[place] = NOTHING if words is None else self._evidence(words, names, used)
        return self._cache[place]

    def _other_words(
        self, stem: str, chosen: int, free: Sequence[tuple[float, tuple[int, int, int], int]]
    ) -> int:
        """Bit mask of further tokens that match the same stem: "speak" beside "language".

        A repeated word is left for another step of the program.

        Args:
            stem: A stem of the relation's words.
            chosen: Bit mask of the tokens of the best match.
            free: (strength, order, bit mask) of all matches of the stem that are still free.
        """
        if len(free) == 1:
            return 0
        stems = {token.stem for at, token in enumerate(self._tokens) if chosen >> at & 1}
        more = 0
        for strength, _, mask in free:
            new = mask & ~(chosen | more)
            own = {token.stem for at, token in enumerate(self._tokens) if new >> at & 1}
            again = any(word[:LONG_WORD_LETTERS] == stem[:LONG_WORD_LETTERS] for word in own)
            if strength >= HINT_STRENGTH and not own & stems and not again and not new & self.typed:
                more |= mask
                stems |= own
        return more

    def _evidence(
        self, words: RelationWords, names: Sequence[frozenset[str]], used: int
    ) -> RelationEvidence:
        """Match the stems of a relation with tokens outside ``used``, and sum up the matches."""
        hits: dict[str, tuple[float, int]] = {}
        taken = used
        for stem in words.weights:
            masks = list(self._said.get(stem, {}).items())
            masks += [
                (mask, strength)
                for stems, mask, strength in self._phrases.get(stem, ())
                if stems <= words.weights.keys()
            ]
            # Of matches of equal strength, take the one nearest to the tokens already used, so that
            # "children of A, not children of B" matches each name's own word. At equal distance,
            # take the longest: "come from" instead of "from".
            free = [
                (s, (-distance(m, used), m.bit_count(), -m), m) for m, s in masks if not m & taken
            ]
            if free:
                strength, _, mask = max(free)
                hits[stem] = strength, mask | self._other_words(stem, mask, free)
        if not hits:
            return NOTHING
        if self._dated:
            for stem in DATE_STEMS & words.weights.keys() - hits.keys():
                hits[stem] = DATED, 0
        rarity = self._schema.rarity
        recall, best = max(
            (_share(name, hits, rarity), number) for number, name in enumerate(names)
        )
        more = sum(
            weight * rarity[stem] * hits[stem][0]
            for stem, weight in words.weights.items()
            if stem in hits and stem not in names[best]
        )
        mask = 0
        for stem, (strength, place) in hits.items():
            strong = stem in names[best] or (
                # A word from phrasings does not explain a token that names another relation.
                words.weights[stem] >= MIN_EXPLAINED and not place & self._claimed
            )
            # Weaker words, such as the domain of /film/film/genre in "what genre is the film X",
            # explain a token only beside a match of the name.
            beside = recall > 0 and not (stem in words.phrased and place & self._claimed)
            if place & self._measured and stem not in names[best]:
                # "How high" suggests a height, but does not match "highest point".
                continue
            if strength >= (MIN_EXPLAINED if strong else PREFIX_STRENGTH) and (strong or beside):
                mask |= place
        torn = any(self._is_torn(mask, span, words.label) for span in self._together)
        if torn or any(mask & by and not mask & verb for verb, by in self._passives):
            recall *= PARTIAL_PHRASE_FACTOR
        by_main = best == 0 and recall > 0
        # "When was it released" asks for a date "first released", too.
        idle = {FIRST} if self._dated else frozenset()
        return RelationEvidence(
            recall, more, mask,
            headless=by_main and words.head not in hits
            and not self._schema.is_common_head(words.head),
            contrary=by_main and bool(words.superlatives - hits.keys() - idle),
        )  # fmt: skip


def _passives(
    schema: Schema, tokens: Sequence[Token], operators: Sequence[Match]
) -> Iterator[tuple[int, int]]:
    """Yield the bit masks of verb and "by" for each passive whose verb is in a relation's name.

    The relation "written by", which only matches the "by" of "starred by", is then no match.
    """
    for match in operators:
        verb = match.start - 1
        if (
            match.kind == "passive"
            and verb >= 0
            and any(weight >= ALIAS_WEIGHT for _, weight in schema.relations_of(tokens[verb].stem))
        ):
            yield 1 << verb, (1 << match.end) - (1 << match.start)


def _share(
    name: Iterable[str], hits: dict[str, tuple[float, int]], rarity: dict[str, float]
) -> float:
    """The share of a name's stems that match, weighted by rarity and strength."""
    total = sum(rarity.get(stem, 0.0) for stem in name)
    return sum(rarity.get(s, 0.0) * hits[s][0] for s in name if s in hits) / total if total else 0.0
