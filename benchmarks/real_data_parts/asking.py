"""Questions for facts that the graph has, and for facts that were held out, by source."""

from collections import Counter, defaultdict

from kptm import Predictor
from kptm.answering.predictor import PredictorConfig
from kptm.data import Phrasings

from .setting import ASKED, draw, share


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
