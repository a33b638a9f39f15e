"""Character spans → token spans, by the offsets of a fast tokenizer."""

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
"""How people write a blank, whatever the tokenizer's own mask token is."""
BRANCH = 16
"""Tokens of a fact that hangs on a mention; longer ones are cut."""


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """A mention in tokens: ``ids[start:end]``; ``row`` is its entity's row, None without a vector.

    ``right`` is the row it should have, where a training example has changed ``row``; ``replaced``
    says that the words are another entity's. ``candidates`` are (row, p) of what it may mean,
    ``branches`` the tokens of facts of its entity, where those were asked for.
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
        """Replace mention ``number`` by one token, ``mask_id``, as a question has it."""
        span = self.spans[number]
        text = self.reword_mention(number, (mask_id,))
        spans = (*text.spans[:number], *text.spans[number + 1 :])
        return EncodedText(text.ids, spans, tuple(sorted((*text.blanks, span.start))))

    def reword_mention(self, number: int, ids: tuple[int, ...]) -> EncodedText:
        """Say mention ``number`` with other tokens; what stands behind it moves."""
        span = self.spans[number]
        shift = len(ids) - (span.end - span.start)
        spans = tuple(
            replace(other, start=other.start + shift, end=other.end + shift)
            if other.start >= span.end
            else other
            for other in self.spans
        )
        own = replace(span, end=span.start + len(ids))
        return EncodedText(
            (*self.ids[: span.start], *ids, *self.ids[span.end :]),
            (*spans[:number], own, *spans[number + 1 :]),
            tuple(at + shift if at >= span.end else at for at in self.blanks),
        )


_COLUMNS = ("input_ids", "special_tokens_mask", "offset_mapping")


class TextEncoder:
    """Encodes linked texts for one tokenizer and one entity table.

    Args:
        tokenizer: A fast Hugging Face tokenizer with a mask token.
        embeddings: Gives the row of each entity; a mention without a row keeps ``row=None``.
        max_length: Tokens; longer texts are cut, and so is a mention that crosses the cut. A text's
            facts have as many once more.
        candidates: Whether mentions keep what else they may mean.
        facts: What is known of entities, if mentions are to carry it.
        causal: For a decoder, which needs no mask token: a text ends where its first blank would
            stand, and the blank's place is the token before it.

    Raises:
        ModelError: The tokenizer gives no offsets, or has no mask or padding token.
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
        text, offsets = self._with_own_mask(document.text)
        read = self._read(self._up_to_blank(text))
        return self._encode_tokens(document, text, offsets, *(read[column] for column in _COLUMNS))

    def encode_many(self, documents: Sequence[LinkedText]) -> list[EncodedText]:
        """Encode documents as :meth:`encode` does; the tokenizer reads them in one call."""
        if not documents:
            return []
        own_masks = [self._with_own_mask(document.text) for document in documents]
        read = self._read([self._up_to_blank(text) for text, _ in own_masks])
        rows = zip(*(read[column] for column in _COLUMNS), strict=True)
        return [
            self._encode_tokens(document, text, offsets, *row)
            for document, (text, offsets), row in zip(documents, own_masks, rows, strict=True)
        ]

    def _read(self, texts: str | list[str]) -> Any:
        """The tokens of one text or of several, with their characters and which are special."""
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
        """What a decoder reads of a text: all before its first blank; any other model reads all."""
        return text[: text.index(MASK)].rstrip() if self._causal and MASK in text else text

    def _encode_tokens(
        self,
        document: LinkedText,
        text: str,
        offsets: Callable[[int], int],
        ids: Sequence[int],
        own: Sequence[int],
        widths: Sequence[tuple[int, int]],
    ) -> EncodedText:
        """A document whose ``text``, with the tokenizer's own mask, was read as these tokens.

        ``own`` marks special tokens; ``widths`` are the characters of each token; ``offsets`` gives
        a place in ``text`` for one in the document's.
        """
        asked = self._causal and MASK in text
        text = self._up_to_blank(text)
        # The tokens that stand for text; a byte-level tokenizer may give one of them no width.
        where = [
            (token, start, end)
            for token, (start, end) in enumerate(widths)
            if end > start and not own[token]
        ]
        if not where and text.strip() and any(not special for special in own):
            raise ModelError(
                f"{type(self.tokenizer).__name__} gives offsets without width for {text[:40]!r}:"
                " mentions cannot be"
                " placed; update the tokenizers package, or take another tokenizer"
            )
        spans: list[TokenSpan] = []
        at, room = 0, self.max_length
        for link in document.links:
            start, end = offsets(link.start), offsets(link.end)
            while at < len(where) and where[at][2] <= start:
                at += 1
            first = at
            while at < len(where) and where[at][1] < end:
                at += 1
            if at > first:
                row = self._embeddings.row(link.entity)
                span = TokenSpan(where[first][0], where[at - 1][0] + 1, link.entity, row)
                if self._keeps_candidates:
                    span = replace(span, candidates=self._candidates(link))
                if self._facts is not None and row is not None:
                    span = replace(span, branches=self._branches(link.entity, room))
                    room -= sum(map(len, span.branches))
                spans.append(span)
        blanks = tuple(at for at, number in enumerate(ids) if number == self.mask_id)
        if self._causal:
            blanks = (where[-1][0],) if asked and where else ()
        return EncodedText(tuple(ids), tuple(spans), blanks)

    def _candidates(self, link: Link) -> tuple[tuple[int, float], ...]:
        """Rows and priors of what a link may mean; the entity itself if nothing else is known."""
        given = link.candidates or (Candidate(link.entity, 1.0),)
        rows = self._embeddings.keys.of({item.entity for item in given})
        return tuple(
            (rows[item.entity], item.prior)
            for item in given
            if item.entity in rows and item.prior > 0
        )

    def _branches(self, entity: str, room: int) -> tuple[tuple[int, ...], ...]:
        """The tokens of an entity's facts, cut to :data:`BRANCH` each, as far as there is room."""
        texts = list(self._facts[entity]) if self._facts is not None else []
        if not texts:
            return ()
        ids = self.tokenizer(texts, add_special_tokens=False, return_attention_mask=False)
        branches = [tuple(found[:BRANCH]) for found in ids["input_ids"]]
        ends = accumulate(map(len, branches))
        return tuple(branch for branch, end in zip(branches, ends, strict=True) if end <= room)

    def _with_own_mask(self, text: str) -> tuple[str, Callable[[int], int]]:
        own = self.tokenizer.mask_token
        if self._causal or own == MASK or MASK not in text:
            return text, lambda offset: offset
        shift = len(own) - len(MASK)
        places = [found.start() for found in re.finditer(re.escape(MASK), text)]
        return (
            text.replace(MASK, own),
            lambda offset: offset + shift * sum(place < offset for place in places),
        )
