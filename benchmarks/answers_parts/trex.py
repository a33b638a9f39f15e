"""T-REx's facts as clozes: is the combination of sources as good as the best, and calibrated?

    python benchmarks/answers_parts/trex.py [--limit 100] [--seeds 1] [--steps 900]
        [--out trex.json]

The questions (head, relation) form groups by what holds their facts, as in the study of
`benchmarks/trex.py`:

    A       texts, graph and vectors
    B       graph and vectors
    D       the graph, edited after the training
    told    the texts in modeledge only: two thirds of C, by hash, in the phrasings of training
    C       nothing: only link prediction and the model could infer them

All are asked in the third phrasing, through `Predictor.ask_many`, which finds name and relation
itself. An answer is correct if it is one of the objects that T-REx has for (head, relation), after
the edits.

A hash of the head assigns each question to a part: a fifth teaches how relations are asked (as
`Workspace.learn_questions` does), a fourth fits weights and calibration, a tenth the threshold, and
the rest is measured. Each source is also measured alone. Intervals are 95% bootstrap intervals over
questions. Figures are printed, never asserted.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

GROUPS = ("A", "B", "D", "told", "C")
PARTS = ("learn", "weigh", "choose", "measure")
SETTINGS = ("limit", "steps")
PRECISION = 0.95


@dataclass(frozen=True)
class Question:
    """A cloze, its correct answers, its group, and its part (see the module)."""

    text: str
    answers: frozenset
    group: str
    part: str


def arms():
    from kptm.answering.sources.source import SOURCES

    return {name: (name,) for name in SOURCES} | {
        "combined": SOURCES,
        "combined, without the graph": SOURCES[1:],
    }


def questions_of(study):
    """One question for each head and relation, in the group of its best known fact."""
    from modeledge_parts.groups import is_told

    from kptm.evaluation.fusion.study_facts import draw

    answers, splits, text = defaultdict(set), defaultdict(set), {}
    for probe in study.probes:
        key = probe.head, probe.relation
        answers[key].add(probe.answer)
        splits[key].add(probe.split)
        text[key] = probe.cloze.text
    questions = []
    for key in sorted(text):
        group = next(split for split in "DABC" if split in splits[key])
        if group == "C" and is_told(key):
            group = "told"
        part = part_of(draw("answers", key[0]))
        questions.append(Question(text[key], frozenset(answers[key]), group, part))
    return questions


def part_of(at):
    """The part of a question, by its draw from 0 to 1."""
    return "learn" if at < 0.2 else "weigh" if at < 0.45 else "choose" if at < 0.55 else "measure"


def teach(predictor, graph, questions):
    """Learn how relations are asked, from questions and answers alone.

    Return: how many of the questions could be used.
    """
    from kptm import Linker
    from kptm.answering.training.lessons import Lesson
    from kptm.answering.training.predictor_training import learn

    lessons = [Lesson(x.text, tuple(sorted(x.answers))) for x in questions]
    return learn(predictor, graph, Linker(graph), lessons, len(lessons)).used


def one_seed(options, seed):
    """Answers of every arm to every question, as JSON."""
    import torch
    from modeledge_parts.groups import ASKED, PATTERNS, read

    from kg.graph import KnowledgeGraph
    from kptm import Linker, Modeledge, Phrasings, Predictor
    from kptm.answering.config import PredictorConfig
    from kptm.evaluation.fusion.study_arms import ArmStudy
    from kptm.evaluation.fusion.study_facts import choose_asked, read_patterns
    from kptm.evaluation.fusion.trials import Trials

    torch.set_num_threads(1)
    began = time.monotonic()
    setting = read(options)
    study = setting.study
    trials = Trials.prepare(study, ["aligned"])
    arm = ArmStudy(trials.before, trials.tokenizer, study.documents, study.probes, trials.config)
    model, _ = arm.train("aligned", seed)
    trained = time.monotonic() - began
    phrasings = Phrasings(choose_asked(read_patterns(PATTERNS), ASKED)[0])
    questions = questions_of(study)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.db"
        with KnowledgeGraph.open(path) as graph, Modeledge.of(graph) as store:
            graph.add(study.entities)
            graph.add(study.triples())
            store.write(model, [*study.documents, *setting.told_texts], source="texts")
            config = PredictorConfig(min_score=0.0, uncalibrated=True)
            predictor = Predictor(
                graph,
                Linker(graph),
                model,
                trials.before,
                store,
                phrasings=phrasings,
                config=config,
            )
            for edit in study.edits:
                revision = graph.edit(edit.head, edit.relation, edit.new, old=edit.old)
                predictor.tell(*edit[:2], edit.new, old=edit.old, revision=revision)
            parts = {name: [x for x in questions if x.part == name] for name in PARTS}
            taught = teach(predictor, graph, parts["learn"])
            fitted = predictor.weigh((x.text, x.answers) for x in parts["weigh"])
            rows = {
                name: answer_questions(predictor, parts["measure"], sources)
                for name, sources in arms().items()
            }
            chosen = answer_questions(predictor, parts["choose"], arms()["combined"])
    return {
        "seed": seed,
        "groups": [x.group for x in parts["measure"]],
        "rows": rows,
        "choose": [[x.group for x in parts["choose"]], chosen],
        "taught": [taught, len(parts["learn"])],
        "weights": [fitted.combiner.weights, fitted.neighbours.weights, fitted.count],
        "seconds": [trained, time.monotonic() - began],
    }


def answer_questions(predictor, questions, sources):
    """Ask the questions; return [correct, score] of each answer."""
    answers = predictor.ask_many((x.text for x in questions), sources=sources)
    return [
        [int(answer.entity in x.answers), round(answer.score, 6)]
        for x, answer in zip(questions, answers, strict=True)
    ]


def show(runs):
    """Print the tables."""
    import numpy as np
    from modeledge_parts.figures import format_interval

    from kptm.answering.combination.p_calibration import threshold
    from kptm.evaluation import interval
    from kptm.evaluation.answers.selective_answers import (
        calibration_error,
        calibration_error_by_mass,
    )

    for run in runs:
        print(
            f"seed {run['seed']}: {run['taught'][0]} of {run['taught'][1]} questions taught"
            f" something, weights {run['weights']}, {run['seconds'][1]:.0f} s"
        )
    of = np.array(runs[0]["groups"])
    rows = {name: np.array([run["rows"][name] for run in runs]) for name in runs[0]["rows"]}
    counts = {name: int((of == name).sum()) for name in GROUPS}
    print(f"\n| P@1 | {' | '.join(f'{x} (n = {n})' for x, n in counts.items())} |")
    print("|---" * (len(GROUPS) + 1) + "|")
    for name, answers in rows.items():
        right = answers[..., 0].mean(0)
        cells = [format_interval(interval(right[of == x].tolist())) for x in GROUPS]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("\n| combined | ECE, equal width | ECE, equal mass | threshold | precision | coverage |")
    print("|---|---|---|---|---|---|")
    for title, among in {"all questions": GROUPS, "the graph is silent": ("told", "C")}.items():
        measured = np.isin(of, among)
        cells = []
        for run in runs:
            right, p = np.array(run["rows"]["combined"])[measured].T
            groups, choice = run["choose"]
            right_held, p_held = np.array(choice)[np.isin(groups, among)].T
            at = threshold(p_held, right_held > 0, PRECISION)
            sure = p >= at
            precision = right[sure].mean() if sure.any() else float("nan")
            errors = [calibration_error(p, right), calibration_error_by_mass(p, right)]
            cells.append([*errors, at, precision, sure.mean()])
        print(f"| {title} | " + " | ".join(f"{x:.3f}" for x in np.mean(cells, axis=0)) + " |")


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=100, help="facts a relation")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    options.known = options.outside = 0  # sizes of groups that only helps.py measures
    settings = {name: getattr(options, name) for name in SETTINGS}
    kept = {"settings": settings, "runs": []}
    if options.out and options.out.exists():
        kept = json.loads(options.out.read_text(encoding="utf-8"))
        if kept["settings"] != settings:
            raise SystemExit(f"{options.out}: has runs of {kept['settings']}; name another file")
    done = {run["seed"] for run in kept["runs"]}
    for seed in (seed for seed in range(options.seeds) if seed not in done):
        kept["runs"].append(one_seed(options, seed))
        if options.out:
            options.out.write_text(json.dumps(kept), encoding="utf-8")
    show(kept["runs"])


if __name__ == "__main__":
    main()
