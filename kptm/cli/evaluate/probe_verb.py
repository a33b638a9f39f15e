"""The verb evaluate probes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from kg.seeds import LARGEST_SEED
from kptm.cli.output.common import (
    device_option,
    existing,
    plain,
    show,
    show_rows,
    verb,
    workspace_argument,
)
from kptm.cli.output.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.evaluation.probes.study import ProbesReport
    from kptm.evaluation.statistics import Interval
    from kptm.fusion import FusedModel
    from kptm.workspace import Workspace


@click.command()
@workspace_argument
@click.option("--facts", required=True, type=click.Path(),
              help="JSON Lines: relation, subject, object; entities by key or label.")  # fmt: skip
@click.option("--phrasings", required=True, type=click.Path(),
              help="JSON Lines: relation, pattern with [X] and [Y];"
                   " several a relation.")  # fmt: skip
@click.option("--text", type=click.Path(),
              help="Texts for probing layers and heads; by default the indexed"
                   " texts.")  # fmt: skip
@click.option("--labels", type=click.Path(),
              help="JSON Lines: text, spans as [start, end, label];"
                   " types of mentions by default.")  # fmt: skip
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1),
              help="The maximum number of texts.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, LARGEST_SEED),
              help="The seed of splits, controls and shuffling.")  # fmt: skip
@device_option
@verb
def probes(
    workspace: str,
    facts: str,
    phrasings: str,
    text: str | None,
    labels: str | None,
    limit: int,
    seed: int,
    as_json: bool,
) -> None:
    """Probe the model: facts in several phrasings, layers and heads, with controls.

    Everything is measured with the entity vectors of links and without them ("plain").
    """
    from kptm.evaluation.fusion.study_facts import read_facts, read_patterns
    from kptm.evaluation.probes import (
        ProbeConfig,
        find_entities,
        read_labelled,
        types_of_mentions,
    )
    from kptm.evaluation.probes.study import run_probes

    config = ProbeConfig(seed=seed)
    with existing(workspace) as ws:
        model = ws.model()
        patterns = read_patterns(phrasings)
        named = find_entities(ws.graph, read_facts(facts))
        documents = list(ws.link(islice(_texts(ws, model, text), limit)))
        if labels is None:
            task, labelled = "types", types_of_mentions(ws.graph, documents)
        else:
            task, labelled = "labels", read_labelled(labels, ws.linker.link)[:limit]
            documents = documents or [item.document for item in labelled]
        with progress("probes", 5) as advance:
            report = run_probes(
                model, named, patterns, documents, labelled,
                task=task, config=config, progress=advance,
            )  # fmt: skip
    if as_json:
        show(report.to_dict(), as_json, "")
    else:
        _tell(report)


def _texts(ws: Workspace, model: FusedModel, path: str | None) -> Iterator[str]:
    """The texts of a file, or else those in modeledge, each once."""
    from kptm.modeledge.sql.spaces import spaces_of
    from kptm.texts import read_texts

    if path is not None:
        yield from read_texts(path)
        return
    seen = set()
    for record, _ in ws.modeledge.vectors(spaces_of(model)["mention"]):
        if record.text and record.text not in seen:
            seen.add(record.text)
            yield record.text


FACTS = ("model", "facts", "count", "P@1", "MRR", "consistent", "and right", "chance", "commonest")
PHRASINGS = ("model", "relation", "phrasing", "count", "P@1", "MRR")
LAYERS = ("model", "layer", "accuracy", "control", "selectivity")
HEADS = ("model", "layer", "entropy", "mentions", "distance", "first")


def _tell(report: ProbesReport) -> None:
    """Print tables; figures of single heads are only in the JSON."""
    show_rows(FACTS, _facts(report), False)
    click.echo()
    show_rows(PHRASINGS, _phrasings(report), False)
    if report.linear:
        click.echo()
        show_rows(LAYERS, _layers(report), False)
    if report.attention:
        click.echo()
        show_rows(HEADS, _heads(report), False)
    for note in _notes(report):
        click.echo(plain(note))


def _facts(report: ProbesReport) -> Iterator[tuple[Any, ...]]:
    for model, scores_of_model in report.factual.items():
        for name, part in (
            ("all", scores_of_model.all),
            ("not by name", scores_of_model.not_by_name),
        ):
            scores = (part.p_at_1, part.mrr, part.consistency, part.consistent_right)
            guesses = (f"{part.chance:.3f}", f"{part.commonest:.3f}")
            yield model, name, part.facts, *map(_interval_text, scores), *guesses


def _phrasings(report: ProbesReport) -> Iterator[tuple[Any, ...]]:
    for model, scores_of_model in report.factual.items():
        for part in scores_of_model.all.phrasings:
            scores = map(_interval_text, (part.p_at_1, part.mrr))
            yield model, part.relation, part.pattern, part.p_at_1.count, *scores


def _layers(report: ProbesReport) -> Iterator[tuple[Any, ...]]:
    for model, probes in report.linear.items():
        for part in probes.layers:
            yield (
                model,
                part.layer,
                *map(_interval_text, (part.accuracy, part.control, part.selectivity)),
            )


def _heads(report: ProbesReport) -> Iterator[tuple[Any, ...]]:
    """The rows of attention, averaged over the heads of each layer."""
    for model, heads in report.attention.items():
        by_layer = zip(*(value.mean(1) for value in heads.measures().values()), strict=True)
        for number, values in enumerate(by_layer, 1):
            yield model, number, *(f"{value:.3f}" for value in values)


def _notes(report: ProbesReport) -> Iterator[str]:
    for probes in list(report.linear.values())[:1]:
        yield (
            f"layers: {report.task}, {probes.labels} labels, {probes.learnt:,} spans learnt from,"
            f" {probes.held_out:,} held out, {probes.seen:.0%} of these in a form that was learnt"
            f" from; majority {probes.majority:.3f}"
        )
    named = report.named
    if named.left_out:
        reasons = f"{len(named.unknown)} unknown and {len(named.ambiguous)} ambiguous names"
        yield f"facts: {named.left_out:,} left out for {reasons}"
    plain = report.factual["plain"]
    if plain.unasked:
        yield f"facts: {plain.unasked:,} questions could not be asked"
    if plain.without_vector:
        yield f"facts: {plain.without_vector:,} whose object has no vector count as wrong"
    yield from report.notes


def _interval_text(value: Interval) -> str:
    return f"{value.mean:.3f} [{value.low:.3f}, {value.high:.3f}]" if value.count else "–"
