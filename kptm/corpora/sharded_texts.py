"""Linked texts in the shards of a corpus, which can be read again and again in bounded memory."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from kg.types import Candidate
from kptm.corpora.shard_manifest import shard_path
from kptm.linking import Link, LinkedText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Any

    from kptm.corpora.link_passes import LinkPass
    from kptm.linking.pairs import TextLinker

ROWS_PER_BATCH = 1_000
"""The rows that are decoded at a time."""


class ShardedTexts:
    """The linked texts of all shards in a folder, in the order of the corpus.

    Args:
        folder: The folder; its links have candidates.
        shards: The number of shards.
        documents: The number of documents in all of them.
    """

    def __init__(self, folder: Path, shards: int, documents: int) -> None:
        self._folder, self._shards, self._documents = folder, shards, documents

    def __len__(self) -> int:
        return self._documents

    def __iter__(self) -> Iterator[LinkedText]:
        return (document for _, document in self.with_sources())

    def with_sources(self) -> Iterator[tuple[str, LinkedText]]:
        """The linked texts, each with its file."""
        for number in range(self._shards):
            with pq.ParquetFile(shard_path(self._folder, number)) as file:
                for batch in file.iter_batches(ROWS_PER_BATCH, use_threads=False):
                    columns = [
                        batch.column(name).to_pylist() for name in ("source", "text", "links")
                    ]
                    for source, text, links in zip(*columns, strict=True):
                        yield source, LinkedText(text, tuple(map(_link, links)))


class ShardedLinker:
    """Links texts by looking them up in shards, while these are read as the texts of a stage.

    Args:
        texts: The shards.
        settings: The pass that made the shards.
        linker: Links texts that are not in the shards, for example labelled ones.
    """

    def __init__(self, texts: ShardedTexts, settings: LinkPass, linker: TextLinker) -> None:
        self._texts, self._settings, self._linker = texts, settings, linker
        self._recent: deque[LinkedText] = deque(maxlen=settings.group)

    def texts(self) -> Iterator[tuple[str, str]]:
        """The texts with their files; the last group of them is looked up by ``link_many``."""
        for source, document in self._texts.with_sources():
            self._recent.append(document)
            yield source, document.text

    def link_many(
        self, texts: Iterable[str], *, threshold: float | None = None, any_case: bool = False
    ) -> Iterator[LinkedText]:
        """Link texts, most of which are among the last ones of :meth:`texts`."""
        wanted = list(texts)
        same = (threshold, any_case) == (self._settings.threshold, self._settings.any_case)
        known = {document.text: document for document in self._recent} if same else {}
        others = [text for text in wanted if text not in known]
        linked = self._linker.link_many(others, threshold=threshold, any_case=any_case)
        for text in wanted:
            yield known[text] if text in known else next(linked)


def _link(values: dict[str, Any]) -> Link:
    """The link of a row, equal to the one that was written."""
    candidates = tuple(
        Candidate(candidate["entity"], candidate["score"]) for candidate in values["candidates"]
    )
    return Link(
        values["start"],
        values["end"],
        values["surface"],
        values["entity"],
        values["score"],
        candidates,
        values["coreference"],
    )
