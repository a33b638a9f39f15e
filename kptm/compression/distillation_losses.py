"""The objectives of distillation: a student learns its teacher's states and predictions.

    states:       Σ_tokens mean_layers |h_s − h_t|² / mean_tokens |h_t|²
    predictions:  Σ T² KL(softmax(z_t / T) ‖ softmax(z_s / T))    Hinton et al. 2015

The loss of states is that of TinyBERT (Jiao et al. 2020, equation 8), divided by the size of the
teacher's states, and without a projection, because both models have the same hidden size. The
predictions are those of entities at blanks and of hidden words.

Shapes: B texts, L tokens, D hidden, K tokens that are read, T blanks, N entities, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from kptm.data.batch import IGNORED
from kptm.pretraining.objectives import Objective

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from kptm.compression.teacher_pass import TeacherPass
    from kptm.pretraining.objectives import TrainingStep


class _FromTeacher(Objective):
    """An objective whose targets are a teacher's outputs.

    Args:
        beside: The teacher's pass, whose weights are not trained.
        temperature: The temperature T.
    """

    def __init__(self, beside: TeacherPass, temperature: float) -> None:
        super().__init__(1.0)
        self._beside, self._temperature = beside, temperature


class LayerImitation(_FromTeacher):
    """The squared distance of the student's hidden states from the teacher's, divided by theirs."""

    name = "layers"

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of tokens, without padding."""
        return int(batch["attention_mask"].sum())

    def total(self, step: TrainingStep) -> Tensor:
        """The loss: the sum over tokens of the mean over layers."""
        lesson = self._beside.lesson(step)
        read_BL = step.batch["attention_mask"].bool()
        losses = []
        for own_BLD, shown_BLD in zip(lesson.own, lesson.shown, strict=True):
            own_KD, shown_KD = own_BLD[read_BL].float(), shown_BLD[read_BL].float()
            size = shown_KD.square().sum(-1).mean().clamp(min=1e-12)
            losses.append((own_KD - shown_KD).square().sum() / size)
        return torch.stack(losses).mean()


class EntityImitation(_FromTeacher):
    """The divergence from the teacher's distribution over entities at each blank."""

    name = "entities_of_teacher"

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of blanks."""
        return len(batch.get("target_rows", ()))

    def total(self, step: TrainingStep) -> Tensor:
        """The loss, summed over the blanks."""
        own, shown = step.output.entity_logits, self._beside.lesson(step).output.entity_logits
        if own is None or shown is None:
            return step.nothing
        return divergence(own, shown, self._temperature)


class WordImitation(_FromTeacher):
    """The divergence from the teacher's distribution over words at each predicted token.

    In an encoder these are the hidden tokens, in a decoder all tokens.
    """

    name = "words_of_teacher"

    def count(self, batch: Mapping[str, Tensor]) -> int:
        """The number of predicted tokens."""
        return int((batch["labels"] != IGNORED).sum())

    def total(self, step: TrainingStep) -> Tensor:
        """The loss, summed over the predicted tokens."""
        wanted_BL = step.batch["labels"] != IGNORED
        if not wanted_BL.any():
            return step.nothing
        hidden = self._beside.lesson(step).output.hidden
        with torch.no_grad():
            shown = self._beside.teacher.token_logits(hidden[wanted_BL])
        own = step.model.token_logits(step.output.hidden[wanted_BL])
        return divergence(own, shown, self._temperature)


def divergence(own_KN: Tensor, shown_KN: Tensor, temperature: float) -> Tensor:
    """T² KL(shown ‖ own) of logits divided by T, summed over the rows."""
    own = torch.log_softmax(own_KN.float() / temperature, -1)
    shown = torch.log_softmax(shown_KN.float() / temperature, -1)
    return temperature**2 * F.kl_div(own, shown, log_target=True, reduction="sum")
