"""Predicts a masked token, or the next one, by a model and a store of contexts (kNN-LM).

A stored context is the hidden state at a place of a text, with the token that belongs there
(:mod:`kptm.modeledge.knn.token_contexts`). The stored contexts that are nearest to the hidden state
of the question add to the p of their tokens (Khandelwal et al. 2020).

Shapes: N contexts, D hidden, V tokens of the vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from kptm.errors import ModeledgeError
from kptm.modeledge.knn.interpolation import Interpolation
from kptm.modeledge.knn.interpolation_fit import HeldOutQuestion
from kptm.modeledge.knn.token_contexts import Context, contexts, names_of, states, token_space

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText
    from kptm.modeledge.records import Hit
    from kptm.modeledge.store import Modeledge

CONTEXTS_PER_BATCH = 256
"""Contexts per batch of :meth:`TokenPredictor.fit`.

Each context needs memory for the p of every token in the vocabulary.
"""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The prediction of a masked token, or of the next one.

    Attributes:
        token: The likeliest token, as it is written in the vocabulary.
        p: The p of this token.
        spread: The p of every token by its id, shape (V,), adding up to 1.
        cited: The rows of the store that support the token.
    """

    token: str
    p: float
    spread: NDArray[np.float64]
    cited: tuple[Hit, ...]


class TokenPredictor:
    """Predicts tokens by a model and the contexts in a store.

    Args:
        model: An encoder or a decoder.
        store: A store with contexts of the same model; see
            :func:`~kptm.modeledge.knn.token_contexts.write_tokens`.
        interpolation: The weights of model and store; :meth:`fit` fits them.
    """

    def __init__(
        self, model: FusedModel, store: Modeledge, interpolation: Interpolation | None = None
    ) -> None:
        self._model = model
        self._store = store
        self._space = token_space(model)
        self.interpolation = interpolation or Interpolation()

    def fit(self, texts: Iterable[LinkedText]) -> Interpolation:
        """Fit the interpolation on all tokens of held-out texts, and return it."""
        context_list = [item for document in texts for item in contexts(self._model, document)]
        names = names_of(self._model, [item.token for item in context_list])
        questions: list[HeldOutQuestion] = []
        for start in range(0, len(context_list), CONTEXTS_PER_BATCH):
            part = context_list[start : start + CONTEXTS_PER_BATCH]
            state_ND = states(self._model, part)
            p_NV, hits = self._by_model(state_ND), self._near(state_ND)
            questions += [
                HeldOutQuestion(name, float(p_V[item.token]), near)
                for item, name, p_V, near in zip(part, names[start:], p_NV, hits, strict=False)
            ]
        self.interpolation = Interpolation.fit(questions, k=self.interpolation.k)
        return self.interpolation

    def predict(self, texts: Sequence[LinkedText]) -> list[TokenAnswer]:
        """Predict one token for each text.

        An encoder predicts the token at the first ``[MASK]``. A decoder predicts the token after
        the words before the first ``[MASK]``; without a ``[MASK]``, the token after the text. What
        is beyond the model's length is not read.

        Raises:
            ModeledgeError: An encoder's text has no ``[MASK]`` within the model's length, or a
                decoder's text has no token.
        """
        context_list = [self._context_of(document) for document in texts]
        state_ND = states(self._model, context_list)
        rows = zip(self._by_model(state_ND), self._near(state_ND), strict=True)
        return [self._answer(p_V, hits) for p_V, hits in rows]

    def _context_of(self, document: LinkedText) -> Context:
        text = self._model.encoder.encode(document)
        if text.blanks:
            place = text.blanks[0]
        elif self._model.causal and text.ids:
            # The last token that is not special: some tokenizers end every text with one.
            special = set(self._model.tokenizer.all_special_ids)
            place = max((i for i, token in enumerate(text.ids) if token not in special), default=0)
        else:
            raise ModeledgeError(f"{document.text[:60]!r} has no [MASK] that the model sees")
        # Without blanks, because the model would predict an entity for each; its token is unknown.
        return Context(replace(text, blanks=()), place, -1)

    def _answer(self, p_V: NDArray[np.float64], hits: list[Hit]) -> TokenAnswer:
        share = self.interpolation.weight(hits)
        if share > 0:
            # As in Interpolation.mix_probabilities, but by id instead of by name: some models have
            # more logits than the vocabulary has tokens, and these have no names.
            p_V = (1 - share) * p_V
            near = self.interpolation.near(hits)
            ids = self._model.tokenizer.convert_tokens_to_ids(list(near))
            p_V[ids] += share * np.array(list(near.values()))
        best = int(p_V.argmax())
        token = names_of(self._model, [best])[0]
        return TokenAnswer(token, float(p_V[best]), p_V, self.interpolation.cited_hits(token, hits))

    def _near(self, state_ND: torch.Tensor) -> list[list[Hit]]:
        return self._store.search(state_ND.numpy(), k=self.interpolation.k, space=self._space)

    @torch.no_grad()
    def _by_model(self, state_ND: torch.Tensor) -> NDArray[np.float64]:
        model = self._model
        state_ND = state_ND.to(device=model.device, dtype=model.backbone.dtype)
        p_NV: NDArray[np.float64] = model.token_logits(state_ND).double().softmax(-1).cpu().numpy()
        return p_NV
