"""The verbs pretrain, compress, finetune and classify: train models."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kptm.cli.output.common import (
    chosen_device,
    device_option,
    existing,
    show,
    show_rows,
    verb,
    workspace_argument,
)
from kptm.cli.output.compression_lines import compression_lines
from kptm.cli.output.progress import progress
from kptm.finetuning.config import TASKS

if TYPE_CHECKING:
    from kptm.finetuning import TaskPrediction, TaskScore


@click.command()
@workspace_argument
@click.argument("texts", type=click.Path())
@click.option("--triples", is_flag=True, help="Train on the graph's triples as sentences too.")
@click.option("--module", metavar="NAME",
              help="Train a module beside the model, whose weights do not change.")  # fmt: skip
@device_option
@verb
def pretrain(workspace: str, texts: str, triples: bool, module: str | None, as_json: bool) -> None:
    """Pretrain a fused model on TEXTS (a file or folder of .txt or .jsonl).

    Lines of .jsonl with "links" are not linked again. An interrupted run is resumed from its newest
    checkpoint. For several processes: accelerate launch --num_processes 2 -m kptm pretrain
    WORKSPACE TEXTS.
    """
    from kptm.pretraining.processes import processes

    if module is not None and triples:
        raise click.UsageError("--module learns from texts only; leave out --triples")
    with (
        existing(workspace) as ws,
        progress("pretraining", ws.config.pretraining.steps) as advance,
    ):
        if module is not None:
            report = ws.pretrain_module(module, texts, progress=advance)
        else:
            report = ws.pretrain(
                texts,
                triples=triples,
                progress=advance,
                reading=lambda count: advance(0, f"{count:,} texts read"),
            )
    if not processes().is_main_process:
        return  # only one of several processes prints the result
    last = report.curve[-1] if report.curve else None
    loss = f", loss {last.loss:.3f}" if last else ""
    show(
        report.to_dict(),
        as_json,
        f"{report.steps:,} steps on {report.texts:,} texts with {report.links:,} links{loss},"
        f" {report.seconds:.0f} s; {report.backbone}",
    )


def _layers(_context: object, _option: object, value: str | None) -> int:
    if value is None:
        return 0
    match = re.fullmatch(r"(?:layers=)?([1-9]\d*)", value)
    if not match:
        raise click.BadParameter(f"{value!r} is not a number of layers; write layers=3")
    return int(match[1])


@click.command()
@workspace_argument
@click.argument("texts", type=click.Path(), required=False)
@click.option("--quantise", type=click.Choice(["int8", "int4"]), metavar="int8",
              help="Turn linear layers and token embeddings into 8-bit numbers.")  # fmt: skip
@click.option("--distil", "layers", metavar="layers=N", callback=_layers,
              help="Keep N layers, and train them to imitate the model.")  # fmt: skip
@click.option("--prune", type=float, default=0.0, metavar="SHARE",
              help="Remove this share of the feed-forward neurons.")  # fmt: skip
@click.option("--weights", is_flag=True,
              help="With --prune: set single weights to zero instead.")  # fmt: skip
@click.option("--share", is_flag=True, help="Give all layers the same weights (a BERT).")
@click.option("--steps", type=click.IntRange(0), default=500, show_default=True,
              help="Training steps of the compressed model.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False), metavar="FOLDER",
              help="The folder of the result; by default"
                   " WORKSPACE/compressed/METHODS.")  # fmt: skip
@device_option
@verb
def compress(
    workspace: str,
    texts: str | None,
    quantise: str | None,
    layers: int,
    prune: float,
    weights: bool,
    share: bool,
    steps: int,
    out: str | None,
    as_json: bool,
) -> None:
    """Write a smaller copy of the workspace's model, and compare both.

    Methods can be combined. A model that loses layers or neurons is trained to imitate the
    original, on TEXTS or on the indexed texts. Facts that no text states show whether it still has
    the knowledge.
    """
    if weights and not prune:
        raise click.UsageError("--weights needs --prune")
    with existing(workspace) as ws:
        from kptm.compression import CompressionConfig

        config = CompressionConfig(
            layers=layers,
            prune=prune,
            unit="weights" if weights else "neurons",
            share=share,
            quantise=quantise or "",
            steps=steps,
            device=chosen_device() or ws.config.pretraining.device,
        )
        with progress("compression", steps if config.needs_training else None) as advance:
            report = ws.compress(config, texts=texts, out=out, progress=advance)
    rows = compression_lines(report.original, report.compressed)
    learnt = f", {report.steps:,} steps on {report.texts:,} texts" if report.steps else ""
    head = f"{report.folder}: {report.name}{learnt}, {report.seconds:.0f} s"
    show(report.to_dict(), as_json, "\n".join([head, *rows]))


@click.command()
@workspace_argument
@click.argument("train", type=click.Path())
@click.option("--task", required=True, type=click.Choice(TASKS), help="The task.")
@click.option("--dev", type=click.Path(), metavar="FILE", help="Held-out rows for its scores.")
@click.option("--out", type=click.Path(file_okay=False), metavar="FOLDER",
              help="The folder of the result; by default WORKSPACE/finetuned/TASK.")  # fmt: skip
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE",
              help="A setting of [finetuning] for this run only: epochs=5.")  # fmt: skip
@device_option
@verb
def finetune(
    workspace: str,
    train: str,
    task: str,
    dev: str | None,
    out: str | None,
    changes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Fine-tune the workspace's model on TRAIN, a file of JSON Lines.

    A line has "text" and, by task: relation "head", "tail" and "label"; typing "span" and "labels";
    tokens "spans"; text "label". Offsets count characters. Lines without "links" are linked to the
    graph.
    """
    with (
        existing(workspace, [f"finetuning.{change}" for change in changes]) as ws,
        progress("fine-tuning", None) as advance,
    ):
        tuned = ws.finetune(train, task=task, dev=dev, out=out, progress=advance)
        folder = Path(out) if out else ws.layout.finetuned_for(task)
    report = tuned.report
    if report is None:
        return
    cut = f", {report.cut:,} passed over (cut before a mention)" if report.cut else ""
    show(
        {"folder": str(folder), "labels": list(tuned.labels), **report.to_dict()},
        as_json,
        f"{folder}: {report.steps:,} steps on {report.rows:,} rows with {report.links:,}"
        f" links{cut},"
        f" {len(tuned.labels):,} labels, loss {report.curve[-1].loss:.3f}{_score_text(report.dev)},"
        f" {report.seconds:.0f} s",
    )


@click.command()
@click.argument("folder", type=click.Path(file_okay=False))
@click.argument("rows", type=click.Path())
@click.option("--workspace", type=click.Path(file_okay=False),
              help="The workspace whose graph links rows without links; by default the one"
                   " around FOLDER.")  # fmt: skip
@click.option("--score", is_flag=True, help="Show scores against the labels in ROWS.")
@device_option
@verb
def classify(folder: str, rows: str, workspace: str | None, score: bool, as_json: bool) -> None:
    """Classify ROWS with the fine-tuned model in FOLDER.

    ROWS are JSON Lines as for kptm finetune, without labels; for text and tokens also .txt with one
    text per line.
    """
    from kptm.finetuning import FinetunedModel

    tuned = FinetunedModel.from_pretrained(folder, device=chosen_device() or "auto")
    home = workspace or _home(Path(folder))
    with ExitStack() as opened:
        linker = None
        if home:
            ws = opened.enter_context(existing(home))
            tuned.fused.embeddings.check(ws.graph)
            linker = ws.linker
        if score:
            task_score = tuned.evaluate(rows, linker=linker)
            show(asdict(task_score), as_json, _score_text(task_score).removeprefix(", "))
            return
        predictions = tuned.predict(rows, linker=linker)
    if as_json:
        show([item.to_dict() for item in predictions], True, "")
        return
    shown = ((item.row, *_prediction_texts(item, tuned.task)) for item in predictions)
    show_rows(("row", "found", "p"), shown, False)


def _home(folder: Path) -> str | None:
    """The workspace that contains the folder of a fine-tuned model, if any."""
    workspaces = (path for path in folder.absolute().parents if (path / "kptm.toml").exists())
    return next(map(str, workspaces), None)


def _score_text(score: TaskScore | None) -> str:
    return "" if score is None else f", {score.measure} {score.score:.3f} on {score.rows:,} rows"


def _prediction_texts(item: TaskPrediction, task: str) -> tuple[str, str]:
    """The prediction and its probability, as text."""
    if task == "tokens":
        text = ", ".join(f"{span.start}–{span.end} {span.label}" for span in item.spans)
    elif task == "typing":
        text = ", ".join(item.labels)
    else:
        text = item.label or ""
    return text, f"{item.score:.3f}"
