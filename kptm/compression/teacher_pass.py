"""What the teacher says of the student's batch: its layers' states, entity and word logits."""

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
    """Records the states after each layer of a model's passes, shared layers once a turn."""

    def __init__(self, model: FusedModel) -> None:
        self._layers = encoder_layers(model.backbone)
        self._found: list[Tensor] = []

    @contextmanager
    def record(self) -> Iterator[None]:
        """Record the passes inside; the hooks go afterwards."""
        # After fusion's own hook, so that the knowledge is in the states.
        hooks = [layer.register_forward_hook(self._note) for layer in dict.fromkeys(self._layers)]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
            self._found = []

    def take(self) -> list[Tensor]:
        """The states (B, L, D) after each layer of the last pass."""
        found, self._found = self._found[-len(self._layers) :], []
        return found

    def _note(self, _layer: nn.Module, _inputs: object, output: Any) -> None:
        self._found.append(output[0] if isinstance(output, tuple | list) else output)


@dataclass(frozen=True, slots=True)
class TeacherLesson:
    """What both models say of a batch.

    Attributes:
        own: The student's states (B, L, D) after each of its layers.
        shown: The teacher's states after the layers that those learn from.
        output: What the teacher gave.
    """

    own: list[Tensor]
    shown: list[Tensor]
    output: FusedOutput


class TeacherPass:
    """The teacher beside a student, run once a batch for all objectives.

    Args:
        teacher: The model that is learnt from; it stays as it is.
        student: The model that learns.
        layers: The teacher's layer that each of the student's learns from.
    """

    def __init__(self, teacher: FusedModel, student: FusedModel, layers: tuple[int, ...]) -> None:
        self.teacher = teacher
        self._layers = layers
        self._shown, self._own = LayerStates(teacher), LayerStates(student)
        self._last: tuple[object, TeacherLesson] | None = None

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Watch the student's training."""
        with self._shown.record(), self._own.record():
            try:
                yield
            finally:
                self._last = None

    def lesson(self, step: TrainingStep) -> TeacherLesson:
        """What the teacher says of a step's batch."""
        if self._last is None or self._last[0] is not step.batch:
            own = self._own.take()
            batch = {name: step.batch[name] for name in step.batch if name in MODEL_INPUTS}
            with torch.no_grad():
                output = self.teacher(**batch)
            states = self._shown.take()
            shown = [states[number] for number in self._layers]
            self._last = step.batch, TeacherLesson(own, shown, output)
        return self._last[1]
