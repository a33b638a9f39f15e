"""Edit, undo, forget and purge on T-REx: questions to model and store alone, not to the graph.

    python benchmarks/modeledge.py edit [--limit 150] [--steps 900] [--edits 1000] [--seed 0]
        [--kept folder]

The graph holds the A, B and D facts. The model was trained on texts of the A facts in two
phrasings, and the store holds the graph's triples written in the same two phrasings
(`Modeledge.write_facts`). The weights of the neighbours are fitted, in the third phrasing, on facts
that are never edited: on facts that the model knows, and on C facts, which the model does not know
(as it knows no edit) and which are written to the store for that purpose. An edit replaces the only
value of a head's relation by another value of that relation, drawn at random from those that are
the head of a fact themselves; graph and store change in one transaction. Measured are

- *efficacy*: the edited fact is asked in the first of the two phrasings; the new value must come
  first;
- *paraphrase*: the same in the third phrasing, in which nothing was trained or stored;
- *neighbours*: unedited facts of the same relations are asked in the third phrasing; the answer
  must be the same as before;
- *portability*: a question over two hops: the answer to the edited fact becomes the head of the
  second question.

A fact is untouched if no edit names its head and relation. After all edits are undone, newest
first, all rows and every p must be as before. Figures are printed, never asserted.
"""

import argparse
import random
import time
from contextlib import contextmanager
from pathlib import Path

from linking_parts.gold import DATA

from kptm.evaluation.fusion.study_facts import read_patterns

FACTS, PATTERNS = DATA / "trex" / "facts.jsonl.gz", DATA / "trex" / "patterns.jsonl.gz"
SINGLES = 50
"""Edits that are made and undone one by one."""
NEIGHBOURS = 1_000
CANARY = "zyxw-canary-5419"


class Board:
    """Model, store and graph, and the questions that are asked of them."""

    def __init__(self, study, model, graph, store, patterns, seed):
        from kptm.data import Phrasings
        from kptm.modeledge import Interpolation

        self.model, self.graph, self.store = model, graph, store
        self.patterns = patterns
        self.read = Phrasings({key: phrasings[:2] for key, phrasings in patterns.items()})
        self.labels = {entity.key: entity.label for entity in study.entities}
        self.triples = sorted({(x.head, x.relation, x.tail) for x in graph.match()})
        self.tails, self.of = {}, {}
        for head, relation, tail in self.triples:
            self.tails.setdefault(relation, set()).add(tail)
            self.of.setdefault(head, {}).setdefault(relation, set()).add(tail)
        self.weights = Interpolation()
        self.random = random.Random(seed)

    def probe(self, head, relation, answer, phrasing):
        """A question whose candidates are every value of the relation and the given answer."""
        from kptm.data import fill
        from kptm.data.phrasings import HEAD, TAIL
        from kptm.data.tokenize import MASK
        from kptm.evaluation.fusion.fact_probing import Probe

        names = {HEAD: (self.labels[head], head), TAIL: (MASK, None)}
        cloze = fill(self.patterns[relation][phrasing], names)
        candidates = tuple(sorted({*self.tails[relation], answer} - {head}))
        return Probe(head=head, relation=relation, answer=answer, split="", cloze=cloze,
                     candidates=candidates)  # fmt: skip

    def scores(self, probes):
        """The probability of each candidate of each question, by model and store together."""
        from kptm.evaluation.fusion.fact_probing import model_scores
        from kptm.evaluation.fusion.modeledge_arm import neighbours_speak

        if not probes:
            return []
        adjust = neighbours_speak(self.model, self.store, probes, self.weights)
        return [adjust(number, p) for number, p in enumerate(model_scores(self.model, probes))]

    def fit(self, facts):
        """Fit the weights on facts that nothing is measured on."""
        from kptm.evaluation.fusion.fact_probing import model_scores
        from kptm.evaluation.fusion.modeledge_arm import (
            fit_neighbours,
            neighbours,
            relevant_neighbours,
        )

        probes = [self.probe(*fact, 2) for fact in facts]
        hits_of_probes = neighbours(self.model, self.store, probes, k=self.weights.k)
        hits = [
            relevant_neighbours(p, near, self.weights.k)
            for p, near in zip(probes, hits_of_probes, strict=True)
        ]
        self.weights = fit_neighbours(probes, model_scores(self.model, probes), hits)

    def edit(self, head, relation, old, new):
        from kg import Triple
        from kptm.modeledge.encode.ingest import statements

        with self.graph.transaction():
            revision = self.graph.edit(head, relation, new, old=old)
            clozes = statements(self.graph, Triple(head, relation, new), self.read)
            return self.store.edit(self.model, clozes, head=head, relation=relation, old=old,
                                   note="", revision=revision).operation  # fmt: skip

    def undo(self, operations):
        for number in reversed(operations):
            revision = self.store.receipt(number).revision
            with self.graph.transaction():
                new = self.graph.undo(revision)
                self.store.undo(number, revision=new)

    def rows(self):
        return [
            (name, entry, vector.tobytes())
            for name in sorted(self.store.stats())
            for entry, vector in self.store.entries(name)
        ]


def first(p):
    from kptm.evaluation.fusion.fact_probing import first as best

    return best(p)


def choose(board, count):
    """Choose edits of different heads, each as (head, relation, old, new, second relation).

    The second fact of a two-hop question must stay unedited, so no head is chosen that is also a
    value.
    """
    values = {tail for tails in board.tails.values() for tail in tails}
    usable = [x for x in board.triples if len(board.of[x[0]][x[1]]) == 1 and x[0] not in values]
    board.random.shuffle(usable)
    edits, heads = [], set()
    for head, relation, tail in usable:
        others = sorted(x for x in board.tails[relation] - {tail} if x in board.of)
        if others and head not in heads and len(edits) < count:
            new = board.random.choice(others)
            edits.append((head, relation, tail, new, board.random.choice(sorted(board.of[new]))))
            heads.add(head)
    return edits


def right(board, probes):
    return [first(p) == probe.answer for p, probe in zip(board.scores(probes), probes, strict=True)]


def two_hops(board, edits):
    """Whether each two-hop question is answered with a value that the graph has for `new`."""
    first_hop = board.scores([board.probe(h, r, new, 2) for h, r, _, new, _ in edits])
    second_questions, rows = [], []
    for row, (p, (*_, new, relation)) in enumerate(zip(first_hop, edits, strict=True)):
        answer = first(p)
        if answer is not None and relation in board.patterns and answer in board.labels:
            second_questions.append(board.probe(answer, relation, new, 2))
            rows.append(row)
    correct = [False] * len(edits)
    for row, p in zip(rows, board.scores(second_questions), strict=True):
        *_, new, relation = edits[row]
        correct[row] = first(p) in {x.tail for x in board.graph.match(new, relation)}
    return correct


def measure(board, edits, untouched, before):
    """Measure [efficacy, paraphrase, neighbours, portability], each a list of booleans."""
    after = board.scores(untouched)
    return [
        right(board, [board.probe(h, r, new, 0) for h, r, _, new, _ in edits]),
        right(board, [board.probe(h, r, new, 2) for h, r, _, new, _ in edits]),
        [first(a) == first(b) for a, b in zip(after, before, strict=True)],
        two_hops(board, edits),
    ]


def format_share(successes):
    """The share of successes with its 95% interval."""
    from kptm.evaluation import interval

    share = interval([float(x) for x in successes])
    return f"{share.mean:.3f} [{share.low:.3f}, {share.high:.3f}]"


def edits_table(board, count, held_out):
    edits = choose(board, count)
    touched = {edit[:2] for edit in edits}
    relations = {edit[1] for edit in edits}
    quiet = [x for x in board.triples if x[:2] not in touched]
    board.random.shuffle(quiet)
    half = len(quiet) // 2
    board.fit([*quiet[half : half + len(held_out)], *held_out])
    kept = [x for x in quiet[:half] if x[1] in relations][:NEIGHBOURS]
    untouched = [board.probe(*fact, 2) for fact in kept]
    before, rows = board.scores(untouched), board.rows()
    correct = [first(p) == q.answer for p, q in zip(before, untouched, strict=True)]
    weights = [round(weight, 2) for weight in board.weights.weights]
    print(
        f"\nλ {weights}, T {board.weights.temperature:.3g}; {len(rows):,} rows;"
        f" untouched facts answered correctly {format_share(correct)}"
    )
    unedited = right(board, [board.probe(h, r, old, 2) for h, r, old, _, _ in edits])
    print(f"the old values before any edit, third phrasing: {format_share(unedited)}\n")
    print("| edits | efficacy (≥ .99) | paraphrase (≥ .90) | neighbours (≥ .99)"
          " | portability (≥ .80) | undone: rows, largest change of p | s an edit |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for number in (1, 100, count):
        parts = [[edit] for edit in edits[:SINGLES]] if number == 1 else [edits[:number]]
        columns, spent = [[], [], [], []], 0.0
        for part in parts:
            near = [
                row for row, probe in enumerate(untouched)
                if number > 1 or probe.relation == part[0][1]
            ]  # fmt: skip
            began = time.monotonic()
            operations = [board.edit(*edit[:4]) for edit in part]
            spent += time.monotonic() - began
            asked_before = ([untouched[row] for row in near], [before[row] for row in near])
            measured = measure(board, part, *asked_before)
            for column, successes in zip(columns, measured, strict=True):
                column += successes
            board.undo(operations)
        again = board.scores(untouched)
        same = board.rows() == rows
        pairs = zip(again, before, strict=True)
        largest = max(abs(a[key] - b[key]) for a, b in pairs for key in a)
        cells = " | ".join(map(format_share, columns))
        name = f"1 (each of {len(parts)})" if number == 1 else f"{number:,}"
        per = spent / sum(map(len, parts))
        undone = "the same" if same else "NOT the same"
        print(f"| {name} | {cells} | {undone}, {largest:.1e} | {per:.3f} |", flush=True)


def unknown(study):
    """The C facts, which are neither in the graph nor in the texts.

    One third serves to fit the weights, two thirds are written to the store and forgotten.
    """
    return sorted({fact[:3] for fact in study.facts if fact[3] == "C"})


def forget_table(board, study):
    """Write facts to the store alone, from one source or from two, and forget one source."""
    from kg import Triple

    alone, shared = unknown(study)[1::3], unknown(study)[2::3]
    probes = {name: [board.probe(*fact, 2) for fact in facts]
              for name, facts in (("one source", alone), ("two sources", shared))}  # fmt: skip
    stages = {}

    def ask(stage):
        stages[stage] = {name: board.scores(questions) for name, questions in probes.items()}

    def write(facts, source):
        triples = [Triple(*fact) for fact in facts]
        board.store.write_facts(board.model, board.graph, triples, board.read, source=source)

    ask("never told")
    write(shared, "second")
    ask("told by the second source")
    write([*alone, *shared], "first")
    ask("told by both")
    board.store.forget(source="first")
    ask("the first forgotten")
    heads = " | ".join(f"{name} (n = {len(questions)})" for name, questions in probes.items())
    print(f"\n| P@1, third phrasing | {heads} |")
    print("|---|---|---|")
    for stage, scores in stages.items():
        cells = []
        for name, questions in probes.items():
            pairs = zip(scores[name], questions, strict=True)
            cells.append(format_share([first(p) == q.answer for p, q in pairs]))
        print(f"| {stage} | " + " | ".join(cells) + " |")
    for name in probes:
        pairs = zip(
            stages["told by the second source"][name],
            stages["the first forgotten"][name],
            strict=True,
        )
        gap = max(abs(a[key] - b.get(key, 0.0)) for a, b in pairs for key in a)
        print(f"{name}: largest change of p, the first never having told or forgotten: {gap:.1e}")


def canary(board, folder):
    """Write a name, index it and purge it, and print how many files contain it."""
    from kg import Triple

    board.graph.add([Triple(CANARY, board.triples[0][1], board.triples[0][2])])
    board.labels[CANARY] = CANARY
    fact = Triple(CANARY, *board.triples[0][1:])
    board.store.write_facts(board.model, board.graph, [fact], board.read, source=CANARY)
    for space in board.store.stats():
        board.store.build(space)
    before = _files_with_canary(folder)
    board.store.purge([CANARY])
    board.graph.purge(entity=CANARY)
    after = _files_with_canary(folder)
    print(f"\ncanary: in {len(before)} files before the purge, in {len(after)} after it")
    print(f"verify: {[list(check.problems) for check in board.store.verify()]}")


def _files_with_canary(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in files if CANARY.encode() in path.read_bytes()]


@contextmanager
def open_board(options):
    """Yield study, board and folder; with --kept a model trained before is read from there."""
    import torch

    from kptm import FusedModel, Modeledge
    from kptm.evaluation.fusion.fusion_study import FusionStudy
    from kptm.evaluation.fusion.study_arms import ArmStudy
    from kptm.evaluation.fusion.trials import Trials

    torch.set_num_threads(options.threads)
    study = FusionStudy.read(FACTS, PATTERNS, "3", steps=options.steps, limit=options.limit)
    if options.kept and (options.kept / "model").is_dir():
        model = FusedModel.from_pretrained(options.kept / "model")
    else:
        trials = Trials.prepare(study, ["aligned"])
        arm = ArmStudy(
            trials.before, trials.tokenizer, study.documents, study.probes, trials.config
        )
        model, _ = arm.train("aligned", options.seed)
        if options.kept:
            model.save_pretrained(options.kept / "model")
    patterns = read_patterns(PATTERNS)
    with study.graph() as graph:
        store = Modeledge.of(graph)
        board = Board(study, model, graph, store, patterns, options.seed)
        began = time.monotonic()
        added = store.write_facts(model, graph, graph.match(), board.read, source="graph")
        seconds = time.monotonic() - began
        print(f"{len(board.triples):,} triples written as {added:,} rows in {seconds:.0f} s")
        yield study, board, Path(graph.database.name).parent


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=150)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--edits", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--kept", type=Path)
    options = parser.parse_args(arguments)

    from kg import Triple

    with open_board(options) as (study, board, folder):
        held_out = unknown(study)[::3]
        facts = [Triple(*fact) for fact in held_out]
        board.store.write_facts(board.model, board.graph, facts, board.read, source="held out")
        edits_table(board, options.edits, held_out)
        forget_table(board, study)
        canary(board, folder)


if __name__ == "__main__":
    main()
