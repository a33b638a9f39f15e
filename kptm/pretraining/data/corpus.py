"""Stores the encoded texts of a run on disk, so that memory is bounded and nothing is linked twice.

The folder has shards: Arrow files of :data:`TEXTS_PER_SHARD` texts. Beside each there is a note,
written last, with the digest of its texts and the checksum of the file. A shard is used again if
the digest of the texts is the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from kg.errors import shorten
from kptm.errors import LinkingError, ModelError
from kptm.linking import LinkedText
from kptm.pretraining.data.shards import count_links, from_row, to_row, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from kptm.data.tokenize import EncodedText
    from kptm.pretraining.data.shards import Related

    Link = Callable[[Iterable[str]], Iterable[LinkedText]]
    Text = str | LinkedText | Mapping[str, Any]

TEXTS_PER_SHARD = 4_096
"""Texts per file."""
MAX_CACHED_TEXTS = 32_768
"""The maximum number of decoded texts in memory."""


class Corpus:
    """Encoded texts by number, without empty ones.

    Args:
        folder: The folder of the shards.
        texts: Plain texts, linked texts, or rows of a ``datasets.Dataset`` with "text" and
            optionally "links".
        encode: Encodes a linked text.
        link: Links plain texts.
        related: Finds the graph's facts between the entities of a text.
        identity: Other settings on which the encoded texts depend.

    Attributes:
        lengths: The number of tokens of each text.
        links: The number of mentions whose entity has a vector.
        digest: The digest of all inputs.

    Raises:
        ModelError: A text is plain and there is no linker, or an item is not a text.
    """

    def __init__(
        self,
        folder: Path,
        texts: Iterable[Text],
        encode: Callable[[LinkedText], EncodedText],
        *,
        link: Link | None = None,
        related: Callable[[LinkedText], Related] | None = None,
        identity: str = "",
    ) -> None:
        from datasets import Dataset, concatenate_datasets

        folder.mkdir(parents=True, exist_ok=True)
        stream, shards = iter(texts), list[Any]()
        digest = hashlib.sha256(identity.encode())
        self.links = 0
        count = 0
        while part := [
            _read(text, count + i) for i, text in enumerate(islice(stream, TEXTS_PER_SHARD), 1)
        ]:
            count += len(part)
            name = folder / f"{len(shards):05}"
            part_digest = _digest(part, identity)
            digest.update(part_digest.encode())
            links = count_links(name, part_digest)
            if links is None:  # there is no such shard
                documents = _link_texts(part, link)
                links = write(name, _rows(documents, encode, related), part_digest)
            self.links += links
            shards.append(Dataset.from_file(str(name.with_suffix(".arrow"))))
        self.digest = digest.hexdigest()
        rows: Any = concatenate_datasets(shards) if shards else None
        self._rows = rows
        self.lengths: list[int] = list(rows["length"]) if shards else []
        self._decode_cached = lru_cache(MAX_CACHED_TEXTS)(self._decode_text)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, number: int) -> EncodedText:
        """Text ``number``, without blanks."""
        return self._decode_cached(number)[0]

    def related_facts(self, number: int) -> Related:
        """(head, number of the relation, tail) of the facts between entities of a text."""
        return self._decode_cached(number)[1]

    def _decode_text(self, number: int) -> tuple[EncodedText, Related]:
        return from_row(self._rows[number])


def _rows(
    documents: Iterable[LinkedText],
    encode: Callable[[LinkedText], EncodedText],
    related: Callable[[LinkedText], Related] | None,
) -> Iterator[dict[str, Any]]:
    for document in documents:
        text = encode(document)
        if text.ids:
            yield to_row(text, related(document) if related else ())


def _read(text: Text, number: int) -> str | LinkedText:
    """A text, or the text of a row, as a plain or a linked one."""
    if isinstance(text, str | LinkedText):
        return text
    plain = text.get("text") if isinstance(text, Mapping) else None
    if not isinstance(plain, str):
        raise ModelError(
            f"text {number}: {shorten(repr(text))} is not a text; give texts, linked texts, or rows"
            ' with "text" and optionally "links"'
        )
    if text.get("links") is None:
        return plain
    try:
        return LinkedText.from_dict(text)
    except LinkingError as error:
        raise ModelError(f"text {number}: {error}") from error


def _digest(part: list[str | LinkedText], identity: str) -> str:
    digest = hashlib.sha256(identity.encode())
    for text in part:
        content = text if isinstance(text, str) else text.to_dict(candidates=True)
        digest.update(json.dumps(content).encode() + b"\n")
    return digest.hexdigest()


def _link_texts(part: list[str | LinkedText], link: Link | None) -> Iterator[LinkedText]:
    """The texts in their order, with plain ones linked."""
    plain = [text for text in part if isinstance(text, str)]
    if plain and link is None:
        raise ModelError(
            f"the text {shorten(plain[0])!r} is plain: pass a linker, or link the texts first"
        )
    linked = iter(link(plain)) if link is not None else iter(())
    return (next(linked) if isinstance(text, str) else text for text in part)
