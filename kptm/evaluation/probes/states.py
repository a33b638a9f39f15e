"""The hidden states of labelled spans, by layer.

Shapes: S layers, N spans, B texts, L tokens, D hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from kptm.evaluation.probes.watching import batches, eval_mode, layer_names, layer_states
from kptm.linking import LinkedText

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kptm.data import TextEncoder
    from kptm.evaluation.probes.labelled import LabelledText, ProbeSpan
    from kptm.fusion import FusedModel


@dataclass(frozen=True, slots=True)
class SpanStates:
    """The states of spans, with their labels.

    Attributes:
        layers: The names of the layers.
        states_SND: The mean state of each span's tokens, float32.
        labels: The label of each span.
        surfaces: The text of each span.
        groups: The group of each span, an entity or a text, which a split must not divide.
        left_out: The number of spans without a token of their own, mostly beyond the maximum
            length.
    """

    layers: tuple[str, ...]
    states_SND: NDArray[np.float32]
    labels: tuple[str, ...]
    surfaces: tuple[str, ...]
    groups: tuple[str, ...]
    left_out: int


def span_states(
    model: FusedModel,
    texts: Sequence[LabelledText],
    *,
    with_knowledge: bool = True,
    batch_size: int = 16,
) -> SpanStates:
    """Compute the states of all spans; the model is not changed.

    Args:
        model: The model.
        texts: Texts with labelled spans.
        with_knowledge: Whether entity vectors are injected; without them the plain backbone is
            read.
        batch_size: Texts per batch of the model.
    """
    texts = [item for item in texts if item.spans]
    positions = [token_spans(model.encoder, item.document.text, item.spans) for item in texts]
    encoded = [model.encoder.encode(item.document) for item in texts]
    names, rows = layer_names(model), []
    with eval_mode(model), layer_states(model) as seen:
        for numbers, tensors in batches(model, encoded, batch_size, with_knowledge=with_knowledge):
            seen.clear()
            output_BLD = model(**tensors).hidden
            length = output_BLD.shape[1]  # layers may have extra tokens for facts after the text
            states_SBLD = torch.stack([*(state[:, :length] for state in seen), output_BLD])
            states_SBLD = states_SBLD.float().cpu()
            for number in numbers:
                own_SLD = states_SBLD[:, number - numbers.start]
                rows += [own_SLD[:, at[0] : at[1]].mean(1) for at in positions[number] if at]
    with_tokens = [
        (number, item.document.text, span)
        for number, item in enumerate(texts)
        for span, at in zip(item.spans, positions[number], strict=True)
        if at
    ]
    width = model.hidden_size
    return SpanStates(
        layers=names,
        states_SND=(torch.stack(rows, 1) if rows else torch.zeros(len(names), 0, width)).numpy(),
        labels=tuple(span.label for _, _, span in with_tokens),
        surfaces=tuple(text[span.start : span.end] for _, text, span in with_tokens),
        groups=tuple(
            f"text {number}" if span.entity is None else f"entity {span.entity}"
            for number, _, span in with_tokens
        ),
        left_out=sum(len(item.spans) for item in texts) - len(with_tokens),
    )


def token_spans(
    encoder: TextEncoder, text: str, spans: Sequence[ProbeSpan]
) -> list[tuple[int, int] | None]:
    """The tokens of each span, as (first, after the last); None for a span without its own token.

    Labelled spans may overlap but links may not, so the text is encoded repeatedly, each time with
    spans that do not overlap.
    """
    tokens_of_span: list[tuple[int, int] | None] = [None] * len(spans)
    waiting = sorted(range(len(spans)), key=lambda number: spans[number][:2])
    while waiting:
        apart: list[tuple[int, int, str]] = []
        later = []
        end = 0
        for number in waiting:
            span = spans[number]
            if span.start >= end:
                apart.append((span.start, span.end, str(number)))
                end = span.end
            else:
                later.append(number)
        for token in encoder.encode(LinkedText.from_spans(text, apart)).spans:
            tokens_of_span[int(token.entity)] = (token.start, token.end)
        waiting = later
    return tokens_of_span
