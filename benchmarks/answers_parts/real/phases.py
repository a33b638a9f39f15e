"""What is asked of each set in each phase."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kptm.evaluation import paired_interval

from . import cases, missing, speed, workspaces
from .asking import Outcome, ask, learn
from .domains import DOMAINS, domain, graph_of
from .newcomer import ask_newcomer, newcomer
from .progress import say
from .sections import sections
from .sources import source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from kg.types import Entity
    from kptm import Workspace

    from .cases import Case
    from .report import Report
    from .workspaces import Build, Workspaces

SETS = ("freebase", "geo", "newcomer", "elements", "packages", "world", "composed")
PHASES = ("before", "after", "missing", "missing-after", "latency", "learning")
MISSING = 100
"""Questions without their name, and without their relation."""
COPIES = 4
"""Copies of a graph, each without other relations."""
LEARNT_COPIES = 2
EVERYWHERE = {"geo": ("country:usa",)}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A run: where things are, and how much of it is wanted."""

    workspaces: Workspaces
    shared: Path
    report: Report
    seed: int = 0
    limit: int | None = None
    forms: tuple[str, ...] = ("given",)
    languages: tuple[str, ...] = ()
    folds: int | None = None

    @property
    def data(self) -> Path:
        """The folder of the data."""
        return self.shared / "data"

    def sample(self, found: Iterable[Case]) -> list[Case]:
        """So many of them as are wanted."""
        return cases.in_order(found, self.seed)[: self.limit]

    def build(self, name: str) -> Build:
        """What loads the graph of a set."""
        if name == "world":
            return workspaces.load_world
        if name in DOMAINS:
            return lambda ws: ws.load(graph_of(name))
        if name == "composed":
            return workspaces.load_world_with_values
        return source_of(name, self.shared).load


def run(bench: Bench, name: str, phase: str) -> None:
    """A set in a phase."""
    say(f"== {name}, {phase}")
    if (name, phase) in _RUNS:
        _RUNS[name, phase](bench)


def in_forms(bench: Bench, ws: Workspace, asked: Sequence[Case]) -> dict[str, list[Outcome]]:
    """The outcomes of the questions in each of the wanted forms."""
    if bench.report.wants_labels:
        bench.report.labels |= {x.key: x.label or "" for x in _entities(ws)}
    found = {}
    for form in bench.forms:
        change = {"given": lambda case: case, "lower": cases.lower_case}.get(form)
        if change is None:
            change = cases.capitaliser(_names(ws))
        found[form] = ask(ws, [change(case) for case in asked])
    return found


def _entities(ws: Workspace) -> Iterable[Entity]:
    return ws.graph.entities(ws.graph.keys()).values()


def _names(ws: Workspace) -> list[str]:
    return [name for x in _entities(ws) for name in (x.label, *x.aliases) if name]


def report(bench: Bench, name: str, found: dict[str, list[Outcome]]) -> None:
    """Add each form's outcomes to the report."""
    for form, outcomes in found.items():
        bench.report.add(name if form == "given" else f"{name}, {form}", outcomes)
    first, *others = found
    for form in others:
        ours, theirs = ([float(x.right) for x in found[one]] for one in (form, first))
        loss = paired_interval(ours, theirs)
        bench.report.note(
            f"{name}: right in {form} letters less right as {first}: "
            f"{loss.mean:+.3f} [{loss.low:+.3f}, {loss.high:+.3f}]"
        )


def before(bench: Bench, name: str, title: str, asked: Iterable[Case]) -> None:
    """Questions before anything is learnt."""
    with bench.workspaces.copy(name, bench.build(name)) as ws:
        report(bench, title, in_forms(bench, ws, bench.sample(asked)))


def in_folds(bench: Bench, name: str, title: str, all_cases: Sequence[Case]) -> None:
    """Questions of each fold, after learning from the others."""
    together: dict[str, list[Outcome]] = {form: [] for form in bench.forms}
    seconds = []
    for fold, (train, test) in enumerate(cases.folds(all_cases, bench.seed)):
        if bench.folds is not None and fold >= bench.folds:
            break
        with bench.workspaces.copy(name, bench.build(name)) as ws:
            said, took = learn(ws, train)
            seconds.append(took)
            for form, outcomes in in_forms(bench, ws, bench.sample(test)).items():
                together[form] += outcomes
        if not fold:
            bench.report.note(f"{title}, fold 0: {said.splitlines()[0]}")
    bench.report.note(f"{title}: seconds of learning {', '.join(f'{s:.0f}' for s in seconds)}")
    report(bench, title, together)


def after_all(
    bench: Bench, name: str, title: str, train: Sequence[Case], test: Iterable[Case]
) -> None:
    """Questions after learning from others."""
    with bench.workspaces.copy(name, bench.build(name)) as ws:
        learn(ws, train)
        report(bench, title, in_forms(bench, ws, bench.sample(test)))


def without(bench: Bench, name: str, all_cases: Sequence[Case], *, learnt: bool) -> None:
    """Questions whose topic, or whose relation, is taken out of the graph."""
    source = source_of(name, bench.shared)
    topics = missing.Gaps(source, EVERYWHERE.get(name, ())).topics(all_cases)
    limit = bench.limit or MISSING
    copies = LEARNT_COPIES if learnt else COPIES
    gaps = [
        missing.name_gap(topics, limit, bench.seed),
        *missing.relation_gaps(topics, copies, limit // copies, bench.seed),
    ]
    found: list[Outcome] = []
    for at, gap in enumerate(gaps):
        title = f"{name}.without.{at}.{bench.seed}.{limit}.{copies}"
        load = partial(source.load, entities=gap.entities, relations=gap.relations)
        with bench.workspaces.copy(title, load) as ws:
            if learnt:
                asked = {case.question for case in gap.cases}
                learn(
                    ws, [case for case in all_cases if case.answers and case.question not in asked]
                )
            found += ask(ws, gap.cases)
    bench.report.add(f"{name}, missing{' after' if learnt else ''}", found)


def latency(bench: Bench) -> None:
    """Simple and composed questions over FB15k-237, and over a million triples."""
    simple = [case for case in cases.freebase(bench.data) if case.group == "simplequestions"]
    asked = [
        *bench.sample(simple),
        *bench.sample(speed.compose_questions(bench.shared, bench.seed)),
    ]
    builds = {"freebase": bench.build("freebase"), "million": speed.Million(bench.shared)}
    for name, build in builds.items():
        with bench.workspaces.copy(name, build) as ws:
            ask(ws, asked[::10])
            bench.report.add(f"{name}, latency", ask(ws, asked))


def learning(bench: Bench, name: str, all_cases: Sequence[Case]) -> None:
    """How long it takes to learn from all questions of a set."""
    with bench.workspaces.copy(name, bench.build(name)) as ws:
        said, took = learn(ws, all_cases)
    bench.report.note(f"{name}: {len(all_cases)} pairs in {took:.0f} s: {said}")


# ── the sets ─────────────────────────────────────────────────────────────────────────────────────


def freebase_before(bench: Bench) -> None:
    before(bench, "freebase", "freebase, before", cases.freebase(bench.data))


def freebase_after(bench: Bench) -> None:
    in_folds(bench, "freebase", "freebase, after", cases.freebase(bench.data))


def geo_before(bench: Bench) -> None:
    for language in bench.languages or ("",):
        asked = [x for part in ("train", "dev") for x in cases.geo(bench.data, part, language)]
        before(bench, "geo", f"geo{_in(language)}, before", asked)


def geo_after(bench: Bench) -> None:
    for language in bench.languages or ("",):
        train, dev = (cases.geo(bench.data, part, language) for part in ("train", "dev"))
        title = f"geo{_in(language)}"
        in_folds(bench, "geo", f"{title} 5 folds, after", train)
        after_all(bench, "geo", f"{title} dev, after", train, dev)


def _in(language: str) -> str:
    return f" {language}" if language else ""


def newcomer_before(bench: Bench) -> None:
    """A list of answers has to be complete here; the questions are in lower case."""
    asked = newcomer(bench.shared / "cases/newcomer")
    with bench.workspaces.copy("newcomer", bench.build("newcomer")) as ws:
        bench.report.add("newcomer, before", ask_newcomer(ws, asked[: bench.limit]))


def _domain(name: str) -> Callable[[Bench], None]:
    return lambda bench: domain_before(bench, name)


def domain_before(bench: Bench, name: str) -> None:
    """As :func:`newcomer_before`."""
    with bench.workspaces.copy(name, bench.build(name)) as ws:
        bench.report.add(f"{name}, before", ask(ws, domain(name)[: bench.limit], strict=True))


def newcomer_after(bench: Bench) -> None:
    """The short lists, some of them after lessons; the 91 questions after 300 lessons."""
    found = list(sections(bench.shared / "cases/newcomer", bench.workspaces))
    bench.report.add("newcomer, sections", found)


def _world(name: str, phase: str) -> Callable[[Bench], None]:
    return lambda bench: world(bench, name, phase)


def world(bench: Bench, name: str, phase: str) -> None:
    """The example world's questions, or its composed ones, before and after its lessons."""
    from kptm.examples import World

    example = World()
    questions = example.questions() if name == "world" else example.composed_questions()
    asked = [
        cases.Case(x.question, cases.Gold.of(x.answers), x.kind, tuple(x.answers))
        for x in questions
    ]
    with bench.workspaces.copy(name, bench.build(name)) as ws:
        if phase == "after":
            ws.learn(example.learn)
        report(bench, f"{name}, {phase}", in_forms(bench, ws, bench.sample(asked)))


def _all(bench: Bench, name: str) -> list[Case]:
    """All questions of a set."""
    if name == "freebase":
        return cases.freebase(bench.data)
    if name == "geo":
        return [x for part in ("train", "dev") for x in cases.geo(bench.data, part)]
    return newcomer(bench.shared / "cases/newcomer")


def _missing(name: str, *, learnt: bool) -> Callable[[Bench], None]:
    return lambda bench: without(bench, name, _all(bench, name), learnt=learnt)


def _learning(name: str) -> Callable[[Bench], None]:
    return lambda bench: learning(bench, name, _all(bench, name))


_RUNS = {
    **{(name, "missing"): _missing(name, learnt=False) for name in ("freebase", "geo", "newcomer")},
    **{(name, "missing-after"): _missing(name, learnt=True) for name in ("freebase", "geo")},
    **{(name, "learning"): _learning(name) for name in ("freebase", "geo")},
    ("freebase", "latency"): latency,
    ("freebase", "before"): freebase_before,
    ("freebase", "after"): freebase_after,
    ("geo", "before"): geo_before,
    ("geo", "after"): geo_after,
    **{(name, "before"): _domain(name) for name in DOMAINS},
    ("newcomer", "before"): newcomer_before,
    ("newcomer", "after"): newcomer_after,
    **{
        (name, phase): _world(name, phase)
        for name in ("world", "composed")
        for phase in ("before", "after")
    },
}
