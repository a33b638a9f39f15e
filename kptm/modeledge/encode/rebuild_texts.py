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
    """Rebuilds the linked text that a record was made from.

    The links of a text are the mentions and first blanks in its records, live or not, because a
    vector depends on all links of its text. The links of a statement of a triple are the blanks of
    its two records, one with the head blank and one with the tail. A linker may add links that the
    records lack.

    Args:
        spaces: The spaces of the records.
        documents: Linked texts that are used instead of rebuilt ones, since they have the other
            candidates of each mention; they stay in memory.
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
        self._document_of = {item.text: item for item in documents}
        self._linker = linker
        self._soft = soft

    def texts(self, sql: Sql, items: Sequence[TransferRecord]) -> dict[str, LinkedText]:
        """The linked texts of records by their digests; one with an unknown link is left out."""
        facts = {item.digest: item for item in items if item.record.kind == "fact"}
        texts = {item.digest: item for item in items if item.record.kind in ("mention", "cloze")}
        spans = self._spans(sql, list(texts))
        counterparts = {
            digest: [_counterpart(item, key) for key in item.record.context]
            for digest, item in facts.items()
        }
        all_counterparts = [other for others in counterparts.values() for other in others]
        fact_spans = self._spans(sql, [*facts, *all_counterparts])
        for digest, others in counterparts.items():
            spans[digest] = [
                span for member in (digest, *others) for span in fact_spans.get(member, ())
            ]
        rebuilt: dict[str, LinkedText] = {}
        for digest, item in (texts | facts).items():
            text = self._text(item, spans.get(digest, ()))
            if text is not None:
                rebuilt[digest] = text
        return rebuilt

    def _spans(self, sql: Sql, digests: Sequence[str]) -> dict[str, list[Span]]:
        """(start, end, entity) of the records of each origin, live ones first."""
        id_of: Mapping[str, int] = provenance.find_ids(sql, digests)
        if not id_of:
            return {}
        origin_list, origin_parameter = sql.values(list(id_of.values()))
        space_list, space_parameter = sql.values(self._spaces)
        query = (
            "SELECT r.origin_id, r.span_start, r.span_end, r.value FROM modeledge_record r"
            f" WHERE r.origin_id IN {origin_list} AND +r.space_id IN {space_list}"
            " AND r.kind IN ('mention', 'cloze', 'fact') ORDER BY r.live DESC, r.id"
        )
        by_id: dict[int, list[Span]] = {}
        for origin, start, end, value in sql.all(query, (origin_parameter, space_parameter)):
            by_id.setdefault(origin, []).append((start, end, value))
        return {digest: by_id.get(number, []) for digest, number in id_of.items()}

    def _text(self, item: TransferRecord, spans: Sequence[Span]) -> LinkedText | None:
        """The linked text of a record; None if one of its links is not known."""
        record = item.record
        if record.kind != "fact" and record.text in self._document_of:
            return self._document_of[record.text]
        disjoint = _disjoint(spans, record.text)
        links = {
            (start, end, entity): Link(start, end, record.text[start:end], entity)
            for start, end, entity in disjoint
        }
        missing = {record.value, *record.context} - {entity for _, _, entity in disjoint}
        if self._linker is not None and (missing or self._soft):
            for link in self._linker.link(record.text).links:
                span = (link.start, link.end, link.entity)
                if span in links:
                    links[span] = replace(links[span], candidates=link.candidates)
                elif link.entity in missing and len(_disjoint([*links, span], record.text)) > len(
                    links
                ):
                    links[span] = link
            missing -= {entity for _, _, entity in links}
        if missing:
            return None
        return LinkedText(record.text, tuple(links[span] for span in sorted(links)))


def _counterpart(item: TransferRecord, key: str) -> str:
    """The digest of the record of the same statement whose blank is the entity ``key``."""
    return provenance.of_fact(item.record.triple or ("", "", ""), key, item.record.text)


def _disjoint(spans: Iterable[Span], text: str) -> list[Span]:
    """The spans that are inside the text and do not overlap an earlier span."""
    disjoint: list[Span] = []
    for start, end, entity in dict.fromkeys(spans):
        inside = 0 <= start < end <= len(text)
        if inside and all(end <= first or last <= start for first, last, _ in disjoint):
            disjoint.append((start, end, entity))
    return disjoint
