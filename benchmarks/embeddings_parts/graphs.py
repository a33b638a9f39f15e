"""Public graphs, their embeddings and what they were measured with."""

import gzip
import os
import platform
import resource
import subprocess
import time
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
DATA = HERE.parents[1] / "shared" / "data"


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
        """Train embeddings; return them and the seconds."""
        from kg import train_embeddings

        began = time.monotonic()
        embeddings = train_embeddings(self.graph, config, **options)
        return embeddings, time.monotonic() - began

    def report(self, embeddings, facts=None):
        facts = self.test if facts is None else facts
        return embeddings.evaluate(
            known_to(embeddings, facts), known=[*self.train, *self.valid, *self.test]
        )


def configure(options):
    """The configuration of the recipe, with the changes of ``--set``."""
    import tomllib

    from kg import KGEConfig

    changes = {
        key: tomllib.loads(f"x={value}")["x"]
        for key, value in (item.split("=") for item in options.set)
    }
    return replace(KGEConfig.recipe(options.name), **changes)
