"""The output of ``kptm link``: JSON Lines, text, or an HTML page."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, TYPE_CHECKING, NamedTuple, TypeAlias

import click

from kptm.cli.output.common import as_line, plain, printed_json

if TYPE_CHECKING:
    from kptm.linking import Link, LinkedText
    from kptm.workspace import Workspace

STANDARD = "-"
"""Stands for standard input or output in place of a file."""

Writer: TypeAlias = Callable[[str | None, "LinkedText"], None]
"""Writes a linked text, given with the file it came from, if any."""


class LinkOutput(NamedTuple):
    """The requested outputs.

    Attributes:
        out: A file for JSON Lines.
        html: A file for an HTML page.
        json: Whether to print JSON.
        candidates: Whether to show the other candidates of each mention.
    """

    out: str | None
    html: str | None
    json: bool
    candidates: bool

    @property
    def printed(self) -> bool:
        """Whether the links are printed on standard output."""
        return STANDARD in (self.out, self.html) or not (self.out or self.html)


def _as_json(source: str | None, document: LinkedText, candidates: bool) -> dict[str, object]:
    value = document.to_dict(candidates=candidates)
    return value if source is None else {**value, "source": source}


def lines(stream: IO[bytes], candidates: bool) -> Writer:
    """A writer of JSON Lines to a file."""

    def write(source: str | None, document: LinkedText) -> None:
        stream.write(as_line(_as_json(source, document, candidates)).encode() + b"\n")

    return write


def line_writer(wanted: LinkOutput) -> Writer:
    """A writer to standard output, as text or JSON."""

    def write(source: str | None, document: LinkedText) -> None:
        if wanted.json:
            click.echo(printed_json(_as_json(source, document, wanted.candidates)))
            return
        click.echo(plain(document.text))
        for item in document.links:
            click.echo(plain(_link_line(item, wanted.candidates)))

    return write


def _link_line(link: Link, candidates: bool) -> str:
    """A link as text."""
    said_before = ", said before" if link.coreference else ""
    line = f"  {link.surface} → {link.entity} ({link.score:.2f}{said_before})"
    others = [item for item in link.candidates if item.entity != link.entity]
    if not candidates or not others:
        return line
    return line + ", not " + ", ".join(f"{item.entity} ({item.prior:.2f})" for item in others)


class Page:
    """Writes an HTML page text by text, under the names of their files."""

    def __init__(self, stream: IO[bytes], ws: Workspace) -> None:
        self._stream, self._ws = stream, ws
        self._source: str | None = None

    def __enter__(self) -> Page:
        from kptm.linking.export.html import page_start

        self._put(page_start(f"{self._ws.folder.resolve().name}: linked texts"))
        return self

    def __exit__(self, *_: object) -> None:
        from kptm.linking.export.html import PAGE_END

        self._put(PAGE_END)

    def write(self, source: str | None, document: LinkedText) -> None:
        """Add a text."""
        from kptm.linking.export.html import block, heading

        if source is not None and source != self._source:
            self._put(heading(source))
        self._source = source
        keys = {link.entity for link in document.links}
        keys |= {item.entity for link in document.links for item in link.candidates}
        known = self._ws.graph.entities(keys)
        labels = {
            key: f"{entity.label} — {entity.description}" if entity.description else entity.label
            for key, entity in known.items()
        }
        self._put(block(document, labels) + "\n")

    def _put(self, text: str) -> None:
        # A lone surrogate, which UTF-8 cannot encode, becomes a reference that browsers show as �.
        self._stream.write(text.encode("utf-8", "xmlcharrefreplace"))
