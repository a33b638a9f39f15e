"""Linking: how right, and how fast, beside what is published.

    python benchmarks/linking.py quality [--encoder FOLDER]   # five sets, one left out each time
    python benchmarks/linking.py losses [--encoder FOLDER]    # which entity, or whether any
    python benchmarks/linking.py webnlg                       # WebNLG's dev texts
    python benchmarks/linking.py world                        # the example world's linked prose
    python benchmarks/linking.py plain                        # plain names, and everyday words
    python benchmarks/linking.py unseen                       # a newsletter that taught nothing
    python benchmarks/linking.py case                         # the five sets in one case
    python benchmarks/linking.py calibration                  # of a complete set that was left out
    python benchmarks/linking.py counts                       # learning from documents, other sets
    python benchmarks/linking.py speed [--aliases 1000000]    # other matchers, a process each
    python benchmarks/linking.py learn [--encoder FOLDER]     # makes the coefficients anew

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
from pathlib import Path
from statistics import mean

from linking_parts.checks import calibration, plain
from linking_parts.gold import (
    LANGUAGES,
    PEERS,
    SETS,
    Example,
    Freebase,
    WebNLG,
    language_of,
    newsletter,
    teachable,
    trimmed,
)
from linking_parts.losses import losses
from linking_parts.teaching import (
    RememberingEncoder,
    everything,
    fit_policy,
    left_out,
    similarity_of,
)

from kg import EntityRecord, KnowledgeGraph
from kptm.evaluation.linking_gold import GoldDocument
from kptm.evaluation.linking_scores import score_linking
from kptm.linking import LinkedText, Linker
from kptm.linking.disambiguation.conventions import Policy
from kptm.linking.disambiguation.description_encoder import Encoder
from kptm.linking.disambiguation.disambiguation_model import FOLDER, Weights
from kptm.linking.link_batch import link_batch
from kptm.linking.training.linker_fitting import Gold, fit

HERE = Path(__file__).resolve().parent
WHAT = (
    "quality", "losses", "webnlg", "world", "plain", "unseen", "case", "calibration", "counts",
    "speed", "learn",
)  # fmt: skip


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


def row(name, scores) -> str:
    return f"| {name} | " + " | ".join(f"{s:.3f}" if s is not None else "–" for s in scores) + " |"


def score(freebase, gold, found):
    """Gold and answers are restricted to the graph."""
    return score_linking(zip(gold, found, strict=True), counts=freebase.counts)


def quality(folder: Path, encoder: Encoder | None) -> None:
    """Leave one set out: coefficients learnt on the other four, each time."""
    freebase = Freebase(folder)
    layers = Linker(freebase.graph).refresh()
    alone, encoded = (None, Policy.NAMES, False), similarity_of(freebase.graph, encoder)
    arms = {
        "kptm, graph alone": alone,
        "… with coreference": (None, Policy.NAMES, True),
        "… strict": (None, Policy.STRICT, False),
    }
    if encoder is not None:
        arms["kptm, with encoder"] = (encoded, Policy.NAMES, False)
    print(circumstances(), "\n")
    print(f"| strong micro F1 | {' | '.join(SETS)} | mean |\n|{'---|' * (len(SETS) + 2)}")
    fitted: dict[object, list] = {}  # coreference uses the coefficients of the same policy
    for name, (similarity, policy, coreference) in arms.items():
        scores, details = [], []
        if (similarity, policy) not in fitted:
            fitted[similarity, policy] = list(left_out(freebase, layers, SETS, similarity, policy))
        for set_name, weights in fitted[similarity, policy]:
            gold = freebase.gold[set_name]
            texts = [document.text for document in gold]
            found = link_batch(texts, layers, weights, similarity, coreference=coreference)
            report = score(freebase, gold, found)
            scores.append(report.f1)
            details.append(f"{report.precision:.2f}/{report.recall:.2f}")
        print(row(f"**{name}**", [*scores, mean(scores)]), flush=True)
        print(f"| precision/recall | {' | '.join(details)} | |", flush=True)
    for system in PEERS:
        scores = []
        for name in SETS:
            found = freebase.peer(name, system)
            scores.append(None if found is None else score(freebase, freebase.gold[name], found).f1)
        known = [score for score in scores if score is not None]
        print(row(system, [*scores, mean(known) if len(known) == len(SETS) else None]))


def figures(name, gold, found) -> str:
    report = score_linking(zip(gold, found, strict=True))
    return f"| {name} | {report.precision:.3f} | {report.recall:.3f} | {report.f1:.3f} |"


def webnlg(folder: Path) -> None:
    """With the shipped coefficients.

    Then names learnt from half of train, coefficients from the other.
    """
    data = WebNLG(folder)
    print(circumstances(), "\n\n| WebNLG dev | precision | recall | F1 |\n|---|---|---|---|")

    def show(name, linker) -> None:
        found = list(linker.link_many(document.text for document in data.dev))
        print(figures(name, data.dev, found), flush=True)
        short = [[trimmed(document) for document in side] for side in (data.dev, found)]
        print(figures("… articles and possessives trimmed", *short), flush=True)

    linker = Linker(data.graph)
    for policy in Policy:
        linker.weights = Weights.default(policy)
        show(f'as it ships, triples alone, policy "{policy}"', linker)
    linker.weights, linker.coreference = Weights.default(Policy.ALL), True
    show('… policy "all", with coreference', linker)
    linker.weights, linker.coreference = Weights.default(), False
    linker.learn(data.train[::2], source="train, one half")
    linker.fit(data.train[1::6])
    show("learn(half of train), fit(a third of the other half)", linker)
    linker.coreference = True
    show("… with coreference", linker)


def world(folder: Path, encoder: Encoder | None) -> None:
    """The shipped coefficients have seen the prose; the others have seen its other half."""
    data = Example(folder)
    layers = Linker(data.graph).refresh()
    print(circumstances(), "\n\n| the example world | precision | recall | F1 |\n|---|---|---|---|")

    def link(documents, weights, similarity=None):
        return list(
            link_batch([document.text for document in documents], layers, weights, similarity)
        )

    for policy in Policy:
        found = link(data.prose, Weights.default(policy))
        print(figures(f'as it ships, policy "{policy}"', data.prose, found), flush=True)
    if encoder is not None:
        found = link(data.prose, Weights.default(), similarity_of(data.graph, encoder))
        print(figures("as it ships, with encoder", data.prose, found), flush=True)
    for language in ("English", *LANGUAGES):
        some = [item for item in data.prose if language_of(item.text) == language]
        print(figures(f"… {language}, {len(some)} texts", some, link(some, Weights.default())))
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


def unseen(folder: Path) -> None:
    """What ships, on a newsletter that was written without looking at what is linked."""
    freebase = Freebase(folder)
    gold = newsletter(freebase.keys)
    layers = Linker(freebase.graph).refresh()
    print(circumstances(), "\n\n| newsletter | precision | recall | F1 |\n|---|---|---|---|")
    for policy in Policy:
        found = link_batch([item.text for item in gold], layers, Weights.default(policy))
        report = score(freebase, gold, found)
        print(f"| {policy} | {report.precision:.3f} | {report.recall:.3f} | {report.f1:.3f} |")


def case(folder: Path) -> None:
    """Each set as it is, in small letters and in capitals, with coefficients of the others."""
    freebase = Freebase(folder)
    layers = Linker(freebase.graph).refresh()
    print(circumstances(), f"\n\n| F1 | {' | '.join(SETS)} |\n|{'---|' * (len(SETS) + 1)}")
    scores: dict[str, list[float]] = {"as written": [], "small letters": [], "capitals": []}
    for set_name, weights in left_out(freebase, layers):
        gold = freebase.gold[set_name]
        for name, change in zip(scores, (str, _small, _capitals), strict=True):
            found = link_batch([change(item.text) for item in gold], layers, weights)
            same = (
                LinkedText.from_spans(item.text, [(x.start, x.end, x.entity) for x in other.links])
                for item, other in zip(gold, found, strict=True)
            )
            scores[name].append(score(freebase, gold, same).f1)
    for name, values in scores.items():
        print(row(name, values), flush=True)


def _small(text: str) -> str:
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def _capitals(text: str) -> str:
    return "".join(high if len(high := char.upper()) == 1 else char for char in text)


def calibrated(folder: Path) -> None:
    """Wiki-Fair and WebNLG's dev are annotated completely; the coefficients have seen neither."""
    freebase, nlg = Freebase(folder), WebNLG(folder)
    layers = Linker(freebase.graph).refresh()
    print(circumstances())
    for policy in (Policy.NAMES, Policy.STRICT):
        _, weights = next(left_out(freebase, layers, ["wiki-fair"], policy=policy))
        gold = freebase.gold["wiki-fair"]
        _show_calibration(f"{policy}, Wiki-Fair", gold, layers, weights, freebase.counts)
    # As what ships is learnt, with the example world and WebNLG's own graph, but without this set.
    others = [name for name in SETS if name != "wiki-fair"]
    teaching = everything(freebase, nlg, Example(folder), others, None, Policy.NAMES)
    weights = fit_policy(teaching, Policy.NAMES)
    gold = freebase.gold["wiki-fair"]
    _show_calibration("all else that teaches, Wiki-Fair", gold, layers, weights, freebase.counts)
    weights = Weights.default(Policy.ALL)
    gold = [
        GoldDocument(item.text, tuple((x.start, x.end, x.entity) for x in item.links))
        for item in nlg.dev
    ]
    _show_calibration("all, WebNLG dev", gold, Linker(nlg.graph).refresh(), weights, lambda _: True)


def _show_calibration(name, gold, layers, weights, counts) -> None:
    found = link_batch([item.text for item in gold], layers, replace(weights, threshold=0.0))
    table, error = calibration(zip(gold, found, strict=True), counts)
    print(f"\n| {name}: p from | links | mean p | right |\n|---|---|---|---|")
    for begin, size, said, true in table:
        print(f"| {begin:.1f} | {size} | {said:.3f} | {true:.3f} |")
    print(f"\nexpected calibration error {error:.3f}", flush=True)


def counts() -> None:
    """P of the rarest and the commonest sense after 0, 1, 10 and 1,000 documents that mean it."""
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


def counts_of_others(folder: Path) -> None:
    """Each set with coefficients and counts of the other four, beside their coefficients alone."""
    freebase = Freebase(folder)
    linker = Linker(freebase.graph)
    rows: dict[str, list[float]] = {"coefficients of the others": [], "… and their counts": []}
    for set_name, weights in left_out(freebase, linker.refresh()):
        gold = freebase.gold[set_name]
        texts = [document.text for document in gold]
        linker.weights = weights
        others = [teachable(freebase.gold[name]) for name in SETS if name != set_name]
        documents = [document for some, _, _ in others for document in some]
        within = [span for _, spans, _ in others for span in spans]
        alone = link_batch(texts, linker.refresh(), weights)
        rows["coefficients of the others"].append(score(freebase, gold, alone).f1)
        revision = linker.learn(documents, source="the others", within=within)
        counted = link_batch(texts, linker.refresh(), weights)
        rows["… and their counts"].append(score(freebase, gold, counted).f1)
        freebase.graph.undo(revision)
    print(f"\n| F1 | {' | '.join(SETS)} |\n|{'---|' * (len(SETS) + 1)}")
    for name, found in rows.items():
        print(row(name, found), flush=True)


def learn(folder: Path, encoder: Encoder | None, policies: list[Policy]) -> None:
    """The coefficients that ship: of all documents at hand, of three kinds of graph.

    With an encoder the third pass alone is replaced; without one it stays.
    """
    freebase, nlg, example = Freebase(folder), WebNLG(folder), Example(folder)
    for policy in policies:
        path = FOLDER / f"{policy}.json"
        before = Weights.load(path)
        learnt = fit_policy(everything(freebase, nlg, example, SETS, encoder, policy), policy)
        if encoder is None:
            replace(learnt, encoder=before.encoder).save(path)
        else:
            replace(before, encoder=learnt.encoder).save(path)
        print(f"wrote {path}", flush=True)


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


OF_A_FOLDER = {"unseen": unseen, "case": case, "calibration": calibrated, "webnlg": webnlg}
"""What needs a folder and nothing else."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("--encoder", type=Path, help="the folder of a sentence encoder")
    parser.add_argument("--policy", type=Policy, action="append", help="learn: of these alone")
    parser.add_argument("--aliases", type=int, default=1_000_000)
    options = parser.parse_args()
    encoder = RememberingEncoder(options.encoder) if options.encoder else None
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kptm-linking-") as name:
        folder = Path(name)
        match options.what:
            case "quality":
                quality(folder, encoder)
            case "losses":
                freebase = Freebase(folder)
                similarity = similarity_of(freebase.graph, encoder)
                layers = Linker(freebase.graph).refresh()
                learnt = left_out(freebase, layers, similarity=similarity)
                losses(freebase, layers, similarity, learnt)
            case "world":
                world(folder, encoder)
            case "learn":
                learn(folder, encoder, options.policy or list(Policy))
            case "plain":
                graph = Freebase(folder).graph
                plain(Linker(graph), graph)
            case "unseen" | "case" | "calibration" | "webnlg":
                OF_A_FOLDER[options.what](folder)
            case "counts":
                counts()
                counts_of_others(folder)
            case "speed":
                speed(options.aliases)
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
