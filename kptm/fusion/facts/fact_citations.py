"""Cites the facts to which a model of kind "kblam" attended for an answer.

Shapes: L tokens, M facts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from kptm.data.batch import collate
from kptm.errors import ConfigError
from kptm.fusion.decoding.generation import encode_prompt, generate_tokens
from kptm.fusion.facts.fact_reading import fact_reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from kg.types import Triple
    from kptm.data.tokenize import EncodedText
    from kptm.fusion.fused_model import FusedModel
    from kptm.linking import LinkedText


@dataclass(frozen=True, slots=True)
class FactWeight:
    """A fact that a model attended to.

    Attributes:
        fact: The fact.
        weight: Its share of the attention, averaged over layers, heads and the tokens that gave the
            answer; the shares of all facts and all tokens of the text add up to 1.
    """

    fact: Triple
    weight: float


@dataclass(frozen=True, slots=True)
class CitedText:
    """A generated text with its evidence.

    Attributes:
        text: The text, without its prompt.
        facts: The facts that the model attended to most while it wrote, the greatest weight first.
        p: The geometric mean of the probabilities of its tokens.
    """

    text: str
    facts: tuple[FactWeight, ...]
    p: float = 0.0


def attended_facts(
    model: FusedModel, documents: Sequence[LinkedText], *, k: int = 5
) -> list[tuple[FactWeight, ...]]:
    """The facts that a model attends to most at the first blank of each text.

    Args:
        model: A model of kind "kblam".
        documents: Linked texts; in a text without a blank, the last token is used.
        k: The maximum number of facts for each text.

    Returns:
        The facts of each text, the greatest weight first; none if the text links no entity.

    Raises:
        ModelError: The model reads no triples.
        ConfigError: k is less than 1.
    """
    facts_of_texts = []
    for document in documents:
        text = model.encoder.encode(document)
        place = text.blanks[0] if text.blanks else len(text.ids) - 1
        facts_of_texts.append(_best(model, text, range(place, place + 1), k)[0])
    return facts_of_texts


def generate_with_facts(
    model: FusedModel,
    prompts: Sequence[LinkedText],
    *,
    max_new_tokens: int = 20,
    settings: Any = None,
    k: int = 5,
) -> list[CitedText]:
    """Continue prompts like ``FusedModel.generate``, and cite the facts that the model attended to.

    Args:
        model: A decoder of kind "kblam".
        prompts: Linked texts; a text with a blank ends at it.
        max_new_tokens: The maximum number of tokens to generate.
        settings: A ``transformers.GenerationConfig``; greedy by default.
        k: The maximum number of facts for each text.

    Raises:
        ModelError: The model is an encoder, or reads no triples.
        ConfigError: k or ``max_new_tokens`` is less than 1.
    """
    fact_reader(model)
    rows = generate_tokens(model, prompts, max_new_tokens=max_new_tokens, settings=settings).rows
    special = set(model.tokenizer.all_special_ids)
    cited_texts = []
    for prompt, row in zip(prompts, rows, strict=True):
        start = encode_prompt(model, prompt)
        end = next((place for place, token in enumerate(row) if token in special), len(row))
        whole = replace(start, ids=(*start.ids, *row[:end]))
        # A token is predicted at the place before it.
        positions = range(len(start.ids) - 1, len(start.ids) - 1 + max(1, end))
        text = model.tokenizer.decode(row, skip_special_tokens=True)
        facts, hidden_LD = _best(model, whole, positions, k)
        cited_texts.append(CitedText(text, facts, _mean_p(model, hidden_LD[list(positions)], row)))
    return cited_texts


@torch.no_grad()
def _mean_p(model: FusedModel, hidden_ND: Tensor, row: Sequence[int]) -> float:
    """The geometric mean of the p of the tokens that follow N places."""
    p_NV = model.token_logits(hidden_ND).double().log_softmax(-1)
    tokens_N = torch.tensor(row[: len(hidden_ND)], device=p_NV.device)
    return float(p_NV.gather(1, tokens_N[:, None]).mean().exp())


@torch.no_grad()
def _best(
    model: FusedModel, text: EncodedText, places: range, k: int
) -> tuple[tuple[FactWeight, ...], Tensor]:
    """The facts with the greatest mean attention at some places, and the text's states (L, D)."""
    fusion, facts = fact_reader(model)
    if k < 1:
        raise ConfigError(f"k must be at least 1, not {k}")
    batch = collate([text], model.pad_id)
    model.eval()
    fusion.watching = True
    try:
        output = model(
            batch.input_ids, batch.attention_mask, batch.mention_spans, batch.mention_rows
        )
    finally:
        fusion.watching = False
    hidden_LD: Tensor = output.hidden[0]
    if not fusion.attended or not len(batch.mention_rows):
        return (), hidden_LD
    weight_M = torch.stack([layer[0, list(places)] for layer in fusion.attended]).mean((0, 1))
    best = weight_M.topk(min(k, len(facts)))
    cited = tuple(
        FactWeight(facts.triples[place], weight)
        for weight, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        if weight > 0
    )
    return cited, hidden_LD
