"""kg: a knowledge graph in SQL, with aliases, history and PyKEEN embeddings.

Names are loaded when first used, so that ``import kg`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kg.embedding import (
        EntityEmbeddings,
        KGEConfig,
        RankReport,
        read_vectors,
        train_embeddings,
    )
    from kg.errors import (
        EmbeddingError,
        EmbeddingMismatchError,
        InvalidNameError,
        KGError,
        QueryError,
        StoreError,
        TripleFormatError,
        UnknownKeyError,
    )
    from kg.formats import from_networkx, from_pandas
    from kg.graph import KnowledgeGraph
    from kg.programs import Denotation, Evaluator
    from kg.review.proposal import Decision, Proposal, ProposalState
    from kg.review.proposals import Proposals
    from kg.types import (
        Attested,
        Attribute,
        Candidate,
        Change,
        Description,
        Entity,
        EntityRecord,
        ExportReport,
        Literal,
        LoadReport,
        PurgeReport,
        Qualifier,
        Record,
        Relation,
        Revision,
        Statement,
        Step,
        TimeNames,
        Triple,
        Typed,
    )
    from kg.values import ValueKey
    from kg.view import GraphView

_HOMES = {
    "kg.embedding": (
        "EntityEmbeddings",
        "KGEConfig",
        "RankReport",
        "read_vectors",
        "train_embeddings",
    ),
    "kg.errors": (
        "EmbeddingError",
        "EmbeddingMismatchError",
        "InvalidNameError",
        "KGError",
        "QueryError",
        "StoreError",
        "TimeNames",
        "TripleFormatError",
        "UnknownKeyError",
    ),
    "kg.formats": (
        "from_networkx",
        "from_pandas",
    ),
    "kg.graph": ("KnowledgeGraph",),
    "kg.programs": ("Denotation", "Evaluator"),
    "kg.review.proposal": ("Decision", "Proposal", "ProposalState"),
    "kg.review.proposals": ("Proposals",),
    "kg.types": (
        "Attested",
        "Attribute",
        "Candidate",
        "Change",
        "Description",
        "Entity",
        "EntityRecord",
        "ExportReport",
        "Literal",
        "LoadReport",
        "PurgeReport",
        "Qualifier",
        "Record",
        "Relation",
        "Revision",
        "Statement",
        "Step",
        "TimeNames",
        "Triple",
        "Typed",
    ),
    "kg.values": ("ValueKey",),
    "kg.view": ("GraphView",),
}

__all__ = [
    "Attested",
    "Attribute",
    "Candidate",
    "Change",
    "Decision",
    "Denotation",
    "Description",
    "EmbeddingError",
    "EmbeddingMismatchError",
    "Entity",
    "EntityEmbeddings",
    "EntityRecord",
    "Evaluator",
    "ExportReport",
    "GraphView",
    "InvalidNameError",
    "KGEConfig",
    "KGError",
    "KnowledgeGraph",
    "Literal",
    "LoadReport",
    "Proposal",
    "ProposalState",
    "Proposals",
    "PurgeReport",
    "Qualifier",
    "QueryError",
    "RankReport",
    "Record",
    "Relation",
    "Revision",
    "Statement",
    "Step",
    "StoreError",
    "TimeNames",
    "Triple",
    "TripleFormatError",
    "Typed",
    "UnknownKeyError",
    "ValueKey",
    "from_networkx",
    "from_pandas",
    "read_vectors",
    "train_embeddings",
]

__getattr__ = lazy(__name__, _HOMES)
