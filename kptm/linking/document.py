"""What linking gives: a text and the spans in it that name entities."""

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
    """A text with its links, sorted by position, never overlapping.

    Raises:
        LinkingError: A link lies outside the text, overlaps another or has the wrong surface.
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
        """A text with given links, as (start, end, entity key).

        Raises:
            LinkingError: The spans overlap or leave the text.
        """
        return cls(
            text,
            tuple(
                Link(start, end, text[start:end], entity) for start, end, entity in sorted(spans)
            ),
        )

    def entities(self) -> tuple[str, ...]:
        """The keys of the linked entities, each once, in order of appearance."""
        return tuple(dict.fromkeys(link.entity for link in self.links))

    def to_dict(self, candidates: bool = False) -> dict[str, Any]:
        """A JSON value: text and links with offsets, keys and scores.

        Args:
            candidates: Say of each link also what else it might have meant.
        """
        from kptm.linking.export.linked_json import to_dict

        return to_dict(self, candidates)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> LinkedText:
        """The text that :meth:`to_dict` wrote, exactly; unknown keys are ignored.

        Raises:
            LinkingError: Something is missing, of another type or does not fit the text.
        """
        from kptm.linking.export.linked_json import read_parts

        text, links = read_parts(value)
        return cls(text, tuple(links))

    def to_html(
        self,
        labels: Mapping[str, str] | Callable[[str], str] | None = None,
        page: bool = False,
    ) -> str:
        """The text with its links highlighted; pointed at or focused, each shows its candidates.

        Args:
            labels: What to call the entity of a key; the key itself by default.
            page: Give a whole page, not a fragment that brings its own ``<style>``.
        """
        from kptm.linking.export.html import to_html

        return to_html(self, labels, page)

    def _repr_html_(self) -> str:
        return self.to_html()

    @classmethod
    def from_spacy(cls, doc: Doc) -> LinkedText:
        """The entities of a spaCy ``Doc`` that have a ``kb_id_``, which becomes the key."""
        return cls.from_spans(
            doc.text,
            ((span.start_char, span.end_char, span.kb_id_) for span in doc.ents if span.kb_id_),
        )

    def to_spacy(self, nlp: Language | Vocab) -> Doc:
        """A spaCy ``Doc`` whose entities are the links, widened to whole tokens.

        Args:
            nlp: A pipeline, whose tokenizer cuts the text; or a vocabulary, for the tokenizer of
                its language.

        Raises:
            LinkingError: spaCy is not installed, or the text is no Unicode.
        """
        try:
            from kptm.linking.export.spacy_doc import doc_to_spacy, set_extension
        except ModuleNotFoundError as error:
            raise LinkingError('this needs spaCy: pip install "kptm[spacy]"') from error
        set_extension(type(self).from_dict)
        return doc_to_spacy(self, nlp)
