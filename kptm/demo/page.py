"""Builds the report of the demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.demo.measure import GAIN
from kptm.report.drawings.map_points import map_points
from kptm.report.report_data import AnswerView, Estimate, Neighbourhood, Report

if TYPE_CHECKING:
    from kg.embedding import EntityEmbeddings
    from kptm.answering import Answer
    from kptm.demo.result import DemoResult
    from kptm.linking import LinkedText
    from kptm.pretraining import PretrainReport
    from kptm.workspace import Workspace

SPLITS = {
    "A": "facts in text and graph",
    "B": "facts in the graph only",
    "C": "facts in neither",
    "D": "facts edited after training",
}
CENTRE = "Georgia_(country)"
SHOWN_TEXTS = 12
"""The number of linked texts that the page shows."""
GROUPS = ("country", "city", "river", "language", "currency", "person", "planet", "film", "company")


def make_report(
    result: DemoResult,
    ws: Workspace,
    embeddings: EntityEmbeddings,
    documents: list[LinkedText],
    reports: dict[str, PretrainReport],
) -> Report:
    """Collect the data of the report."""
    # The prose is at the end of the corpus; texts with several links are the most interesting.
    shown = [item for item in documents[-800:] if len(item.links) >= 2 and item.text.isascii()]
    step = max(1, len(shown) // SHOWN_TEXTS)
    linked = shown[::step][:SHOWN_TEXTS]
    keys = {key for item in linked for key in item.entities()}
    labels = {
        key: f"{entity.label} — {entity.description}"
        for key, entity in ws.graph.entities(keys).items()
    }
    arms = {
        arm: {split: Estimate(mean=x.mean, low=x.low, high=x.high, count=x.count)
              for split, x in row.items()}
        for arm, row in result.measured.items()
        if arm != GAIN
    }  # fmt: skip
    return Report(
        title="kptm on its example world",
        intro=(
            "A graph, text linked to it, embeddings of the graph fused into a small Transformer"
            " that was"
            " pretrained from nothing, and what it knows afterwards. Every figure on this page was"
            " measured by the run that wrote it."
        ),
        stats=ws.graph.stats(),
        stages=result.stages,
        linked=linked,
        labels=labels,
        curves={arm: report.curve for arm, report in reports.items()},
        embedding_losses=embeddings.losses,
        embedding_mrr=embeddings.mrr,
        arms=arms,
        splits=SPLITS,
        points=map_points(ws.graph, embeddings, groups=GROUPS),
        neighbourhood=_neighbourhood(ws),
        answers=[view(answer) for answer in result.answers],
        edit=(view(result.before), view(result.after)),
        edit_note="Between the two: kptm edit world Australia capital Sydney. Nothing was trained.",
    )


def view(answer: Answer) -> AnswerView:
    """An answer for the report."""
    return AnswerView(
        question=answer.question,
        answer=str(answer),
        score=answer.score if answer.entity is not None else None,
        evidence=tuple(f"{item.kind}: {item.text}" for item in answer.evidence[:6]),
    )


def _neighbourhood(ws: Workspace) -> Neighbourhood:
    triples = ws.graph.neighbours(CENTRE, hops=1, limit=30)
    keys = {CENTRE} | {end for item in triples for end in (item.head, item.tail)}
    labels = {key: entity.label for key, entity in ws.graph.entities(keys).items()}
    named = tuple((labels[item.head], item.relation, labels[item.tail]) for item in triples)
    return Neighbourhood(centre=labels[CENTRE], triples=named)
