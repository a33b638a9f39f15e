"""The whole path on FB15k-237, with MSNBC documents as the text."""

import re
from collections import defaultdict

from linking_parts.gold import rows

from kg import KGEConfig
from kptm.linking import LinkedText
from kptm.workspace import Workspace

from .asking import ask_held_out
from .setting import ASKED, SEED, Clock, draw, settings, triples_of

EPOCHS = 3
CASTS = "/film/actor/film./film/performance/film"
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
