"""Does a map between two models keep the neighbours of re-encoding? Two seeds on T-REx's facts.

    python benchmarks/modeledge_parts/transfer.py [--limit 60] [--steps 500]
        [--anchors 100,300,1000] [--target 0.95] [--models FOLDER]

Two fused models are trained on the same texts from different initial weights; the vectors of the
first are moved to the second by `Modeledge.migrate`. Recall compares the ten nearest neighbours of
held-out records after mapping with those after re-encoding (the texts of held-out records and of
anchors are disjoint). "Same value" is the share of held-out records that have another record of
their value among the ten, mapped and re-encoded. Last, a map is requested with --target, which may
be refused. With --models the trained models are saved and reused. Figures are printed, never
asserted.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "trex"


def options_of(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--anchors", default="100,300,1000")
    parser.add_argument("--target", type=float, default=0.95)
    parser.add_argument("--models", type=Path)
    return parser.parse_args(argv)


def study_of(options):
    from kptm.evaluation.fusion.fusion_study import FusionStudy

    facts, patterns = (options.data / f"{name}.jsonl.gz" for name in ("facts", "patterns"))
    return FusionStudy.read(facts, patterns, "3", steps=options.steps, limit=options.limit)


def models_of(study, options, folder):
    """Both models, read from the folder or trained and saved in it."""
    from kptm import FusedModel
    from kptm.evaluation.fusion.study_arms import ArmStudy
    from kptm.evaluation.fusion.trials import Trials

    places = [folder / f"seed-{seed}-{options.limit}-{options.steps}" for seed in (0, 1)]
    trials = None
    for seed, place in enumerate(places):
        if place.exists():
            continue
        trials = trials or Trials.prepare(study, ["aligned"])
        arms = ArmStudy(
            trials.before, trials.tokenizer, study.documents, study.probes, trials.config
        )
        began = time.monotonic()
        model, _ = arms.train("aligned", seed)
        model.save_pretrained(place)
        print(f"  seed {seed}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return [FusedModel.from_pretrained(place) for place in places]


def row(move, anchors, seconds):
    """A line of the table."""
    same = move.agreement
    name = move.old.partition(":")[0]
    return (
        f"| {name} | {move.method} | {anchors} | {move.way or '–'} | {same.recall:.3f} |"
        f" {same.found:.3f} |"
        f" {same.found_encoded:.3f} | {same.found / same.found_encoded:.3f} | {same.count} |"
        f" {seconds:.1f} |"
    )


def measure_migration(store, model, anchors, **settings):
    """Migrate, undo the migration, and return its lines of the table."""
    began = time.monotonic()
    report = store.migrate(model, anchors=anchors or 1, **settings)
    seconds = time.monotonic() - began
    for number in reversed(report.operations):
        store.undo(number)
    return [row(move, move.anchors or "–", seconds) for move in report.spaces]


def main(argv=None) -> None:
    import torch

    from kptm import Modeledge, ModeledgeError

    torch.set_num_threads(1)
    options = options_of(argv)
    study = study_of(options)
    kept = nullcontext(options.models) if options.models else tempfile.TemporaryDirectory()
    with kept as folder, tempfile.TemporaryDirectory() as other:
        old, new = models_of(study, options, Path(folder))
        with Modeledge.open(Path(other) / "transfer.db") as store:
            store.write(old, study.documents)
            print(
                f"Python {platform.python_version()}, {os.cpu_count()} cores, one thread;"
                f" {options.steps} steps,"
                f" {len(study.documents):,} texts, {sum(store.stats().values()):,} records\n"
            )
            print(
                "| space | method | anchors | way | recall@10 | same value, moved | re-encoded |"
                " ratio | held out | s, both |"
            )
            print("|---|---|---|---|---|---|---|---|---|---|")
            lines = measure_migration(store, new, 0, method="encode")
            for anchors in map(int, options.anchors.split(",")):
                lines += measure_migration(store, new, anchors, method="map", target=0.0)
            print("\n".join(sorted(lines, key=lambda line: line.split("|")[1])))
            newest = store.newest_operation()
            try:
                store.migrate(new, method="map", anchors=anchors, target=options.target)
                print(f"\nmap, target {options.target}: accepted")
            except ModeledgeError as error:
                same = store.newest_operation() == newest
                print(
                    f"\nmap, target {options.target}: refused, nothing written: {same}\n  {error}"
                )


if __name__ == "__main__":
    main()
