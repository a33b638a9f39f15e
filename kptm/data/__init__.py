"""Makes tensors of linked texts: character spans become token spans, examples become batches.

Names are loaded when first used: phrasings and verbalised facts need no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.data.batch import KnowledgeBatch, collate
    from kptm.data.fact_triples import FactTriples
    from kptm.data.phrasings import Phrasings, fill
    from kptm.data.tokenize import EncodedText, TextEncoder, TokenSpan
    from kptm.data.verbalisation import EntityFacts, verbalise
    from kptm.data.vocabulary import train_tokenizer

__all__ = [
    "EncodedText",
    "EntityFacts",
    "FactTriples",
    "KnowledgeBatch",
    "Phrasings",
    "TextEncoder",
    "TokenSpan",
    "collate",
    "fill",
    "train_tokenizer",
    "verbalise",
]
_HOMES = {
    "kptm.data.batch": ("KnowledgeBatch", "collate"),
    "kptm.data.fact_triples": ("FactTriples",),
    "kptm.data.phrasings": ("Phrasings", "fill"),
    "kptm.data.tokenize": ("EncodedText", "TextEncoder", "TokenSpan"),
    "kptm.data.verbalisation": ("EntityFacts", "verbalise"),
    "kptm.data.vocabulary": ("train_tokenizer",),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
