"""example."""

from __future__ import annotations

import click

from kptm.cli.common import show, verb


@click.command()
@click.argument("folder", type=click.Path(file_okay=False))
@verb
def example(folder: str, as_json: bool) -> None:
    """Copy the example world's files into FOLDER, which is made: entities, triples, texts, questions."""
    from kptm.examples import World

    copied = World().copy_to(folder)
    show([str(path) for path in copied], as_json, "\n".join(map(str, copied)))
