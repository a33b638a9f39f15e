"""The whole path on WebNLG."""

from collections import Counter

from linking_parts.gold import rows, trimmed

from kg import KGEConfig, KnowledgeGraph
from kptm.evaluation.linking_scores import score_linking
from kptm.linking import Linker
from kptm.workspace import Workspace

from .asking import ask_held_out, ask_known
from .setting import SEED, Clock, settings
from .webnlg_gold import (
    PRONOUN,
    gold_of,
    hold_out,
    is_literal,
    key_names,
    references_as_names,
)


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
            elif PRONOUN.fullmatch(link.surface.lower()):
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
