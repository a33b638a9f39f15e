"""The verb link: links texts, files or whole corpora, and writes the links."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from kg.errors import TripleFormatError
from kptm.cli.output.common import (
    device_option,
    existing,
    language_option,
    show,
    verb,
    workspace_argument,
)
from kptm.cli.output.link_lines import STANDARD, LinkOutput, Page, Writer, line_writer, lines
from kptm.cli.output.progress import lines_of, progress, read_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kptm.workspace import Workspace

TEXT_FILES = (".txt", ".jsonl", ".ndjson", ".parquet")
"""The suffixes of the files that are read from a folder, also with .gz."""
POLICIES = "names", "all", "strict"
"""The policies of ``kptm.linking.config``, which is not imported because it imports NumPy."""


@click.command()
@workspace_argument
@click.argument("texts", nargs=-1)
@click.option("--file", "files", multiple=True, type=click.Path(allow_dash=True), metavar="PATH",
              help="Texts: .txt (one per line) or .jsonl, also .gz, or .parquet with the column"
                   " text; or a folder of them; - is standard input.")  # fmt: skip
@click.option("--out", type=click.Path(allow_dash=True), metavar="FILE", help="Write JSON Lines.")
@click.option("--html", type=click.Path(allow_dash=True), metavar="FILE",
              help="Write an HTML page with the links.")  # fmt: skip
@click.option(
    "--jobs", type=click.IntRange(1), help="Linking processes; by default as in kptm.toml."
)
@click.option("--policy", type=click.Choice(POLICIES),
              help="Which names are mentions; by default as in kptm.toml.")  # fmt: skip
@click.option("--coreference/--no-coreference", default=None,
              help="Whether to link pronouns; by default as in kptm.toml.")  # fmt: skip
@click.option("--shards", type=click.Path(file_okay=False), metavar="FOLDER",
              help="Link a corpus of any size into Parquet files in this folder; after a"
                   " kill the same command resumes. --out joins them in one file.")  # fmt: skip
@click.option("--shard-size", type=click.IntRange(1), metavar="N",
              help="Documents after which a shard ends; by default 5,000.")  # fmt: skip
@click.option("--ray", metavar="ADDRESS", is_flag=False, flag_value="",
              help="Link the shards on a Ray cluster; without an address, on one that is started"
                   " on this machine.")  # fmt: skip
@click.option("--candidates", is_flag=True, help="Show the other candidates of each mention.")
@device_option
@language_option
@verb
def link(
    workspace: str,
    texts: tuple[str, ...],
    files: tuple[str, ...],
    out: str | None,
    html: str | None,
    jobs: int | None,
    policy: str | None,
    coreference: bool | None,
    shards: str | None,
    shard_size: int | None,
    ray: str | None,
    candidates: bool,
    as_json: bool,
) -> None:
    """Link TEXTS, the texts of files, or standard input (one per line).

    Prints the links as text, or with --json as JSON Lines, where "source" is the file of a text.
    With --out or --html the links are written there, and only counts are printed.
    """
    if shards is None and (shard_size is not None or ray is not None):
        raise click.UsageError("--ray and --shard-size need --shards FOLDER")
    if out and out == html:
        raise click.UsageError(f"--out and --html are both {out}; name two files")
    output = LinkOutput(out, html, as_json, candidates)
    sources = files or (() if texts else (STANDARD,))
    inputs = [path for name in sources for path in _text_files(Path(name))]
    settings = {"jobs": jobs, "policy": policy, "coreference": coreference}
    changes = [
        f"linking.{key}={str(value).lower()}"
        for key, value in settings.items()
        if value is not None
    ]
    if shards is not None:
        if texts or not files or STANDARD in (*files, out) or html:
            raise click.UsageError(
                "--shards reads what --file names, not texts or standard input, and writes no page"
            )
        corpus = CorpusOptions(files, shards, out, shard_size, jobs, ray, candidates)
        with existing(workspace, changes) as ws:
            read_names(ws)
            _link_corpus(ws, corpus, inputs, as_json)
        return
    with existing(workspace, changes) as ws:
        read_names(ws)
        if output.printed:
            _link(ws, _texts(texts, sources), output, inputs, lambda _: None)
            return
        with progress("linking", len(texts) or lines_of(inputs), about=not texts) as advance:
            counts = _link(ws, _texts(texts, sources), output, inputs, advance)
    where = ", ".join(path for path in (out, html) if path)
    show(counts, as_json, f"{where}: {counts['texts']:,} texts, {counts['links']:,} links")


class CorpusOptions(NamedTuple):
    """A corpus to link shard by shard.

    Attributes:
        files: Its files and folders.
        shards: The folder of the shards.
        out: The file that joins them.
        size: The number of documents after which a shard ends.
        jobs: The number of workers.
        ray: The address of a Ray cluster; "" starts one, None uses processes.
        candidates: Whether to store the candidates of each link.
    """

    files: Sequence[str]
    shards: str
    out: str | None
    size: int | None
    jobs: int | None
    ray: str | None
    candidates: bool


def _link_corpus(
    ws: Workspace, corpus: CorpusOptions, inputs: Sequence[Path], as_json: bool
) -> None:
    """Link a corpus and print the report."""
    from kptm.corpora import RayCluster

    cluster = None if corpus.ray is None else RayCluster(corpus.ray)
    lines_known = all(path.suffix.lower() != ".parquet" for path in inputs)
    total = lines_of(inputs) if lines_known else None
    with progress("linking", total, about=True) as advance:
        report = ws.link_corpus(
            corpus.files,
            corpus.shards,
            out=corpus.out,
            jobs=corpus.jobs,
            ray=cluster,
            candidates=corpus.candidates,
            documents=corpus.size,
            progress=advance,
        )
    lines = [
        (
            f"{corpus.out or corpus.shards}: {report.documents:,} texts, {report.links:,} links in"
            f" {report.shards:,} shards, {report.shards - report.made:,} of them from earlier runs"
        )
    ]
    if report.lost_workers:
        lines.append(f"{report.lost_workers:,} workers died; their shards were linked again")
    if report.rejected:
        lines += [f"{report.rejected:,} lines skipped", *report.rejected_examples]
        lines.append(f"all of them are in {report.rejected_file}")
    show(report.to_dict(), as_json, "\n".join(lines))


def _link(
    ws: Workspace,
    texts: Iterator[tuple[str | None, str]],
    output: LinkOutput,
    inputs: Sequence[Path],
    advance: Callable[[int], None],
) -> dict[str, int]:
    """Link and write one text at a time; return the counts."""
    from kg.files.outputs import check_output
    from kg.formats.files import create_bytes
    from kptm.linking.pairs import link_pairs

    counts = {"texts": 0, "links": 0}
    writers: list[Writer] = []
    with ExitStack() as open_files:
        # Outputs are opened before the first text is read, so that errors show up at once.
        for target in filter(None, (output.out, output.html)):
            ws.layout.check_output(Path(target))
            check_output(Path(target), inputs)
        if output.out:
            stream = open_files.enter_context(create_bytes(Path(output.out)))
            writers.append(lines(stream, output.candidates))
        if output.html:
            stream = open_files.enter_context(create_bytes(Path(output.html)))
            writers.append(open_files.enter_context(Page(stream, ws)).write)
        if not writers:
            writers.append(line_writer(output))
        for source, document in link_pairs(ws.link, texts):
            for write in writers:
                write(source, document)
            counts["texts"] += 1
            counts["links"] += len(document.links)
            advance(counts["texts"])
    return counts


def _texts(texts: tuple[str, ...], files: tuple[str, ...]) -> Iterator[tuple[str | None, str]]:
    """Yield (file or None, text) for each text."""
    from kptm.texts import read_records

    for text in texts:
        yield None, text
    for name in files:
        if name == STANDARD:
            yield from ((None, line) for line in _standard_input())
            continue
        for path in _text_files(Path(name)):
            for record in read_records(path):
                yield str(path), record.values["text"]


def _text_files(path: Path) -> Iterator[Path]:
    """The path itself, or for a folder its text files, by name."""
    if not path.is_dir():
        yield path
        return
    inside = [item for item in sorted(path.iterdir()) if item.is_file() and _is_text(item)]
    if not inside:
        reason = f"holds no texts; they come as {' '.join(TEXT_FILES)}, each with .gz too"
        raise TripleFormatError(path, None, reason)
    yield from inside


def _is_text(path: Path) -> bool:
    return Path(path.name.lower().removesuffix(".gz")).suffix in TEXT_FILES


def _standard_input() -> Iterator[str]:
    """All lines of standard input, even empty ones, so that output lines match input lines."""
    from kg.formats.files import open_bytes
    from kg.formats.text.lines import byte_lines, decode

    path = Path(STANDARD)
    with open_bytes(path) as stream:
        for number, raw in byte_lines(stream, path):
            yield decode(raw, path, number).rstrip("\r\n")
