"""What a graph's relations and types are called: the words by which they may be meant."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kptm.answering.lexicon import load
from kptm.answering.lexicon.synonyms import expand
from kptm.answering.parsing.question.inverses import inverse_nouns
from kptm.answering.parsing.question.mentions import one_edit
from kptm.answering.questions.word_order import Form, relation_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.programs import Program
    from kg.types import Entity, Relation
    from kptm.answering.parsing.question.blanks import BlankSides

_PIECES = re.compile(r"[\w/%°²³$€£¥]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
MAIN, SECOND, ALIAS, DOMAIN = 1.0, 0.5, 0.9, 0.15
"""The weights of words of a relation's name.

In its last part, in the telling part before, in another name, in a domain.
"""
BACK = 0.01
"""What a word for the other direction weighs in a relation's own."""
KIN = 0.7
"""How near another word for what a file is about has to be."""
SAME = 0.9
"""Weight from which on another word names the same type."""
ENGLISH = "en"
"""The language of relations' names."""
LIKE = 5
"""Letters that two words of one stem begin with: "discovered" and "discovery"."""


@dataclass(frozen=True, slots=True)
class RelationWords:
    """The words of a relation.

    Attributes:
        key: Its key.
        label: What it is called.
        name: The part of its label or key that says what it leads to.
        names: Each of its names as stems, the main one first.
        weights: What each stem weighs.
        source: What it leads from, as stems, where its key says it: so is called what it leads back
            to.
        head: The stem of the noun that its main name is about: "density" of "population density",
            "date" of "date of birth".
        superlatives: The stems of superlatives in its main name: "lowest" of "lowest point".
        inverse: What it leads back to, as stems: "child" of "parent".
        phrased: The stems that texts say beside it and that no name of it has.
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


class Schema:
    """The vocabulary of a graph.

    Args:
        relations: Its relations.
        described: Those of them that are entities, too, with aliases.
        types: Its types.
        phrasings: Stems by which texts say relations, by key.
        sides: Knows on which side of a relation the blank of a sentence stands.
        nouns: What the rows of an untyped graph are called, with what each noun denotes.
    """

    def __init__(
        self,
        relations: Iterable[Relation],
        described: Mapping[str, Entity],
        types: Iterable[str],
        phrasings: Mapping[str, Mapping[str, float]],
        sides: BlankSides,
        nouns: Mapping[str, Program],
    ) -> None:
        self.sides = sides
        self.relations = {
            item.key: self._words(item, described.get(item.key), phrasings.get(item.key, {}))
            for item in relations
        }
        self._by_stem: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for words in self.relations.values():
            for stem, weight in words.weights.items():
                self._by_stem[stem].append((words.key, weight))
        count = max(1, len(self.relations))
        self.rarity = {
            stem: math.log1p(count / len(found)) / math.log1p(count)
            for stem, found in self._by_stem.items()
        }
        self.type_names: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for key in sorted(types):
            self.type_names[self.stems(_readable(key))].append(key)
        self._name_heads()
        self.nouns = {self.stems(noun): (noun, key) for noun, key in nouns.items()}
        self.type_stems = frozenset(stem for name in self.type_names for stem in name)
        self._named: dict[frozenset[str], list[str]] = defaultdict(list)
        for words in self.relations.values():
            for name in words.names:
                self._named[name].append(words.key)
        self._in_name: dict[frozenset[str], bool] = {}
        self._prefixes: dict[str, list[str]] = defaultdict(list)
        for stem in sorted(self._by_stem):
            if len(stem) >= LIKE:
                self._prefixes[stem[:LIKE]].append(stem)

    def _name_heads(self) -> None:
        """Types by the last word of their names: "elements" are chemical, if nothing else is."""
        heads: dict[str, list[str]] = defaultdict(list)
        for name, keys in self.type_names.items():
            if len(name) > 1:
                heads[name[-1]] += keys
        for stem, keys in heads.items():
            if len(keys) == 1 and (stem,) not in self.type_names:
                self.type_names[stem,] = keys

    def stems(self, text: str) -> tuple[str, ...]:
        """The stems of a name's words; camelCase and snake_case are several words."""
        return tuple(token.stem for token in load().tokens(split_words(text)))

    def relations_of(self, stem: str) -> list[tuple[str, float]]:
        """The relations in whose names a stem is, with its weight in each."""
        return self._by_stem.get(stem, [])

    def like(self, stem: str) -> list[str]:
        """Stems in relations' names that are probably one word: "discoveri" and "discov"."""
        return (
            [x for x in self._prefixes.get(stem[:LIKE], ()) if x != stem]
            if len(stem) >= LIKE
            else []
        )

    def relations_named(self, stems: Sequence[str]) -> list[str]:
        """The relations whose whole name is some stems: what they lead to is called so."""
        return self._named.get(frozenset(stems), [])

    def rank_hints(self, hints: Sequence[str]) -> Iterator[tuple[str, int]]:
        """Hints, each with how many likelier ones are in the name of a relation of the graph."""
        rank = 0
        for hint in hints:
            yield hint, rank
            rank += self._is_in_name(frozenset(self.stems(hint)))

    def _is_in_name(self, stems: frozenset[str]) -> bool:
        """Whether one name of a relation has all of some stems."""
        if stems not in self._in_name:
            keys = {key for stem in stems for key, _ in self.relations_of(stem)}
            self._in_name[stems] = any(
                stems <= name for key in keys for name in self.relations[key].names
            )
        return self._in_name[stems]

    def synonyms(self, word: str, language: str, least: float = SAME) -> list[str]:
        """English words for a type that a foreign or another word may mean."""
        return [english for english, weight in expand(word, language) if weight >= least]

    def noun(self, stem: str, word: str, language: str) -> tuple[str, Program] | None:
        """A noun of the graph and what it denotes, by another word: "teams" for clubs.tsv.

        A word that is the name of a relation means the relation.
        """
        if not self.nouns or self.relations_named((stem,)):
            return None
        names = map(self.stems, self.synonyms(word, language, KIN))
        return next((self.nouns[name] for name in names if name in self.nouns), None)

    def type_slips(self, word: str) -> list[tuple[str, ...]]:
        """The names of types that are a slip of the pen away from a word, as stems."""
        edits = {self.stems(edit) for edit in one_edit(word)} if len(word) >= LIKE else set()
        return sorted(edits & self.type_names.keys())

    def _head(self, name: str) -> str:
        """The stem of the last word before a preposition: what a noun phrase is about."""
        head = ""
        for token in load().tokens(split_words(name)):
            if token.stem in SMALL and head:
                break
            head = token.stem
        return head

    def _words(
        self, relation: Relation, entity: Entity | None, phrased: Mapping[str, float]
    ) -> RelationWords:
        whole, second, domain = name_parts(relation.key, relation.label)
        main = without_unit(whole)
        names = [frozenset(self._content(main) or self.stems(main))]
        if main != whole:
            names.append(frozenset(self._content(whole)))
        weights: dict[str, float] = {}
        for text, weight in ((domain, DOMAIN), (second, SECOND), (whole, SECOND), (main, MAIN)):
            weights.update(dict.fromkeys(self._content(text), weight))
        back = list(inverse_nouns(main))
        of = relation_form(main).form is Form.NOUN_OF
        for alias in entity.aliases if entity else ():
            # "Child of" is what the head is to the tail: of a parent it leads back to the child.
            turned = not of and (relation_form(alias).form is Form.NOUN_OF or alias in back)
            if turned:
                back.append(alias)
                continue
            names.append(frozenset(self.stems(alias)))
            for stem in self._content(alias):
                weights[stem] = max(weights.get(stem, 0.0), ALIAS)
        texts = frozenset(phrased.keys() - weights.keys())
        for stem, weight in phrased.items():
            weights[stem] = max(weights.get(stem, 0.0), SECOND * weight)
        inverse = tuple(sorted({frozenset(self._content(noun)) for noun in back}, key=sorted))
        for stem in frozenset().union(*inverse):
            weights.setdefault(stem, BACK)
        source = frozenset(self._content(source_name(relation.key)))
        return RelationWords(
            relation.key, relation.label, main, tuple(names), weights, source, self._head(main),
            _superlatives(main), inverse, texts,
        )  # fmt: skip

    def _content(self, text: str) -> list[str]:
        return [stem for stem in self.stems(text) if stem not in SMALL]


def split_words(name: str) -> str:
    """A name with its camelCase and snake_case split."""
    return _CAMEL.sub(" ", name.replace("_", " "))


def without_unit(name: str) -> str:
    """A name without the unit or year at its end: "weight_kg", "area (km²)", "passengers 2019"."""
    words = _PIECES.findall(split_words(name))
    kept = load().without_unit([word.lower() for word in words], ENGLISH) if words else []
    return " ".join(words[: len(kept)]) if 0 < len(kept) < len(words) else name


SMALL = frozenset("of in the a an is was by has have to on at for and or from".split())
"""Words of relations' names that say nothing by themselves."""


def _superlatives(name: str) -> frozenset[str]:
    """The stems of the superlatives in a name."""
    tokens = load().tokens(split_words(name), ENGLISH)
    return frozenset(
        tokens[at].stem
        for match in load().matches(tokens, ENGLISH)
        if match.kind == "superlative"
        for at in range(match.start, match.end)
    )


def name_parts(key: str, label: str) -> tuple[str, str, str]:
    """The words of a relation: its last part, the one before that says something, and its domain.

    ``/sports/team/roster./football/position/player`` is a player by way of a roster; a label of its
    own says all.
    """
    if _is_path(key):
        halves = [half.strip("/").split("/") for half in key.split(".")]
        last = [half[-1] for half in halves if half]
        domain = " ".join(word for half in halves for word in half[:-1])
        return _readable(last[-1]), " ".join(map(_readable, last[:-1])), _readable(domain)
    return _readable(label), "", ""


def source_name(key: str) -> str:
    """What a relation leads from: ``genre`` in a key ``/music/genre/artists``; else ""."""
    return _readable(key.split(".")[0].strip("/").split("/")[-2]) if _is_path(key) else ""


def _is_path(key: str) -> bool:
    """Whether a key is a path: of a domain, a type and a property."""
    return "/" in key and not key.startswith(("http:", "https:")) and key.count("/") > 1


def _readable(key: str) -> str:
    name = key
    if "://" in key:
        name = re.split(r"[/#]", key.rstrip("/#"))[-1] or key
    return name.replace("_", " ")
