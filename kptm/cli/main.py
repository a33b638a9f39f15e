"""``kptm``: the verbs, in the order a person needs them."""

from __future__ import annotations

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

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="kptm", prog_name="kptm")
def main() -> None:
    """A language model that knows your facts, shows its evidence, and can be corrected.

    A WORKSPACE is a folder that holds one project: the graph, its embeddings, the model and its
    modeledge.
    """


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
