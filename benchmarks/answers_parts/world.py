"""The example world's questions: are they answered correctly, or refused if they have no answer?

    python benchmarks/answers_parts/world.py [--model] [--folder DIR]

The graph is the world's triples, entities and relations; its texts are indexed for phrasings. The
questions are asked twice: before anything is learnt from questions, and after learning from
`learn.tsv`, which contains none of them. `tuning.jsonl` has further questions, written without a
look at the others, for tuning. With --model, embeddings, the fused model and modeledge are built as
`kptm demo` builds them; with --folder they are saved there. A question is refused if its answer has
no entity. Figures are printed, never asserted.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def open_workspace(folder, with_model):
    """Open the workspace of the example world in a folder, and build what it lacks."""
    from kptm import Workspace
    from kptm.examples import World

    world = World()
    ws = Workspace.open(folder)
    if not ws.graph.stats()["triples"]:
        ws.load_entities(world.entities)
        ws.load(world.triples)
        ws.load_entities(world.relations)
    fresh = not (ws.folder / "phrasings.json").exists()
    if with_model and not (ws.folder / "model").is_dir():
        ws.embed()
        ws.pretrain(world.corpus)
        fresh = True
    if fresh:
        ws.index(world.corpus, source="corpus")
    return ws, world


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        ws, world = open_workspace(options.folder or Path(temporary) / "world", options.model)
        with ws:
            for stage in ("before learning", "after learning"):
                if stage == "after learning":
                    ws.learn_questions(world.learn)
                else:
                    (ws.folder / "questions.json").unlink(missing_ok=True)
                    (ws.folder / "weights.json").unlink(missing_ok=True)
                for name, questions in (("tuning", tuning()), ("the world's", world.questions())):
                    answers = list(ws.ask_many(item.question for item in questions))
                    show(f"{name}, {stage}", questions, answers)


def tuning():
    """Read the questions for tuning."""
    from kptm.examples import WorldQuestion

    text = Path(__file__).with_name("tuning.jsonl").read_text(encoding="utf-8")
    rows = map(json.loads, text.splitlines())
    return [WorldQuestion(row["question"], tuple(row["answers"]), row["kind"]) for row in rows]


def show(stage, questions, answers) -> None:
    """Print the table of a stage, and its wrong answers."""
    counts = defaultdict(Counter)
    wrong = []
    for question, answer in zip(questions, answers, strict=True):
        gold = question.answers
        right = answer.entity in gold if gold else answer.entity is None
        count = counts[question.kind, bool(gold)]
        count["n"] += 1
        count["right"] += right
        count["exact"] += {x.entity for x in answer.answers} == set(gold)
        if not right:
            wrong.append((question, answer))
    for answerable in (True, False):
        parts = [count for (_, known), count in list(counts.items()) if known == answerable]
        counts["all", answerable] = sum(parts, Counter())
    print(f"\n| {stage} | n | right | exact set |\n|---|---|---|---|")
    for (kind, answerable), count in sorted(
        counts.items(), key=lambda item: (not item[0][1], item[0])
    ):
        what = "answered correctly" if answerable else "refused"
        exact = f"{count['exact'] / count['n']:.3f}" if answerable else ""
        print(f"| {kind}, {what} | {count['n']} | {count['right'] / count['n']:.3f} | {exact} |")
    print()
    for question, answer in wrong:
        gold = ", ".join(question.answers) or "unknown"
        print(f"wrong: {question.question} → {answer}; right: {gold}")


if __name__ == "__main__":
    main()
