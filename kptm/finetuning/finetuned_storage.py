"""A fine-tuned model on disk.

- ``fused/``: the fused model, as it writes itself
- ``classifier.safetensors``: the classifier
- ``finetuned.json``: task, labels, configuration, report and checksums
"""

from __future__ import annotations

from dataclasses import asdict
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
from kptm.fusion.model_manifest import model_folder, seal, unsealed

if TYPE_CHECKING:
    from kptm.finetuning.finetuned_model import FinetunedModel

FORMAT = 1
META, WEIGHTS, FUSED = "finetuned.json", "classifier.safetensors", "fused"
SEALED = (WEIGHTS, f"{FUSED}/kptm.json")
"""Files whose checksums are kept; the second has those of the fused model's own."""


def save(tuned: FinetunedModel, folder: str | Path) -> None:
    """Write a model; the folder appears whole or not at all, a model in it is replaced.

    Raises:
        ModelError: The folder cannot be written, or holds something else.
    """
    with model_folder(folder, META) as fresh:
        _write(tuned, fresh)


def _write(tuned: FinetunedModel, folder: Path) -> None:
    tuned.fused.save_pretrained(folder / FUSED)
    save_file(tuned.model.classifier.state_dict(), folder / WEIGHTS)
    meta = {
        "format": FORMAT,
        "task": tuned.task,
        "labels": list(tuned.labels),
        "config": asdict(tuned.config),
        "report": None if tuned.report is None else tuned.report.to_dict(),
    }
    seal(folder, META, meta, [folder / name for name in SEALED])


def load(folder: str | Path) -> FinetunedModel:
    """Read a model.

    Raises:
        ModelError: The folder is missing, damaged, or of another kind.
    """
    from kptm.finetuning.finetuned_model import FinetunedModel

    folder = Path(folder)
    try:
        meta = unsealed(folder, META, FORMAT)
        task, labels = meta["task"], meta["labels"]
        check_task(task)
        config = FinetuneConfig(**meta["config"])
        fused = FusedModel.from_pretrained(folder / FUSED)
        classes = len(classes_of(labels, task))
        model = TaskModel(fused, task, classes, config.dropout, config.seed)
        model.classifier.load_state_dict(load_file(folder / WEIGHTS))
        return FinetunedModel(model, labels, config, _report(meta["report"]))
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
