"""The verbs embed, predict, near and map, on the graph's embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kptm.cli.output.common import (
    device_option,
    existing,
    language_option,
    show,
    show_rows,
    verb,
    workspace_argument,
)
from kptm.cli.output.fact_lines import Labels
from kptm.cli.output.progress import progress

if TYPE_CHECKING:
    from kg.embedding.training.state import Epoch
    from kptm.workspace import Workspace

k_option = click.option(
    "-k", type=click.IntRange(1), default=10, show_default=True, help="The number of results."
)


@click.command()
@workspace_argument
@click.option(
    "--recipe",
    metavar="NAME",
    help="Train by this recipe instead of kptm.toml: fast accurate large auto.",
)
@click.option(
    "--partitions",
    type=click.IntRange(1),
    metavar="N",
    help="Divide the entities into N parts on disk, two of which are in memory.",
)
@click.option("--update", is_flag=True, help="Only fit new entities and relations; takes seconds.")
@click.option(
    "--from",
    "vectors",
    type=click.Path(exists=True),
    metavar="PATH",
    help="Import vectors: text of word2vec or BigGraph, .npz, .npy, a folder of PyKEEN.",
)
@click.option(
    "--keys",
    type=click.Path(exists=True),
    metavar="FILE",
    help="Keys of an .npy, one per line.",
)
@device_option
@verb
def embed(
    workspace: str,
    recipe: str | None,
    partitions: int | None,
    update: bool,
    vectors: str | None,
    keys: str | None,
    as_json: bool,
) -> None:
    """Train embeddings of WORKSPACE's graph; an interrupted training is resumed."""
    if sum(map(bool, (recipe, update, vectors))) > 1:
        raise click.UsageError("give one of --recipe, --update and --from")
    if partitions and (update or vectors):
        raise click.UsageError("--partitions is for training, not for --update or --from")
    with existing(workspace) as ws:
        if vectors:
            embeddings = ws.take_vectors(vectors, keys=keys)
        elif update:
            staleness = ws.embeddings().staleness(ws.graph)
            embeddings = ws.embed(update=True)
        else:
            epochs = ws.embedding_config(recipe, partitions).epochs
            with progress("embedding, epochs", epochs) as advance:
                notes = [""]

                def ended(epoch: Epoch) -> None:
                    notes[0] = _note(epoch)
                    advance(epoch.number, notes[0])

                embeddings = ws.embed(
                    recipe=recipe,
                    partitions=partitions,
                    progress=ended,
                    step=lambda epochs_done: advance(epochs_done, notes[0]),
                )
        summary = {
            "entities": len(embeddings),
            "width": embeddings.dim,
            "loss": embeddings.losses[-1] if embeddings.losses else None,
            "mrr": embeddings.mrr[-1][1] if embeddings.mrr else None,
            "fingerprint": embeddings.fingerprint,
        }
    text = f"{summary['entities']:,} vectors of width {summary['width']}"
    if update:
        text += f", {staleness.entities:,} of them new"
    elif embeddings.losses:
        text += f", loss {embeddings.losses[-1]:.3f}"
    show(summary, as_json, text)


def _note(epoch: Epoch) -> str:
    return f"loss {epoch.loss:.3f}" + ("" if epoch.mrr is None else f", MRR {epoch.mrr:.3f}")


@click.command()
@workspace_argument
@click.argument("relation")
@click.option("--head", help="The entity whose tails to predict.")
@click.option("--tail", help="The entity whose heads to predict.")
@click.option("--known", is_flag=True, help="Show known facts too, with a mark.")
@k_option
@language_option
@verb
def predict(
    workspace: str,
    relation: str,
    head: str | None,
    tail: str | None,
    known: bool,
    k: int,
    as_json: bool,
) -> None:
    """Predict facts of RELATION that the graph lacks.

    Without --head or --tail, show the likeliest facts.
    """
    if head and tail:
        raise click.UsageError("give --head or --tail: the other one is predicted")
    with existing(workspace) as ws:
        embeddings = ws.embeddings()
        if not (head or tail):
            facts = embeddings.predict(relation=relation, k=k, known=ws.graph)
            labels = Labels(ws.graph, [fact for fact, _ in facts], only_keys=as_json)
            show_rows(
                ("head", "relation", "tail", "p"),
                [(*labels.of(fact), round(p, 4)) for fact, p in facts],
                as_json,
                nothing="nothing to predict",
            )
            return
        end = ws.resolve(head or tail or "")
        predictions = (
            embeddings.predict(head=end, relation=relation, k=k, known=ws.graph, mark=known)
            if head
            else embeddings.predict(tail=end, relation=relation, k=k, known=ws.graph, mark=known)
        )
        rows = _label_rows(
            ws, [(item.entity, round(item.score, 4), item.known) for item in predictions]
        )
    show_rows(("entity", "label", "score", "known"), rows, as_json)


@click.command()
@workspace_argument
@click.argument("entity")
@k_option
@language_option
@verb
def near(workspace: str, entity: str, k: int, as_json: bool) -> None:
    """Show the entities with the vectors most similar to ENTITY's."""
    with existing(workspace) as ws:
        neighbours = ws.embeddings().nearest(ws.resolve(entity), k=k)
        rows = _label_rows(ws, [(item.entity, round(item.score, 4)) for item in neighbours])
    show_rows(("entity", "label", "cosine"), rows, as_json)


def _label_rows(ws: Workspace, rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Add the label after the key at the beginning of each row."""
    entities = ws.graph.entities([str(row[0]) for row in rows])
    return [
        (key, entities[str(key)].label if str(key) in entities else "", *rest)
        for key, *rest in rows
    ]


@click.command(name="map")
@workspace_argument
@click.argument("page", type=click.Path())
@click.option("--type", "types", multiple=True, help="A type to show; by default the most common.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=600,
    show_default=True,
    help="The maximum number of entities.",
)
@language_option
@verb
def map_(workspace: str, page: str, types: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Draw the entities by their vectors, coloured by type, into PAGE (HTML)."""
    from kptm.report import Report, map_points, write

    with existing(workspace) as ws:
        ws.layout.check_output(Path(page))
        embeddings = ws.embeddings()
        points = map_points(ws.graph, embeddings, groups=types or None, limit=limit)
        report = Report(
            title=ws.folder.resolve().name,
            stats={"entities": len(embeddings), "shown": len(points)},
            points=points,
            embedding_losses=embeddings.losses,
            embedding_mrr=embeddings.mrr,
        )
    write(report, Path(page))
    show({"page": page, "entities": len(points)}, as_json, f"{page}: {len(points):,} entities")
