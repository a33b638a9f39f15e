"""Linked text as a spaCy ``Doc``: links become entities; ``doc._.kptm`` has them unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spacy import blank
from spacy.language import Language
from spacy.tokens import Doc, Span

from kptm.errors import LinkingError
from kptm.linking.export.linked_json import to_dict

if TYPE_CHECKING:
    from collections.abc import Callable

    from spacy.vocab import Vocab

    from kptm.linking.link import TextWithLinks

LABEL = "ENTITY"
"""The entity label of links: linking does not assign types of named entities."""


def doc_to_spacy(document: TextWithLinks, nlp: Language | Vocab) -> Doc:
    """See :meth:`kptm.linking.LinkedText.to_spacy`; ``doc._.kptm`` has the links unchanged."""
    if not isinstance(nlp, Language):
        nlp = blank(nlp.lang or "xx", vocab=nlp)
    try:
        # Not nlp(text) or make_doc: these limit the length of a text, which only parsers need.
        return mark_links(nlp.tokenizer(document.text), document)
    except UnicodeEncodeError as error:
        raise LinkingError(
            f"spaCy takes no half of a surrogate pair ({error.reason}); drop it from text and keys"
        ) from error


def mark_links(doc: Doc, document: TextWithLinks) -> Doc:
    """Set the links as the entities of a ``Doc`` of the same text.

    A link that begins or ends within a token is expanded to the token. It is dropped if it then
    overlaps the link before it, or if it is only white space. Entities of other components stay
    unless they overlap a link.
    """
    link_spans: list[Span] = []
    for link in document.links:
        # spaCy counts a space to the token before it, so spaces at the ends would widen the span.
        start = link.end - len(link.surface.lstrip())
        end = link.start + len(link.surface.rstrip())
        if start >= end:
            continue
        span = doc.char_span(start, end, LABEL, kb_id=link.entity, alignment_mode="expand")
        if span is not None and (not link_spans or span.start >= link_spans[-1].end):
            link_spans.append(span)
    linked_tokens = {token for span in link_spans for token in range(span.start, span.end)}
    other_spans = [
        span for span in doc.ents if linked_tokens.isdisjoint(range(span.start, span.end))
    ]
    doc.ents = (*link_spans, *other_spans)
    doc._.kptm = document
    return doc


def set_extension(read: Callable[[dict[str, Any]], TextWithLinks]) -> None:
    """Register ``doc._.kptm``.

    Args:
        read: Converts the JSON value that a ``Doc`` stores to linked text.
    """

    def links(doc: Doc) -> TextWithLinks | None:
        value = doc.user_data.get("kptm")
        return None if value is None else read(value)

    if not Doc.has_extension("kptm"):
        Doc.set_extension("kptm", getter=links, setter=_set_links)


def _set_links(doc: Doc, document: TextWithLinks | None) -> None:
    # Stored as a JSON value, because a Doc is serialised to files and between processes.
    doc.user_data["kptm"] = None if document is None else to_dict(document, candidates=True)
