"""The example world's questions: are those that have an answer answered rightly, and the others refused?

    python tests/benchmarks/answers_parts/world.py [--model] [--folder DIR]

The graph is the world's triples, its texts are linked for phrasings, nothing is learnt from questions. With --model embeddings, the fused
model and modeledge are made as ``kptm demo`` makes them (about ten minutes); with --folder they are kept there. "refused" is an answer
without an entity. Figures are printed, never asserted.
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def made(folder, with_model):
    """A workspace of the example world."""
    from kptm import Workspace
    from kptm.examples import World

    world = World()
    ws = Workspace.open(folder)
    if not ws.graph.stats()["triples"]:
        ws.load_entities(world.entities)
        ws.load(world.triples)
    fresh = not (ws.folder / "phrasings.json").exists()
    if with_model and not (ws.folder / "model").is_dir():
        ws.embed()
        ws.pretrain(world.corpus)
        fresh = True
    if fresh:
        ws.index(world.corpus, source="corpus")
    return ws, world.questions()


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        ws, questions = made(options.folder or Path(temporary) / "world", options.model)
        with ws:
            answers = list(ws.ask_many(item.question for item in questions))
    counts = defaultdict(Counter)
    wrong = []
    for item, found in zip(questions, answers, strict=True):
        right = found.entity in item.answers if item.answers else found.entity is None
        counts[item.kind, bool(item.answers)][right] += 1
        exact = {x.entity for x in found.answers} == set(item.answers)
        counts[item.kind, bool(item.answers)]["exact"] += exact
        if not right:
            wrong.append((item, found))
    print("| questions | n | right | exact set |\n|---|---|---|---|")
    for (kind, answerable), count in sorted(counts.items(), reverse=True):
        n = count[True] + count[False]
        what = "answered rightly" if answerable else "refused"
        exact = f"{count['exact'] / n:.3f}" if answerable else ""
        print(f"| {kind}, {what} | {n} | {count[True] / n:.3f} | {exact} |")
    for answerable in (True, False):
        both = sum((count for key, count in counts.items() if key[1] == answerable), Counter())
        n = both[True] + both[False]
        print(
            f"| all, {'answered rightly' if answerable else 'refused'} | {n} | {both[True] / n:.3f} | |"
        )
    print()
    for item, found in wrong:
        print(f"wrong: {item.question} → {found}; right: {', '.join(item.answers) or 'unknown'}")


if __name__ == "__main__":
    main()
