"""Pretraining by one process, and by several that divide the model: losses, memory, resuming."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch.distributed.tensor import DTensor
from torch.optim.optimizer import register_optimizer_step_post_hook
from transformers import BertConfig

from kg import EntityEmbeddings, KnowledgeGraph
from kptm import FusedModel, Linker, PretrainConfig, pretrain, train_tokenizer
from kptm.data.batch import collate
from kptm.examples import World
from kptm.pretraining.checkpoints import MARKER
from kptm.pretraining.processes import processes

BASE = PretrainConfig(batch_size=16, learning_rate=2e-3, log_every=1, replaced_weight=0.5)
DIVISIONS: dict[str, dict[str, Any]] = {
    "each has the whole model": {},
    "zero2": {"sharding": "zero2"},
    "zero3": {"sharding": "zero3"},
    "zero3, offload": {"sharding": "zero3", "offload": True},
    "zero2, offload, 2 parts": {"sharding": "zero2", "offload": True, "accumulation": 2},
}
TEXTS = 200


def measure(steps: int, folder: Path) -> int:
    """Train in all ways, print two tables, and return how many bounds were missed."""
    every = steps // 2
    with KnowledgeGraph.open(folder / "world.db") as graph:
        graph.load_entities(World().entities)
        graph.load(World().triples)
    alone = _launch(folder, 1, {"alone": {"checkpoints": "alone", "every": every}}, steps)["alone"]
    runs = {name: dict(changes) for name, changes in DIVISIONS.items()}
    runs["zero3"] |= {"checkpoints": "pair", "every": every}
    pair = _launch(folder, 2, runs, steps)
    print("| 2 processes | loss, first to last | loss differs by | weights by | answers by |"
          " weights and optimiser in each |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    wrong = 0
    for name, found in {"one process": alone, **pair}.items():
        wrong += _print(name, found, alone, f"{found['bytes'] / 1e3:,.0f} kB")
    print("\n| resumed at | written by | read by | loss differs by | weights by | answers by |")
    print("|---|---|---|---|---|---|")
    for source, count, changes in (
        ("alone", 2, {"sharding": "zero3"}),
        ("pair", 1, {}),
        ("pair", 4, {"sharding": "zero2"}),
    ):
        name = f"{source} by {count}"
        shutil.copytree(folder / source, folder / name)
        (folder / name / f"checkpoint-{steps}" / MARKER).unlink()
        runs = {"run": {**changes, "checkpoints": name, "every": every}}
        found = _launch(folder, count, runs, steps)["run"]
        writers = {"alone": "1 process", "pair": "2, zero3"}[source]
        readers = f"{count}{', ' + changes['sharding'] if changes else ' process'}"
        wrong += found["resumed_at"] != every
        wrong += _print(f"{found['resumed_at']} of {steps} | {writers} | {readers}", found, alone)
    return wrong


def _print(name: str, found: dict[str, Any], alone: dict[str, Any], *more: str) -> bool:
    """Print a row; return whether the losses differ by more than 1e-4."""
    curve, wanted = found["curve"], alone["curve"]
    off = max(abs(one - other) for one, other in zip(curve, wanted, strict=True))
    span = [f"{curve[0]:.4f} to {curve[-1]:.4f}"] if more else []
    cells = [name, *span, f"{off:.1e}", *(
        f"{(torch.tensor(found[part]) - torch.tensor(alone[part])).abs().max():.1e}"
        for part in ("weights", "answers")
    ), *more]  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)
    return off > 1e-4


def _launch(folder: Path, count: int, runs: dict[str, Any], steps: int) -> dict[str, Any]:
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(count)]
    subprocess.run(
        [sys.executable, *(launcher if count > 1 else []), __file__, str(folder), str(steps),
         json.dumps(runs)],
        check=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return result


def _train(folder: Path, steps: int, changes: dict[str, Any]) -> dict[str, Any]:
    """A run of this process, and what it saved as one process without the others reads it."""
    place, every = changes.pop("checkpoints", None), changes.pop("every", 0)
    config = PretrainConfig(**{**asdict(BASE), "steps": steps, "checkpoint_every": every} | changes)
    model, linker, texts = _world(folder)
    sizes = []
    hook = register_optimizer_step_post_hook(lambda optimizer, *_: sizes.append(_bytes(optimizer)))
    report = pretrain(
        model, texts, linker, config, checkpoints=None if place is None else folder / place
    )
    hook.remove()
    if processes().is_main_process:
        model.save_pretrained(folder / "model")
    processes().wait_for_everyone()
    saved = FusedModel.from_pretrained(folder / "model")
    batch = collate([saved.encoder.encode(text) for text in linker.link_many(texts[:8])], 0)
    with torch.no_grad():
        answers = saved.token_logits(saved(**batch.tensors()).hidden[:, 0])
    return {
        "curve": [point.loss for point in report.curve],
        "resumed_at": report.resumed_at,
        "weights": torch.cat([value.flatten() for value in saved.parameters()]).tolist(),
        "answers": answers.tolist(),
        "bytes": sizes[-1],
    }


def _world(folder: Path) -> tuple[FusedModel, Linker, list[str]]:
    """A small model without dropout, of which each process would draw its own."""
    texts = World().texts()[:TEXTS]
    graph = KnowledgeGraph.open(folder / "world.db")
    tokenizer = train_tokenizer(texts, vocab_size=800)
    backbone = BertConfig(
        vocab_size=len(tokenizer), hidden_size=64, num_hidden_layers=4, num_attention_heads=4,
        intermediate_size=256, max_position_embeddings=64, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    keys = sorted({key for triple in graph.match() for key in (triple.head, triple.tail)})
    vectors = torch.randn(len(keys), 16, generator=torch.Generator().manual_seed(0))
    model = FusedModel.build(backbone, EntityEmbeddings(keys, vectors), tokenizer=tokenizer)
    return model, Linker(graph), texts


def _bytes(optimizer: torch.optim.Optimizer) -> int:
    """The bytes of this process's weights and of their state in the optimiser."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    states = [value for weight in weights for value in optimizer.state[weight].values()]
    local = [value.to_local() if isinstance(value, DTensor) else value
             for value in (*weights, *states)]  # fmt: skip
    return sum(value.numel() * value.element_size() for value in local)


if __name__ == "__main__":
    torch.set_num_threads(1)
    out, given = Path(sys.argv[1]), json.loads(sys.argv[3])
    found = {name: _train(out, int(sys.argv[2]), changes) for name, changes in given.items()}
    if processes().is_main_process:
        (out / "result.json").write_text(json.dumps(found), encoding="utf-8")
