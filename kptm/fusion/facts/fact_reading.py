"""The facts that a fused model reads, by its kind; "kblam" takes others without training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.data.fact_triples import FactTriples
from kptm.data.verbalisation import EntityFacts
from kptm.errors import ModelError
from kptm.fusion.mechanisms.kblam import KBLamFusion, fact_rows

if TYPE_CHECKING:
    from kg.embedding import EntityEmbeddings
    from kg.view import GraphView
    from kptm.fusion.config import FusionConfig
    from kptm.fusion.parts import Facts, FusedParts


def facts_of_kind(
    config: FusionConfig, facts: Facts | None
) -> tuple[EntityFacts | None, FactTriples | None]:
    """The facts that a kind reads, as text or as triples; others are ignored.

    Raises:
        ModelError: The kind reads facts, but they are missing or have the wrong form.
    """
    if config.reads_facts:
        if not isinstance(facts, EntityFacts):
            raise ModelError(
                f"{config.kind} reads facts of entities as text; pass facts=EntityFacts.of(graph)"
            )
        return facts, None
    if config.reads_triples:
        if not isinstance(facts, FactTriples):
            raise ModelError(f"{config.kind} reads triples; pass facts=FactTriples.of(graph)")
        return None, facts
    return None, None


def facts_of_graph(
    config: FusionConfig, graph: GraphView, embeddings: EntityEmbeddings
) -> Facts | None:
    """A graph's facts for a kind that reads them, None for others.

    Triples of entities that have no vector are left out.
    """
    if config.reads_facts:
        return EntityFacts.of(graph)
    return FactTriples.of(graph).among(embeddings) if config.reads_triples else None


def read_facts(model: FusedParts, facts: FactTriples) -> None:
    """Exchange the facts of a model.

    Raises:
        ModelError: The model reads no triples, or does not know an entity or relation.
    """
    fusion, known = fact_reader(model)
    fusion.read(fact_rows(facts, model.embeddings, known.relations))
    model.facts = FactTriples(facts.triples, known.relations)


def fact_reader(model: FusedParts) -> tuple[KBLamFusion, FactTriples]:
    """The mechanism of a model of kind "kblam", and its facts.

    Raises:
        ModelError: The model reads no triples.
    """
    if not isinstance(model.fusion, KBLamFusion) or not isinstance(model.facts, FactTriples):
        raise ModelError(
            f"a model of kind {model.fusion_config.kind!r} reads no triples; use kind 'kblam'"
        )
    return model.fusion, model.facts
