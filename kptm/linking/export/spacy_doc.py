"""Linked text as a spaCy ``Doc``: links become entities, and stand whole in ``doc._.kptm``."""

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
"""The label of what is linked: the graph says what it is, not what sort of name."""


def doc_to_spacy(document: TextWithLinks, nlp: Language | Vocab) -> Doc:
    """See :meth:`kptm.linking.LinkedText.to_spacy`; ``doc._.kptm`` holds the links themselves."""
    if not isinstance(nlp, Language):
        nlp = blank(nlp.lang or "xx", vocab=nlp)
    try:
        # Not nlp(text) or make_doc: their limit on the length is one of parsers.
        return mark_links(nlp.tokenizer(document.text), document)
    except UnicodeEncodeError as error:
        raise LinkingError(
            f"spaCy takes no half of a surrogate pair ({error.reason}); drop it from text and keys"
        ) from error


def mark_links(doc: Doc, document: TextWithLinks) -> Doc:
    """Make links the entities of a ``Doc`` of the same text.

    A link that begins or ends within a token is widened to it, and left out if it then overlaps one
    before it, or if it is nothing but space. Entities of other components stay where no link is.
    """
    ours: list[Span] = []
    for link in document.links:
        # Spaces at its ends would take in the token before, to which spaCy counts them.
        start = link.end - len(link.surface.lstrip())
        end = link.start + len(link.surface.rstrip())
        if start >= end:
            continue
        span = doc.char_span(start, end, LABEL, kb_id=link.entity, alignment_mode="expand")
        if span is not None and (not ours or span.start >= ours[-1].end):
            ours.append(span)
    taken = {token for span in ours for token in range(span.start, span.end)}
    theirs = [span for span in doc.ents if taken.isdisjoint(range(span.start, span.end))]
    doc.ents = (*ours, *theirs)
    doc._.kptm = document
    return doc


def set_extension(read: Callable[[dict[str, Any]], TextWithLinks]) -> None:
    """Register ``doc._.kptm``.

    Args:
        read: Makes linked text of the JSON value that a ``Doc`` stores.
    """

    def links(doc: Doc) -> TextWithLinks | None:
        value = doc.user_data.get("kptm")
        return None if value is None else read(value)

    if not Doc.has_extension("kptm"):
        Doc.set_extension("kptm", getter=links, setter=_set_links)


def _set_links(doc: Doc, document: TextWithLinks | None) -> None:
    # Stored as a JSON value: a Doc goes through bytes on its way to a file or from process to
    # process.
    doc.user_data["kptm"] = None if document is None else to_dict(document, candidates=True)
