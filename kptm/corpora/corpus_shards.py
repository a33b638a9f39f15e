"""Cuts a corpus into shards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kg.errors import TripleFormatError
from kptm.linking.link_batch import CHARACTERS_PER_BATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kptm.corpora.corpus_documents import CorpusDocument

DOCUMENTS_PER_SHARD = 5_000
"""The default number of documents after which a shard ends."""
CHARACTERS_PER_SHARD = 8_000_000
"""The number of characters after which a shard ends, so that it fits into memory."""


class Shard(NamedTuple):
    """Consecutive documents of a corpus.

    Attributes:
        number: The number of the shard, from 0.
        documents: At least one document.
    """

    number: int
    documents: list[CorpusDocument]

    def description(self) -> dict[str, Any]:
        """The description of the shard's input in the manifest."""
        first, last = self.documents[0], self.documents[-1]
        return {
            "shard": self.number,
            "documents": len(self.documents),
            "first": [first.source, first.line],
            "last": [last.source, last.line],
        }

    def __str__(self) -> str:
        first, last = self.documents[0], self.documents[-1]
        start, end = f"{first.source}, line {first.line}", f"{last.source}, line {last.line}"
        return f"shard {self.number} ({start}, to {end})"


def cut(
    documents: Iterable[CorpusDocument | TripleFormatError],
    size: int,
    reject: Callable[[TripleFormatError], None],
    group: int = 0,
) -> Iterator[Shard]:
    """Cut a stream of documents into shards; the cuts depend on nothing but the documents.

    A shard ends with the batch of the linker in which it reaches ``size`` documents or
    :data:`CHARACTERS_PER_SHARD` characters. The linker's batches of all shards are then those of
    the whole stream, and so its results are exactly the same.

    Args:
        documents: The documents, and errors of lines that are none.
        size: The number of documents after which a shard ends.
        reject: Called with each error.
        group: The number of documents after which the linker begins a new batch, if not 0; a
            shard then has whole groups.
    """
    number = characters = batch = 0
    documents_of_shard: list[CorpusDocument] = []
    for document in documents:
        if isinstance(document, TripleFormatError):
            reject(document)
            continue
        documents_of_shard.append(document)
        batch += len(document.text) + 1
        if len(documents_of_shard) % group if group else batch < CHARACTERS_PER_BATCH:
            continue
        characters, batch = characters + batch, 0
        if len(documents_of_shard) >= size or characters >= CHARACTERS_PER_SHARD:
            yield Shard(number, documents_of_shard)
            number, characters, documents_of_shard = number + 1, 0, []
    if documents_of_shard:
        yield Shard(number, documents_of_shard)
