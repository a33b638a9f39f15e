"""The Parquet files of linked documents: one for each shard, and the file that joins them."""

from __future__ import annotations

import io
import json
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from kg.files.atomic import replace_path
from kg.formats.files import create_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from kptm.corpora.corpus_documents import CorpusDocument
    from kptm.linking import LinkedText
    from kptm.linking.pairs import LinkMany

_CANDIDATE = pa.struct([("entity", pa.string()), ("score", pa.float64())])
_LINK = pa.struct(
    [
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("surface", pa.string()),
        ("entity", pa.string()),
        ("score", pa.float64()),
        ("coreference", pa.bool_()),
        ("candidates", pa.list_(_CANDIDATE)),
    ]
)
SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("line", pa.int64()),
        ("text", pa.string()),
        ("links", pa.list_(_LINK)),
    ]
)
"""The columns of a file; ``candidates`` is null unless candidates were asked for."""
COMPRESSION = "zstd"


class LinkedShard(NamedTuple):
    """A linked shard.

    Attributes:
        data: Its Parquet file.
        links: The number of its links.
    """

    data: bytes
    links: int


def link_shard(
    documents: Sequence[CorpusDocument], link: LinkMany, candidates: bool
) -> LinkedShard:
    """Link the documents of a shard.

    Args:
        documents: The documents.
        link: Links a stream of texts.
        candidates: Whether to store the candidates of each link.
    """
    linked = list(link(document.text for document in documents))
    stream = io.BytesIO()
    pq.write_table(_table(documents, linked, candidates), stream, compression=COMPRESSION)
    return LinkedShard(
        stream.getvalue(), sum(len(linked_document.links) for linked_document in linked)
    )


def write_parquet(shards: Iterable[Path], target: Path) -> None:
    """Join shards in one Parquet file, atomically; each becomes a group of rows.

    Raises:
        OSError: A file cannot be read or written.
    """
    with (
        replace_path(target) as fresh,
        pq.ParquetWriter(fresh, SCHEMA, compression=COMPRESSION) as writer,
    ):
        for shard in shards:
            with pq.ParquetFile(shard) as file:
                writer.write_table(file.read(use_threads=False))


def write_json_lines(shards: Iterable[Path], target: Path) -> None:
    """Join shards in one file of JSON Lines, which is compressed if its suffix says so.

    Args:
        shards: The files of the shards.
        target: The file.

    Raises:
        TripleFormatError: The file cannot be written.
    """
    with create_bytes(target) as stream:
        for shard in shards:
            for value in _values(shard):
                line = json.dumps(value, ensure_ascii=False)
                stream.write(line.encode() + b"\n")


def _table(
    documents: Sequence[CorpusDocument], linked: Sequence[LinkedText], candidates: bool
) -> pa.Table:
    """The rows of linked documents."""
    links = [link for document in linked for link in document.links]
    columns = [
        [link.start for link in links],
        [link.end for link in links],
        [link.surface for link in links],
        [link.entity for link in links],
        [link.score for link in links],
        [link.coreference for link in links],
        [[(candidate.entity, candidate.prior) for candidate in link.candidates] for link in links]
        if candidates
        else [None] * len(links),
    ]
    fields = list(_LINK)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, fields, strict=True)]
    # Arrow stores the links of all documents one after another, with the offset of each document.
    offsets = [0, *accumulate(len(document.links) for document in linked)]
    nested = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), pa.StructArray.from_arrays(arrays, fields=fields)
    )
    sources, lines, texts = zip(*documents, strict=True)
    return pa.Table.from_arrays(
        [pa.array(sources, pa.string()), pa.array(lines, pa.int64()), pa.array(texts, pa.string()),
         nested],
        schema=SCHEMA,
    )  # fmt: skip


def _values(shard: Path) -> Iterator[dict[str, Any]]:
    """The rows of a shard as ``kptm link --out`` writes them."""
    with pq.ParquetFile(shard) as file:
        for batch in file.iter_batches(1_000, use_threads=False):
            nested = batch.column("links")
            links = _links(nested.flatten())
            rows = zip(
                batch.column("text").to_pylist(),
                nested.value_lengths().to_pylist(),
                batch.column("source").to_pylist(),
                strict=True,
            )
            for text, count, source in rows:
                yield {"text": text, "links": list(islice(links, count)), "source": source}


def _links(structs: pa.StructArray) -> Iterator[dict[str, Any]]:
    """The links as :meth:`kptm.linking.LinkedText.to_dict` has them.

    Columns are converted one by one, which takes less time than whole structs.
    """
    names = [field.name for field in _LINK]
    columns = [structs.field(name).to_pylist() for name in names]
    for values in zip(*columns, strict=True):
        link = dict(zip(names, values, strict=True))
        if not link["coreference"]:
            del link["coreference"]
        if link["candidates"] is None:
            del link["candidates"]
        yield link
