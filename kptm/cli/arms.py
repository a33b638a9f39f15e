"""What ``evaluate fusion`` reads of a workspace, and how it shows its results."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kptm.cli.common import existing, show
from kptm.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kptm.evaluation.results import Results
    from kptm.evaluation.study import Study
    from kptm.linking import LinkedText
    from kptm.workspace import Workspace


def own_study(
    folder: str, texts: Sequence[str], *, steps: int, limit: int | None, noise: float
) -> Study:
    """The study of a workspace's graph and texts; texts that come without links are linked by the workspace."""
    from kptm.evaluation.own_data import OwnStudy

    with existing(folder) as ws:
        return OwnStudy.from_graph(
            ws.graph,
            (document for path in texts for document in _documents(ws, path)),
            embedding=ws.config.embedding,
            steps=steps,
            limit=limit,
            noise=noise,
        )


def _documents(ws: Workspace, path: str) -> Iterator[LinkedText]:
    from kptm.linking import LinkedText
    from kptm.texts import read_documents

    plain: list[str] = []
    for text in read_documents(path):
        if isinstance(text, LinkedText):
            yield text
        else:
            plain.append(text)
    yield from ws.link(plain)


def writable(*paths: str | None) -> None:
    """Refuse, before the hours of training, files that cannot be written.

    Raises:
        ConfigError: A file's folder is missing.
    """
    for path in paths:
        if path and not Path(path).absolute().parent.is_dir():
            raise ConfigError(f"{path}: there is no such folder; make it first")


def show_results(results: Results, as_json: bool, *, plot: str | None, out: str | None) -> None:
    """Print the results, and draw and write them where that is wanted."""
    from kg.files.atomic import write_text
    from kptm.evaluation.tables import as_markdown, more_figures

    tables = f"{as_markdown(results)}\n{more_figures(results)}"
    if plot:
        write_text(Path(plot), _drawing(results))
    if out:
        write_text(Path(out), tables)
    value: dict[str, Any] = {
        **results.table(),
        "count": results.splits(),
        "difference": {
            name: {split: asdict(found) for split, found in row.items()}
            for name, row in results.differences().items()
        },
        "masked_lm": {arm: sum(found) / len(found) for arm, found in results.losses.items()},
    }
    show(value, as_json, tables.rstrip("\n"))


def _drawing(results: Results) -> str:
    from kptm.evaluation.tables import SPLITS
    from kptm.report import Estimate
    from kptm.report.charts import arm_figure
    from kptm.report.palette import GREY, slots

    arms = {
        name: {
            split: Estimate(**asdict(results.estimate(name, split))) for split in results.splits()
        }
        for name in (*results.arms, *results.baselines)
    }
    colours = {**slots(results.arms), **dict.fromkeys(results.baselines, GREY)}
    return arm_figure(arms, SPLITS, colours)
