"""Edit, undo, forget, purge on T-REx, asked of model and store alone, not of the graph.

    python benchmarks/modeledge.py edit [--limit 150] [--steps 900] [--edits 1000] [--seed 0]
        [--kept folder]

The graph holds the A, B and D facts, the model was trained on texts of the A facts in two
phrasings; the store holds what the graph's triples say in these two phrasings
(`Modeledge.write_facts`). How much neighbours weigh is fitted, in the third phrasing, on facts that
are never edited: such that the model knows, and C facts, told to the store for that, which it does
not, as it knows no edit. An edit gives the only value of a head's relation another one, at random
among the relation's values of which the graph knows a fact in turn; graph and store change in one
transaction. Then is asked

- *efficacy*: the edited fact in the first of the two phrasings: the new value is first;
- *paraphrase*: the same in the third phrasing, which nothing was trained on or stored in;
- *neighbours*: facts of the same relations, which were not edited, in the third phrasing: the same
  answer as before;
- *portability*: a fact of the new value, reached over two hops: the answer to the first question is
  what the second is asked of.

Untouched are all facts whose head and relation no edit names. Undone newest first, all rows and
every p have to be as before. Figures are printed, never asserted.
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
        self.read = Phrasings({key: found[:2] for key, found in patterns.items()})
        self.labels = {item.key: item.label for item in study.entities}
        self.triples = sorted({(x.head, x.relation, x.tail) for x in graph.match()})
        self.tails, self.of = {}, {}
        for head, relation, tail in self.triples:
            self.tails.setdefault(relation, set()).add(tail)
            self.of.setdefault(head, {}).setdefault(relation, set()).add(tail)
        self.weights = Interpolation()
        self.random = random.Random(seed)

    def probe(self, head, relation, answer, phrasing):
        """A question; every value of the relation is a candidate, and the new ones."""
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
        """P over the candidates of each question, of model and store."""
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
        found = neighbours(self.model, self.store, probes, k=self.weights.k)
        hits = [
            relevant_neighbours(p, near, self.weights.k)
            for p, near in zip(probes, found, strict=True)
        ]
        self.weights = fit_neighbours(probes, model_scores(self.model, probes), hits)

    def edit(self, head, relation, old, new):
        from kg import Triple
        from kptm.modeledge.encode.ingest import statements

        with self.graph.transaction():
            revision = self.graph.edit(head, relation, new, old=old)
            said = statements(self.graph, Triple(head, relation, new), self.read)
            return self.store.edit(self.model, said, head=head, relation=relation, old=old,
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
    """(head, relation, old, new, second relation) of edits, each of another head.

    What is reached over two hops may not be edited itself: no head is edited that is a value too.
    """
    values = {tail for found in board.tails.values() for tail in found}
    usable = [x for x in board.triples if len(board.of[x[0]][x[1]]) == 1 and x[0] not in values]
    board.random.shuffle(usable)
    found, heads = [], set()
    for head, relation, tail in usable:
        others = sorted(x for x in board.tails[relation] - {tail} if x in board.of)
        if others and head not in heads and len(found) < count:
            new = board.random.choice(others)
            found.append((head, relation, tail, new, board.random.choice(sorted(board.of[new]))))
            heads.add(head)
    return found


def right(board, probes):
    return [first(p) == probe.answer for p, probe in zip(board.scores(probes), probes, strict=True)]


def two_hops(board, edits):
    """Whether the answer's own fact is found: whatever the graph says of the new value is right."""
    firsts = board.scores([board.probe(h, r, new, 2) for h, r, _, new, _ in edits])
    asked, rows = [], []
    for row, (p, (*_, new, relation)) in enumerate(zip(firsts, edits, strict=True)):
        found = first(p)
        if found is not None and relation in board.patterns and found in board.labels:
            asked.append(board.probe(found, relation, new, 2))
            rows.append(row)
    done = [False] * len(edits)
    for row, p in zip(rows, board.scores(asked), strict=True):
        *_, new, relation = edits[row]
        holds = {x.tail for x in board.graph.match(new, relation)}
        done[row] = first(p) in holds
    return done


def measure(board, edits, untouched, before):
    """[efficacy, paraphrase, neighbours, portability], each a list of 0 and 1."""
    after = board.scores(untouched)
    return [
        right(board, [board.probe(h, r, new, 0) for h, r, _, new, _ in edits]),
        right(board, [board.probe(h, r, new, 2) for h, r, _, new, _ in edits]),
        [first(a) == first(b) for a, b in zip(after, before, strict=True)],
        two_hops(board, edits),
    ]


def said(found):
    from kptm.evaluation import interval

    got = interval([float(x) for x in found])
    return f"{got.mean:.3f} [{got.low:.3f}, {got.high:.3f}]"


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
    answered = [first(p) == q.answer for p, q in zip(before, untouched, strict=True)]
    print(f"\nλ {[round(x, 2) for x in board.weights.weights]}, T {board.weights.temperature:.3g}; "
          f"{len(rows):,} rows; untouched facts answered rightly {said(answered)}")  # fmt: skip
    unedited = right(board, [board.probe(h, r, old, 2) for h, r, old, _, _ in edits])
    print(f"the old values before any edit, third phrasing: {said(unedited)}\n")
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
            done = [board.edit(*edit[:4]) for edit in part]
            spent += time.monotonic() - began
            told = ([untouched[row] for row in near], [before[row] for row in near])
            for column, found in zip(columns, measure(board, part, *told), strict=True):
                column += found
            board.undo(done)
        again = board.scores(untouched)
        same = board.rows() == rows
        pairs = zip(again, before, strict=True)
        largest = max(abs(a[key] - b[key]) for a, b in pairs for key in a)
        cells = " | ".join(map(said, columns))
        name = f"1 (each of {len(parts)})" if number == 1 else f"{number:,}"
        per = spent / sum(map(len, parts))
        undone = "the same" if same else "NOT the same"
        print(f"| {name} | {cells} | {undone}, {largest:.1e} | {per:.3f} |", flush=True)


def unknown(study):
    """Facts that neither the graph nor the texts hold.

    A third fits, two thirds are told and forgotten.
    """
    return sorted({fact[:3] for fact in study.facts if fact[3] == "C"})


def forget_table(board, study):
    """Facts that only the store holds: told by one source or by two, and one source forgotten."""
    from kg import Triple

    alone, shared = unknown(study)[1::3], unknown(study)[2::3]
    told = [*alone, *shared]
    probes = {name: [board.probe(*fact, 2) for fact in found]
              for name, found in (("one source", alone), ("two sources", shared))}  # fmt: skip
    stages = {}

    def ask(stage):
        stages[stage] = {name: board.scores(found) for name, found in probes.items()}

    def tell(facts, source):
        said = [Triple(*fact) for fact in facts]
        board.store.write_facts(board.model, board.graph, said, board.read, source=source)

    ask("never told")
    tell(shared, "second")
    ask("told by the second source")
    tell(told, "first")
    ask("told by both")
    board.store.forget(source="first")
    ask("the first forgotten")
    print("\n| P@1, third phrasing | " + " | ".join(f"{name} (n = {len(found)})" for name,
    found in probes.items()) + " |")  # fmt: skip
    print("|---|---|---|")
    for stage, found in stages.items():
        cells = [said([first(p) == q.answer for p,
        q in zip(found[name], probes[name], strict=True)]) for name in probes]  # fmt: skip
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
    """A name that is told, indexed, and purged, is in no file."""
    from kg import Triple

    board.graph.add([Triple(CANARY, board.triples[0][1], board.triples[0][2])])
    board.labels[CANARY] = CANARY
    fact = Triple(CANARY, *board.triples[0][1:])
    board.store.write_facts(board.model, board.graph, [fact], board.read, source=CANARY)
    for space in board.store.stats():
        board.store.build(space)
    held = _holding(folder)
    board.store.purge([CANARY])
    board.graph.purge(entity=CANARY)
    print(f"\ncanary: in {len(held)} files before the purge, in {len(_holding(folder))} behind it")
    print(f"verify: {[list(found.problems) for found in board.store.verify()]}")


def _holding(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in files if CANARY.encode() in path.read_bytes()]


@contextmanager
def prepared(options):
    """A trained model beside graph and store; with --kept the model is trained once."""
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

    with prepared(options) as (study, board, folder):
        held_out = unknown(study)[::3]
        facts = [Triple(*fact) for fact in held_out]
        board.store.write_facts(board.model, board.graph, facts, board.read, source="held out")
        edits_table(board, options.edits, held_out)
        forget_table(board, study)
        canary(board, folder)


if __name__ == "__main__":
    main()
