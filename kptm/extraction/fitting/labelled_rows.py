"""Labelled rows: texts with all triples that they state, as JSON Lines.

    {"text": "Tbilisi is the capital of Georgia.", "triples": [["Georgia", "capital", "Tbilisi"]]}

Heads and tails are keys or names; values are written as text. A row may also have the spans of its
entities, as ``"mentions": [{"start", "end", "entity"}]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.naming.folding import fold
from kg.types import Literal
from kg.values import parse
from kptm.extraction.candidates.text_mentions import MentionKind, TextMention
from kptm.extraction.candidates.text_values import same_value
from kptm.texts import read_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kptm.texts import TextRecord


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A text with the triples that it states.

    Attributes:
        text: The text.
        triples: Head, relation and tail of each triple, by keys or names.
        mentions: The mentions of the row; None if the linker is to find them.
    """

    text: str
    triples: tuple[tuple[str, str, str], ...]
    mentions: tuple[TextMention, ...] | None = None


def read_rows(path: str | Path) -> Iterator[LabelledRow]:
    """Stream labelled rows.

    Raises:
        TripleFormatError: The file is missing, or a line has no "triples" of three names each.
    """
    for record in read_records(path):
        triples = record.values.get("triples")
        if not isinstance(triples, list) or not all(map(_is_triple, triples)):
            reason = 'expected "triples": a list of [head, relation, tail]'
            raise TripleFormatError(record.path, record.line, reason, record.raw)
        text = record.values["text"]
        yield LabelledRow(text, tuple((h, r, t) for h, r, t in triples), _mentions(record))


def _is_triple(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 3 and all(isinstance(x, str) for x in item)


def _mentions(record: TextRecord) -> tuple[TextMention, ...] | None:
    values, text = record.values.get("mentions"), record.values["text"]
    if values is None:
        return None
    try:
        mentions = [
            TextMention(
                int(span["start"]), int(span["end"]), MentionKind.ENTITY, str(span["entity"]),
                text[int(span["start"]) : int(span["end"])],
            )
            for span in values
        ]  # fmt: skip
    except (TypeError, KeyError, ValueError) as error:
        reason = 'expected "mentions": a list of {"start", "end", "entity"}'
        raise TripleFormatError(record.path, record.line, reason, record.raw) from error
    if not all(0 <= mention.start < mention.end <= len(text) for mention in mentions):
        raise TripleFormatError(record.path, record.line, "a mention leaves the text", record.raw)
    return tuple(sorted(mentions, key=lambda mention: mention.start))


class Names:
    """Compares mentions with the heads and tails of a row's triples.

    Args:
        labels: The label of each entity by its key.
    """

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def is_same(self, mention: TextMention, end: str | Literal) -> bool:
        """Whether a mention names a head or tail: by key, by label, or as an equal value."""
        if mention.value is not None:
            value = end if isinstance(end, Literal) else parse(end) or Literal(end)
            return same_value(mention.value, value)
        name = end.value if isinstance(end, Literal) else end
        if mention.kind == MentionKind.ENTITY and mention.key == name:
            return True
        label = self._labels.get(mention.key, mention.key)
        return fold(name) in (fold(label), fold(mention.key))

    def relations_between(self, row: LabelledRow, head: TextMention, tail: TextMention) -> set[str]:
        """The relations that a row states from one mention to another."""
        return {
            relation
            for first, relation, second in row.triples
            if self.is_same(head, first) and self.is_same(tail, second)
        }
