"""A pretraining that ``accelerate launch`` starts: launched.py OUT [CHECKPOINTS [STEPS]]."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import tiny_run
import torch

from kptm.data.batch import collate
from kptm.linking import LinkedText
from kptm.pretraining import PretrainConfig, pretrain
from kptm.pretraining.processes import processes

CONFIG = PretrainConfig(
    steps=12, batch_size=8, learning_rate=5e-3, log_every=1, seed=3, replaced_weight=0.5
)


def run(checkpoints=None, steps=None, kind="gated", saved=None, **changes):
    """The curve, the weights and the answers of a run, whose model is saved.

    There is no dropout, since every process would draw its own.
    """
    config = replace(CONFIG, **changes)
    if steps is not None:
        config = replace(config, checkpoint_every=steps)
    model = tiny_run.model(dropout=0.0, kind=kind)
    report = pretrain(model, tiny_run.texts(), config=config, checkpoints=checkpoints)
    weights = {name: value.tolist() for name, value in sorted(model.named_parameters())}
    if saved is not None and processes().is_main_process:
        model.save_pretrained(saved)
    return {
        "curve": report.to_dict()["curve"],
        "resumed_at": report.resumed_at,
        "weights": weights,
        "answers": answers(model),
        "fingerprint": model.fingerprint(),
    }


def answers(model):
    """The logits of all entities at the blank of a text, (1, N)."""
    text = LinkedText.from_spans("The capital of Georgia is [MASK].", [(15, 22, "Georgia")])
    with torch.no_grad():
        batch = collate([model.encoder.encode(text)], model.pad_id).tensors()
        return model(**batch).entity_logits.tolist()


if __name__ == "__main__":
    torch.set_num_threads(1)
    out, *more = sys.argv[1:]
    result = run(more[0] if more else None, int(more[1]) if more[1:] else None)
    state = processes()
    result["processes"] = state.num_processes
    Path(f"{out}.{state.process_index}").write_text(json.dumps(result), encoding="utf-8")
