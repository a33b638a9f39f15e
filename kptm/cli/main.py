"""``kptm``: the verbs, in the order a person needs them."""

from __future__ import annotations

import gc

import click

from kptm.cli import (
    adding,
    asking,
    changing,
    demo,
    evaluating,
    example,
    extracting,
    filling,
    finetuning,
    linking,
    looking,
    moving,
    remembering,
    reviewing,
    serving,
    syncing,
    training,
    vectors,
)

NEW_OBJECTS = 50_000
"""Objects between two searches for garbage in circles: Python's own 700 cost a sixth of the time of a question."""
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="kptm", prog_name="kptm")
@click.pass_context
def main(context: click.Context) -> None:
    """A language model that knows your facts, shows its evidence, and can be corrected.

    A WORKSPACE is a folder that holds one project: the graph, its embeddings, the model and its
    modeledge.
    """
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *before[1:])
    context.call_on_close(lambda: gc.set_threshold(*before))


for command in (
    example.example,
    filling.init,
    filling.load,
    filling.stats,
    linking.link,
    vectors.embed,
    vectors.predict,
    vectors.near,
    vectors.map_,
    training.pretrain,
    remembering.index,
    finetuning.finetune,
    finetuning.classify,
    extracting.extract,
    reviewing.review,
    extracting.check,
    syncing.sync,
    asking.ask,
    asking.query,
    asking.learn,
    adding.add,
    changing.edit,
    changing.forget,
    changing.undo,
    changing.purge,
    moving.recall,
    moving.migrate,
    moving.merge,
    remembering.receipts,
    remembering.verify,
    looking.search,
    looking.describe,
    looking.history,
    looking.paths,
    looking.neighbours,
    looking.export,
    serving.serve,
    evaluating.evaluate,
    demo.demo,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
