"""The model that a pretraining starts from, kept until it ends."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from kptm.data import EntityFacts, train_tokenizer
from kptm.errors import CheckpointError
from kptm.fusion import FusedModel
from kptm.texts import write_whole
from kptm.workspace_config import small_bert

if TYPE_CHECKING:
    from pathlib import Path

    from kg.embedding import EntityEmbeddings
    from kg.graph import KnowledgeGraph
    from kptm.linking import LinkedText
    from kptm.workspace_config import WorkspaceConfig


def start_model(
    running: Path,
    config: WorkspaceConfig,
    embeddings: EntityEmbeddings,
    documents: list[LinkedText],
    graph: KnowledgeGraph,
) -> FusedModel:
    """The model before training: a run that was cut goes on from the same one.

    Args:
        running: Where it is kept.
        config: The backbone and how knowledge enters it.
        embeddings: What is fused.
        documents: The texts whose words a new vocabulary is made of.
        graph: Whose facts mentions carry, where the kind of fusion reads them.

    Raises:
        CheckpointError: The run that was cut had other embeddings or settings.
    """
    vectors = hashlib.sha256()
    for rows in embeddings.chunks():
        vectors.update(rows.tobytes())
    made_of = json.dumps([asdict(config.backbone), asdict(config.fusion), vectors.hexdigest()])
    start, run = running / "start", running / "run.json"
    if run.exists():
        if run.read_text(encoding="utf-8") != made_of:
            raise CheckpointError(
                f"{running}: holds a run that was cut and had other embeddings or settings;"
                " remove the folder to start anew"
            )
        return FusedModel.from_pretrained(start)
    facts = EntityFacts.of(graph) if config.fusion.kind == "kbert" else None
    if config.backbone.path:
        model = FusedModel.build(config.backbone.path, embeddings, config.fusion, facts=facts)
    else:
        tokenizer = train_tokenizer(
            (document.text for document in documents), vocab_size=config.backbone.vocabulary
        )
        backbone = small_bert(config.backbone, len(tokenizer), config.fusion.max_length)
        model = FusedModel.build(
            backbone, embeddings, config.fusion, tokenizer=tokenizer, facts=facts
        )
    running.mkdir(exist_ok=True)
    model.save_pretrained(start)
    write_whole(run, made_of)
    # Read back also now: the same object for a run that is cut and for one that is not.
    return FusedModel.from_pretrained(start)
