"""The result of linking: a text with its mentions and their entities."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kptm.errors import LinkingError
from kptm.linking.link import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.vocab import Vocab


@dataclass(frozen=True, slots=True)
class LinkedText:
    """A text with its links, which are sorted by position and do not overlap.

    Raises:
        LinkingError: A link is outside the text, overlaps another or has the wrong surface form.
    """

    text: str
    links: tuple[Link, ...] = field(default=())

    def __post_init__(self) -> None:
        position = 0
        for link in self.links:
            if not position <= link.start < link.end <= len(self.text):
                raise LinkingError(
                    f"the link {link.start}–{link.end} ({link.entity}) overlaps another, is empty"
                    f" or leaves the text of {len(self.text)} characters; give links by position,"
                    " one a place"
                )
            if self.text[link.start : link.end] != link.surface:
                raise LinkingError(
                    f"at {link.start} stands {self.text[link.start : link.end]!r}, not"
                    f" {link.surface!r}; links count characters of this very text"
                )
            position = link.end

    @classmethod
    def from_spans(cls, text: str, spans: Iterable[tuple[int, int, str]]) -> LinkedText:
        """Build a linked text from spans (start, end, entity key), in any order.

        Raises:
            LinkingError: The spans overlap or exceed the text.
        """
        return cls(
            text,
            tuple(
                Link(start, end, text[start:end], entity) for start, end, entity in sorted(spans)
            ),
        )

    def entities(self) -> tuple[str, ...]:
        """The distinct keys of the linked entities, in order of first mention."""
        return tuple(dict.fromkeys(link.entity for link in self.links))

    def to_dict(self, candidates: bool = False) -> dict[str, Any]:
        """A JSON value: text and links with offsets, keys and scores.

        Args:
            candidates: Whether to include the candidates of each link.
        """
        from kptm.linking.export.linked_json import to_dict

        return to_dict(self, candidates)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> LinkedText:
        """Read the value that :meth:`to_dict` returns, without loss; unknown keys are ignored.

        Raises:
            LinkingError: A value is missing, has the wrong type or does not fit the text.
        """
        from kptm.linking.export.linked_json import read_parts

        text, links = read_parts(value)
        return cls(text, tuple(links))

    def to_html(
        self,
        labels: Mapping[str, str] | Callable[[str], str] | None = None,
        page: bool = False,
    ) -> str:
        """HTML with highlighted links; a link shows its candidates on hover and on focus.

        Args:
            labels: The label of each key; without one, the key is shown.
            page: Whether to return a whole page, not a fragment with its own ``<style>``.
        """
        from kptm.linking.export.html import to_html

        return to_html(self, labels, page)

    def _repr_html_(self) -> str:
        return self.to_html()

    @classmethod
    def from_spacy(cls, doc: Doc) -> LinkedText:
        """Convert the entities of a spaCy ``Doc`` that have a ``kb_id_``, which becomes the key."""
        return cls.from_spans(
            doc.text,
            ((span.start_char, span.end_char, span.kb_id_) for span in doc.ents if span.kb_id_),
        )

    def to_spacy(self, nlp: Language | Vocab) -> Doc:
        """Convert to a spaCy ``Doc`` whose entities are the links, expanded to whole tokens.

        Args:
            nlp: A pipeline, whose tokenizer is used; or a vocabulary, whose language gives the
                tokenizer.

        Raises:
            LinkingError: spaCy is not installed, or the text has half of a surrogate pair.
        """
        try:
            from kptm.linking.export.spacy_doc import doc_to_spacy, set_extension
        except ModuleNotFoundError as error:
            raise LinkingError('this needs spaCy: pip install "kptm[spacy]"') from error
        set_extension(type(self).from_dict)
        return doc_to_spacy(self, nlp)
