"""From linked text to tensors: character spans become token spans, examples become batches."""

from kptm.data.collate import KnowledgeBatch, collate
from kptm.data.phrasings import Phrasings, fill
from kptm.data.tokenize import EncodedText, TextEncoder
from kptm.data.verbalise import EntityFacts, verbalise
from kptm.data.vocabulary import train_tokenizer

__all__ = [
    "EncodedText",
    "EntityFacts",
    "KnowledgeBatch",
    "Phrasings",
    "TextEncoder",
    "collate",
    "fill",
    "train_tokenizer",
    "verbalise",
]
