"""The input of ``evaluate fusion`` from a workspace, and the output of its results."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kptm.cli.output.common import existing, show
from kptm.errors import ConfigError
from kptm.workspace.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kptm.evaluation.fusion.fusion_study import Study
    from kptm.evaluation.fusion.results.study_results import Results
    from kptm.linking import LinkedText
    from kptm.workspace import Workspace


def own_study(
    folder: str, texts: Sequence[str], *, steps: int, rate: float, limit: int | None, noise: float
) -> Study:
    """The study of a workspace's graph and texts; texts without links are linked."""
    from kptm.evaluation.fusion.distant_supervision import DistantSupervisionStudy

    with existing(folder) as ws:
        return DistantSupervisionStudy.from_graph(
            ws.graph,
            (document for path in texts for document in _documents(ws, path)),
            embedding=ws.config.embedding,
            steps=steps,
            learning_rate=rate,
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


def check_results(
    plot: str | None, out: str | None, *, inputs: Iterable[str | None], workspace: str | None
) -> None:
    """Refuse outputs that cannot be written or overwrite an input, before hours of training.

    Raises:
        ConfigError: The folder of a file is missing, or both outputs are the same file.
        TripleFormatError: An output would overwrite an input.
        WorkspaceError: An output would overwrite a part of the workspace.
    """
    from kg.files.outputs import check_output

    results = [Path(path) for path in (plot, out) if path]
    read = [Path(path) for path in inputs if path]
    for path in results:
        if not path.absolute().parent.is_dir():
            raise ConfigError(f"{path}: there is no such folder; make it first")
        check_output(path, files_in(read))
        if workspace:
            Layout(Path(workspace)).check_output(path)
    if plot and out and Path(plot).resolve() == Path(out).resolve():
        raise ConfigError(f"--plot and --out are both {out}; name two files")


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files, and the files in the folders."""
    for path in paths:
        yield from sorted(path.iterdir()) if path.is_dir() else [path]


def show_results(results: Results, as_json: bool, *, plot: str | None, out: str | None) -> None:
    """Print the results, and write the plot and the tables if requested."""
    from kg.files.atomic import write_text
    from kptm.evaluation.fusion.results.study_tables import as_markdown, kept_figures, more_figures

    tables = "\n".join(
        part
        for part in (as_markdown(results), more_figures(results), kept_figures(results))
        if part
    )
    if plot:
        write_text(Path(plot), _drawing(results))
    if out:
        write_text(Path(out), tables)
    value: dict[str, Any] = {
        **results.table(),
        "count": results.splits(),
        "difference": {
            name: {split: asdict(interval) for split, interval in row.items()}
            for name, row in results.differences().items()
        },
        "masked_lm": {arm: sum(losses) / len(losses) for arm, losses in results.losses.items()},
        **({"kept": results.kept_means()} if results.kept else {}),
    }
    show(value, as_json, tables.rstrip("\n"))


def _drawing(results: Results) -> str:
    from kptm.evaluation.fusion.results.study_tables import SPLITS
    from kptm.report import Estimate
    from kptm.report.drawings.figure import arm_figure
    from kptm.report.drawings.palette import GREY, slots

    arms = {
        name: {
            split: Estimate(**asdict(results.estimate(name, split))) for split in results.splits()
        }
        for name in (*results.arms, *results.baselines)
    }
    colours = {**slots(results.arms), **dict.fromkeys(results.baselines, GREY)}
    return arm_figure(arms, SPLITS, colours)
