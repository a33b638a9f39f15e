"""Embeddings: how right, how fast, beside PyKEEN's own pipeline and what is published.

    python benchmarks/embeddings.py recipe NAME [--data codex-s] [--seeds 3] [--set key=value …]
    python benchmarks/embeddings.py classify [--data codex-s codex-m]  # hard negatives
    python benchmarks/embeddings.py pykeen                          # time to its pipeline's MRR
    python benchmarks/embeddings.py evaluation                      # ranks of FB15k-237's test
    python benchmarks/embeddings.py extend                          # a tenth comes later
    python benchmarks/embeddings.py table [--rows 5000000]          # larger than memory

The graphs are looked for in ``../shared/data``. Figures are printed, never asserted.
"""

import argparse
import gzip
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import mean

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
PUBLISHED = {"codex-s": (0.465, 0.646), "codex-m": (0.337, 0.476), "fb15k-237": (0.348, 0.536),
    "wn18rr": (0.475, 0.547)}  # fmt: skip
"""ComplEx: MRR and Hits@10 (CoDEx: Safavi and Koutra 2020; the others: Ruffinelli et al. 2020)."""


def circumstances() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=HERE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    import torch

    return (
        f"commit {done.stdout.strip()}, Python {platform.python_version()}, torch"
        f" {torch.__version__}, {torch.get_num_threads()} threads of {os.cpu_count()}"
    )


def triples(data, part):
    with gzip.open(DATA / data / f"{part}.tsv.gz", "rt", encoding="utf-8") as file:
        return [tuple(line.rstrip("\n").split("\t")) for line in file]


def known_to(embeddings, facts):
    """Those that name only what was trained on."""
    keys, relations = (
        embeddings.keys.of({e for h, _, t in facts for e in (h, t)}),
        set(embeddings.relations),
    )
    return [item for item in facts if item[0] in keys and item[2] in keys and item[1] in relations]


def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Data:
    """A public graph, loaded."""

    def __init__(self, name, folder, train=None):
        from kg import KnowledgeGraph

        self.name = name
        self.train = triples(name, "train") if train is None else train
        self.valid, self.test = triples(name, "valid"), triples(name, "test")
        self.graph = KnowledgeGraph.open(Path(folder) / f"{name}-{len(self.train)}.db")
        self.graph.add(self.train)

    def embeddings(self, config, **options):
        """Trained, and the seconds that it took."""
        from kg import train_embeddings

        began = time.monotonic()
        found = train_embeddings(self.graph, config, **options)
        return found, time.monotonic() - began

    def report(self, embeddings, facts=None):
        facts = self.test if facts is None else facts
        return embeddings.evaluate(
            known_to(embeddings, facts), known=[*self.train, *self.valid, *self.test]
        )


def configured(options):
    """The recipe with what ``--set`` changes."""
    import tomllib

    from kg import KGEConfig

    changes = {
        key: tomllib.loads(f"x={value}")["x"]
        for key, value in (item.split("=") for item in options.set)
    }
    return replace(KGEConfig.recipe(options.name), **changes)


def recipe(options, folder):
    """Train by a recipe, rank the test set, for some seeds."""
    for name in options.data or ["codex-s"]:
        data, config = Data(name, folder), configured(options)
        print(
            f"\n{name}, recipe {options.name}: {config}\n\n| seed | seconds | epochs | MRR | Hits@1"
            " | Hits@10 |\n|---|---|---|---|---|---|"
        )
        rows = []
        for seed in range(options.seeds):
            curve = []
            begun = time.monotonic()

            def seen(epoch, curve=curve, begun=begun):
                curve.append((round(time.monotonic() - begun), epoch))
                if epoch.mrr is not None:
                    print(
                        f"  {curve[-1][0]} s, epoch {epoch.number}:"
                        f" loss {epoch.loss:.3f}, validation MRR {epoch.mrr:.4f}",
                        file=sys.stderr,
                        flush=True,
                    )

            found, seconds = data.embeddings(
                replace(config, seed=seed), validation=data.valid, progress=seen
            )
            report = data.report(found)
            rows.append((report.mrr, report.hits_at_10, seconds))
            print(
                f"| {seed} | {seconds:.0f} | {len(found.curve)} | {report.mrr:.4f} |"
                f" {report.hits_at_1:.4f} | {report.hits_at_10:.4f} |",
                flush=True,
            )
            if seed == 0:
                categories = ", ".join(
                    f"{key} {value.mrr:.3f} ({value.count:,})"
                    for key, value in report.by_category.items()
                )
                curve_ = ", ".join(
                    f"{at} s {epoch.mrr:.3f}" for at, epoch in curve if epoch.mrr is not None
                )
        published = PUBLISHED[name]
        print(
            f"| mean | {mean(r[2] for r in rows):.0f} | | {mean(r[0] for r in rows):.4f} | |"
            f" {mean(r[1] for r in rows):.4f} |"
        )
        print(f"| published ComplEx | | | {published[0]} | | {published[1]} |")
        print(
            f"\nMRR by category, seed 0: {categories}\n\nvalidation MRR, seed 0:"
            f" {curve_}\n\npeak memory {memory():,.0f} MB"
        )


def classify(options, folder):
    """Are facts told from hard negatives, with what was learnt on the validation set?"""
    print(
        "\n| data | recipe | accuracy on validation | accuracy on test | facts"
        " |\n|---|---|---|---|---|"
    )
    for name in options.data or ["codex-s", "codex-m"]:
        data, config = Data(name, folder), configured(options)
        found, _ = data.embeddings(config, validation=data.valid)
        found.calibrate(
            known_to(found, data.valid), known_to(found, triples(name, "valid_negatives"))
        )
        true, false = known_to(found, data.test), known_to(found, triples(name, "test_negatives"))
        right = (found.probability(true) >= 0.5).sum() + (found.probability(false) < 0.5).sum()
        count = len(true) + len(false)
        print(
            f"| {name} | {options.name} | {found.calibration.accuracy:.4f} | {right / count:.4f} |"
            f" {count:,} |",
            flush=True,
        )


def pykeen(options, folder):
    """How long our training takes to reach the MRR of PyKEEN's pipeline with its defaults."""
    import torch
    from pykeen.pipeline import pipeline
    from pykeen.triples import CoreTriplesFactory

    data = Data("codex-s", folder)
    config = configured(options)
    entities = sorted({e for h, _, t in data.train for e in (h, t)})
    relations = sorted({r for _, r, _ in data.train})
    number, of_relation = (
        {key: at for at, key in enumerate(keys)} for keys in (entities, relations)
    )

    def factory(facts):
        ids = [
            (number[h], of_relation[r], number[t])
            for h, r, t in facts
            if h in number and t in number and r in of_relation
        ]
        return CoreTriplesFactory.create(torch.tensor(ids), len(entities), len(relations))

    print(
        "\n| | epochs | seconds of training | test MRR | ours to the same MRR | ratio"
        " |\n|---|---|---|---|---|---|"
    )
    for theirs_epochs in (None, options.epochs):  # its own default, and what it comes to in longer
        theirs = pipeline(
            training=factory(data.train), validation=factory(data.valid),
            testing=factory(data.test), model="ComplEx", random_seed=0, evaluation_fallback=True,
            device="cpu", epochs=theirs_epochs, training_kwargs={"use_tqdm": False},
            evaluation_kwargs={"use_tqdm": False},
        )  # fmt: skip
        seconds = theirs.train_seconds
        mrr = theirs.get_metric("both.realistic.inverse_harmonic_mean_rank")
        for epochs in range(1, config.epochs + 1):
            found, ours = data.embeddings(replace(config, epochs=epochs))
            reached = data.report(found).mrr
            if reached >= mrr:
                break
        print(
            f"| pykeen.pipeline, ComplEx | {theirs_epochs or 'its default'} | {seconds:.1f} |"
            f" {mrr:.4f} | {ours:.1f} s, {epochs} epochs, MRR {reached:.4f} | {ours / seconds:.3f}"
            " |",
            flush=True,
        )


def evaluation(options, folder):
    """Rank FB15k-237's test set by the same model, by PyKEEN's evaluator and by ours.

    A process each for memory.
    """
    print("\n| | seconds | MRR | peak memory MB |\n|---|---|---|---|", flush=True)
    for who in ("kptm", "pykeen"):
        subprocess.run([sys.executable, __file__, "evaluate-one", who], check=True)


def evaluate_one(options, folder):
    import torch
    from pykeen.evaluation import RankBasedEvaluator

    from kg import KGEConfig
    from kg.embedding.ranking import rank_triples
    from kg.embedding.training.scorer import Scorer

    train, valid, test = (triples("fb15k-237", part) for part in ("train", "valid", "test"))
    entities = sorted({e for h, _, t in (*train, *valid, *test) for e in (h, t)})
    relations = sorted({r for _, r, _ in train})
    number, of_relation = (
        {key: at for at, key in enumerate(keys)} for keys in (entities, relations)
    )

    def ids(facts):
        return torch.tensor([(number[h], of_relation[r], number[t]) for h, r, t in facts])

    engine = Scorer(KGEConfig(dim=128, init=1.0), len(entities), len(relations))
    known, wanted = ids([*train, *valid]), ids(test)
    engine.model.eval()
    began = time.monotonic()
    if options.name == "kptm":
        mrr = float((1 / rank_triples(engine, wanted.numpy(), known.numpy())).mean())
    else:
        found = RankBasedEvaluator(filtered=True).evaluate(
            engine.model, wanted, additional_filter_triples=[known], use_tqdm=False
        )
        mrr = found.get_metric("both.realistic.inverse_harmonic_mean_rank")
    print(
        f"| {options.name} | {time.monotonic() - began:.1f} | {mrr:.6f} | {memory():,.0f} |",
        flush=True,
    )


def extend(options, folder):
    """A tenth of CoDEx-S's entities comes after the training."""
    import numpy as np
    import torch

    from kg import KnowledgeGraph

    config = configured(options)
    print(
        "\n| seed | withheld, full training | withheld, extended | ratio | others, full | others,"
        " extended | seconds full | extend | old rows the same"
        " |\n|---|---|---|---|---|---|---|---|---|"
    )
    train = triples("codex-s", "train")
    for seed in range(options.seeds):
        entities = sorted({e for h, _, t in train for e in (h, t)})
        late = set(
            np.random.default_rng(seed)
            .choice(entities, len(entities) // 10, replace=False)
            .tolist()
        )
        first = [item for item in train if late.isdisjoint(item)]
        data = Data("codex-s", folder)
        whole, seconds = data.embeddings(replace(config, seed=seed))
        graph = KnowledgeGraph.open(Path(folder) / f"growing-{seed}.db")
        graph.add(first)
        data.graph = graph
        old, _ = data.embeddings(replace(config, seed=seed))
        graph.add(item for item in train if item not in set(first))
        began = time.monotonic()
        new = old.extend(graph)
        spent = time.monotonic() - began
        of_late = [item for item in data.test if not late.isdisjoint(item)]
        rest = [item for item in data.test if late.isdisjoint(item)]
        scores = [
            data.report(which, facts).mrr for facts in (of_late, rest) for which in (whole, new)
        ]
        same = torch.equal(new.vectors(list(old.keys)), old.table)
        print(
            f"| {seed} | {scores[0]:.4f} | {scores[1]:.4f} | {scores[1] / scores[0]:.3f} |"
            f" {scores[2]:.4f} | {scores[3]:.4f} | {seconds:.0f} | {spent:.1f}"
            f" ({spent / seconds:.1%}) | {same} |",
            flush=True,
        )


def table(options, folder):
    """Open a table of many rows, and read some."""
    import numpy as np

    from kg.embedding.files import key_index as rows
    from kg.embedding.files import vectors

    random = np.random.default_rng(0)
    home = Path(folder) / "embeddings"
    home.mkdir()
    began = time.monotonic()
    chunks = (
        random.standard_normal((50_000, 128), np.float32) for _ in range(options.rows // 50_000)
    )
    vectors.write(home / "vectors.safetensors", options.rows, 128, chunks, "float16")
    written = time.monotonic()
    rows.write(home / "rows.db", (f"Q{number:09d}" for number in range(options.rows)))
    print(
        f"written: vectors {written - began:.0f} s, keys {time.monotonic() - written:.0f} s",
        flush=True,
    )
    import json

    from kg.embedding.files import folder as folders

    meta = {
        "format": folders.FORMAT,
        "fingerprint": "",
        "revision": 0,
        "config": None,
        "curve": [],
        "calibration": None,
        "entities": options.rows,
        "relations": [],
        "sha256": {"rows.db": folders.file_sha256(home / "rows.db")},
    }
    meta["checksum"] = folders._checksum(meta)
    (home / "embeddings.json").write_text(json.dumps(meta))
    subprocess.run([sys.executable, __file__, "open-one", str(home)], check=True)


def open_one(options, folder):
    import random

    import torch  # noqa: F401

    from kg import EntityEmbeddings

    def held():
        with Path("/proc/self/status").open() as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024

    EntityEmbeddings.load  # noqa: B018
    before, began = held(), time.monotonic()
    found = EntityEmbeddings.load(options.name)
    opened = time.monotonic() - began
    after = held()
    keys = [f"Q{number:09d}" for number in random.Random(0).sample(range(len(found)), 3_000)]
    spent = []
    for start in range(0, 3_000, 1_000):
        began = time.monotonic()
        found.vectors(keys[start : start + 1_000])
        spent.append((time.monotonic() - began) * 1_000)
    began = time.monotonic()
    found.vectors(keys[:1_000])
    print(
        f"{len(found):,} × {found.dim}: opened in {opened:.3f} s, {after - before:.1f} MB more;"
        f" 1,000 random rows, others each time: {', '.join(f'{ms:.0f}' for ms in spent)} ms, the"
        f" first again {(time.monotonic() - began) * 1_000:.0f} ms;"
        f" then {held() - before:.1f} MB more"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    runs = {"recipe": recipe, "classify": classify, "pykeen": pykeen, "evaluation": evaluation,
    "evaluate-one": evaluate_one, "extend": extend, "table": table,
    "open-one": open_one}  # fmt: skip
    parser.add_argument("what", choices=runs)
    parser.add_argument("name", nargs="?", default="accurate")
    parser.add_argument("--data", nargs="*")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=100, help="of PyKEEN's pipeline")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--set", nargs="*", default=[])
    options = parser.parse_args()
    if "-one" not in options.what:
        print(circumstances())
    with tempfile.TemporaryDirectory(prefix="kptm-embeddings-") as folder:
        runs[options.what](options, folder)


if __name__ == "__main__":
    main()
