"""Builds the tables of one language from its data file."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from kg.naming.folding import fold
from kptm.answering.lexicon.data_files import DEGREES, LISTED, RELATIONS, SWITCHES
from kptm.answering.lexicon.patterns import Trie, expand
from kptm.answering.lexicon.spelling.spelling_variants import Spelling
from kptm.answering.lexicon.tables import NumberTables, Operator, TimeTables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kptm.answering.lexicon.match import Kind

MIN_CORRECTED_LETTERS = 5
"""The minimum number of letters of a word whose misspellings are corrected."""


class Language:
    """The tables of one language.

    Args:
        data: The data of the language, as :func:`kptm.answering.lexicon.data_files.read_file`
            returns them.
        common: The tables that all languages share.

    Raises:
        ConfigError: A pattern is invalid.
    """

    def __init__(self, data: Mapping[str, Any], common: Mapping[str, Any]) -> None:
        self.spelling = Spelling(data)
        self.stemmer: str = data.get("stemmer", "")
        self.function_words = frozenset(self.spelling.keys(data["words"]["function"]))
        self.openers = frozenset(self.spelling.keys(data["words"].get("openers", "")))
        self._groups: dict[str, Sequence[str]] = dict(data.get("groups", {}))
        self.operators: Trie[Operator | None] = Trie()  # None: a phrase that is not an operator
        self.operator_words: set[str] = set()
        self._superlatives: set[str] = set()
        for kind in LISTED:
            for entry in (*common.get(kind, ()), *data.get(kind, ())):
                self._add(kind, entry)
        for entry in data.get("measure", ()):
            self._add_measure(entry, data["templates"])
        for word in data["words"].get("plain", "").split():
            self.operators.add(self.spelling.keys(word), None)
        self.spelling.split_before(self._superlatives)
        self.numbers = self._numbers(data.get("numbers", {}))
        self._add_suffixes(data.get("numbers", {}), common)
        self._add_units(common["units"], data.get("units", {}))
        self.times = self._times(data.get("time", {}))

    def _phrases(
        self, patterns: Iterable[str], more: Mapping[str, Sequence[str]] | None = None
    ) -> list[tuple[str, ...]]:
        """The phrases of patterns, each as the keys of its words."""
        groups = {**self._groups, **(more or {})}
        texts = [text for pattern in patterns for text in expand(pattern, groups)]
        return [words for words in dict.fromkeys(map(self.spelling.keys, texts)) if words]

    def _single(self, words: Iterable[str]) -> frozenset[str]:
        """The keys of single words."""
        return frozenset(self.spelling.key(fold(word)) for word in words)

    def _add(self, kind: Kind, entry: Mapping[str, Any]) -> None:
        self._put_all(self._operator(kind, entry), entry["phrases"])

    def _put_all(self, operator: Operator, patterns: Iterable[str]) -> None:
        for words in self._phrases(patterns):
            self._put(words, operator)

    def _put(self, words: tuple[str, ...], operator: Operator) -> None:
        """Add a phrase for an operator, and its words to the tables that use them."""
        self.operators.add(words, operator)
        self.operator_words.update(
            word
            for word in words
            if len(word) >= MIN_CORRECTED_LETTERS and word not in self.function_words
        )
        if operator.kind == "superlative" and len(words) == 1 and not operator.after_rank:
            self._superlatives.add(words[0])

    def _operator(self, kind: Kind, entry: Mapping[str, Any], **more: Any) -> Operator:
        """The operator of an entry of the data file, with words replaced by their keys."""
        fields = {name: entry[name] for name in _ATTRIBUTES & set(entry)} | more
        if "with" in fields:
            fields["nearby"] = frozenset(words[0] for words in self._phrases(fields.pop("with")))
        for name in ("not_after", "not_before", "without"):
            fields[name] = self._single(fields.get(name, ()))
        fields["typed"] = frozenset(fields.get("typed", ()))
        fields["hints"] = tuple(fields.get("hints", ()))
        fields["after"] = tuple(
            "-" * (word[0] == "-") + self.spelling.key(fold(word.removeprefix("-")))
            for word in fields.get("after", ())
        )
        return Operator(kind=kind, **fields)

    def _add_measure(self, entry: Mapping[str, Any], templates: Mapping[str, Any]) -> None:
        """Add the phrases that the templates build from an adjective, such as its superlatives."""
        words = {degree: entry.get(degree, ()) for degree in DEGREES}
        base = {name: entry[name] for name in ("order", "hints", "generic") if name in entry}
        compares = {"max": ">", "min": "<"}[entry["order"]]
        place: dict[str, Any] = {"after_number": True}  # "100 km long"
        if "measure_with" in templates:
            place = {"with": templates["measure_with"]}
        superlative = self._operator("superlative", base)
        less = base | {"order": "min" if entry["order"] == "max" else "max"}
        fewer = "<" if compares == ">" else ">"
        than = self._operator("comparison", base, comparison=compares, order="")
        generated = {
            "superlative": [superlative],
            "ranked": [self._operator("superlative", base, after_rank=True)],
            "comparison": [than],
            "comparative": [self._operator("comparison", base, comparison=compares), superlative],
            "superlative_less": [self._operator("superlative", less)],
            "comparison_less": [self._operator("comparison", base, comparison=fewer, order="")],
            "comparative_less": [
                self._operator("comparison", less, comparison=fewer),
                self._operator("superlative", less),
            ],
            "equal": [self._operator("comparison", base, comparison="=", order="")],
            "difference": [self._operator("difference", base)],
            "ask": [self._operator("ask", base, answer="value", order="")],
            "measure": [self._operator("measure", base | place)],
        }
        for name, operators in generated.items():
            for phrase in self._phrases(templates.get(name, ()), words):
                for operator in operators:
                    self._put(phrase, operator)

    def _numbers(self, data: Mapping[str, Any]) -> NumberTables:
        """The tables of the section ``[numbers]``."""
        tables = NumberTables(
            grouping=frozenset(data.get("grouping", ",")),
            joiners=self._single(data.get("joiners", ())),
            articles=self._single(data.get("articles", ())),
            halves=self._single(data.get("halves", ())),
            minus=self._single(data.get("minus", ())),
            ordinal_before=self._single(data.get("ordinal_before", ())),
            ordinal_suffixes=frozenset(data.get("ordinal_suffixes", ())),
            **{name: data.get(name, False) for name in SWITCHES},
        )
        for name in ("words", "scales", "ordinals"):
            for number, patterns in data.get(name, {}).items():
                for words in self._phrases(patterns):
                    item = (name.removesuffix("s"), float(number))
                    tables.words.add(words, item)
                    if len(words) == 1 and name != "ordinals":
                        tables.pieces[words[0]] = item
        for words in self._phrases(data.get("ordinal_after", ())):
            tables.ordinal_after.add(words, None)
        for hour, patterns in data.get("clock", {}).items():
            for words in self._phrases(patterns):
                tables.clock.add(words, float(hour))
        tables.pieces |= dict.fromkeys(tables.articles, ("word", 1.0))
        tables.pieces |= dict.fromkeys(tables.joiners, ("joiner", 0.0))
        return tables

    def _add_suffixes(self, data: Mapping[str, Any], common: Mapping[str, Any]) -> None:
        for table in (common["suffixes"], data.get("suffixes", {})):
            for number, letters in table.items():
                self.numbers.suffixes |= dict.fromkeys(self._single(letters), float(number))

    def _add_units(self, *tables: Mapping[str, Any]) -> None:
        for table in tables:
            for unit, patterns in table.items():
                for words in self._phrases(patterns):
                    self.numbers.units.add(words, unit)

    def _times(self, data: Mapping[str, Any]) -> TimeTables:
        """The tables of the section ``[time]``."""
        tables = TimeTables(
            decade_suffixes=frozenset(data.get("decade_suffixes", ())),
            roman=data.get("roman", False),
        )
        for number, names in enumerate(data.get("months", ()), 1):
            tables.months |= {" ".join(words): number for words in self._phrases([names])}
        for tens, name in enumerate(data.get("decades", ())):
            tables.decades |= {name: 1900 + 10 * tens} if name else {}
        era = {"before_christ": data.get("before_christ", ())}
        for words in self._phrases(data.get("moments", ()), era):
            tables.moments.add(words, None)
            if "<rank>" in words:
                tables.centuries.update(words)
        for words in self._phrases(data.get("yearless", ())):
            tables.yearless.add(words, None)
        tables.verbs = self.function_words & tables.months.keys()
        tables.centuries -= self.function_words
        tables.openers = {name.split()[0] for name in tables.months} | set(tables.moments.words)
        tables.openers |= tables.decades.keys()
        for relation in RELATIONS:
            for words in self._phrases(data.get(relation, ())):
                # "since" alone means "since <moment>".
                slots = words if "<moment>" in words else (*words, "<moment>")
                tables.phrases.add(slots, relation)
        tables.phrases.add(("<moment>", "<moment>"), "between")  # "1990-1995"
        return tables


_ATTRIBUTES = frozenset(item.name for item in fields(Operator)) - {"kind", "nearby"} | {"with"}
