"""PyKEEN's pipeline and evaluator, beside ours."""

import subprocess
import sys
import time
from dataclasses import replace

from .graphs import HERE, Data, configure, memory, triples


def pykeen(options, folder):
    """How long our training takes to reach the MRR of PyKEEN's pipeline with its defaults."""
    import torch
    from pykeen.pipeline import pipeline
    from pykeen.triples import CoreTriplesFactory

    data = Data("codex-s", folder)
    config = configure(options)
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
        subprocess.run([sys.executable, HERE / "embeddings.py", "evaluate-one", who], check=True)


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
