"""``kptm``: the verbs, in the order in which people need them."""

from __future__ import annotations

import gc

import click

from kptm.cli.evaluate.study_verbs import evaluate
from kptm.cli.loading import load_verbs, new_verb, sync_verb
from kptm.cli.maintenance import backup_verbs, doctor_verb, duplicates_verb, move_verb
from kptm.cli.verbs import (
    demo_verbs,
    edit_verbs,
    embedding_verbs,
    graph_verbs,
    linking_verbs,
    model_verbs,
    modeledge_verbs,
    question_verbs,
    review_verbs,
    serving_verbs,
    token_verbs,
)

ALLOCATIONS_PER_COLLECTION = 50_000
"""Allocations between two runs of the cyclic garbage collector.

Python's default of 700 costs a sixth of the time of a question.
"""
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
    gc.set_threshold(ALLOCATIONS_PER_COLLECTION, *before[1:])
    context.call_on_close(lambda: gc.set_threshold(*before))


for command in (
    demo_verbs.example,
    new_verb.new,
    load_verbs.init,
    load_verbs.load,
    graph_verbs.stats,
    linking_verbs.link,
    embedding_verbs.embed,
    embedding_verbs.predict,
    embedding_verbs.near,
    embedding_verbs.map_,
    model_verbs.pretrain,
    modeledge_verbs.index,
    model_verbs.finetune,
    model_verbs.classify,
    model_verbs.compress,
    review_verbs.extract,
    review_verbs.review,
    review_verbs.check,
    duplicates_verb.duplicates,
    sync_verb.sync,
    question_verbs.ask,
    question_verbs.query,
    question_verbs.learn,
    edit_verbs.add,
    edit_verbs.edit,
    edit_verbs.forget,
    edit_verbs.undo,
    edit_verbs.purge,
    modeledge_verbs.recall,
    modeledge_verbs.migrate,
    modeledge_verbs.merge,
    modeledge_verbs.receipts,
    modeledge_verbs.verify,
    doctor_verb.doctor,
    backup_verbs.backup,
    backup_verbs.restore,
    move_verb.move,
    token_verbs.token,
    graph_verbs.search,
    graph_verbs.describe,
    graph_verbs.history,
    graph_verbs.paths,
    graph_verbs.neighbours,
    graph_verbs.export,
    serving_verbs.serve,
    serving_verbs.mcp,
    evaluate,
    demo_verbs.demo,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
