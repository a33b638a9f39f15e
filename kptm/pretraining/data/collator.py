"""Batches of examples, as tensors by name: the model's inputs and the objectives' targets.

Shapes: B texts, L tokens, M mentions with a vector, T blanks, K items of an objective.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from kptm.data.batch import IGNORED, KnowledgeBatch, collate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kptm.data.tokenize import EncodedText, TokenSpan
    from kptm.pretraining.config import PretrainConfig
    from kptm.pretraining.data.training_examples import PretrainingExample


class Collator:
    """Pads and stacks examples.

    A batch has the fields of :class:`~kptm.data.KnowledgeBatch`, and those of the objectives that
    have a weight:

    - "denoise_places" (K, 2): text and token of each mention; "denoise_rows" (U,): the entities of
      the batch, sorted; "denoise_targets" (K,): the place of the correct entity among these
    - "around" (K, 3): text, token before and token after each mention; "was_replaced" (K,)
    - "pairs" (K, 3): text and tokens of two mentions; "pair_relations" (K,): numbers of relations
    - "description_ids" and "description_mask" (U, L′); "fact_ends" (K, 4): the numbers of these
      descriptions of head, tail, wrong head and wrong tail; "fact_relations" (K,)
    - "right_rows" (M,): the correct entity of each mention

    Args:
        config: Weights and rates.
        pad_id: The padding token.
        entities: The number of rows of the entity table.
        causal: Whether the model is a decoder.
        soft: Whether the model chooses among candidates.
    """

    def __init__(
        self,
        config: PretrainConfig,
        *,
        pad_id: int,
        entities: int,
        causal: bool = False,
        soft: bool = False,
    ) -> None:
        self._config = config
        self._pad_id = pad_id
        self._entities = entities
        self._causal = causal
        self._soft = soft

    def __call__(self, examples: Sequence[PretrainingExample]) -> dict[str, torch.Tensor]:
        """Make a batch of examples."""
        config = self._config
        masked = [example.masked for example in examples]
        texts = [item.text for item in masked]
        batch = collate(texts, self._pad_id, with_knowledge=config.use_knowledge)
        batch.labels = torch.full_like(batch.input_ids, IGNORED)
        for number, item in enumerate(masked):
            batch.labels[number, : len(item.labels)] = torch.tensor(item.labels)
        batch.target_rows = _ints(row for item in masked for row in item.rows)
        if config.entity_negatives is not None and len(batch.target_rows):
            rows = self._draw_rows(batch.target_rows.numpy())
            batch.score_rows = torch.from_numpy(rows)
            batch.target_rows = torch.searchsorted(batch.score_rows, batch.target_rows)
        return {**batch.tensors(), **self._objective_tensors(examples, texts, batch)}

    def _objective_tensors(
        self,
        examples: Sequence[PretrainingExample],
        texts: Sequence[EncodedText],
        batch: KnowledgeBatch,
    ) -> dict[str, torch.Tensor]:
        config = self._config
        tensors: dict[str, torch.Tensor] = {}
        if config.denoising_weight:
            tensors |= self._denoising_targets(texts)
        if config.replaced_weight:
            tensors |= _around(texts)
        if config.relation_weight:
            tensors |= self._pairs(examples)
        if config.description_weight:
            tensors |= self._facts(examples)
        if config.link_weight and (batch.candidate_rows is not None or not self._soft):
            tensors["right_rows"] = _ints(
                span.row if span.right is None else span.right
                for _, span in _mentions(texts)
                if span.row is not None and config.use_knowledge
            )
        return tensors

    def _anchor(self, span: TokenSpan) -> int:
        """The token of a mention whose hidden state the objectives use."""
        return span.end - 1 if self._causal else span.start

    def _denoising_targets(self, texts: Sequence[EncodedText]) -> dict[str, torch.Tensor]:
        mentions = [
            (number, self._anchor(span), span.right)
            for number, span in _mentions(texts)
            if span.right is not None
        ]
        rows, targets = np.unique([row for _, _, row in mentions], return_inverse=True)
        return {
            "denoise_places": _ints(part for item in mentions for part in item[:2]).reshape(-1, 2),
            "denoise_rows": torch.from_numpy(rows.astype(np.int64)),
            "denoise_targets": torch.from_numpy(targets.astype(np.int64)),
        }

    def _pairs(self, examples: Sequence[PretrainingExample]) -> dict[str, torch.Tensor]:
        pairs: list[int] = []
        relations: list[int] = []
        for number, example in enumerate(examples):
            first: dict[str, TokenSpan] = {}
            for span in example.masked.text.spans:
                if not span.replaced:
                    first.setdefault(span.entity, span)
            for head, relation, tail in example.related:
                if head in first and tail in first:
                    pairs += [number, self._anchor(first[head]), self._anchor(first[tail])]
                    relations.append(relation)
        return {"pairs": _ints(pairs).reshape(-1, 3), "pair_relations": _ints(relations)}

    def _facts(self, examples: Sequence[PretrainingExample]) -> dict[str, torch.Tensor]:
        place: dict[tuple[int, ...], int] = {}
        ends: list[int] = []
        relations: list[int] = []
        for example in examples:
            if example.fact is not None:
                head, relation, tail, *wrong = example.fact
                ends += [place.setdefault(ids, len(place)) for ids in (head, tail, *wrong)]
                relations.append(relation)
        longest = max(map(len, place), default=0)
        ids = torch.full((len(place), longest), self._pad_id, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for number, text in enumerate(place):
            ids[number, : len(text)] = torch.tensor(text)
            mask[number, : len(text)] = 1
        return {
            "description_ids": ids,
            "description_mask": mask,
            "fact_ends": _ints(ends).reshape(-1, 4),
            "fact_relations": _ints(relations),
        }

    def _draw_rows(self, right: np.ndarray) -> np.ndarray:
        """The correct rows and drawn negatives, sorted; the draw depends only on seed and batch."""
        rng = np.random.default_rng((self._config.seed, 2, *right.tolist()))
        others = rng.integers(self._entities, size=self._config.entity_negatives)
        return np.unique(np.concatenate([right, others]))


def _mentions(texts: Sequence[EncodedText]) -> Iterator[tuple[int, TokenSpan]]:
    """The mentions of texts, with the numbers of their texts."""
    return ((number, span) for number, text in enumerate(texts) for span in text.spans)


def _around(texts: Sequence[EncodedText]) -> dict[str, torch.Tensor]:
    mentions = [
        (number, span.start - 1, span.end, span.replaced)
        for number, span in _mentions(texts)
        if (span.row is not None or span.right is not None)
        and span.start > 0
        and span.end < len(texts[number].ids)
    ]
    return {
        "around": _ints(part for item in mentions for part in item[:3]).reshape(-1, 3),
        "was_replaced": torch.tensor([item[3] for item in mentions], dtype=torch.bool),
    }


def _ints(values: Iterable[int]) -> torch.Tensor:
    return torch.tensor(list(values), dtype=torch.long)
