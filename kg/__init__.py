"""kg: a knowledge graph in SQL, with aliases, history and PyKEEN embeddings.

Names are loaded on first use, so that ``import kg`` is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kg.embedding import (
        EntityEmbeddings,
        KGEConfig,
        Prediction,
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
        StoreBusyError,
        StoreError,
        TripleFormatError,
        UnknownKeyError,
    )
    from kg.formats import WikidataSubset, from_networkx, from_pandas
    from kg.graph import KnowledgeGraph
    from kg.programs import Denotation, Evaluator
    from kg.review.merges import Merge, Merges
    from kg.review.proposal import Decision, Proposal, ProposalState
    from kg.review.proposals import Proposals
    from kg.revision_log import RevisionLog
    from kg.types import (
        Attested,
        Attribute,
        Candidate,
        Change,
        Description,
        Entity,
        EntityRecord,
        ExportReport,
        LinkCount,
        Literal,
        LoadReport,
        PurgeReport,
        Qualifier,
        Record,
        Rejected,
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
    "LinkCount",
    "Literal",
    "LoadReport",
    "Merge",
    "Merges",
    "Prediction",
    "Proposal",
    "ProposalState",
    "Proposals",
    "PurgeReport",
    "Qualifier",
    "QueryError",
    "RankReport",
    "Record",
    "Rejected",
    "Relation",
    "Revision",
    "RevisionLog",
    "Statement",
    "Step",
    "StoreBusyError",
    "StoreError",
    "TimeNames",
    "Triple",
    "TripleFormatError",
    "Typed",
    "UnknownKeyError",
    "ValueKey",
    "WikidataSubset",
    "from_networkx",
    "from_pandas",
    "read_vectors",
    "train_embeddings",
]
_HOMES = {
    "kg.embedding": (
        "EntityEmbeddings",
        "KGEConfig",
        "Prediction",
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
        "StoreBusyError",
        "StoreError",
        "TripleFormatError",
        "UnknownKeyError",
    ),
    "kg.formats": ("WikidataSubset", "from_networkx", "from_pandas"),
    "kg.graph": ("KnowledgeGraph",),
    "kg.programs": ("Denotation", "Evaluator"),
    "kg.review.merges": ("Merge", "Merges"),
    "kg.review.proposal": ("Decision", "Proposal", "ProposalState"),
    "kg.review.proposals": ("Proposals",),
    "kg.revision_log": ("RevisionLog",),
    "kg.types": (
        "Attested",
        "Attribute",
        "Candidate",
        "Change",
        "Description",
        "Entity",
        "EntityRecord",
        "ExportReport",
        "LinkCount",
        "Literal",
        "LoadReport",
        "PurgeReport",
        "Qualifier",
        "Record",
        "Rejected",
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
__getattr__, __dir__ = lazy(__name__, _HOMES)
