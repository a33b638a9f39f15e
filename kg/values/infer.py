"""Infers which relations of a table have values, from a window of the table.

The tails of a relation are values if at least 98% of them have the same form
(:data:`kg.values.forms.FORMS`), unless they are keys. They are keys if most heads of the relation
have that form too (numeric ids, IRIs), or if more than a fifth of the distinct tails are entities
already. A relation that the graph has keeps its type.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from kg.types import Literal
from kg.values.forms import AMBIGUOUS, ENTITY, FORMS, TEXT, ValueForm, may_be_value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

SHARE = 0.98
"""The share of a relation's tails that must have a form."""
KEYS = 0.2
"""The most distinct tails that may be entities, as a share: a film called 1984 among years."""
HEADS = 0.5
"""If more than this share of the heads has the same form, the tails are keys."""
DISTINCT, FIRST = 5_000, 100
"""Distinct tails of a relation that are read, and how many of them are the first ones."""
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
        strangers: The number of values without any of the forms, which were taken as text.
        example: The first value taken as text.
        sample: The distinct tails from which the type was inferred.
    """

    kind: str
    forms: tuple[ValueForm, ...] = ()
    given: bool = False
    count: int = 0
    strangers: int = 0
    example: str = ""
    sample: tuple[str, ...] = ()

    @property
    def is_value(self) -> bool:
        """Whether the tails are values."""
        return self.kind != ENTITY

    def values(self, tails: Sequence[str]) -> dict[str, Literal]:
        """The value of each distinct tail; all tails are counted."""
        found = {tail: self._read(tail) for tail in dict.fromkeys(tails)}
        self.count += len(tails)
        if self.forms:
            strange = [
                tail
                for tail, value in found.items()
                if not value.datatype and tail.casefold() not in MISSING
            ]
            if strange:
                self.example = self.example or strange[0]
                self.strangers += sum(map(Counter(tails).__getitem__, strange))
        return found

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
        wide: Whether the relation is a column of a wide table, whose keys may be numbers, so that
            heads of the same form do not count.
    """
    chosen = islice(tails.items(), DISTINCT)
    shown = Counter({tail: count for tail, count in chosen if tail.casefold() not in MISSING})
    form = _form(shown)
    if form is None:
        return TypeDecision(ENTITY)
    distinct = sorted(shown)
    if entities(distinct) > KEYS * len(distinct):
        return TypeDecision(ENTITY)
    if not wide and _share(Counter(heads), form) >= HEADS:
        return TypeDecision(ENTITY)
    if form.name in AMBIGUOUS and all(
        _share(shown, item) >= SHARE for item in FORMS if item.name in AMBIGUOUS
    ):
        return TypeDecision(TEXT, sample=tuple(distinct[:1000]))
    return TypeDecision(form.kind, (form,), sample=tuple(distinct[:1000]))


def _form(tails: Counter[str]) -> ValueForm | None:
    """The first form that enough tails have, at least half of them without ``beside``."""
    first = list(islice(tails, FIRST))
    total = tails.total()
    if 2 * sum(map(bool, map(may_be_value, first))) < len(first) or not total:
        return None
    for form in FORMS:
        own = sum(count for tail, count in tails.items() if form.read(tail) is not None)
        if 2 * own < total:
            continue
        if own >= SHARE * total or _share(tails, form) >= SHARE:
            return form
    return None


def _share(texts: Counter[str], form: ValueForm) -> float:
    total = texts.total()
    return (
        sum(n for text, n in texts.items() if form.value(text) is not None) / total if total else 0
    )


def like(stored: Sequence[Literal]) -> TypeDecision | None:
    """The type of a relation by its stored values; None if they have no common kind."""
    if not stored:
        return None
    if not any(item.datatype for item in stored):
        return TypeDecision(TEXT)
    typed = [item for item in stored if item.datatype]
    kinds = Counter(form for item in typed if (form := _form_of(item)) is not None)
    if not kinds:
        return TypeDecision(TEXT)
    kind = kinds.most_common(1)[0][0]
    return TypeDecision(kind, tuple(form for form in FORMS if form.kind == kind))


def _form_of(item: Literal) -> str | None:
    """The kind of a stored value, or None."""
    if item.unit:
        return "quantity"
    for form in FORMS:
        found = form.read(item.value)
        if found is not None and found.datatype == item.datatype:
            return form.kind
    return None
