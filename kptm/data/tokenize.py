"""Encodes linked texts: maps character spans to token spans, by a fast tokenizer's offsets."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from kg.deprecation import OldName
from kg.types import Candidate
from kptm.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kg.embedding import EntityEmbeddings
    from kptm.data.verbalisation import EntityFacts
    from kptm.linking import Link, LinkedText

MASK = "[MASK]"
"""A blank in users' texts, whatever the tokenizer's own mask token is."""
MAX_FACT_TOKENS = 16
"""The maximum number of tokens of a fact that is attached to a mention; longer facts are cut."""


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """A mention in tokens.

    Attributes:
        start: The position of its first token.
        end: The position after its last token.
        entity: The key of its entity.
        row: The row of the entity's vector in the entity table; None if it has none.
        candidates: (row, p) of each of the linker's candidates, if the encoder includes them.
        branches: The tokens of each attached fact, if the encoder includes them.
        right: The correct row, if a training example has changed ``row``; else None.
        replaced: Whether a training example has replaced the words by another entity's name.
    """

    start: int
    end: int
    entity: str
    row: int | None
    candidates: tuple[tuple[int, float], ...] = ()
    branches: tuple[tuple[int, ...], ...] = ()
    right: int | None = None
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class EncodedText:
    """Token ids with special tokens, the mentions in them, and the positions of blanks."""

    ids: tuple[int, ...]
    spans: tuple[TokenSpan, ...] = ()
    blanks: tuple[int, ...] = ()

    collapsed = OldName("mask_mention")

    def mask_mention(self, number: int, mask_id: int) -> EncodedText:
        """Replace mention ``number`` by a single mask token, which becomes a blank."""
        span = self.spans[number]
        text = self.reword_mention(number, (mask_id,))
        spans = (*text.spans[:number], *text.spans[number + 1 :])
        return EncodedText(text.ids, spans, tuple(sorted((*text.blanks, span.start))))

    def reword_mention(self, number: int, ids: tuple[int, ...]) -> EncodedText:
        """Replace the tokens of mention ``number``; spans and blanks after it are shifted."""
        span = self.spans[number]
        shift = len(ids) - (span.end - span.start)
        spans = tuple(
            replace(other, start=other.start + shift, end=other.end + shift)
            if other.start >= span.end
            else other
            for other in self.spans
        )
        reworded = replace(span, end=span.start + len(ids))
        return EncodedText(
            (*self.ids[: span.start], *ids, *self.ids[span.end :]),
            (*spans[:number], reworded, *spans[number + 1 :]),
            tuple(blank + shift if blank >= span.end else blank for blank in self.blanks),
        )


_COLUMNS = ("input_ids", "special_tokens_mask", "offset_mapping")


class TextEncoder:
    """Encodes linked texts for one tokenizer and one entity table.

    Args:
        tokenizer: A fast Hugging Face tokenizer with a mask token.
        embeddings: The embeddings with the row of each entity; a mention of an entity without a row
            has ``row=None``.
        max_length: The maximum number of tokens of a text; longer texts are cut, and so is a
            mention at the cut. The facts attached to a text may have this number of tokens too.
        candidates: Whether mentions include the linker's candidates.
        facts: The facts to attach to mentions; None attaches none.
        causal: Whether the model is a decoder, which needs no mask token: a text ends before its
            first blank, and the place of the blank is the token before it. A text that is cut
            before its blank has none.

    Raises:
        ModelError: The tokenizer does not return offsets, or has no mask or padding token.
    """

    def __init__(
        self,
        tokenizer: Any,
        embeddings: EntityEmbeddings,
        max_length: int,
        *,
        candidates: bool = False,
        facts: EntityFacts | None = None,
        causal: bool = False,
    ) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(
                f"{type(tokenizer).__name__} gives no character offsets; use a fast tokenizer"
            )
        if tokenizer.mask_token_id is None and not causal:
            raise ModelError(f"{type(tokenizer).__name__} has no mask token; name one in it")
        if tokenizer.pad_token_id is None:
            raise ModelError(f"{type(tokenizer).__name__} has no padding token; name one in it")
        self.tokenizer = tokenizer
        self.mask_id = -1 if tokenizer.mask_token_id is None else int(tokenizer.mask_token_id)
        self._causal = causal
        self._embeddings = embeddings
        self.max_length = max_length
        self._keeps_candidates = candidates
        self._facts = facts

    def encode(self, document: LinkedText) -> EncodedText:
        """Encode one document; ``[MASK]`` in its text becomes the tokenizer's mask token."""
        text, offsets = self._with_tokenizer_mask(document.text)
        read = self._read(self._up_to_blank(text))
        return self._encode_tokens(document, text, offsets, *(read[column] for column in _COLUMNS))

    def encode_many(self, documents: Sequence[LinkedText]) -> list[EncodedText]:
        """Encode documents like :meth:`encode`, with a single call of the tokenizer."""
        if not documents:
            return []
        masked = [self._with_tokenizer_mask(document.text) for document in documents]
        read = self._read([self._up_to_blank(text) for text, _ in masked])
        rows = zip(*(read[column] for column in _COLUMNS), strict=True)
        return [
            self._encode_tokens(document, text, offsets, *row)
            for document, (text, offsets), row in zip(documents, masked, rows, strict=True)
        ]

    def _read(self, texts: str | list[str]) -> Any:
        """Tokenize one text or several, with the offsets and the special tokens."""
        return self.tokenizer(
            texts,
            truncation=True,
            max_length=self.max_length,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            return_attention_mask=False,
            return_token_type_ids=False,
        )

    def _up_to_blank(self, text: str) -> str:
        """The part of a text that the model reads: for a decoder, all before the first blank."""
        return text[: text.index(MASK)].rstrip() if self._causal and MASK in text else text

    def _encode_tokens(
        self,
        document: LinkedText,
        text: str,
        offsets: Callable[[int], int],
        ids: Sequence[int],
        special: Sequence[int],
        widths: Sequence[tuple[int, int]],
    ) -> EncodedText:
        """The encoded text of a document, from its tokens.

        Args:
            document: The document.
            text: The text of the document with the tokenizer's mask token.
            offsets: Function that maps an offset in the document's text to one in ``text``.
            ids: The ids of the tokens.
            special: For each token, 1 if it is a special token, else 0.
            widths: For each token, the offsets of its first character and after its last one.
        """
        ends_in_blank = self._causal and MASK in text
        text = self._up_to_blank(text)
        # (token, its first character, the one after its last) of all tokens but special ones, and
        # those without characters, which a byte-level tokenizer may return.
        where = [
            (token, start, end)
            for token, (start, end) in enumerate(widths)
            if end > start and not special[token]
        ]
        if not where and text.strip() and any(not is_special for is_special in special):
            raise ModelError(
                f"{type(self.tokenizer).__name__} gives offsets without width for {text[:40]!r}:"
                " mentions cannot be placed; update the tokenizers package, or take another"
                " tokenizer"
            )
        spans: list[TokenSpan] = []
        i, room = 0, self.max_length
        for link in document.links:
            start, end = offsets(link.start), offsets(link.end)
            while i < len(where) and where[i][2] <= start:
                i += 1
            first = i
            while i < len(where) and where[i][1] < end:
                i += 1
            if i > first:
                row = self._embeddings.row(link.entity)
                span = TokenSpan(where[first][0], where[i - 1][0] + 1, link.entity, row)
                if self._keeps_candidates:
                    span = replace(span, candidates=self._candidates(link))
                if self._facts is not None and row is not None:
                    span = replace(span, branches=self._branches(link.entity, room))
                    room -= sum(map(len, span.branches))
                spans.append(span)
        blanks = tuple(i for i, number in enumerate(ids) if number == self.mask_id)
        if self._causal:
            # The blank is after the last token, unless the text was cut before it.
            is_cut = len(ids) >= self.max_length and bool(where) and where[-1][2] < len(text)
            blanks = (where[-1][0],) if ends_in_blank and where and not is_cut else ()
        return EncodedText(tuple(ids), tuple(spans), blanks)

    def _candidates(self, link: Link) -> tuple[tuple[int, float], ...]:
        """Rows and priors of a link's candidates; its entity alone if it has no candidates."""
        candidates = link.candidates or (Candidate(link.entity, 1.0),)
        rows = self._embeddings.keys.of({item.entity for item in candidates})
        return tuple(
            (rows[item.entity], item.prior)
            for item in candidates
            if item.entity in rows and item.prior > 0
        )

    def _branches(self, entity: str, room: int) -> tuple[tuple[int, ...], ...]:
        """The tokens of an entity's first facts, ``room`` in all; see :data:`MAX_FACT_TOKENS`."""
        texts = list(self._facts[entity]) if self._facts is not None else []
        if not texts:
            return ()
        ids = self.tokenizer(texts, add_special_tokens=False, return_attention_mask=False)
        branches = [tuple(of_fact[:MAX_FACT_TOKENS]) for of_fact in ids["input_ids"]]
        ends = accumulate(map(len, branches))
        return tuple(branch for branch, end in zip(branches, ends, strict=True) if end <= room)

    def _with_tokenizer_mask(self, text: str) -> tuple[str, Callable[[int], int]]:
        """The text with the tokenizer's mask token, and a function that maps offsets to it."""
        mask = self.tokenizer.mask_token
        if self._causal or mask == MASK or MASK not in text:
            return text, lambda offset: offset
        shift = len(mask) - len(MASK)
        positions = [match.start() for match in re.finditer(re.escape(MASK), text)]
        return (
            text.replace(MASK, mask),
            lambda offset: offset + shift * sum(place < offset for place in positions),
        )
