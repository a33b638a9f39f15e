"""Texts with labelled spans, from a file or labelled with the types of a graph."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.errors import TripleFormatError
from kptm.errors import LinkingError
from kptm.linking import LinkedText
from kptm.texts import read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kg.view import GraphView


class ProbeSpan(NamedTuple):
    """A span ``text[start:end]`` with its label.

    All spans with the same ``entity`` are on the same side of a split; without entities, all spans
    of a text are.
    """

    start: int
    end: int
    label: str
    entity: str | None = None


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A linked text with labelled spans, which may overlap.

    Raises:
        LinkingError: A span is empty or leaves the text.
    """

    document: LinkedText
    spans: tuple[ProbeSpan, ...]

    def __post_init__(self) -> None:
        length = len(self.document.text)
        for span in self.spans:
            if not 0 <= span.start < span.end <= length:
                raise LinkingError(
                    f"the span {span.start}–{span.end} ({span.label}) is empty or leaves the text"
                    f" of {length} characters; count characters from 0, the end not included"
                )


def read_labelled(path: str | Path, link: Callable[[str], LinkedText]) -> list[LabelledText]:
    """Read JSON Lines of {"text", "spans": [[start, end, label], …], "links"?}.

    Args:
        path: A file, which may be compressed (``.gz``), or a folder.
        link: Links a text without "links", which have the form of :meth:`kptm.LinkedText.to_dict`.

    Raises:
        TripleFormatError: A file is missing or malformed, or contains no labelled span.
    """
    texts = []
    for record in read_records(path):
        try:
            values = record.values
            known = (
                LinkedText.from_dict(values)
                if values.get("links") is not None
                else link(values["text"])
            )
            texts.append(LabelledText(known, _spans(values.get("spans"))))
        except LinkingError as error:
            raise TripleFormatError(record.path, record.line, str(error), record.raw) from error
    if not any(item.spans for item in texts):
        raise TripleFormatError(path, None, 'holds no span; give "spans": [[start, end, label]]')
    return texts


def _spans(value: Any) -> tuple[ProbeSpan, ...]:
    if not isinstance(value, list) or not all(map(_is_span, value)):
        raise LinkingError('"spans" must be a list of [start, end, label]: two numbers and text')
    return tuple(ProbeSpan(*item) for item in value)


def _is_span(item: Any) -> bool:
    if not isinstance(item, list) or len(item) != 3:
        return False
    return type(item[0]) is type(item[1]) is int and isinstance(item[2], str) and bool(item[2])


def types_of_mentions(graph: GraphView, documents: Sequence[LinkedText]) -> list[LabelledText]:
    """Label the mentions of texts with the types of their entities.

    An entity with several types gets the type that most entities have; one without types is left
    out.
    """
    entities = graph.entities({key for item in documents for key in item.entities()})
    sizes = Counter(name for entity in entities.values() for name in entity.types)
    label = {
        key: max(entity.types, key=lambda name: (sizes[name], name))
        for key, entity in entities.items()
        if entity.types
    }
    return [
        LabelledText(
            item,
            tuple(
                ProbeSpan(link.start, link.end, label[link.entity], link.entity)
                for link in item.links
                if link.entity in label
            ),
        )
        for item in documents
    ]
