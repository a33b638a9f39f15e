"""Reads the data file of a language into tables."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from kg.folding import fold
from kptm.answering.lexicon.match import Kind
from kptm.answering.lexicon.patterns import Trie, expand
from kptm.answering.lexicon.splitting import runs, split_word
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FOLDER = Path(__file__).parent
COMMON = "common"
_NOT_KEY = str.maketrans("", "", "'’ʼ`´")
_FROM_MEASURES = (
    "superlative",
    "comparison",
    "comparative",
    "equal",
    "difference",
    "ask",
    "measure",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What a phrase means (see :class:`Match`), and where it is allowed to stand.

    Attributes:
        initial: Only at the beginning of the question.
        final: Only at its end.
        inner: Operators within the phrase stand beside it.
        after: Only after one of these words; "-ed" is an ending.
        not_after: Only where none of these words stands before it.
        nearby: Only where one of these words is in the question.
        after_apostrophe: Only directly after an apostrophe.
    """

    kind: Kind
    order: Any = ""
    comparison: Any = ""
    hints: tuple[str, ...] = ()
    answer: str = ""
    generic: bool = False
    initial: bool = False
    final: bool = False
    inner: bool = False
    after: tuple[str, ...] = ()
    not_after: frozenset[str] = frozenset()
    nearby: frozenset[str] = frozenset()
    after_apostrophe: bool = False


@dataclass(slots=True)
class NumberTables:
    """Words of numbers: what each adds ("word"), multiplies by ("scale"), or ranks ("ordinal")."""

    decimal: str = "."
    grouping: frozenset[str] = frozenset(",")
    joiners: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    compounds: bool = False
    vigesimal: bool = False
    ordinal_suffixes: frozenset[str] = frozenset()
    ordinal_dot: bool = False
    suffixes: dict[str, float] = field(default_factory=dict)
    words: Trie[tuple[str, float]] = field(default_factory=Trie)
    pieces: dict[str, tuple[str, float]] = field(default_factory=dict)
    units: Trie[str] = field(default_factory=Trie)


@dataclass(slots=True)
class TimeTables:
    """Phrases of times: moments, and what stands before them."""

    months: dict[str, int] = field(default_factory=dict)
    decade_suffixes: frozenset[str] = frozenset()
    roman: bool = False
    day_first: bool = True
    moments: Trie[None] = field(default_factory=Trie)
    phrases: Trie[str] = field(default_factory=Trie)
    words: set[str] = field(default_factory=set)


class Language:
    """The tables of one language.

    Args:
        code: The name of its file.
        common: The tables that all languages share.
        folder: Where the files are.

    Raises:
        ConfigError: The file is missing, is no TOML, or has a table, attribute or pattern that means nothing.
    """

    def __init__(self, code: str, common: Mapping[str, Any], folder: Path = FOLDER) -> None:
        self.code = code
        path = folder / f"{code}.toml"
        try:
            data = _parse(path)
            self._read(data, common)
        except ConfigError as error:
            raise ConfigError(f"{path.name}: {error}") from error

    def _read(self, data: dict[str, Any], common: Mapping[str, Any]) -> None:
        _check_names("table", data, _TABLES)
        self.name: str = data["name"]
        self.stemmer: str = data.get("stemmer", "")
        self.spelling: dict[str, str] = data.get("spelling", {})
        self.suffixes = frozenset(data.get("suffixes", ()))
        self.elisions = frozenset(data.get("elisions", ()))
        self.glued = {word: len(parts.split()[0]) for word, parts in data.get("glued", {}).items()}
        self._keys: dict[str, str] = {}
        self.groups: dict[str, Sequence[str]] = dict(data.get("groups", {}))
        self.function_words = frozenset(self.words_of(data["words"]["function"]))
        self.operators: Trie[Operator] = Trie()
        self.vocabulary: set[str] = set(self.function_words)
        for kind in get_args(Kind):
            for entry in () if kind in ("measure", "number", "time") else data.get(kind, ()):
                self._add(kind, entry)
        for entry in data.get("measure", ()):
            self._add_measure(entry, data["templates"])
        self.numbers = self._numbers(data.get("numbers", {}), data.get("units", {}), common)
        self.times = self._times(data.get("time", {}))

    def key(self, folded: str) -> str:
        """What a folded word is looked up by: without apostrophes, in the one spelling of the language."""
        found = self._keys.get(folded)
        if found is None:
            found = folded.translate(_NOT_KEY)
            for typed, spelt in self.spelling.items():
                found = found.replace(typed, spelt)
            if len(self._keys) < _CACHED:
                self._keys[folded] = found
        return found

    def words_of(self, phrase: str) -> list[str]:
        """The keys of the words of a phrase, and its slots."""
        found = []
        for part in phrase.split():
            if part.startswith("<"):
                found.append(part)
                continue
            for run, _ in runs(part):
                pieces = split_word(run, self.elisions, self.suffixes, self.glued)
                found += [self.key(fold(piece)) for piece in pieces]
        return found

    def _phrases(self, patterns: Iterable[str], **groups: Sequence[str]) -> list[tuple[str, ...]]:
        known = {**self.groups, **groups}
        texts = [text for pattern in patterns for text in expand(pattern, known)]
        return [
            words for words in dict.fromkeys(tuple(self.words_of(text)) for text in texts) if words
        ]

    def _add(self, kind: Kind, entry: Mapping[str, Any]) -> None:
        _check_names("attribute", entry, _ATTRIBUTES | {"phrases"})
        operator = self._operator(kind, entry)
        for words in self._phrases(entry["phrases"]):
            self._put(words, operator)

    def _put(self, words: tuple[str, ...], operator: Operator) -> None:
        self.operators.add(words, operator)
        self.vocabulary.update(words)

    def _operator(self, kind: Kind, entry: Mapping[str, Any], **more: Any) -> Operator:
        keys = {name: entry[name] for name in _ATTRIBUTES & set(entry)} | more
        if "with" in keys:
            keys["nearby"] = frozenset(map(self.key, map(fold, keys.pop("with"))))
        if "not_after" in keys:
            keys["not_after"] = frozenset(map(self.key, map(fold, keys["not_after"])))
        for name in ("hints", "after"):
            keys[name] = tuple(keys.get(name, ()))
        return Operator(kind=kind, **keys)

    def _add_measure(self, entry: Mapping[str, Any], templates: Mapping[str, Any]) -> None:
        _check_names("attribute", entry, {"order", "hints", "generic", *_DEGREES})
        _check_names("template", templates, set(_FROM_MEASURES))
        words = {degree: entry.get(degree, ()) for degree in _DEGREES}
        base = {
            "order": entry["order"],
            "hints": entry.get("hints", ()),
            "generic": entry.get("generic", False),
        }
        compares = {"max": ">", "min": "<"}[entry["order"]]
        made = {
            "superlative": [self._operator("superlative", base)],
            "comparison": [self._operator("comparison", base, comparison=compares, order="")],
            "comparative": [
                self._operator("comparison", base, comparison=compares),
                self._operator("superlative", base),
            ],
            "equal": [self._operator("comparison", base, comparison="=", order="")],
            "difference": [self._operator("difference", base)],
            "ask": [self._operator("ask", base, answer="value", order="")],
            "measure": [self._operator("measure", base)],
        }  # fmt: skip
        for name, operators in made.items():
            for phrase in self._phrases(templates.get(name, ()), **words):
                for operator in operators:
                    self._put(phrase, operator)

    def _numbers(
        self, data: Mapping[str, Any], units: Mapping[str, Any], common: Mapping[str, Any]
    ) -> NumberTables:
        _check_names("attribute of [numbers]", data, _NUMBERS)
        found = NumberTables(
            data.get("decimal", "."), frozenset(data.get("grouping", ",")),
            frozenset(self._single(data.get("joiners", ()))), frozenset(self._single(data.get("articles", ()))),
            data.get("compounds", False), data.get("vigesimal", False),
            frozenset(data.get("ordinal_suffixes", ())), data.get("ordinal_dot", False),
        )  # fmt: skip
        for name in ("words", "scales", "ordinals"):
            for number, patterns in data.get(name, {}).items():
                for words in self._phrases(patterns):
                    item = (name.rstrip("s"), float(number))
                    found.words.add(words, item)
                    if len(words) == 1 and name != "ordinals":
                        found.pieces[words[0]] = item
        found.pieces |= dict.fromkeys(found.joiners, ("joiner", 0.0))
        for number, letters in (common["suffixes"] | data.get("suffixes", {})).items():
            found.suffixes |= dict.fromkeys(map(self.key, letters), float(number))
        for table in (common["units"], units):
            for unit, patterns in table.items():
                for words in self._phrases(patterns):
                    found.units.add(words, unit)
        return found

    def _single(self, words: Iterable[str]) -> list[str]:
        return [self.key(fold(word)) for word in words]

    def _times(self, data: Mapping[str, Any]) -> TimeTables:
        _check_names("attribute of [time]", data, _TIMES)
        found = TimeTables(
            decade_suffixes=frozenset(data.get("decade_suffixes", ())),
            roman=data.get("roman", False), day_first=self.code != "en",
        )  # fmt: skip
        for number, names in enumerate(data.get("months", ()), 1):
            for words in self._phrases([names]):
                found.months[" ".join(words)] = number
        self.groups["before_christ"] = data.get("before_christ", ())
        for words in self._phrases(data.get("moments", ())):
            found.moments.add(words, None)
            found.words.update(words)
        for relation in _RELATIONS:
            for words in self._phrases(data.get(relation, ())):
                slots = words if "<moment>" in words else (*words, "<moment>")
                found.phrases.add(slots, relation)
        return found


def read_common(folder: Path = FOLDER) -> dict[str, Any]:
    """The tables that all languages share."""
    return _parse(folder / f"{COMMON}.toml")


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not TOML: {error}") from error


def _check_names(what: str, found: Iterable[str], known: Iterable[str]) -> None:
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise ConfigError(f"{what} {unknown[0]!r} is unknown; known are {', '.join(sorted(known))}")


_CACHED = 100_000
_DEGREES = ("plain", "more", "most")
_RELATIONS = ("in", "since", "until", "before", "after", "between")
_ATTRIBUTES = frozenset(item.name for item in fields(Operator)) - {"kind", "nearby"} | {"with"}
_TABLES = {
    *get_args(Kind), "name", "stemmer", "suffixes", "elisions", "glued", "words", "groups", "templates", "spelling",
    "numbers", "units", "time",
}  # fmt: skip
_NUMBERS = {
    "decimal", "grouping", "joiners", "articles", "compounds", "vigesimal", "ordinal_suffixes", "ordinal_dot", "words",
    "scales", "ordinals", "suffixes",
}  # fmt: skip
_TIMES = {"months", "decade_suffixes", "before_christ", "moments", "roman", *_RELATIONS}
