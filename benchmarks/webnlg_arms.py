"""Does knowledge arrive on real texts with real links? WebNLG: its triples, its train texts.

    python benchmarks/webnlg_arms.py [--limit 40] [--texts 20000] [--stated 3] [--seeds 5] [--few 2]
        [--steps 1500] [--kind gated] [--jobs 2] [--out runs.json]

The graph holds all triples of train; an entity is called by its key without underscores and quotes,
and the texts are linked by kptm.Linker, nothing else. So many texts, chosen by hash, are cut into
sentences; what they say is found and shared out as kptm/evaluation/fusion/distant_supervision.py
does: at most so many facts a relation are asked, each in a sentence that says it. Each triple that
may be read is also read as "head relation tail." so many times (--stated), in every arm: the median
relation has four triples, too few sentences to learn from. The arms that decide run with all seeds,
the others with few. Intervals as in trex.py. Figures are printed, never asserted.
"""

import argparse
import tempfile
from pathlib import Path

from arm_runs import add_options, jobs_of, run_jobs, show
from linking_parts.gold import DATA, rows

DECIDING, OTHERS = ("aligned", "permuted"), ("none", "zero", "random")


def read(options):
    from kg import KnowledgeGraph
    from kg.types import EntityRecord
    from kptm.evaluation.fusion.distant_supervision import DistantSupervisionStudy
    from kptm.evaluation.fusion.study_facts import draw
    from kptm.linking import Linker

    train = rows(DATA / "webnlg" / "train.jsonl.gz")
    triples = dict.fromkeys(tuple(triple) for row in train for triple in row["triples"])
    texts = sorted(dict.fromkeys(row["text"] for row in train), key=lambda text: (draw(text), text))
    with (
        tempfile.TemporaryDirectory() as folder,
        KnowledgeGraph.open(Path(folder) / "webnlg.db") as graph,
    ):
        graph.add(triples)
        keys = sorted({end for head, _, tail in triples for end in (head, tail)})
        graph.add([EntityRecord(key=key, label=name_of(key)) for key in keys])
        documents = list(Linker(graph).link_many(texts[: options.texts]))
        return DistantSupervisionStudy.from_graph(
            graph,
            documents,
            steps=options.steps,
            limit=options.limit,
            stated=options.stated,
            learning_rate=options.learning_rate,
        )


def name_of(key):
    return key.strip('"').replace("_", " ").strip() or key


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--stated", type=int, default=3)
    add_options(parser, steps=1_500, learning_rate=1e-3)
    options = parser.parse_args()
    show(run_jobs(read, options, jobs_of(options, DECIDING, OTHERS)), options)


if __name__ == "__main__":
    main()
