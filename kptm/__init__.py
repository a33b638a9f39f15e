"""kptm: a language model that knows your facts, cites sources, and can be corrected.

Names are loaded when first used: ``import kptm`` loads neither torch nor transformers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.answering import Answer, Conversation, Evidence, LearnReport, Predictor
    from kptm.constraints import CheckReport
    from kptm.data import EntityFacts, Phrasings, train_tokenizer, verbalise
    from kptm.errors import (
        CheckpointError,
        ConfigError,
        CorpusError,
        KPTMError,
        LinkingError,
        ModeledgeError,
        ModelError,
        WorkspaceError,
    )
    from kptm.extraction import ExtractionReport, ExtractionScores
    from kptm.finetuning import FinetuneConfig, FinetunedModel, finetune
    from kptm.fusion import FusedModel, FusionConfig, register_auto
    from kptm.linking import Link, LinkedText, Linker
    from kptm.modeledge import Hit, Interpolation, Modeledge, Record
    from kptm.pretraining import PretrainConfig, PretrainReport, pretrain
    from kptm.workspace import (
        AddReport,
        ChangeReport,
        Purged,
        PurgePlan,
        ReviewItem,
        SyncReport,
        Workspace,
        WorkspaceConfig,
    )

__version__ = "0.2.0"

__all__ = [
    "AddReport",
    "Answer",
    "ChangeReport",
    "CheckReport",
    "CheckpointError",
    "ConfigError",
    "Conversation",
    "CorpusError",
    "EntityFacts",
    "Evidence",
    "ExtractionReport",
    "ExtractionScores",
    "FinetuneConfig",
    "FinetunedModel",
    "FusedModel",
    "FusionConfig",
    "Hit",
    "Interpolation",
    "KPTMError",
    "LearnReport",
    "Link",
    "LinkedText",
    "Linker",
    "LinkingError",
    "ModelError",
    "Modeledge",
    "ModeledgeError",
    "Phrasings",
    "Predictor",
    "PretrainConfig",
    "PretrainReport",
    "PurgePlan",
    "Purged",
    "Record",
    "ReviewItem",
    "SyncReport",
    "Workspace",
    "WorkspaceConfig",
    "WorkspaceError",
    "finetune",
    "pretrain",
    "register_auto",
    "train_tokenizer",
    "verbalise",
]
_HOMES = {
    "kptm.answering": ("Answer", "Conversation", "Evidence", "LearnReport", "Predictor"),
    "kptm.constraints": ("CheckReport",),
    "kptm.data": ("EntityFacts", "Phrasings", "train_tokenizer", "verbalise"),
    "kptm.errors": (
        "CheckpointError",
        "ConfigError",
        "CorpusError",
        "KPTMError",
        "LinkingError",
        "ModelError",
        "ModeledgeError",
        "WorkspaceError",
    ),
    "kptm.extraction": ("ExtractionReport", "ExtractionScores"),
    "kptm.finetuning": ("FinetuneConfig", "FinetunedModel", "finetune"),
    "kptm.fusion": ("FusedModel", "FusionConfig", "register_auto"),
    "kptm.linking": ("Link", "LinkedText", "Linker"),
    "kptm.modeledge": ("Hit", "Interpolation", "Modeledge", "Record"),
    "kptm.pretraining": ("PretrainConfig", "PretrainReport", "pretrain"),
    "kptm.workspace": (
        "AddReport",
        "ChangeReport",
        "PurgePlan",
        "Purged",
        "ReviewItem",
        "SyncReport",
        "Workspace",
        "WorkspaceConfig",
    ),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
