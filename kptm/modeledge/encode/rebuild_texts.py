"""Rebuilds linked texts from the store: the text of an origin and the spans of its records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kptm.linking import Link, LinkedText
from kptm.modeledge.sql import provenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.sql.cursor import Sql
    from kptm.linking import Linker
    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.sql.transfer_record import TransferRecord

    Span = tuple[int, int, str]


class Rebuilder:
    """Gives the linked text that a record was made from.

    The links of a text are the mentions and first blanks that the spaces have, live or not, because
    a vector depends on all links of its text. The links of a statement of a triple are the blanks
    of both its directions. A linker may add what the records lack.

    Args:
        spaces: The spaces whose records are moved.
        documents: Linked texts that are used as they are, with the other candidates of their
            mentions; they stay in memory.
        linker: Finds missing links, and the other candidates of mentions.
        soft: Whether the model reads the other candidates of a mention. The linker then reads every
            text.
    """

    def __init__(
        self,
        spaces: Sequence[VectorSpace],
        documents: Iterable[LinkedText] = (),
        linker: Linker | None = None,
        *,
        soft: bool = False,
    ) -> None:
        self._spaces = [space.id for space in spaces]
        self._given = {item.text: item for item in documents}
        self._linker = linker
        self._soft = soft

    def texts(self, sql: Sql, items: Sequence[TransferRecord]) -> dict[str, LinkedText]:
        """Linked texts by their origins' digests; an origin with an unknown link is left out."""
        facts = {item.digest: item for item in items if item.record.kind == "fact"}
        texts = {item.digest: item for item in items if item.record.kind in ("mention", "cloze")}
        spans = self._spans(sql, list(texts))
        beside = {
            digest: [_other_end(item, key) for key in item.record.context]
            for digest, item in facts.items()
        }
        ends = self._spans(sql, [*facts, *(one for those in beside.values() for one in those)])
        for digest, those in beside.items():
            spans[digest] = [span for one in (digest, *those) for span in ends.get(one, ())]
        found: dict[str, LinkedText] = {}
        for digest, item in (texts | facts).items():
            text = self._text(item, spans.get(digest, ()))
            if text is not None:
                found[digest] = text
        return found

    def _spans(self, sql: Sql, digests: Sequence[str]) -> dict[str, list[Span]]:
        """Start, end and entity of the records of origins, live ones first."""
        known: Mapping[str, int] = provenance.find_ids(sql, digests)
        if not known:
            return {}
        listed, parameter = sql.values(list(known.values()))
        rooms, numbers = sql.values(self._spaces)
        query = (
            "SELECT r.origin_id, r.span_start, r.span_end, r.value FROM modeledge_record r"
            f" WHERE r.origin_id IN {listed} AND +r.space_id IN {rooms}"
            " AND r.kind IN ('mention', 'cloze', 'fact') ORDER BY r.live DESC, r.id"
        )
        by_id: dict[int, list[Span]] = {}
        for origin, start, end, value in sql.all(query, (parameter, numbers)):
            by_id.setdefault(origin, []).append((start, end, value))
        return {digest: by_id.get(number, []) for digest, number in known.items()}

    def _text(self, item: TransferRecord, spans: Sequence[Span]) -> LinkedText | None:
        record = item.record
        if record.kind != "fact" and record.text in self._given:
            return self._given[record.text]
        known = _apart(spans, record.text)
        missing = {record.value, *record.context} - {entity for _, _, entity in known}
        links = {span: Link(span[0], span[1], record.text[span[0] : span[1]], span[2])
                 for span in known}  # fmt: skip
        if self._linker is not None and (missing or self._soft):
            for link in self._linker.link(record.text).links:
                span = (link.start, link.end, link.entity)
                if span in links:
                    links[span] = replace(links[span], candidates=link.candidates)
                elif link.entity in missing and len(_apart([*links, span], record.text)) > len(
                    links
                ):
                    links[span] = link
            missing -= {entity for _, _, entity in links}
        return (
            None if missing else LinkedText(record.text, tuple(links[at] for at in sorted(links)))
        )


def _other_end(item: TransferRecord, key: str) -> str:
    """The digest of the statement with the same words and triple that asks for the other entity."""
    return provenance.of_fact(item.record.triple or ("", "", ""), key, item.record.text)


def _apart(spans: Iterable[Span], text: str) -> list[Span]:
    """Spans that lie in the text and overlap no earlier span."""
    kept: list[Span] = []
    for start, end, entity in dict.fromkeys(spans):
        inside = 0 <= start < end <= len(text)
        if inside and all(end <= first or last <= start for first, last, _ in kept):
            kept.append((start, end, entity))
    return kept
