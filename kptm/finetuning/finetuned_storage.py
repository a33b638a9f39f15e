"""Reads and writes the folder of a fine-tuned model.

- ``fused/``: the fused model, in its own format
- ``classifier.safetensors``: the classifier
- ``finetuned.json``: task, labels, configuration, report and checksums
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kptm.errors import ConfigError, ModelError
from kptm.finetuning.classifier import TaskModel
from kptm.finetuning.config import FinetuneConfig, check_task
from kptm.finetuning.finetune_report import FinetuneReport, TaskPoint, TaskScore
from kptm.finetuning.task_encoding import classes_of
from kptm.fusion import FusedModel
from kptm.fusion.model_manifest import model_folder, read_manifest, seal

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = 1
META, WEIGHTS, FUSED = "finetuned.json", "classifier.safetensors", "fused"
SEALED = (WEIGHTS, f"{FUSED}/kptm.json")
"""Files whose checksums are stored; ``kptm.json`` has the checksums of the fused model's files."""


@dataclass(frozen=True, slots=True)
class StoredParts:
    """The parts of a fine-tuned model; see :class:`kptm.finetuning.FinetunedModel`."""

    model: TaskModel
    labels: Sequence[str]
    config: FinetuneConfig
    report: FinetuneReport | None


def save(parts: StoredParts, folder: str | Path) -> None:
    """Write a model's folder in one step, which never leaves it incomplete.

    A model that the folder already has is replaced.

    Raises:
        ModelError: The folder cannot be written, or has other files.
    """
    with model_folder(folder, META) as fresh:
        _write(parts, fresh)


def _write(parts: StoredParts, folder: Path) -> None:
    parts.model.fused.save_pretrained(folder / FUSED)
    save_file(parts.model.classifier.state_dict(), folder / WEIGHTS)
    meta = {
        "format": FORMAT,
        "task": parts.model.task,
        "labels": list(parts.labels),
        "config": asdict(parts.config),
        "report": None if parts.report is None else parts.report.to_dict(),
    }
    seal(folder, META, meta, [folder / name for name in SEALED])


def load(folder: str | Path) -> StoredParts:
    """Read the parts of a model.

    Raises:
        ModelError: The folder is missing or damaged, or its model is of another kind.
    """
    folder = Path(folder)
    try:
        meta = read_manifest(folder, META, FORMAT)
        task, labels = meta["task"], meta["labels"]
        check_task(task)
        config = FinetuneConfig(**meta["config"])
        fused = FusedModel.from_pretrained(folder / FUSED)
        classes = len(classes_of(labels, task))
        model = TaskModel(fused, task, classes, config.dropout, config.seed)
        model.classifier.load_state_dict(load_file(folder / WEIGHTS))
        return StoredParts(model, labels, config, _report(meta["report"]))
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        raise ModelError(f"{folder}: no fine-tuned model there ({missing} is missing)") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder}: cannot be read ({error}); save the model again") from error
    except (RuntimeError, SafetensorError, ConfigError) as error:
        raise ModelError(f"{folder}: its parts do not fit ({error})") from error


def _report(value: dict[str, Any] | None) -> FinetuneReport | None:
    if value is None:
        return None
    curve = tuple(TaskPoint(**point) for point in value["curve"])
    dev = None if value["dev"] is None else TaskScore(**value["dev"])
    return FinetuneReport(**{**value, "curve": curve, "dev": dev})
