"""Text generation by a fused decoder, with Hugging Face's ``generate``.

The knowledge of a prompt's mentions enters in the first pass, over the whole prompt; later passes
read its effect from the cache. Mechanisms that also change the tokens after a mention
(``Mechanism.lasting``) must read the whole text in each pass, so they use no cache.

Shapes: B prompts, P tokens of the longest prompt, L tokens of a pass, M mentions.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from kptm.data import collate
from kptm.errors import ConfigError, ModelError
from kptm.fusion.backbones.backbone_parts import base_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor
    from transformers import LogitsProcessor

    from kptm.data.tokenize import EncodedText
    from kptm.fusion.parts import FusedParts
    from kptm.linking import LinkedText


def generate(
    model: FusedParts,
    prompts: Sequence[LinkedText],
    *,
    max_new_tokens: int,
    use_knowledge: bool,
    use_cache: bool,
    settings: Any,
) -> list[str]:
    """See :meth:`kptm.fusion.FusedModel.generate`."""
    generated = generate_tokens(
        model,
        prompts,
        max_new_tokens=max_new_tokens,
        use_knowledge=use_knowledge,
        use_cache=use_cache,
        settings=settings,
    )
    return [str(model.tokenizer.decode(row, skip_special_tokens=True)) for row in generated.rows]


@dataclass(frozen=True, slots=True)
class GeneratedTokens:
    """The tokens that a decoder generated.

    Attributes:
        rows: Token ids without the prompt, in consecutive rows for each prompt; several rows per
            prompt if ``settings`` asks for several sequences.
        scores: The log-probability of each row by beam search, none without beams.
    """

    rows: list[list[int]]
    scores: list[float]


@torch.no_grad()
def generate_tokens(
    model: FusedParts,
    prompts: Sequence[LinkedText],
    *,
    max_new_tokens: int,
    use_knowledge: bool = True,
    use_cache: bool = True,
    settings: Any = None,
    choose: Callable[[int], LogitsProcessor] | None = None,
) -> GeneratedTokens:
    """The tokens that a decoder generates for each prompt, as :func:`generate` reads them.

    Args:
        model: The decoder.
        prompts: The prompts.
        max_new_tokens: The maximum number of tokens to generate.
        use_knowledge: False injects no vector.
        use_cache: Whether to cache keys and values.
        settings: A ``transformers.GenerationConfig``.
        choose: Returns a logits processor for prompts of a given length.
    """
    name = type(model.backbone).__name__
    if not model.causal:
        raise ModelError(
            f"{name} is an encoder and generates no text; take a decoder such as GPT-2"
        )
    if model.fusion_config.reads_facts:
        raise ModelError(
            "a model of kind 'kbert' cannot generate, because its facts are tokens of the text;"
            " use another kind"
        )
    if max_new_tokens < 1:
        raise ConfigError(f"max_new_tokens must be at least 1, not {max_new_tokens}")
    if not prompts:
        return GeneratedTokens([], [])
    texts = [encode_prompt(model, prompt) for prompt in prompts]
    batch = collate(texts, model.pad_id, with_knowledge=use_knowledge)
    ids, mask, spans = _to_the_right(batch.input_ids, batch.attention_mask, batch.mention_spans)
    prompt_knowledge = _Prompts(
        model,
        spans.to(model.device),
        batch.mention_rows.to(model.device),
        (len(ids), int(ids.shape[1])),
    )
    prompt_knowledge.candidates = batch.candidate_rows, batch.candidate_priors
    model.eval()
    with prompt_knowledge.entering():
        generated = model.backbone.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=max_new_tokens,
            pad_token_id=model.pad_id,
            use_cache=use_cache and not model.fusion.lasting,
            generation_config=settings,
            logits_processor=[choose(ids.shape[1])] if choose else None,
            return_dict_in_generate=True,
            output_scores=choose is not None,
        )
    scores = getattr(generated, "sequences_scores", None)
    return GeneratedTokens(
        generated.sequences[:, ids.shape[1] :].tolist(), [] if scores is None else scores.tolist()
    )


def encode_prompt(model: FusedParts, prompt: LinkedText) -> EncodedText:
    """A prompt without the special tokens that end a complete text."""
    text = model.encoder.encode(prompt)
    special = set(model.tokenizer.all_special_ids)
    end = len(text.ids)
    while end > 1 and text.ids[end - 1] in special:
        end -= 1
    if end < 1:
        raise ModelError("a prompt has no token; write at least one word")
    spans = tuple(span for span in text.spans if span.end <= end)
    return replace(text, ids=text.ids[:end], spans=spans, blanks=())


def _to_the_right(
    ids_BP: Tensor, mask_BP: Tensor, spans_M3: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Pad on the left, because generated tokens follow the prompt's last token."""
    missing_B = ids_BP.shape[1] - mask_BP.sum(1)
    at_BP = torch.arange(ids_BP.shape[1])[None] - missing_B[:, None]
    at_BP = at_BP % ids_BP.shape[1]
    shift_M = missing_B[spans_M3[:, 0]]
    spans_M3 = spans_M3 + torch.stack([torch.zeros_like(shift_M), shift_M, shift_M], 1)
    return ids_BP.gather(1, at_BP), mask_BP.gather(1, at_BP), spans_M3


class _Prompts:
    """The mentions of prompts, for every pass over whole prompts.

    Args:
        model: The model.
        spans_M3: Text, first token, token after the last, in the padded prompts.
        rows_M: Their rows of the entity table.
        size: (B, P).
    """

    def __init__(
        self, model: FusedParts, spans_M3: Tensor, rows_M: Tensor, size: tuple[int, int]
    ) -> None:
        self._model = model
        self._spans_M3 = spans_M3
        self._rows_M = rows_M
        self._count, self._length = size
        self._first = self._whole = True
        self.candidates: tuple[Tensor | None, Tensor | None] = (None, None)

    @contextmanager
    def entering(self) -> Iterator[None]:
        """Add the knowledge in the backbone's passes within the context."""
        base = base_model(self._model.backbone)
        hooks = [
            base.register_forward_pre_hook(self._begin, with_kwargs=True),
            base.register_forward_hook(self._finish),
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
            self._model.fusion.end()

    def _begin(self, _: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> None:
        input_ids: Any = options.get("input_ids", inputs[0] if inputs else None)
        # A pass with a cache has only the newest token.
        whole = self._first or input_ids.shape[1] > self._length
        self._first = False
        enters = (whole or self._model.fusion.every_pass) and len(self._rows_M)
        self._whole = whole
        self._model.fusion.begin(self._knowledge(*input_ids.shape) if enters else None)

    def _finish(self, _base: Any, _inputs: Any, output: Any) -> Any:
        # The backbone may return a tuple; its states come first.
        if isinstance(output, tuple):
            return (self._model.fusion.finish(output[0]), *output[1:])
        output.last_hidden_state = self._model.fusion.finish(output.last_hidden_state)
        return output

    def _knowledge(self, rows: int, length: int) -> Any:
        """The knowledge of a pass with a row for each beam of each prompt."""
        each = rows // self._count
        turn_N = torch.arange(each, device=self._rows_M.device).repeat(len(self._rows_M))
        spans = self._spans_M3.repeat_interleave(each, 0).clone()
        spans[:, 0] = spans[:, 0] * each + turn_N
        if not self._whole:  # every mention stands before the tokens of the pass
            spans[:, 1:] = spans.new_tensor([0, 1])
        candidates = tuple(
            None if part is None else part.to(spans.device).repeat_interleave(each, 0)
            for part in self.candidates
        )
        return self._model.knowledge(
            spans, self._rows_M.repeat_interleave(each), length, *candidates
        )
