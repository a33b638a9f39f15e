"""Real input, not ours: the whole path on WebNLG and on FB15k-237 with MSNBC documents.

    python benchmarks/real_data.py [webnlg|fb15k|all] [--data FOLDER] [--json]

Triples → graph → linked text → embeddings → fused pretraining → modeledge → answers, with one seed.
The data are looked for in ``../shared/data`` beside the project; where they are absent the part is
skipped and says so.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from linking_parts.gold import DATA, references, rows, trimmed

from kg import KGEConfig, KnowledgeGraph
from kg.types import EntityRecord
from kptm import Predictor
from kptm.answering.predictor import PredictorConfig
from kptm.data import Phrasings
from kptm.evaluation import interval
from kptm.evaluation.linking_scores import score_linking
from kptm.linking import LinkedText, Linker
from kptm.workspace import Workspace
from kptm.workspace.config import WorkspaceConfig

SEED = 0
HELD_OUT = 0.05
ASKED = 300
EPOCHS = 3
CASTS = "/film/actor/film./film/performance/film"


class Clock:
    """Seconds of each stage, told on stderr as they pass."""

    def __init__(self):
        self.seconds = {}

    @contextmanager
    def stage(self, name):
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 1)
        print(f"{name}: {self.seconds[name]} s", file=sys.stderr, flush=True)


def triples_of(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [tuple(line.rstrip("\n").split("\t")) for line in lines]


def draw(*parts):
    """A number between 0 and 1 that the parts alone decide."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def share(flags):
    """Mean with its 95% interval."""
    if not flags:
        return {"mean": None, "n": 0}
    found = interval([float(flag) for flag in flags])
    return {"mean": found.mean, "low": found.low, "high": found.high, "n": len(flags)}


def settings(embedding, steps):
    standard = WorkspaceConfig()
    return replace(
        standard,
        embedding=embedding,
        fusion=replace(standard.fusion, seed=SEED),
        pretraining=replace(standard.pretraining, steps=steps, seed=SEED, checkpoint_every=0),
    )


# ── WebNLG ───────────────────────────────────────────────────────────────────────────────────────

_PRONOUN = re.compile(r"(?:it|its|he|him|his|she|her|they|their|them|who|which|that|this|whose)")


def gold_of(row):
    """The gold links of one text, and how many references are not found in it."""
    document = references(row, None)
    return document, len(row["references"]) - len(document.links)


def is_literal(key):
    """Whether a WebNLG key is a number, a date or a quoted string rather than a page's name."""
    return key[0] in '"-' or key[0].isdigit()


def key_names(keys):
    """What a short script of the user's would add: keys without quotes or the part in brackets."""
    for key in keys:
        plain = re.sub(r"\s*\([^)]*\)$", "", key.strip('"').replace("_", " ")).strip()
        shorter = re.sub(r"\.0$", "", plain) if is_literal(key) else plain
        aliases = tuple(sorted({plain, shorter} - {key, key.replace("_", " "), ""}))
        if aliases:
            yield EntityRecord(key=key, aliases=aliases)


def references_as_names(rows):
    """The words that the training texts' annotators marked, as aliases.

    small-letter ones left out.
    """
    names = defaultdict(set)
    for row in rows:
        for link in trimmed(gold_of(row)[0]).links:
            first = link.surface[0]
            if not (first.islower() or _PRONOUN.fullmatch(link.surface.lower())):
                names[link.entity].add(link.surface)
    for key, aliases in names.items():
        yield EntityRecord(key=key, aliases=tuple(sorted(aliases)))


def hold_out(triples, said):
    """About 5%: both ends and the relation keep two triples, and the question has no other answer.

    Args:
        triples: All of them.
        said: Those that a text of the corpus says.
    """
    degree = Counter(end for head, _, tail in triples for end in (head, tail))
    answers = Counter((head, relation) for head, relation, _ in triples)
    used = Counter(relation for _, relation, _ in triples)
    held = []
    for triple in sorted(triples, key=lambda item: draw("order", *item)):
        head, relation, tail = triple
        sole = answers[head, relation] == 1 and head != tail
        kept = min(degree[head], degree[tail], used[relation]) > 2
        if sole and kept and len(held) < HELD_OUT * len(triples):
            held.append(triple)
            degree.subtract((head, tail))
            used[relation] -= 1
    return [t for t in held if t in said], [t for t in held if t not in said]


def linking_row(gold, found, counts=lambda span: True):
    report = score_linking(zip(gold, found, strict=True), counts=counts)
    return {
        "precision": report.precision,
        "recall": report.recall,
        "f1": report.f1,
        "gold": report.gold,
        "found": report.found,
    }


def losses(gold, found):
    """Why gold spans are lost, after trimming: one reason each, and how many."""
    reasons = Counter()
    for wanted, given in zip(gold, found, strict=True):
        spans = {(link.start, link.end): link.entity for link in given.links}
        for link in wanted.links:
            over = [s for s in spans if s[0] < link.end and link.start < s[1]]
            if spans.get((link.start, link.end)) == link.entity:
                reasons["right"] += 1
            elif (link.start, link.end) in spans:
                reasons["right span, other entity"] += 1
            elif _PRONOUN.fullmatch(link.surface.lower()):
                reasons["pronoun"] += 1
            elif is_literal(link.entity):
                reasons["number, date or quoted text written otherwise"] += 1
            elif any(spans[s] == link.entity for s in over):
                reasons["right entity, other span"] += 1
            elif over:
                reasons["another name inside or over it"] += 1
            else:
                reasons["no name of the graph there"] += 1
    return dict(reasons.most_common())


def link_with(folder, name, triples, records, texts):
    """Link the same texts with more names; the workspace's own graph is not touched."""
    with KnowledgeGraph.open(folder / f"{name}.db") as graph:
        graph.add(triples)
        graph.add(records)
        return list(Linker(graph).link_many(texts))


def webnlg(data, folder):
    """The whole path on WebNLG."""
    clock, out = Clock(), {}
    train, dev = rows(data / "webnlg/train.jsonl.gz"), rows(data / "webnlg/dev.jsonl.gz")
    said = {tuple(triple) for row in train for triple in row["triples"]}
    triples = list(dict.fromkeys(tuple(t) for row in (*train, *dev) for t in row["triples"]))
    in_text, unsaid = hold_out(triples, said)
    held = {*in_text, *unsaid}
    kept = [triple for triple in triples if triple not in held]
    file = folder / "triples.tsv"
    file.write_text("".join("\t".join(triple) + "\n" for triple in kept), encoding="utf-8")
    config = settings(KGEConfig(dim=32, epochs=60, seed=SEED), steps=1_200)
    texts = [row["text"] for row in dev]
    with Workspace.init(folder / "webnlg", config) as ws:
        with clock.stage("load"):
            ws.load(file)
        out["graph"] = {**ws.stats(), "held out": len(held)}
        with clock.stage("link dev texts"):
            found = list(ws.link(texts))
        out["linking"] = webnlg_linking(folder, kept, train, dev, found, out)
        with clock.stage("link train texts"):
            documents = list(ws.link(row["text"] for row in train))
        out["corpus"] = {"texts": len(documents), "links": sum(len(d.links) for d in documents)}
        with clock.stage("embed"):
            embeddings = ws.embed()
        with clock.stage("fit of the embeddings"):
            out["fit mrr"] = embeddings.evaluate(kept, known=kept).mrr
        with clock.stage("pretrain"):
            report = ws.pretrain(documents)
        out["pretraining"] = {"steps": report.steps, "last loss": report.curve[-1].loss}
        with clock.stage("modeledge"):
            out["modeledge vectors"] = ws.index(documents)
        with clock.stage("ask"):
            held_by = {"said in a training text": in_text, "said nowhere": unsaid}
            out["graph lookup"] = ask_known(ws, kept, dev)
            out["held out"] = {name: ask_held_out(ws, part) for name, part in held_by.items()}
    out["seconds"] = clock.seconds
    return out


def webnlg_linking(folder, kept, train, dev, found, out):
    gold, missing = zip(*(gold_of(row) for row in dev), strict=True)
    keys = dict.fromkeys(end for head, _, tail in kept for end in (head, tail))
    known = {link.entity for document in gold for link in document.links} & keys.keys()
    out["references"] = {
        "in all": sum(len(row["references"]) for row in dev),
        "not located": sum(missing),
        "entities not in the graph": len({x.entity for d in gold for x in d.links} - known),
    }
    short_gold, short = [trimmed(d) for d in gold], [trimmed(d) for d in found]
    out["losses"] = losses(short_gold, short)
    rows = {
        "triples alone; gold spans as annotated": linking_row(gold, found),
        "… articles and possessives trimmed": linking_row(short_gold, short),
        "… trimmed, pages' names only": linking_row(
            short_gold, short, lambda span: not is_literal(span[2])
        ),
    }
    texts = [row["text"] for row in dev]
    more = {
        "keys' plain names added; trimmed": list(key_names(keys)),
        "… and the names marked in train; trimmed": [
            *key_names(keys),
            *(record for record in references_as_names(train) if record.key in keys),
        ],
    }
    for number, (name, records) in enumerate(more.items()):
        linked = link_with(folder, f"names-{number}", kept, records, texts)
        rows[name] = linking_row(short_gold, [trimmed(document) for document in linked])
    return rows


def ask_known(ws, kept, dev):
    """Facts the graph holds: a lookup, right by construction; asked to see that it is."""
    graph = set(kept)
    pool = {tuple(t) for row in dev for t in row["triples"]} & graph
    sample = sorted(pool, key=lambda triple: draw("ask", *triple))[:ASKED]
    return share([tail in {x.entity for x in ws.query(h, r).answers} for h, r, tail in sample])


def ask_held_out(ws, triples, true=None):
    """Ask (head, relation) of facts the graph lacks; every source together, and each alone.

    "forced" is the best guess whatever its p; "answered" and "right" keep the predictor's own
    threshold.
    """
    true = true or {(h, r): {t} for h, r, t in triples}
    model, store, embeddings = ws.model(), ws.modeledge, ws.embeddings()
    phrasings = Phrasings.load(ws.folder / "phrasings.json")
    sources = {
        "link prediction": (None, embeddings, None),
        "model": (model, None, None),
        "model + modeledge": (model, None, store),
        "all": (model, embeddings, store),
    }
    guessing, least = PredictorConfig(min_score=0.0, uncalibrated=True), PredictorConfig().min_score
    tails = defaultdict(Counter)
    for triple in ws.graph.match():
        tails[triple.relation][triple.tail] += 1
    table = {
        "reachable": share([t in tails[r] for _, r, t in triples]),
        "most frequent tail": {
            "forced": share(
                [
                    max(tails[r], key=lambda key, r=r: (tails[r][key], key)) in true[h, r]
                    for h, r, _ in triples
                ]
            )
        },
    }
    for name, (of_model, of_graph, of_store) in sources.items():
        predictor = Predictor(
            ws.graph, ws.linker, of_model, of_graph, of_store, phrasings=phrasings, config=guessing
        )
        answers = [(predictor.query(h, r), true[h, r]) for h, r, _ in triples]
        sure = [(answer, good) for answer, good in answers if answer.score >= least]
        table[name] = {
            "forced": share([answer.entity in good for answer, good in answers]),
            "answered": share([answer.score >= least for answer, _ in answers]),
            "right of answered": share([answer.entity in good for answer, good in sure]),
        }
    return table


# ── FB15k-237 and MSNBC ──────────────────────────────────────────────────────────────────────────

PEERS = ("refined", "rel", "genre", "wat", "spel", "ambiverse", "baseline", "dbpedia-spotlight")


def f1_of(gold, found):
    right = len(gold & found)
    return {
        "precision": right / len(found),
        "recall": right / len(gold),
        "f1": 2 * right / (len(gold) + len(found)),
        "gold": len(gold),
        "found": len(found),
    }


def score_documents(data, documents, keys, ours):
    """Strong match on spans in the evaluation span and entities in the catalogue, with peers.

    Nested labels all count (nine pairs, mostly a name and its last part), which is how the
    published figures come out to three places. A :class:`LinkedText` holds no nested links, so sets
    are compared here.
    """

    def counts(document, span, key):
        start, end = document["evaluation_span"]
        return key is not None and start <= span[0] and span[1] <= end

    def spans(document, items):
        return {(document["id"], *s, k) for s, k in items if counts(document, s, k)}

    by_id = {document["id"]: document for document in documents}
    gold, found = set(), set()
    for document, linked in zip(documents, ours, strict=True):
        labels = ((item["span"], keys.get(item["entity_id"])) for item in document["labels"])
        gold |= spans(document, labels)
        found |= spans(document, (((x.start, x.end), x.entity) for x in linked.links))
    text = {document["id"]: document["text"] for document in documents}
    capital = {span for span in found if not text[span[0]][span[1] : span[2]].islower()}
    longer = {span for span in capital if span[2] - span[1] > 2}
    table = {
        "kptm": f1_of(gold, found),
        "kptm, if links of small-letter words were dropped": f1_of(gold, capital),
        "kptm, if those and one- and two-letter words were dropped": f1_of(gold, longer),
    }
    for peer in PEERS:
        answered = set()
        for row in rows(data / f"entity-linking/peers/msnbc.{peer}.jsonl.gz"):
            mentions = ((item["span"], keys.get(item["id"])) for item in row["mentions"])
            answered |= spans(by_id[row["id"]], mentions)
        table[peer] = f1_of(gold, answered)
    return table


def sentences_of(document):
    """The sentences of a linked document, each with its links."""
    for found in re.finditer(r"\S.*?(?:[.!?][”\"')]*(?=\s|$)|\n|$)", document.text):
        start, end = found.span()
        inside = [x for x in document.links if start <= x.start and x.end <= end]
        spans = [(x.start - start, x.end - start, x.entity) for x in inside]
        if len(found[0].split()) > 2:
            yield LinkedText.from_spans(found[0], spans)


def fb15k(data, folder):
    """The whole path on FB15k-237, with MSNBC documents as the text."""
    clock, out, root = Clock(), {}, data / "fb15k-237"
    documents = rows(data / "entity-linking/msnbc.jsonl.gz")
    keys = {}
    for row in rows(root / "entities.jsonl.gz"):
        if row.get("wikidata"):
            keys.setdefault(row["wikidata"], row["key"])
    config = settings(KGEConfig(dim=32, epochs=EPOCHS, batch_size=256, seed=SEED), steps=200)
    with Workspace.init(folder / "fb15k", config) as ws:
        with clock.stage("load"):
            ws.load_entities(root / "entities.jsonl.gz")
            ws.load(root / "train.tsv.gz")
        out["graph"] = ws.stats()
        with clock.stage("read the names"):
            ws.linker.link("")
        with clock.stage("link 20 documents"):
            linked = list(ws.link(document["text"] for document in documents))
        out["linking"] = score_documents(data, documents, keys, linked)
        with clock.stage("embed"):
            embeddings = ws.embed()
        with clock.stage("rank valid"):
            out["valid"] = rank_valid(root, embeddings)
        sentences = [sentence for document in linked for sentence in sentences_of(document)]
        out["corpus"] = {"texts": len(sentences), "links": sum(len(x.links) for x in sentences)}
        with clock.stage("pretrain"):
            report = ws.pretrain(sentences)
        out["pretraining"] = {"steps": report.steps, "last loss": report.curve[-1].loss}
        with clock.stage("modeledge"):
            out["modeledge vectors"] = ws.index(sentences)
        with clock.stage("ask"):
            out["held out"] = {"valid triples": ask_valid(ws, root)}
            out["answers"] = [
                ws.query("Tom Hanks", CASTS).explain(),
                ws.query(None, "/location/location/contains", "Seattle").explain(),
                ws.ask("In which films did Tom Hanks play?").explain(),
                *(
                    ws.query(head, relation).explain()
                    for head, relation, _ in asked_valid(ws, root)[:2]
                ),
            ]
    out["seconds"] = clock.seconds
    return out


def rank_valid(root, embeddings):
    """Filtered MRR of the valid triples; those with an end that train lacks cannot be ranked."""
    parts = {name: triples_of(root / f"{name}.tsv.gz") for name in ("train", "valid", "test")}
    wanted = [t for t in parts["valid"] if t[0] in embeddings and t[2] in embeddings]
    report = embeddings.evaluate(wanted, known=[t for part in parts.values() for t in part])
    return {
        "mrr": report.mrr,
        "hits@1": report.hits_at_1,
        "hits@10": report.hits_at_10,
        "ranked": report.count,
        "left out": len(parts["valid"]) - report.count,
    }


def asked_valid(ws, root):
    """Valid triples whose (head, relation) the graph does not answer, by a hash."""
    found = []
    for triple in sorted(triples_of(root / "valid.tsv.gz"), key=lambda t: draw("ask", *t)):
        head, relation, _ = triple
        if not ws.graph.entities([head]) or any(ws.graph.match(head, relation)):
            continue
        found.append(triple)
        if len(found) == ASKED:
            break
    return found


def ask_valid(ws, root):
    true = defaultdict(set)
    for name in ("valid", "test"):
        for head, relation, tail in triples_of(root / f"{name}.tsv.gz"):
            true[head, relation].add(tail)
    return ask_held_out(ws, asked_valid(ws, root), true)


# ── the tables ───────────────────────────────────────────────────────────────────────────────────


def number(value):
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def cell(value):
    if value is None or not value["n"]:
        return "–"
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def show_held_out(name, table):
    n, reachable = table["reachable"]["n"], table["reachable"]["mean"]
    print(f"\nHeld out, {name} (n = {n}; the answer is among the candidates for {reachable:.0%})\n")
    print("| source | best guess right | answered | right of the answered |\n|---|---|---|---|")
    for source, row in table.items():
        if "forced" in row:
            cells = [cell(row.get(key)) for key in ("forced", "answered", "right of answered")]
            print(f"| {source} | {' | '.join(cells)} |")


def show(name, out):
    print(f"\n## {name}\n")
    if "skipped" in out:
        print(f"skipped: {out['skipped']}")
        return
    print("| stage | seconds |\n|---|---|")
    for stage, seconds in out["seconds"].items():
        print(f"| {stage} | {seconds} |")
    print("\n| linking | precision | recall | F1 | gold | found |\n|---|---|---|---|---|---|")
    for row, values in out["linking"].items():
        print(f"| {row} | {' | '.join(number(value) for value in values.values())} |")
    print()
    plain = (
        "graph",
        "references",
        "losses",
        "corpus",
        "fit mrr",
        "valid",
        "pretraining",
        "modeledge vectors",
    )
    for key in plain:
        value = out.get(key)
        if isinstance(value, dict):
            value = ", ".join(f"{label} {number(item)}" for label, item in value.items())
        if value is not None:
            print(f"- {key}: {number(value)}")
    if "graph lookup" in out:
        print(f"- graph lookup (trivially right): {cell(out['graph lookup'])}")
    for part, table in out["held out"].items():
        show_held_out(part, table)
    for answer in out.get("answers", ()):
        lines = answer.splitlines()
        more = [f"  … and {len(lines) - 6} lines more"] if len(lines) > 6 else []
        print("\n```\n" + "\n".join(lines[:6] + more) + "\n```")


PARTS = {"webnlg": (webnlg, ("webnlg",)), "fb15k": (fb15k, ("fb15k-237", "entity-linking"))}


def hardware():
    return (
        f"seed {SEED}, {os.cpu_count()} cores ({torch.get_num_threads()} thread used),"
        f" no GPU, Python {platform.python_version()}, torch {torch.__version__}"
    )


def main():
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", default="all", choices=[*PARTS, "all"])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results = {}
    for name in PARTS if options.part == "all" else [options.part]:
        run, needed = PARTS[name]
        absent = [part for part in needed if not (options.data / part).is_dir()]
        if absent:
            where = ", ".join(str(options.data / part) for part in absent)
            results[name] = {"skipped": f"no {where}; name the folder of the data with --data"}
            continue
        with tempfile.TemporaryDirectory() as folder:
            results[name] = run(options.data, Path(folder))
    if options.json:
        print(json.dumps({"run": hardware(), **results}, ensure_ascii=False, indent=1))
        return
    print(hardware())
    for name, out in results.items():
        show(name, out)


if __name__ == "__main__":
    main()
