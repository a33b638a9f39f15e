"""Measures the demonstration: A, B and C facts with every arm, D facts after the edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.evaluation import Interval, Probe, ask_model, interval, make_probes, paired_interval
from kptm.evaluation.fusion.modeledge_arm import neighbours_speak
from kptm.evaluation.fusion.study_arms import splits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from kg.graph import KnowledgeGraph
    from kptm.examples import World
    from kptm.fusion import FusedModel
    from kptm.workspace import Workspace

    Bars = Callable[[str, int | None], AbstractContextManager[Callable[..., None]]]

Measured = dict[str, dict[str, Interval]]
"""P@1 with its interval, by arm and split."""

WITH_STORE = "aligned + modeledge"
GAIN = "aligned − permuted"


def world_probes(world: World, graph: KnowledgeGraph) -> list[Probe]:
    """Probes of A, B, C and D facts in a phrasing that no text has; D asks for the edited value."""
    facts = world.facts()
    labels = {
        key: entity.label
        for key, entity in graph.entities(
            end for fact in facts for end in (fact.head, fact.tail)
        ).items()
    }
    patterns = {item.relation: item.pattern for item in world.phrasings() if item.role == "ask"}
    now = [(fact.head, fact.relation, fact.new_tail or fact.tail, fact.split) for fact in facts]
    retired = [(fact.head, fact.relation, fact.tail, fact.split) for fact in facts if fact.new_tail]
    return make_probes(now, patterns, labels, retired=retired)


def measure_arms(
    models: Mapping[str, FusedModel],
    ws: Workspace,
    world: World,
    probes: list[Probe],
    bars: Bars,
) -> Measured:
    """Probe every arm; then edit the D facts in graph and modeledge, and probe with modeledge."""
    edits = [fact for fact in world.facts() if fact.split == "D"]
    with bars("edit the D facts", len(edits)) as bar:
        for number, fact in enumerate(edits, 1):
            ws.edit(fact.head, fact.relation, fact.new_tail, old=fact.tail)
            bar(number)
    right: dict[str, list[bool]] = {}
    with bars("ask the arms", len(models) + 1) as bar:
        for number, arm in enumerate(("none", "permuted", "aligned"), 1):
            right[arm] = ask_model(models[arm], probes, use_knowledge=arm != "none")
            bar(number)
        aligned = models["aligned"]
        adjust = neighbours_speak(aligned, ws.modeledge, probes)
        right[WITH_STORE] = ask_model(aligned, probes, adjust=adjust)
        bar(len(models) + 1)
    intervals = {
        arm: {split: interval(values) for split, values in splits(probes, values_).items()}
        for arm, values_ in right.items()
    }
    ours, theirs = splits(probes, right["aligned"]), splits(probes, right["permuted"])
    intervals[GAIN] = {split: paired_interval(ours[split], theirs[split]) for split in ours}
    return intervals
