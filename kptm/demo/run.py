"""Runs all stages on the example world."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.demo.measure import measure_arms, world_probes
from kptm.demo.result import DemoResult
from kptm.errors import WorkspaceError
from kptm.evaluation import ArmStudy, StudyConfig
from kptm.examples import World
from kptm.fusion.small_bert import small_bert
from kptm.workspace import Workspace
from kptm.workspace.config import WorkspaceConfig
from kptm.workspace.files.stage_files import delete_workspace
from kptm.workspace.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from kg.embedding import EntityEmbeddings
    from kptm.linking import LinkedText
    from kptm.pretraining import PretrainReport

    Bar = Callable[..., None]
    Bars = Callable[[str, int | None], AbstractContextManager[Bar]]

QUESTIONS = (
    "The capital of Georgia is [MASK].",
    "Which countries border Chad?",
    "Into which sea does the river Jordan flow?",
    "The planet Mercury is named after [MASK].",
    "Who is the favourite singer of the mayor of Atlantis?",
)
EDIT = ("Australia", "capital", "Sydney")
EDIT_QUESTION = "What is the capital of Australia?"
MARK = "kptm-demo"
"""A file that marks a folder as a demo's, which the next demo may replace."""


WORLD, REPORT = "world", "report.html"
"""The outputs of a demo in its folder; other files there stay."""


@dataclass(frozen=True, kw_only=True)
class DemoConfig:
    """Settings of the demonstration.

    Attributes:
        folder: The folder for the workspace and ``report.html``.
        steps: Pretraining steps of each arm.
        seed: The seed of all stages.
    """

    folder: Path = Path("demo")
    steps: int = 1_000
    seed: int = 0


class _Clock:
    def __init__(self) -> None:
        self.stages: list[tuple[str, float]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.stages.append((name, time.monotonic() - began))


def run_demo(config: DemoConfig, bars: Bars) -> DemoResult:
    """Run every stage.

    Args:
        config: Settings.
        bars: Opens a progress bar with a title and a total; yields a function of the amount done.

    Raises:
        WorkspaceError: The folder has content that is not a demo's.
    """
    world, clock = World(), _Clock()
    folder = _fresh(config.folder)
    settings = WorkspaceConfig()
    pretraining = replace(
        settings.pretraining, steps=config.steps, seed=config.seed, checkpoint_every=0
    )
    with Workspace.init(folder / WORLD, replace(settings, pretraining=pretraining)) as ws:
        with clock.stage("load the graph"):
            _load(ws, world, bars)
        with clock.stage("link the corpus"):
            documents = _link(ws, world, bars)
        with clock.stage("embed the graph"), bars("embed", ws.config.embedding.epochs) as bar:
            embeddings = ws.embed(progress=lambda epoch: bar(epoch.number, epoch.loss))
        with clock.stage("pretrain: aligned"), bars("pretrain aligned", config.steps) as bar:
            reports = {"aligned": ws.pretrain(documents, progress=bar)}
        with clock.stage("write modeledge"), bars("modeledge", len(documents)) as bar:
            ws.index(documents, progress=bar)
        probes = world_probes(world, ws.graph)
        study = _study(ws, embeddings, documents)
        models = {"aligned": ws.model()}
        for arm in ("permuted", "none"):
            with clock.stage(f"pretrain: {arm}"), bars(f"pretrain {arm}", config.steps) as bar:
                models[arm], reports[arm] = study.train(arm, config.seed, bar)
        answers = [ws.ask(question) for question in QUESTIONS]
        before = ws.ask(EDIT_QUESTION)
        revision = ws.edit(*EDIT)
        after = ws.ask(EDIT_QUESTION)
        ws.undo(revision)
        with clock.stage("ask the arms"):
            measured = measure_arms(models, ws, world, probes, bars)
        with clock.stage("draw the report"):
            result = DemoResult(folder / REPORT, measured, answers, before, after, clock.stages)
            _draw(result, ws, embeddings, documents, reports)
    return result


def _fresh(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"{folder}: is a file; name a folder")
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise WorkspaceError(f"{folder}: is not empty and not a demo's; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    # The mark is kept until the rest is deleted, so that an interrupted demo can be replaced.
    (folder / MARK).touch()
    world = folder / WORLD
    if world.is_symlink():
        world.unlink()
    delete_workspace(Layout(world))
    (folder / REPORT).unlink(missing_ok=True)
    return folder


def _load(ws: Workspace, world: World, bars: Bars) -> None:
    for path, load in ((world.entities, ws.graph.load_entities), (world.triples, ws.graph.load)):
        with bars(f"load {path.name}", None) as bar:
            load(path, progress=bar)


def _link(ws: Workspace, world: World, bars: Bars) -> list[LinkedText]:
    texts = world.texts()
    documents = []
    with bars("link", len(texts)) as bar:
        for document in ws.link(texts):
            documents.append(document)
            bar(len(documents))
    return documents


def _study(ws: Workspace, embeddings: EntityEmbeddings, documents: list[LinkedText]) -> ArmStudy:
    """The study of the other arms, with the aligned arm's tokenizer, sizes, steps and seed."""
    tokenizer = ws.model().tokenizer
    fusion = ws.config.fusion
    backbone = small_bert(ws.config.backbone, len(tokenizer), fusion.max_length)
    config = StudyConfig(backbone=backbone, fusion=fusion, pretraining=ws.config.pretraining)
    return ArmStudy(embeddings, tokenizer, documents, (), config)


def _draw(
    result: DemoResult,
    ws: Workspace,
    embeddings: EntityEmbeddings,
    documents: list[LinkedText],
    reports: dict[str, PretrainReport],
) -> None:
    from kptm.demo.page import make_report
    from kptm.report.report_page import write

    write(make_report(result, ws, embeddings, documents, reports), result.report)
