"""How many duplicates are found, and how many of the proposed pairs are right?

    python benchmarks/duplicates.py quality [--graph fb15k-237|metaqa|webnlg|geo|world|trex]
        [--split 500] [--seed 0] [--minimum .5] [--weights FILE] [--overlap 0] [--vectors]
    python benchmarks/duplicates.py learn --out FILE [--graphs fb15k-237 trex world]
        [--vectors world]

``quality`` splits entities of a graph in two: the copy has a new key, a varied name (case, slips,
abbreviations, another order of the words; a sixth keep theirs), no aliases, and a random half of
the facts, at least one; no fact is said of both. Every other pair of entities counts as different,
so that a real duplicate of the data counts as an error. Then the right pairs are merged, and the
merges are undone; the graph's fingerprint must be the one before. ``learn`` fits the weights of the
package to other splits (seeds from 100 on); in half of them, up to half of the copy's facts are
said of both. The data are looked for in ``../shared/data``. Figures are printed, never asserted.
"""

import argparse
import random
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from duplicates_parts import graphs, names

from kg import KnowledgeGraph
from kg.types import EntityRecord
from kptm.duplicates import DuplicateFinder, DuplicateModel
from kptm.duplicates.duplicate_model import knots_of

RECALL = 0.7
"""The recall at which precision is printed."""


def split(name, folder, count, seed, *, overlap=0.0):
    """A graph with some entities split in two, and the pairs (key, key of the copy).

    Both say some of the facts, as in graphs of two sources: up to the share ``overlap`` of those of
    the copy.
    """
    chance = random.Random(seed)  # not for secrets
    facts, records = graphs.read(name)
    touching = {}
    for at, fact in enumerate(facts):
        for end in {fact[0], fact[2]} if isinstance(fact[2], str) else {fact[0]}:
            touching.setdefault(end, []).append(at)
    able = sorted(key for key, found in touching.items() if len(found) > 1 and key in records)
    pairs = {}
    for key in chance.sample(able, min(count, len(able))):
        copy = f"copy/{len(pairs)}"
        moved = [at for at in touching[key] if chance.random() < 0.5]
        if len(moved) in (0, len(touching[key])):
            moved = [touching[key][0]]
        common = chance.random() * overlap if overlap else 0
        for at in moved:
            head, relation, tail = facts[at]
            if chance.random() < common:
                facts.append(facts[at])
            facts[at] = (copy if head == key else head, relation, copy if tail == key else tail)
        pairs[key] = copy
        record = records[key]
        records[copy] = EntityRecord(
            key=copy,
            label=names.vary(record.label, chance),
            types=record.types,
        )
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.add(records.values(), source="entities")
    graph.load([graphs.row(fact) for fact in facts], source="facts")
    return graph, pairs


def vectors_of(graph):
    """Embeddings of the split graph."""
    from kg import KGEConfig, train_embeddings

    return train_embeddings(graph, KGEConfig.recipe("fast"))


def quality(args):
    with tempfile.TemporaryDirectory() as place:
        graph, pairs = split(args.graph, Path(place), args.split, args.seed, overlap=args.overlap)
        model = DuplicateModel.load(args.weights and Path(args.weights))
        vectors = vectors_of(graph) if args.vectors else None
        start = time.process_time()
        finder = DuplicateFinder(graph, model, vectors=vectors)
        found = finder.find(minimum=0.01, most=100_000)
        seconds = time.process_time() - start
        wanted = {frozenset(pair) for pair in pairs.items()}
        rows = [(one.p, frozenset((one.keep, one.gone)) in wanted, one) for one in found]
        report(args, rows, len(wanted), finder.entities, seconds)
        merge(graph, [one for p, right, one in rows if right])
        if args.errors:
            for p, right, one in rows:
                if not right and p >= args.minimum:
                    print(f"{p:.3f} {one.evidence}", file=sys.stderr)


def report(args, rows, count, entities, seconds):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{args.graph}: {entities:,} entities, {count} split, seed {args.seed};"
          f" {seconds:.1f} s, peak {peak} MB")  # fmt: skip
    for least in (0.3, 0.5, 0.7, 0.9):
        chosen = [right for p, right, _ in rows if p >= least]
        right = sum(chosen)
        precision = right / len(chosen) if chosen else 1.0
        print(f"  p >= {least}: {len(chosen)} proposed, precision {precision:.3f},"
              f" recall {right / count:.3f}")  # fmt: skip
    last = int(np.ceil(RECALL * count)) - 1
    places = [at for at, (_, right, _) in enumerate(rows) if right]
    if len(places) > last:
        wanted, proposed = last + 1, places[last] + 1
        print(f"  at recall {RECALL}: {proposed} pairs with p >= {rows[places[last]][0]:.3f},"
              f" precision {wanted / proposed:.3f}")  # fmt: skip
    p = np.array([row[0] for row in rows])
    right = np.array([row[1] for row in rows], float)
    bins = np.minimum((p * 10).astype(int), 9)
    error = sum(
        abs(p[bins == at].mean() - right[bins == at].mean()) * (bins == at).sum()
        for at in range(10)
        if (bins == at).any()
    )
    print(f"  calibration error of p {error / max(1, len(p)):.3f} over {len(p)} pairs")


def merge(graph, pairs):
    before = graph.fingerprint()
    start = time.process_time()
    revisions = [graph.merges.merge(one.keep, [one.gone]).revision for one in pairs]
    merged = graph.fingerprint()
    for revision in reversed(revisions):
        graph.undo(revision)
    same = graph.fingerprint() == before
    seconds = time.process_time() - start
    print(f"  {len(revisions)} merged and undone in {seconds:.1f} s: fingerprint"
          f" {'the same' if same else 'ANOTHER'}, {merged[:8]} after merging")  # fmt: skip


def learn(args):
    features, same = [], []
    for name in args.graphs:
        for seed in range(100, 100 + args.seeds):
            with tempfile.TemporaryDirectory() as place:
                graph, pairs = split(name, Path(place), args.split, seed, overlap=seed % 2 / 2)
                with_vectors = (vectors_of(graph),) if name in args.vectors else ()
                for vectors in (None, *with_vectors):
                    finder = DuplicateFinder(graph, DuplicateModel.flat(), vectors=vectors)
                    found = finder.find(minimum=0.0, most=500_000)
                    # As compared: rivals lower p later.
                    wanted = {frozenset(pair) for pair in pairs.items()}
                    features += [one.features for one in found]
                    same += [frozenset((one.keep, one.gone)) in wanted for one in found]
                print(name, seed, len(found), sum(same), flush=True)
    if args.rows:
        np.savez(args.rows, features=np.array(features), same=np.array(same))
    rows, labels = np.array(features), np.array(same, float)
    model = DuplicateModel.flat(knots_of(rows, labels)).fit(rows, labels, prior=0.3)
    replace(model, pairs=0).save(Path(args.out))
    print(Path(args.out).read_text(encoding="utf-8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("quality")
    one.add_argument("--graph", default="fb15k-237", choices=graphs.NAMES)
    one.add_argument("--minimum", type=float, default=0.5)
    one.add_argument("--weights")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--overlap", type=float, default=0.0, help="the most of the facts of both")
    one.add_argument("--errors", action="store_true")
    other = verbs.add_parser("learn")
    other.add_argument("--graphs", nargs="+", default=["fb15k-237", "trex", "world"])
    other.add_argument("--seeds", type=int, default=3)
    other.add_argument("--out", required=True)
    other.add_argument("--rows", help="a file for the features of all pairs")
    for each in (one, other):
        each.add_argument("--split", type=int, default=500)
    one.add_argument("--vectors", action="store_true")
    other.add_argument("--vectors", nargs="*", default=["world"], help="graphs with vectors, too")
    args = parser.parse_args()
    {"quality": quality, "learn": learn}[args.verb](args)


if __name__ == "__main__":
    main()
