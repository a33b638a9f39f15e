"""Infers which relations of a table have values, from a window of the table.

The tails of a relation are values if at least 98% of them have the same form
(:data:`kg.values.value_forms.FORMS`), unless they are keys. They are keys if most heads of the
relation have that form too (numeric ids, IRIs), or if more than a fifth of the distinct tails are
entities already. A relation that the graph has keeps its type.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from kg.types import Literal
from kg.values.value_forms import AMBIGUOUS, ENTITY, FORMS, TEXT, ValueForm, may_be_value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

MIN_SHARE_OF_FORM = 0.98
"""The share of a relation's tails that must have a form."""
MAX_DISTINCT_KEYS = 0.2
"""The greatest share of distinct tails that may be entities: among years, a film called 1984."""
MIN_HEADS_OF_FORM = 0.5
"""If at least this share of the heads has the same form, the tails are keys."""
MAX_DISTINCT_TAILS, TAILS_CHECKED_FIRST = 5_000, 100
"""The number of distinct tails read per relation, and of those that are checked quickly first."""
MISSING = frozenset({"na", "n/a", "nan", "null", "none", "-", "–", "—", "?", "unknown", "n.a."})
"""Texts for missing values, which count neither for nor against a form."""


@dataclass
class TypeDecision:
    """The decided type of a relation's tails.

    Attributes:
        kind: One of :data:`kg.values.KINDS`.
        forms: The forms by which values are read, in order; none for entities and text.
        given: Whether the user stated the type.
        count: The number of values read so far.
        untyped: The number of values without any of the forms, which were taken as text.
        example: The first value taken as text.
        sample: The distinct tails from which the type was inferred.
    """

    kind: str
    forms: tuple[ValueForm, ...] = ()
    given: bool = False
    count: int = 0
    untyped: int = 0
    example: str = ""
    sample: tuple[str, ...] = ()

    @property
    def is_value(self) -> bool:
        """Whether the tails are values."""
        return self.kind != ENTITY

    def values(self, tails: Sequence[str]) -> dict[str, Literal]:
        """The value of each distinct tail; all tails are counted."""
        value_by_tail = {tail: self._read(tail) for tail in dict.fromkeys(tails)}
        self.count += len(tails)
        if self.forms:
            untyped = [
                tail
                for tail, value in value_by_tail.items()
                if not value.datatype and tail.casefold() not in MISSING
            ]
            if untyped:
                self.example = self.example or untyped[0]
                self.untyped += sum(map(Counter(tails).__getitem__, untyped))
        return value_by_tail

    def _read(self, tail: str) -> Literal:
        for form in self.forms:
            value = form.value(tail)
            if value is not None:
                return value
        return Literal(tail)


def user_decision(kind: str) -> TypeDecision:
    """The type stated by the user.

    Args:
        kind: One of :data:`kg.values.KINDS`.
    """
    return TypeDecision(kind, tuple(form for form in FORMS if form.kind == kind), given=True)


def decide(
    tails: Mapping[str, int],
    heads: Iterable[str],
    entities: Callable[[Collection[str]], int],
    *,
    wide: bool = False,
) -> TypeDecision:
    """Infer the type of a relation's tails, by the rules of this module.

    Args:
        tails: The tails of the relation, with their frequencies.
        heads: The heads of the relation.
        entities: Returns how many of the given tails are entities.
        wide: Whether the relation is a column of a wide table. Its keys may be numbers, so that the
            form of the heads says nothing about the tails.
    """
    first = islice(tails.items(), MAX_DISTINCT_TAILS)
    present = Counter({tail: count for tail, count in first if tail.casefold() not in MISSING})
    form = _form(present)
    if form is None:
        return TypeDecision(ENTITY)
    distinct = sorted(present)
    if entities(distinct) > MAX_DISTINCT_KEYS * len(distinct):
        return TypeDecision(ENTITY)
    if not wide and _share(Counter(heads), form) >= MIN_HEADS_OF_FORM:
        return TypeDecision(ENTITY)
    if form.name in AMBIGUOUS and all(
        _share(present, item) >= MIN_SHARE_OF_FORM for item in FORMS if item.name in AMBIGUOUS
    ):
        return TypeDecision(TEXT, sample=tuple(distinct[:1000]))
    return TypeDecision(form.kind, (form,), sample=tuple(distinct[:1000]))


def _form(tails: Counter[str]) -> ValueForm | None:
    """The first form of :data:`MIN_SHARE_OF_FORM` of the tails, half of them without ``beside``."""
    first = list(islice(tails, TAILS_CHECKED_FIRST))
    total = tails.total()
    if 2 * sum(map(bool, map(may_be_value, first))) < len(first) or not total:
        return None
    for form in FORMS:
        count = sum(count for tail, count in tails.items() if form.read(tail) is not None)
        if 2 * count < total:
            continue
        if count >= MIN_SHARE_OF_FORM * total or _share(tails, form) >= MIN_SHARE_OF_FORM:
            return form
    return None


def _share(texts: Counter[str], form: ValueForm) -> float:
    """The share of texts that have a form."""
    total = texts.total()
    count = sum(n for text, n in texts.items() if form.value(text) is not None)
    return count / total if total else 0


def like(stored: Sequence[Literal]) -> TypeDecision | None:
    """The most frequent type among the stored values of a relation; None if there are none."""
    if not stored:
        return None
    typed = [value for value in stored if value.datatype]
    kinds = Counter(kind for value in typed if (kind := _kind_of(value)) is not None)
    if not kinds:
        return TypeDecision(TEXT)
    kind = kinds.most_common(1)[0][0]
    return TypeDecision(kind, tuple(form for form in FORMS if form.kind == kind))


def _kind_of(value: Literal) -> str | None:
    """The kind of a stored value; None if no form reads its text with the same datatype."""
    if value.unit:
        return "quantity"
    for form in FORMS:
        reading = form.read(value.value)
        if reading is not None and reading.datatype == value.datatype:
            return form.kind
    return None
