"""The verbs evaluate fusion and evaluate linking."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from kptm.cli.evaluate import answer_verb, probe_verb
from kptm.cli.evaluate.extraction_verb import extraction
from kptm.cli.output.common import (
    chosen_device,
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

    from kptm.evaluation.fusion.fusion_study import Study
    from kptm.evaluation.linking_scores import LinkingReport


@click.group()
def evaluate() -> None:
    """Evaluate fusion, linking, answers, extraction, or probe the model."""


evaluate.add_command(probe_verb.probes)
evaluate.add_command(answer_verb.answers)
evaluate.add_command(extraction)


@evaluate.command()
@click.option("--facts", type=click.Path(), help="JSON Lines: relation, subject, object.")
@click.option("--phrasings", type=click.Path(),
              help="JSON Lines: relation, pattern with [X] and [Y].")  # fmt: skip
@click.option("--ask", help="The phrasing to ask in: its number (1, 2, …) or a file.")
@click.option("--graph", type=click.Path(file_okay=False), metavar="WORKSPACE",
              help="A workspace whose graph has the facts, instead of --facts.")  # fmt: skip
@click.option("--text", "texts", multiple=True, type=click.Path(), metavar="FILE",
              help="With --graph: texts, or the output of kptm link.")  # fmt: skip
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(1),
              help="Runs per arm.")  # fmt: skip
@click.option("--arms", default="none,permuted,aligned", show_default=True,
              help="The arms, of: none zero random permuted aligned real noisy.")  # fmt: skip
@click.option(
    "--kind",
    default="gated",
    show_default=True,
    help="The kind of fusion: gated ernie knowbert memory luke kbert adapter.",
)
@click.option("--backbone", metavar="PATH",
              help="A Hugging Face model from which all arms start, instead of a small BERT"
                   " with random weights.")  # fmt: skip
@click.option("--freeze", is_flag=True, help="Freeze the layers of --backbone.")
@click.option("--lora", default=0, type=click.IntRange(0), metavar="RANK",
              help="Train LoRA of this rank in the layers of --backbone.")  # fmt: skip
@click.option("--steps", type=click.IntRange(1), show_default="1500, with --backbone 300",
              help="Training steps.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), help="The maximum number of facts per relation.")
@click.option("--noise", default=0.2, show_default=True, type=click.FloatRange(0, 1),
              help="The share of wrong links in the arm noisy.")  # fmt: skip
@click.option("--plot", type=click.Path(), metavar="FILE.svg", help="Draw P@1 by split and arm.")
@click.option("--out", type=click.Path(), metavar="FILE.md", help="Write the tables.")
@device_option
@verb
def fusion(
    facts: str | None,
    phrasings: str | None,
    ask: str | None,
    graph: str | None,
    texts: tuple[str, ...],
    seeds: int,
    arms: str,
    kind: str,
    backbone: str | None,
    freeze: bool,
    lora: int,
    steps: int | None,
    limit: int | None,
    noise: float,
    plot: str | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Test whether a fused model uses its knowledge, with control arms.

    Reports P@1 on facts in texts and graph, in the graph only, in neither, and edited after
    training. The facts are those of --facts, stated in --phrasings and asked in --ask; or those of
    --graph that sentences of --text state.
    """
    from kptm.cli.evaluate.study_input import check_results, own_study, show_results
    from kptm.evaluation.fusion.fusion_study import FusionStudy
    from kptm.evaluation.fusion.study_arms import (
        PRETRAINED_RATE,
        PRETRAINED_STEPS,
        SMALL_BERT_RATE,
        SMALL_BERT_STEPS,
        StudyBackbone,
    )

    start = StudyBackbone(
        path=backbone or "", freeze=freeze, lora_rank=lora, device=chosen_device() or "auto"
    )
    rate = PRETRAINED_RATE if backbone else SMALL_BERT_RATE
    steps = steps or (PRETRAINED_STEPS if backbone else SMALL_BERT_STEPS)
    ask_file = None if ask is None or ask.isdecimal() else ask
    check_results(plot, out, inputs=[facts, phrasings, ask_file, *texts], workspace=graph)
    if graph and texts and not (facts or phrasings or ask):
        study: Study = own_study(graph, texts, steps=steps, rate=rate, limit=limit, noise=noise)
    elif facts and phrasings and ask and not (graph or texts):
        study = FusionStudy.read(
            facts, phrasings, ask, steps=steps, learning_rate=rate, limit=limit, noise=noise
        )
    else:
        raise click.UsageError("give --facts, --phrasings and --ask, or --graph and --text")
    chosen = tuple(dict.fromkeys(arm.strip() for arm in arms.split(",") if arm.strip()))
    if not chosen:
        raise click.UsageError("--arms: name at least one arm")
    with progress("arms", None) as advance:
        results = study.run_all(chosen, range(seeds), kind=kind, backbone=start, progress=advance)
    show_results(results, as_json, plot=plot, out=out)


@evaluate.command()
@workspace_argument
@click.argument("gold", type=click.Path())
@click.option("--keys", type=click.Path(), metavar="FILE",
              help="Lines id⇥key with the graph's key of each id in GOLD.")  # fmt: skip
@click.option("--errors", is_flag=True, help="List every mistake with its context.")
@device_option
@verb
def linking(workspace: str, gold: str, keys: str | None, errors: bool, as_json: bool) -> None:
    """Compare the linker's links in the texts of GOLD with its gold links.

    GOLD is .txt with one text per line and links marked as [[key|surface]]; or .jsonl with "text"
    and "labels" (span, entity_id) or "links" (start, end, entity). Entities that the graph lacks
    count as NIL.
    """
    from kptm.evaluation.linking_errors import find_mistakes, render
    from kptm.evaluation.linking_gold import read_gold, read_keys
    from kptm.evaluation.linking_scores import score_linking

    with existing(workspace) as ws:
        known = cache(lambda key: bool(ws.graph.entities([key])))
        gold_documents = list(read_gold(gold, keys=read_keys(keys) if keys else None, known=known))
        with progress("linking", len(gold_documents)) as advance:
            pairs = []
            for pair in zip(
                gold_documents, ws.link(item.text for item in gold_documents), strict=True
            ):
                pairs.append(pair)
                advance(len(pairs))
        report = score_linking(pairs)
        mistakes = list(find_mistakes(pairs)) if errors else []
        named = {key for item in mistakes for key in (item.gold, item.found) if key}
        labels = {key: entity.label for key, entity in ws.graph.entities(named).items()}
    if as_json:
        listed = {"errors": [asdict(item) for item in mistakes]} if errors else {}
        show({**asdict(report), **listed}, as_json, "")
        return
    show_rows(MEASURES, _measures(report), as_json)
    if report.nil_gold:
        linked = f"{report.nil_linked:,} of {report.nil_gold:,}"
        click.echo(f"{linked} mentions of entities that the graph lacks were linked")
    if not report.gold:
        click.echo(
            "no gold mention means an entity of the graph; give the key of each id by --keys"
        )
    if errors:
        click.echo("\n" + plain(render(mistakes, lambda key: labels.get(key, key))))


MEASURES = ("match", "average", "precision", "recall", "F1", "right", "found", "gold")


def _measures(report: LinkingReport) -> Iterator[tuple[Any, ...]]:
    """The rows of the table; the counts are in the rows whose scores they determine."""
    for match, micro, macro, right in (
        ("strong", report, report.strong_macro, report.right),
        ("weak", report.weak_micro, report.weak_macro, report.weak_right),
    ):
        for average, scores, counts in (
            ("micro", micro, (right, report.found, report.gold)),
            ("macro", macro, (None, None, None)),
        ):
            shown = (f"{x:.3f}" for x in (scores.precision, scores.recall, scores.f1))
            yield match, average, *shown, *counts
