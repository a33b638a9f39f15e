"""Entities that come after the training."""

import time
from dataclasses import replace
from pathlib import Path

from .graphs import Data, configure, triples


def extend(options, folder):
    """A tenth of CoDEx-S's entities comes after the training."""
    import numpy as np
    import torch

    from kg import KnowledgeGraph

    config = configure(options)
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
