"""Does knowledge help to classify relations? FewRel's 16 relations, from 1%, 10% and all rows.

    python benchmarks/fewrel.py [--graph codex|fewrel] [--seeds 5] [--steps 400] [--pretrain 0]
        [--kind gated] [--jobs 2] [--backbone PATH [--learning-rate 5e-5]] [--out runs.json]

A fifth of the rows is the test set, chosen by a hash of the pair of entities: no pair is in both
sets. The graph never holds a pair of the rows to train on or to test on; otherwise the answer could
be looked up:

- codex: the triples of CoDEx-M (Wikidata) that name one of FewRel's entities, without FewRel's
  pairs. It covers few of the entities.
- fewrel: the triples of half of FewRel's other rows. An entity has a vector if one of these names
  it; the rows to train on are the other half.

Arms: aligned (the graph's vectors), permuted (the same vectors, assigned to the wrong entities),
none (the plain model, without vectors). The backbone is a small BERT trained from scratch, with a
vocabulary from the rows to train on, or the one of --backbone; with --pretrain it is first
pretrained on these rows without their labels. Intervals are 95% bootstrap intervals over rows, of
the mean over seeds, and paired where two arms are compared; ± is the standard deviation over seeds.
With --out each run is written once it ends; an existing file is continued. The data are read from
`../shared/data`. Figures are printed, never asserted.
"""

import argparse
import gzip
import hashlib
import json
import os
import platform
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ARMS = ("aligned", "permuted", "none")
_state = {}


def rows_of_fewrel():
    """Yield rows for `kptm.finetune`: the text is the tokens, joined by spaces."""
    with gzip.open(DATA / "fewrel" / "val_wiki.json.gz", "rt", encoding="utf-8") as file:
        rows_by_relation = json.load(file)
    for relation, rows in rows_by_relation.items():
        for row in rows:
            ends = np.cumsum([len(token) + 1 for token in row["tokens"]]) - 1
            spans = {}
            for name, side in (("head", "h"), ("tail", "t")):
                first, last = row[side][2][0][0], row[side][2][0][-1]
                spans[name] = [int(ends[first]) - len(row["tokens"][first]), int(ends[last])]
            keys = {"head": row["h"][1], "tail": row["t"][1]}
            links = [
                {"start": start, "end": end, "entity": keys[name]}
                for name, (start, end) in spans.items()
            ]
            yield {
                "text": " ".join(row["tokens"]),
                **spans,
                "label": relation,
                "links": links,
                "pair": tuple(sorted(keys.values())),
                "triple": (keys["head"], relation, keys["tail"]),
            }


def hash_number(*parts):
    """A number that depends on the parts alone."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:6], "big")


def split(graph):
    """Split FewRel into rows to train on, in order, and rows to test on; with the triples."""
    rows = sorted(rows_of_fewrel(), key=lambda row: hash_number(row["text"], row["triple"]))
    fold = [hash_number("pair", row["pair"]) % 5 for row in rows]
    test = [row for row, number in zip(rows, fold, strict=True) if number == 0]
    rest = [(row, number) for row, number in zip(rows, fold, strict=True) if number]
    if graph == "fewrel":
        train = [row for row, number in rest if number in (1, 2)]
        return train, test, sorted({row["triple"] for row, number in rest if number > 2})
    entities = {key for row in rows for key in row["pair"]}
    pairs = {row["pair"] for row in rows}
    triples = []
    for part in ("train", "valid", "test"):
        with gzip.open(DATA / "codex-m" / f"{part}.tsv.gz", "rt", encoding="utf-8") as file:
            for line in file:
                head, relation, tail = line.rstrip("\n").split("\t")
                known = head in entities or tail in entities
                if known and tuple(sorted((head, tail))) not in pairs:
                    triples.append((head, relation, tail))
    return [row for row, _ in rest], test, triples


def train_vectors(triples, folder):
    """Train ComplEx vectors in minutes, with a sampled softmax over about 16,000 entities."""
    from kg import KnowledgeGraph
    from kg.embedding import KGEConfig, train_embeddings

    with KnowledgeGraph.open(Path(folder) / "graph.db") as graph:
        graph.add(triples)
        config = KGEConfig(dim=32, epochs=15, batch_size=1_024, training="sampled", negatives=1_024)
        embeddings = train_embeddings(graph, config)
    embeddings.save(Path(folder) / "vectors")
    return embeddings


def count_vectors(rows, embeddings):
    """For each row, how many of its two entities have a vector."""
    return np.array([sum(key in embeddings for key in row["triple"][::2]) for row in rows])


def start(options, folder):
    """Prepare a worker process: read the rows, the tokenizer and the vectors."""
    import torch

    from kg import EntityEmbeddings
    from kptm import train_tokenizer
    from kptm.fusion.backbones.tokenizer import read_tokenizer

    torch.set_num_threads(1)
    train, test, _ = split(options.graph)
    if options.backbone:
        tokenizer = read_tokenizer(options.backbone)
    else:
        tokenizer = train_tokenizer((row["text"] for row in train), vocab_size=8_000)
    embeddings = EntityEmbeddings.load(Path(folder) / "vectors")
    _state.update(options=options, train=train, test=test)
    _state.update(tokenizer=tokenizer, embeddings=embeddings)


def run(job):
    """Train one arm with one seed on each share of the rows.

    Return: arm, seed, and by share: whether each test row is correct, how many test rows were cut
    off, and the seconds.
    """
    from kptm import FinetuneConfig, FusedModel, FusionConfig, PretrainConfig, finetune, pretrain
    from kptm.finetuning.task_rows import read_rows
    from kptm.fusion.small_bert import BackboneConfig, small_bert

    arm, seed, shares = job
    options, tokenizer = _state["options"], _state["tokenizer"]
    with_knowledge = arm != "none"
    embeddings = _state["embeddings"]
    if arm == "permuted":
        embeddings = embeddings.permuted(seed)
    began = time.monotonic()
    backbone = options.backbone or small_bert(BackboneConfig(), len(tokenizer), 96)
    fusion = FusionConfig(kind=options.kind, max_length=96, seed=seed)
    model = FusedModel.build(backbone, embeddings, fusion, tokenizer=tokenizer)
    if options.pretrain:
        documents = [row.document for row in read_rows(_state["train"], "text", gold=False)]
        config = PretrainConfig(
            steps=options.pretrain, learning_rate=2e-3, use_knowledge=with_knowledge, seed=seed
        )
        pretrain(model, documents, config=config)
    results = {}
    for share in shares:
        rows = _state["train"][: max(32, len(_state["train"]) * share // 100)]
        config = FinetuneConfig(
            steps=options.steps,
            batch_size=options.batch,
            learning_rate=options.learning_rate,
            use_knowledge=with_knowledge,
            seed=seed,
        )
        tuned = finetune(model, rows, task="relation", config=config)
        predictions = tuned.predict(_state["test"])
        pairs = zip(predictions, _state["test"], strict=True)
        right = [prediction.label == row["label"] for prediction, row in pairs]
        cut = sum(prediction.label is None for prediction in predictions)
        results[share] = right, cut, time.monotonic() - began
        began = time.monotonic()
    return arm, seed, results


SETTINGS = ("graph", "steps", "batch", "pretrain", "kind", "backbone", "learning_rate")


def read_runs(options):
    """Read the runs of --out: whether each test row was correct, by arm, seed and share."""
    if not options.out or not options.out.exists():
        return {}
    kept = json.loads(options.out.read_text(encoding="utf-8"))
    if kept["settings"] != [getattr(options, name) for name in SETTINGS]:
        raise SystemExit(f"{options.out}: has runs of {kept['settings']}; name another file")
    return {tuple(job): right for job, right in kept["runs"]}


def write_runs(options, kept):
    if options.out:
        settings = [getattr(options, name) for name in SETTINGS]
        fresh = options.out.with_name(options.out.name + ".new")
        fresh.write_text(json.dumps({"settings": settings, "runs": list(kept.items())}))
        fresh.replace(options.out)


def table(runs, options, chosen, majority):
    """Print a row for each arm and a column for each share, over the chosen test rows."""
    from kptm.evaluation import interval, paired_interval

    shares = options.shares
    print(f"| arm | {' | '.join(f'{share}%' for share in shares)} |\n|{'---|' * (len(shares) + 1)}")
    means = {}
    for arm in options.arms:
        cells = []
        for share in shares:
            values = np.array(runs[arm, share], float)[:, chosen]
            means[arm, share] = values.mean(0).tolist()
            mean = interval(means[arm, share])
            spread = values.mean(1).std(ddof=1) if len(values) > 1 else float("nan")
            cells.append(f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}] ±{spread:.3f}")
        print(f"| {arm} | {' | '.join(cells)} |")
    for other in [arm for arm in options.arms if arm != "aligned" and "aligned" in options.arms]:
        gains = (paired_interval(means["aligned", s], means[other, s]) for s in shares)
        cells = [f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]" for gain in gains]
        print(f"| **aligned − {other}** | {' | '.join(cells)} |")
    print(f"| *commonest relation* | {' | '.join([f'{majority:.3f}'] * len(shares))} |\n")


def run_missing(options, folder, kept):
    """Run every arm, seed and share that `kept` lacks, and add its result to `kept`."""
    missing = {
        (arm, seed): [x for x in options.shares if (arm, seed, x) not in kept]
        for seed in range(options.seeds)
        for arm in options.arms
    }
    jobs = [(*job, shares) for job, shares in missing.items() if shares]
    with ProcessPoolExecutor(
        options.jobs, get_context("spawn"), initializer=start, initargs=(options, folder)
    ) as pool:
        for arm, seed, results in pool.map(run, jobs):
            for share, (right, cut, seconds) in results.items():
                kept[arm, seed, share] = right
                print(
                    f"  {arm}, seed {seed}, {share}%: {np.mean(right):.3f}, {cut} cut,"
                    f" {seconds:.0f} s",
                    flush=True,
                )
            write_runs(options, kept)


def print_settings(options, triples, embeddings, vectors):
    """Print the settings, and how many entities of the rows have a vector."""
    backbone = Path(options.backbone).name or "a small BERT from scratch"
    print(
        f"\nPython {platform.python_version()}, {os.cpu_count()} cores, {options.kind},"
        f" {backbone}, {options.steps} steps of {options.batch} rows,"
        f" {options.pretrain} of pretraining, {options.seeds} seeds; graph {options.graph}:"
        f" {len(triples):,} triples, {len(embeddings):,} entities"
    )
    for name, counts in vectors.items():
        print(
            f"{len(counts):,} rows to {name}: {counts.mean() / 2:.1%} of mentions have a vector,"
            f" {(counts > 0).mean():.1%} of rows have at least one,"
            f" {(counts == 2).mean():.1%} two"
        )


def print_tables(options, kept, train, test, has_vector):
    """Print the accuracies over all test rows, and over those with a vector."""
    runs = {
        (arm, share): [kept[arm, seed, share] for seed in range(options.seeds)]
        for arm in options.arms
        for share in options.shares
    }
    commonest = Counter(row["label"] for row in train).most_common(1)[0][0]
    is_commonest = np.array([row["label"] == commonest for row in test], float)
    everything = np.ones(len(test), bool)
    for title, chosen in (("all rows", everything), ("rows with a vector", has_vector)):
        labels = [row["label"] for row, keep in zip(test, chosen, strict=True) if keep]
        if not labels:
            continue
        share = Counter(labels).most_common(1)[0][1] / len(labels)
        print(f"\nAccuracy, {title} (n = {len(labels):,}; commonest among them: {share:.3f})\n")
        table(runs, options, chosen, is_commonest[chosen].mean())


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graph", choices=("codex", "fewrel"), default="codex")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--pretrain", type=int, default=0)
    parser.add_argument("--kind", default="gated")
    parser.add_argument("--backbone", default="", help="a folder; a small BERT by default")
    parser.add_argument("--learning-rate", type=float, default=0.0, help="0: chosen by width")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--shares", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    began = time.monotonic()
    train, test, triples = split(options.graph)
    with tempfile.TemporaryDirectory() as folder:
        embeddings = train_vectors(triples, folder)
        print(f"{len(triples):,} triples embedded in {time.monotonic() - began:.0f} s", flush=True)
        vectors = {"train on": count_vectors(train, embeddings)}
        vectors["test on"] = count_vectors(test, embeddings)
        kept = read_runs(options)
        run_missing(options, folder, kept)
    print_settings(options, triples, embeddings, vectors)
    print_tables(options, kept, train, test, vectors["test on"] > 0)
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
