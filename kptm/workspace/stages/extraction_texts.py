"""The texts of an extraction with their sources, and the linker that links them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.texts import read_records
from kptm.workspace.stages.linked_corpora import LinkedCorpora

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kptm.corpora.link_passes import CorpusShards
    from kptm.extraction.propose import SourceText
    from kptm.linking.pairs import TextLinker
    from kptm.workspace.graph import WorkspaceGraph

TEXT = "text"
"""The source of texts that are not from a file."""


@dataclass(frozen=True, slots=True)
class ExtractionTexts:
    """The texts of an extraction.

    Attributes:
        texts: Streams the texts from the beginning.
        linker: Links them.
    """

    texts: Callable[[], Iterator[SourceText]]
    linker: TextLinker


def extraction_texts(
    base: WorkspaceGraph,
    texts: str | Path | Sequence[str],
    source: str | None,
    shards: CorpusShards | None,
) -> ExtractionTexts:
    """The texts of a file or folder, or texts; with shards, several workers link them first.

    Args:
        base: The workspace.
        texts: The file, folder or texts.
        source: The source of the texts; by default the path of each file.
        shards: Where several workers link the texts of a file or folder.

    Raises:
        ConfigError: There are shards, but the texts are not in a file.
        CorpusError: The shards were made of other texts, or as ``Workspace.link_corpus``.
        TripleFormatError: A file cannot be read.
    """
    from kptm.errors import ConfigError
    from kptm.extraction.propose import SourceText

    if shards is None:
        return ExtractionTexts(lambda: _texts_with_sources(texts, source), base.linker)
    if not isinstance(texts, str | Path):
        raise ConfigError("shards: are for the texts of a file or folder")
    from kptm.corpora.link_passes import LinkPass
    from kptm.corpora.sharded_texts import ShardedLinker
    from kptm.extraction.fitting.extractor_learning import MIN_LINK_P, TEXTS_PER_BATCH

    settings = LinkPass(name="mentions", threshold=MIN_LINK_P, any_case=True, group=TEXTS_PER_BATCH)
    linked = LinkedCorpora(base).link_pass(texts, shards, settings)
    linker = ShardedLinker(linked, settings, base.linker)
    return ExtractionTexts(
        lambda: (SourceText(source or file, text) for file, text in linker.texts()), linker
    )


def _texts_with_sources(
    texts: str | Path | Sequence[str], source: str | None
) -> Iterator[SourceText]:
    """The texts, each with its source."""
    from kptm.extraction.propose import SourceText

    if isinstance(texts, str | Path):
        for record in read_records(texts):
            yield SourceText(source or str(record.path), record.values["text"])
        return
    for text in texts:
        yield SourceText(source or TEXT, text)
