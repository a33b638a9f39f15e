"""Does a compressed model answer as its original does? On the example world.

    python benchmarks/answers_parts/compressed.py [--folder DIR] [--questions N] [--learn]
        [--ways int8 distil-1 …] [--seed 0]

The workspace is built as by `world.py --model`, with --learn trained on `learn.tsv`, and compressed
in each way; each copy is given the original's modeledge by `migrate`. With --questions, every k-th
question is asked, so that there are about N. Each model is asked the world's questions and those
for tuning, once with all sources, and once with the model alone and no least p, so that it must
choose an entity. The tables count the questions for which the first answer is that of the original,
and those answered correctly; brackets are 95% bootstrap intervals over questions of the difference
to the original. Times are CPU time of one thread, medians of passes in which all models take turns.
With --seed, what is trained by compressing has another seed. Figures are printed, never asserted.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

WAYS = {
    "int8": {"quantise": "int8", "steps": 0},
    "distil-1": {"layers": 1, "steps": 300},
    "distil-1-int8": {"layers": 1, "quantise": "int8", "steps": 300},
    "prune-neurons-0.5": {"prune": 0.5, "steps": 300},
    "prune-weights-0.3": {"prune": 0.3, "unit": "weights", "steps": 0},
}
"""The compressions by name, with their settings."""
SIZES = (1, 32)
"""Texts of a batch that is timed."""


def main(arguments=None) -> None:
    from answers_parts.world import open_workspace, tuning

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--questions", type=int)
    parser.add_argument("--learn", action="store_true")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "world"
        began = time.monotonic()
        ws, world = open_workspace(folder, True)
        with ws:
            if options.learn and not ws.layout.weights.exists():
                ws.learn(world.learn)
            print(f"the workspace: {time.monotonic() - began:.0f} s", flush=True)
            missing = [x for x in options.ways if not ws.layout.compressed_for(x).exists()]
            for name in missing:
                began = time.monotonic()
                compress(ws, name, options.seed)
                print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
        for name in options.ways:  # what has the original's modeledge already is left as it is
            with workspace_of(folder, name) as ws:
                for part in ws.migrate().spaces:
                    print(f"{name}: {part.moved} vectors by {part.method}", flush=True)
        questions = [*world.questions(), *tuning()]
        if options.questions:
            questions = questions[:: max(1, len(questions) // options.questions)]
        found = {name: answers_of(folder, name, questions) for name in ("", *options.ways)}
        show_costs(folder, options.ways)
    show_answers(questions, found)


def compress(ws, name, seed) -> None:
    """Write a compressed model; a student that is there is quantised, not trained again."""
    from dataclasses import replace

    from kptm.compression import CompressionConfig, quantise

    base = name.removesuffix("-int8")
    if base == name or not ws.layout.compressed_for(base).exists():
        ws.compress(CompressionConfig(**WAYS[name], seed=seed))
        return
    small = quantise(ws.model(base))
    original = ws.model().fingerprint()
    small.origin = replace(small.origin, compressed=name, copy_of=original)
    small.save_pretrained(ws.layout.compressed_for(name))


def workspace_of(folder, name):
    """The workspace, which answers with the model of this name; "" is its own."""
    from kptm import Workspace

    return Workspace.open(folder, changes=[f'answering.model="{name}"'])


def answers_of(folder, name, questions):
    """The first answers with all sources, and those of the model alone."""
    from kptm.answering.config import PredictorConfig

    asked = [item.question for item in questions]
    with workspace_of(folder, name) as ws:
        predictor = ws.predictor()
        every = [answer.entity for answer in predictor.ask_many(asked)]
        predictor._config = PredictorConfig(min_score=0.0, uncalibrated=True, sources=("model",))
        predictor.take(type(predictor.weights)(count=1))
        alone = [answer.entity for answer in predictor.ask_many(asked)]
    return every, alone


def show_costs(folder, ways) -> None:
    """Print the size and the time of each model, and the facts that it knows."""
    import torch

    from kptm import Workspace
    from kptm.compression import graph_only_probes
    from kptm.compression.measurements import measure_passes, model_bytes
    from kptm.evaluation import ask_model, paired_interval

    torch.set_num_threads(1)
    with Workspace.open(folder) as ws:
        models = {name: ws.model(name) for name in ("", *ways)}
        documents = list(ws.link(passage.text for passage in ws.passages.stream()))
        probes = graph_only_probes(ws.graph, documents, ws.phrasings())
    texts = [probe.cloze for probe in probes]
    times = [measure_passes(models, texts[:count], passes=51) for count in SIZES]
    right = {name: ask_model(model, probes) for name, model in models.items()}
    print(f"\n| model | MiB | ms of 1 text | of 32 | {len(probes)} graph-only facts |")
    print("|---|---|---|---|---|")
    for name, model in models.items():
        cells = [f"{model_bytes(model) / 2**20:.2f}"]
        cells += [f"{found[name]:.2f} ({found[''] / found[name]:.2f}×)" for found in times]
        gain = paired_interval(right[name], right[""])
        cells.append(f"{sum(right[name]) / len(probes):.3f}{bracket(gain) if name else ''}")
        print(f"| {name or 'original'} | {' | '.join(cells)} |")


def show_answers(questions, found) -> None:
    """Print which answers are the original's, and which are correct."""
    from kptm.evaluation import paired_interval

    gold = [item.answers for item in questions]
    full_every, full_alone = found[""]
    chosen = [
        place for place, entity in enumerate(full_alone) if entity is not None and gold[place]
    ]

    def is_right(every):
        return [bool(e in g if g else e is None) for e, g in zip(every, gold, strict=True)]

    print(f"\nAll sources: {len(gold)} questions; alone: {len(chosen)} that have an answer.\n")
    print("| model | all sources: same | right or refused | model alone: same | right |")
    print("|---|---|---|---|---|")
    for name, (every, alone) in found.items():
        same = sum(a == b for a, b in zip(every, full_every, strict=True))
        alike = sum(alone[place] == full_alone[place] for place in chosen)
        own, full = ([e[p] in gold[p] for p in chosen] for e in (alone, full_alone))
        cells = [f"{same}", f"{sum(is_right(every))}", f"{alike}", f"{sum(own)}"]
        if name:
            cells[1] += bracket(paired_interval(is_right(every), is_right(full_every)))
            cells[3] += bracket(paired_interval(own, full))
        print(f"| {name or 'original'} | {' | '.join(cells)} |")


def bracket(gain) -> str:
    """A difference with its interval."""
    return f" ({gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}])"


if __name__ == "__main__":
    main()
