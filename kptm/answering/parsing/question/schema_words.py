"""The vocabulary of a graph: the words by which questions refer to its relations and types."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from kptm.answering.lexicon import load
from kptm.answering.lexicon.columns.column_names import (
    ENGLISH,
    as_date,
    as_one_word,
    counted_noun,
    scale_of,
    spell_out,
    split_words,
    unit_of,
    without_have,
    without_qualifiers,
    without_unit,
)
from kptm.answering.lexicon.columns.relation_keys import name_parts, readable, source_name
from kptm.answering.lexicon.columns.relation_nouns import (
    AMOUNTS,
    CURRENCIES,
    PRICES,
    ROW,
    agent_nouns,
    inverse_nouns,
    verb_nouns,
)
from kptm.answering.lexicon.spelling.edit_variants import one_edit
from kptm.answering.lexicon.synonyms import expand
from kptm.answering.questions.word_order import Form, relation_form

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kg.programs import Program
    from kg.types import Entity, Relation
    from kptm.answering.parsing.question.blanks import BlankSides

NAME_WEIGHT, PART_BEFORE_WEIGHT, ALIAS_WEIGHT, DOMAIN_WEIGHT = 1.0, 0.5, 0.9, 0.15
"""Weights of a relation's words: in the last part of its name, in the part before, in an alias, and
in its domain (see :func:`name_parts`).
"""
INVERSE_WEIGHT = 0.01
"""The weight of words that only name the relation's inverse: "child" of "parent"."""
MIN_ROW_NOUN_WEIGHT = 0.7
"""The least weight with which a synonym names the rows of a file."""
MIN_TYPE_NOUN_WEIGHT = 0.9
"""The least weight with which a synonym names a type."""
PAST = "ed"
"""The ending of verbs, which are no nouns."""
MIN_COMMON_RELATIONS = 3
"""The fewest relations that share a common head noun."""
PREFIX_LETTERS = 5
"""Letters that two stems must share at the start to count as one word: "discov", "discovery"."""


@dataclass(frozen=True, slots=True)
class RelationWords:
    """The words by which a question may refer to a relation.

    Attributes:
        key: The key of the relation.
        label: The label of the relation.
        name: The part of its label or key that names its tails, without a unit.
        names: The stems of each of its names, the main name first.
        weights: The weight of each stem that may match the relation in a question.
        source: The stems of the type of its heads, if its key contains one. They also name the
            inverse: "genre" of ``/music/genre/artists``.
        head: The stem of the head noun of its main name: "date" of "date of birth".
        superlatives: The stems of superlatives in its main name: "lowest" of "lowest point".
        inverse: The stems of each noun for its inverse: "child" of "parent".
        phrased: The stems that occur in its phrasings but in none of its names.
        unit: The unit at the end of its name or key: "min" of "cook time (min)".
        scale: What one of its values stands for: 1,000,000 for "population in millions".
    """

    key: str
    label: str
    name: str
    names: tuple[frozenset[str], ...]
    weights: Mapping[str, float]
    source: frozenset[str] = frozenset()
    head: str = ""
    superlatives: frozenset[str] = frozenset()
    inverse: tuple[frozenset[str], ...] = ()
    phrased: frozenset[str] = frozenset()
    unit: str = ""
    scale: int = 1


class Schema:
    """The vocabulary of a graph.

    Args:
        relations: The relations of the graph.
        described: By key: the relations that are also entities, and so may have aliases.
        types: The types of the graph.
        phrasings: By relation: the weight of each stem in its phrasings.
        sides: Decides whether the blank of a sentence is head or tail of a relation.
        nouns: By noun for the rows of an untyped graph: the program that denotes these rows.
        doubtful: Nouns that are only inferred: what has a capital is a country, but some have none.
        people: The program for rows that are people and have no noun.
    """

    def __init__(
        self,
        relations: Iterable[Relation],
        described: Mapping[str, Entity],
        types: Iterable[str],
        phrasings: Mapping[str, Mapping[str, float]],
        sides: BlankSides,
        nouns: Mapping[str, Program],
        doubtful: Collection[str] = (),
        people: Program | None = None,
    ) -> None:
        self.sides = sides
        self.relations = {
            item.key: self._words(item, described.get(item.key), phrasings.get(item.key, {}))
            for item in relations
        }
        self._shorten_rates()
        self._name_price()
        self._heads = Counter(words.head for words in self.relations.values())
        self._by_stem: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for words in self.relations.values():
            for stem, weight in words.weights.items():
                self._by_stem[stem].append((words.key, weight))
        count = max(1, len(self.relations))
        self.rarity = {
            stem: math.log1p(count / len(weighted_relations)) / math.log1p(count)
            for stem, weighted_relations in self._by_stem.items()
        }
        self.type_names: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for key in sorted(types):
            self.type_names[self.stems(readable(key))].append(key)
        self._name_heads()
        self.nouns: dict[tuple[str, ...], list[tuple[str, Program]]] = defaultdict(list)
        for noun, program in nouns.items():
            self.nouns[self.stems(noun)].append((noun, program))
        # Rows to which no relation leads, and people without another noun.
        self.nameless_rows, self.people = nouns.get(ROW), people
        self.single_nouns = sorted(noun for noun in nouns if " " not in noun)
        self.doubtful = frozenset(doubtful)
        self.names_rows = not self.doubtful.issuperset(nouns)
        self.type_stems = frozenset(stem for name in self.type_names for stem in name)
        self._named: dict[frozenset[str], list[str]] = defaultdict(list)
        for words in self.relations.values():
            for name in words.names:
                self._named[name].append(words.key)
        self._hints: dict[tuple[str, ...], list[tuple[frozenset[str], int]]] = {}
        self._prefixes: dict[str, list[str]] = defaultdict(list)
        whole = {stem for words in self.relations.values() for name in as_one_word(words.name)
                 for stem in self.stems(name)}  # fmt: skip
        for stem in sorted(self._by_stem.keys() - whole):
            if len(stem) >= PREFIX_LETTERS:
                self._prefixes[stem[:PREFIX_LETTERS]].append(stem)

    def _shorten_rates(self) -> None:
        """Give rates a second name without "per …": "kcal" for "kcal per serving".

        Names of other relations are left out: "GDP" does not mean "GDP per capita".
        """
        names_in_use = {name for words in self.relations.values() for name in words.names}
        for key, words in self.relations.items():
            # In "passengersPerDay" the day is a unit, which the name no longer has.
            short, per, _ = f"{split_words(words.name).lower()} ".partition(" per ")
            name = frozenset(self._content(short))
            if per and name and name not in names_in_use:
                self.relations[key] = replace(
                    words, names=(name, *words.names), head=self._head(short)
                )

    def _name_price(self) -> None:
        """Call the only amount of money of a graph its cost and money, too.

        An hourly fee is no price.
        """
        paid = [words for words in self.relations.values() if words.unit.upper() in CURRENCIES]
        if len(paid) != 1 or AMOUNTS.isdisjoint(paid[0].name.lower().split()[-1:]):
            return
        known = {name for words in self.relations.values() for name in words.names}
        new = [name for name in (frozenset(self.stems(x)) for x in PRICES) if name not in known]
        weights = {**{stem: ALIAS_WEIGHT for name in new for stem in name}, **paid[0].weights}
        changed = replace(paid[0], names=(*paid[0].names, *new), weights=weights)
        self.relations[changed.key] = changed

    def _name_heads(self) -> None:
        """Index types by the last word of their names, if only one ends in it.

        "Element" then names the type "chemical element".
        """
        heads: dict[str, list[str]] = defaultdict(list)
        for name, keys in self.type_names.items():
            if len(name) > 1:
                heads[name[-1]] += keys
        for stem, keys in heads.items():
            if len(keys) == 1 and (stem,) not in self.type_names:
                self.type_names[stem,] = keys

    def stems(self, text: str) -> tuple[str, ...]:
        """The stems of the words of a name, of which camelCase and snake_case are split."""
        return tuple(token.stem for token in load().tokens(split_words(text)))

    def relations_of(self, stem: str) -> list[tuple[str, float]]:
        """(relation, weight) for each relation that has a stem among its words."""
        return self._by_stem.get(stem, [])

    def like(self, stem: str) -> list[str]:
        """Other stems of relations that begin like ``stem``: "discovery" for "discov"."""
        stems = self._prefixes.get(stem[:PREFIX_LETTERS], ()) if len(stem) >= PREFIX_LETTERS else ()
        return [other for other in stems if other != stem]

    def relations_named(self, stems: Sequence[str]) -> list[str]:
        """The relations of which one whole name consists of the given stems, in any order."""
        return self._named.get(frozenset(stems), [])

    def rank_hints(self, hints: tuple[str, ...]) -> list[tuple[frozenset[str], int]]:
        """The stems and the rank of each hint of an operator.

        A hint is the name of a relation: "height" for "tall". Its rank is the number of likelier
        hints for which the graph has a relation.
        """
        if hints not in self._hints:
            ranked, rank = [], 0
            for hint in hints:
                stems = frozenset(self.stems(hint))
                ranked.append((stems, rank))
                keys = {key for stem in stems for key, _ in self.relations_of(stem)}
                rank += any(stems <= name for key in keys for name in self.relations[key].names)
            self._hints[hints] = ranked
        return self._hints[hints]

    def synonyms(self, word: str, language: str, least: float = MIN_TYPE_NOUN_WEIGHT) -> list[str]:
        """English synonyms or translations of a word, with a weight of at least ``least``."""
        return [english for english, weight in expand(word, language) if weight >= least]

    def noun(self, stem: str, word: str, language: str) -> tuple[str, Program] | None:
        """The noun for rows of which a word is a synonym, with its program: "clubs" for "teams".

        None for names of relations. Synonyms of doubtful nouns do not count.
        """
        if not self.nouns or self.relations_named((stem,)) or self.relations_by_noun((stem,)):
            return None
        names = self.synonyms(word, language, MIN_ROW_NOUN_WEIGHT)
        nouns = (self.rows_named(self.stems(name), name.split()[-1]) for name in names)
        return next((item for item in nouns if item and item[0] not in self.doubtful), None)

    def rows_named(self, stems: tuple[str, ...], last: str) -> tuple[str, Program] | None:
        """The noun for rows that some words name, with its program.

        Args:
            stems: The stems of the words.
            last: The last word, folded.

        Returns:
            None if the words only share their stems with a noun: "works" does not mean workers,
            "teach" no teacher, and "claimed" no claim.
        """
        known = self.nouns.get(stems, ())
        shared, (noun, program) = max(
            ((_letters_alike(item[0].split()[-1], last), item) for item in known),
            key=lambda item: item[0],
            default=(0, ("", None)),
        )
        if program is None or (last.endswith(PAST) and not noun.endswith(PAST)):
            return None
        own, word = noun.split()[-1].rstrip("s"), last.rstrip("s")
        if noun in self.doubtful:
            return (noun, program) if last.startswith(own[:-1]) else None
        alike = shared >= min(len(own), len(word)) - 1 and len(word) > len(own) - 2
        return (noun, program) if alike or not self.relations_named(stems) else None

    def relations_by_noun(self, stems: Sequence[str]) -> list[str]:
        """The relation of an untyped graph whose head noun is given: "range" for "mountain range".

        Empty if several relations have that head noun.
        """
        if len(stems) != 1 or self.type_names:
            return []
        keys = [
            key
            for key, weight in self.relations_of(stems[0])
            if weight == NAME_WEIGHT
            and self.relations[key].head == stems[0]
            and relation_form(self.relations[key].name).form is Form.NOUN
        ]
        return keys if len(keys) == 1 else []

    def is_common_head(self, stem: str) -> bool:
        """Whether many relations have a head noun: "mark" in "mark in Maths", "mark in French".

        What tells them apart are the other words of their names.
        """
        return self._heads[stem] >= MIN_COMMON_RELATIONS

    def misspelt_types(self, word: str) -> list[tuple[str, ...]]:
        """The names of types (each as stems) of which a word may be a misspelling."""
        edits = (
            {self.stems(edit) for edit in one_edit(word)} if len(word) >= PREFIX_LETTERS else set()
        )
        return sorted(edits & self.type_names.keys())

    def misspelt_nouns(self, word: str) -> Iterator[tuple[str, Program]]:
        """The nouns for rows, with their programs, of which a word may be a misspelling."""
        for edit in one_edit(word) if self.nouns and len(word) >= PREFIX_LETTERS else ():
            if (rows := self.rows_named(self.stems(edit), edit)) is not None:
                yield rows

    def _head(self, name: str) -> str:
        """The stem of a phrase's head noun: the last word, or the last before a function word."""
        head = ""
        for token in load().tokens(split_words(name)):
            if token.stem in SMALL and head:
                break
            head = token.stem
        return head

    def _words(
        self, relation: Relation, entity: Entity | None, phrased: Mapping[str, float]
    ) -> RelationWords:
        """The words of a relation: from its label or key, its aliases and its phrasings."""
        written, second, domain = name_parts(relation.key, relation.label)
        whole = spell_out(written)
        main = without_have(without_unit(whole))
        names = [frozenset(self._content(main) or self.stems(main))]
        others = (
            without_qualifiers(main),
            counted_noun(main),
            as_date(main),
            whole if main != whole else "",
            without_unit(written) if whole != written else "",
        )
        names += [frozenset(self._content(other)) for other in others if other]
        weights: dict[str, float] = {}
        for text, weight in (
            (domain, DOMAIN_WEIGHT), (second, PART_BEFORE_WEIGHT), (written, PART_BEFORE_WEIGHT),
            (whole, PART_BEFORE_WEIGHT), (main, NAME_WEIGHT),
        ):  # fmt: skip
            weights.update(dict.fromkeys(self._content(text), weight))
        back = list(inverse_nouns(main))
        of = relation_form(main).form is Form.NOUN_OF
        aliases = entity.aliases if entity else ()
        for alias in (*agent_nouns(main), *as_one_word(main), *aliases):
            # The alias "child of" describes the head, so the noun "child" names the inverse.
            turned = not of and (relation_form(alias).form is Form.NOUN_OF or alias in back)
            if turned:
                back.append(alias)
                continue
            names.append(frozenset(self.stems(alias)))
            for stem in self._content(alias):
                weights[stem] = max(weights.get(stem, 0.0), ALIAS_WEIGHT)
        for noun in verb_nouns(main):
            stems = frozenset(self._content(noun))
            names.append(stems)
            if len(stems) == 1:
                weights.setdefault(min(stems), ALIAS_WEIGHT)
        texts = frozenset(phrased.keys() - weights.keys())
        for stem, weight in phrased.items():
            weights[stem] = max(weights.get(stem, 0.0), PART_BEFORE_WEIGHT * weight)
        inverse = tuple(sorted({frozenset(self._content(noun)) for noun in back}, key=sorted))
        for stem in frozenset().union(*inverse):
            weights.setdefault(stem, INVERSE_WEIGHT)
        source = frozenset(self._content(source_name(relation.key)))
        return RelationWords(
            relation.key, relation.label, main, tuple(names), weights, source,
            self._head(counted_noun(main) or without_qualifiers(main) or main),
            _superlatives(main), inverse, texts, unit_of(whole) or unit_of(readable(relation.key)),
            scale_of(written),
        )  # fmt: skip

    def _content(self, text: str) -> list[str]:
        """The stems of a name without function words."""
        return [stem for stem in self.stems(text) if stem not in SMALL]


SMALL = frozenset("of in the a an is was by has have to on at for and or from".split())
"""Function words in the names of relations, which are not matched."""


def _letters_alike(first: str, second: str) -> int:
    """The number of letters with which two words begin alike."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))))


def _superlatives(name: str) -> frozenset[str]:
    """The stems of the superlatives in a name."""
    tokens = load().tokens(split_words(name), ENGLISH)
    return frozenset(
        tokens[at].stem
        for match in load().matches(tokens, ENGLISH)
        if match.kind == "superlative"
        for at in range(match.start, match.end)
    )
