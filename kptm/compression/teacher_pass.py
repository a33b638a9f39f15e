"""Runs the teacher on the student's batch: hidden states, entity logits and word logits."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from kptm.fusion.backbones.backbone_parts import encoder_layers
from kptm.pretraining.pretraining_model import MODEL_INPUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    from kptm.fusion import FusedModel, FusedOutput
    from kptm.pretraining.objectives import TrainingStep


class LayerStates:
    """Records the hidden states after each layer; a shared layer is recorded each time it runs."""

    def __init__(self, model: FusedModel) -> None:
        self._layers = encoder_layers(model.backbone)
        self._found: list[Tensor] = []

    @contextmanager
    def record(self) -> Iterator[None]:
        """Record the model's passes within this context; the hooks are removed at its end."""
        # These hooks run after those of fusion, so that the states contain the knowledge.
        hooks = [layer.register_forward_hook(self._note) for layer in dict.fromkeys(self._layers)]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
            self._found = []

    def take(self) -> list[Tensor]:
        """The hidden states after each layer in the last pass, each of shape (B, L, D)."""
        states, self._found = self._found[-len(self._layers) :], []
        return states

    def _note(self, _layer: nn.Module, _inputs: object, output: Any) -> None:
        self._found.append(output[0] if isinstance(output, tuple | list) else output)


@dataclass(frozen=True, slots=True)
class TeacherLesson:
    """The hidden states of both models for a batch, and the teacher's output.

    Attributes:
        own: The student's states after each of its layers, each of shape (B, L, D).
        shown: The teacher's states after the layers that the student's layers imitate.
        output: The teacher's output.
    """

    own: list[Tensor]
    shown: list[Tensor]
    output: FusedOutput


class TeacherPass:
    """Runs a teacher once for each batch of its student, for all objectives.

    Args:
        teacher: The model to imitate, which is not changed.
        student: The model that is trained.
        layers: The number of the teacher's layer that each of the student's layers imitates.
    """

    def __init__(self, teacher: FusedModel, student: FusedModel, layers: tuple[int, ...]) -> None:
        self.teacher = teacher
        self._layers = layers
        self._shown, self._own = LayerStates(teacher), LayerStates(student)
        self._last: tuple[object, TeacherLesson] | None = None

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Record the student's and the teacher's states within this context."""
        with self._shown.record(), self._own.record():
            try:
                yield
            finally:
                self._last = None

    def lesson(self, step: TrainingStep) -> TeacherLesson:
        """The states and outputs for a step's batch."""
        if self._last is None or self._last[0] is not step.batch:
            own = self._own.take()
            batch = {name: step.batch[name] for name in step.batch if name in MODEL_INPUTS}
            with torch.no_grad():
                output = self.teacher(**batch)
            states = self._shown.take()
            shown = [states[number] for number in self._layers]
            self._last = step.batch, TeacherLesson(own, shown, output)
        return self._last[1]
