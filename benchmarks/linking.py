"""Linking: how right, and how fast, beside what is published.

    python benchmarks/linking.py quality [--encoder FOLDER]   # five sets of documents, one left out each time
    python benchmarks/linking.py webnlg                       # WebNLG's dev texts
    python benchmarks/linking.py world                        # the example world's hand-linked prose
    python benchmarks/linking.py plain                        # sentences with plain names, and everyday words
    python benchmarks/linking.py case                         # the five sets in small letters and in capitals
    python benchmarks/linking.py calibration                  # of a complete set that was left out
    python benchmarks/linking.py counts                       # what learning from 1, 10, 1,000 documents does
    python benchmarks/linking.py speed [--aliases 1000000]    # beside other matchers, a process each
    python benchmarks/linking.py learn [--encoder FOLDER]     # makes kptm/linking/weights.json anew

The documents are looked for in ``../shared/data``. Figures are printed, never asserted.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import mean

from linking_parts.checks import calibration, plain
from linking_parts.corpora import first_words, webnlg_on_freebase
from linking_parts.gold import COMPLETE, PEERS, SETS, Example, Freebase, WebNLG, teachable, trimmed

from kg import EntityRecord, KnowledgeGraph
from kptm.evaluation.linking import score_linking
from kptm.linking import LinkedText, Linker
from kptm.linking.batches import link_batch
from kptm.linking.encoding import Encoder
from kptm.linking.fitting import NOTHING, Gold, fit
from kptm.linking.weights import DEFAULT, Weights

HERE = Path(__file__).resolve().parent
WHAT = "quality", "webnlg", "world", "plain", "case", "calibration", "counts", "speed", "learn"
WEBNLG_SHARE = 15
"""One in so many of WebNLG's training texts teaches the default coefficients."""


def circumstances() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    return (
        f"commit {done.stdout.strip()}, Python {platform.python_version()}, {os.cpu_count()} cores"
    )


def similarity_of(graph, encoder):
    """The features of an encoder over a graph's descriptions; None without one."""
    return (
        None
        if encoder is None
        else partial(encoder.similarity, describe=Linker(graph, weights=NOTHING).describe)
    )


def row(name, scores) -> str:
    return f"| {name} | " + " | ".join(f"{s:.3f}" if s is not None else "–" for s in scores) + " |"


def quality(folder: Path, encoder: Encoder | None) -> None:
    """Leave one set out: coefficients learnt on the other four, each time."""
    freebase = Freebase(folder)
    layers = Linker(freebase.graph).refresh()
    arms = {"kptm, graph alone": None}
    if encoder is not None:
        arms["kptm, with encoder"] = similarity_of(freebase.graph, encoder)
    print(circumstances(), "\n")
    print(f"| strong micro F1 | {' | '.join(SETS)} | mean |\n|{'---|' * (len(SETS) + 2)}")
    for name, similarity in arms.items():
        scores, details = [], []
        for left_out in SETS:
            others = [name for name in SETS if name != left_out]
            weights = fit(collections(freebase, layers, others, similarity))
            gold = freebase.gold[left_out]
            found = link_batch([document.text for document in gold], layers, weights, similarity)
            report = score_linking(zip(gold, found, strict=True), counts=freebase.counts)
            scores.append(report.f1)
            details.append(f"{report.precision:.2f}/{report.recall:.2f}")
        print(row(f"**{name}**", [*scores, mean(scores)]), flush=True)
        print(f"| precision/recall | {' | '.join(details)} | |", flush=True)
    for system in PEERS:
        scores = []
        for name in SETS:
            found = freebase.peer(name, system)
            pairs = None if found is None else zip(freebase.gold[name], found, strict=True)
            scores.append(
                None if pairs is None else score_linking(pairs, counts=freebase.counts).f1
            )
        known = [score for score in scores if score is not None]
        print(row(system, [*scores, mean(known) if len(known) == len(SETS) else None]))


def collections(freebase: Freebase, layers, names, similarity=None) -> list[Gold]:
    """Sets that teach, each with its own convention, and WebNLG's texts beside them."""
    found = []
    for name in names:
        texts, within, outside = teachable(freebase.gold[name])
        found.append(Gold(layers, texts, within, similarity, outside, name in COMPLETE))
    return [
        *found,
        webnlg_on_freebase(freebase, layers, similarity),
        first_words(layers, similarity),
    ]


def figures(name, gold, found) -> str:
    report = score_linking(zip(gold, found, strict=True))
    return f"| {name} | {report.precision:.3f} | {report.recall:.3f} | {report.f1:.3f} |"


def webnlg(folder: Path) -> None:
    """With the shipped coefficients; then names learnt from half of train, coefficients from the other."""
    data = WebNLG(folder)
    linker = Linker(data.graph)
    print(circumstances(), "\n\n| WebNLG dev | precision | recall | F1 |\n|---|---|---|---|")

    def show(name) -> None:
        found = list(linker.link_many(document.text for document in data.dev))
        print(figures(name, data.dev, found), flush=True)
        short = [[trimmed(document) for document in side] for side in (data.dev, found)]
        print(figures("… articles and possessives trimmed", *short), flush=True)

    show("as it ships, triples alone")
    linker.learn(data.train[::2], source="train, one half")
    linker.fit(data.train[1::6])
    show("learn(half of train), fit(a third of the other half)")
    linker.learn(data.train[1::2], source="train, the other half")
    show("learn(all of train)")


def world(folder: Path, encoder: Encoder | None) -> None:
    """The shipped coefficients have seen the prose; the others have seen its other half."""
    data = Example(folder)
    layers = Linker(data.graph).refresh()
    print(circumstances(), "\n\n| the example world | precision | recall | F1 |\n|---|---|---|---|")

    def link(documents, weights, similarity=None):
        return list(
            link_batch([document.text for document in documents], layers, weights, similarity)
        )

    print(figures("as it ships", data.prose, link(data.prose, Weights.default())), flush=True)
    arms = {"fit on one half, the other measured": None}
    if encoder is not None:
        arms["… with encoder"] = similarity_of(data.graph, encoder)
    for name, similarity in arms.items():
        gold, found = [], []
        for part in (0, 1):
            weights = fit([Gold(layers, data.prose[part::2], None, similarity)])
            gold += data.prose[1 - part :: 2]
            found += link(data.prose[1 - part :: 2], weights, similarity)
        print(figures(name, gold, found), flush=True)


def case(folder: Path) -> None:
    """The shipped coefficients on the five sets as they are, in small letters and in capitals."""
    freebase = Freebase(folder)
    layers = Linker(freebase.graph).refresh()
    print(circumstances(), f"\n\n| F1 | {' | '.join(SETS)} |\n|{'---|' * (len(SETS) + 1)}")
    for name, change in (("as written", str), ("small letters", _small), ("capitals", _capitals)):
        scores = []
        for gold in freebase.gold.values():
            found = link_batch([change(item.text) for item in gold], layers, Weights.default())
            same = (
                LinkedText.from_spans(item.text, [(x.start, x.end, x.entity) for x in other.links])
                for item, other in zip(gold, found, strict=True)
            )
            scores.append(score_linking(zip(gold, same, strict=True), counts=freebase.counts).f1)
        print(row(name, scores), flush=True)


def _small(text: str) -> str:
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _capitals(text: str) -> str:
    return "".join(high if len(high := char.upper()) == 1 else char for char in text)


def calibrated(folder: Path) -> None:
    """Wiki-Fair is annotated completely; the coefficients have not seen it."""
    freebase = Freebase(folder)
    layers = Linker(freebase.graph).refresh()
    others = [name for name in SETS if name != "wiki-fair"]
    weights = replace(fit(collections(freebase, layers, others)), threshold=0.0)
    gold = freebase.gold["wiki-fair"]
    found = link_batch([item.text for item in gold], layers, weights)
    table, error = calibration(zip(gold, found, strict=True), freebase.counts)
    print(circumstances(), "\n\n| p from | links | mean p | right |\n|---|---|---|---|")
    for begin, size, said, true in table:
        print(f"| {begin:.1f} | {size} | {said:.3f} | {true:.3f} |")
    print(f"\nexpected calibration error {error:.3f}")


def counts() -> None:
    """P of a sense after 0, 1, 10 and 1,000 documents that mean it, for the rarest and the commonest sense."""
    senses = ("capital of France", "town in Texas", "prince of Troy")
    print(circumstances(), "\n\n| p | 0 | 1 | 10 | 1,000 |\n|---|---|---|---|---|")
    for sense in senses:
        scores = []
        for size in (0, 1, 10, 1000):
            with tempfile.TemporaryDirectory(prefix="kptm-linking-") as name:
                graph = KnowledgeGraph.open(Path(name) / "g.db")
                graph.add(EntityRecord(key=x, label="Paris", description=x) for x in senses)
                graph.add([("capital of France", "country", "France"), ("France", "in", "Europe")])
                linker = Linker(graph)
                document = LinkedText.from_spans("We saw Paris.", [(7, 12, sense)])
                if size:
                    linker.learn([document] * size, source="news")
                link = linker.link("We saw Paris.", threshold=0.0).links[0]
                scores.append({x.entity: x.prior for x in link.candidates}[sense])
        print(row(sense, scores))


def learn(folder: Path, encoder: Encoder | None) -> None:
    """The coefficients that ship: of all documents at hand, of three kinds of graph."""
    freebase, nlg, example = Freebase(folder), WebNLG(folder), Example(folder)
    sets = collections(
        freebase,
        Linker(freebase.graph, weights=NOTHING).refresh(),
        SETS,
        similarity_of(freebase.graph, encoder),
    )
    texts = [trimmed(document) for document in nlg.train[::WEBNLG_SHARE]]
    for graph, documents in ((nlg.graph, texts), (example.graph, example.prose)):
        layers = Linker(graph, weights=NOTHING).refresh()
        sets.append(Gold(layers, documents, None, similarity_of(graph, encoder)))
    fit(sets).save(DEFAULT)
    print(f"wrote {DEFAULT}")


def speed(aliases: int) -> None:
    """Each contestant in a process of its own, taking turns."""
    from linking_parts.speed import CONTESTANTS, SETTING

    print(circumstances(), f"\n\n{SETTING.format(aliases=aliases)}\n")
    print(
        "| | built s | ready s | memory MB | spotting MB/s | linking documents/s | new alias ms |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in CONTESTANTS:
        with tempfile.TemporaryDirectory(prefix="kptm-linking-") as folder:
            done = subprocess.run(
                [sys.executable, "-m", "linking_parts.speed", name, str(aliases), folder],
                cwd=HERE, stdout=subprocess.PIPE, text=True, check=False,
                env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            )  # fmt: skip
        if done.returncode:
            print(f"| {name} | failed, see above |" + " |" * 5, flush=True)
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        cells = [
            found.get(key) for key in ("built", "ready", "memory", "spotting", "linking", "alias")
        ]
        forms = (".1f", ".3f", ",.0f", ".1f", ",.0f", ".1f")
        shown = [
            "–" if cell is None else format(cell, form)
            for cell, form in zip(cells, forms, strict=True)
        ]
        print(f"| {name} | {' | '.join(shown)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--encoder", type=Path, help="the folder of a sentence encoder")
    parser.add_argument("--aliases", type=int, default=1_000_000)
    options = parser.parse_args()
    encoder = Encoder(options.encoder) if options.encoder else None
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kptm-linking-") as name:
        folder = Path(name)
        match options.what:
            case "quality":
                quality(folder, encoder)
            case "webnlg":
                webnlg(folder)
            case "world":
                world(folder, encoder)
            case "learn":
                learn(folder, encoder)
            case "plain":
                graph = Freebase(folder).graph
                plain(Linker(graph), graph)
            case "case":
                case(folder)
            case "calibration":
                calibrated(folder)
            case "counts":
                counts()
            case "speed":
                speed(options.aliases)
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
