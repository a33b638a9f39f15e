"""Reads Wikidata's JSON dump: an array with one entity per line, or the lines alone.

Labels, aliases and descriptions are read with their languages, the number of sitelinks as the
prior, and claims with their qualifiers and any rank other than normal (mediawiki.org,
"Wikibase/DataModel/JSON"). Claims and qualifiers of an unknown value or of no value are left out
and counted. Values are written as in Wikidata's RDF export (mediawiki.org, "Wikibase/Indexing/RDF
Dump Format"): year -44 of the JSON, which is 44 BC, becomes "-0043", and a
Julian date becomes the Gregorian date of the same day.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import IO, TYPE_CHECKING, Any

from kg.errors import TripleFormatError
from kg.formats.text.lines import text_lines
from kg.formats.wikidata_subset import (
    LeftOut,
    WikidataSubset,
    describe_left_out,
    reason_against,
)
from kg.types import Attribute, EntityRecord, Literal, Qualifier, Statement, Triple
from kg.vocabulary import (
    ALIAS,
    DEPRECATED,
    DESCRIPTION,
    IRI,
    LABEL,
    PREFERRED,
    PRIOR,
    RANK,
    XSD,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kg.formats.line import Line
    from kg.types import Record

WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"
TIME = "http://wikiba.se/ontology#Time"
"""Datatype of a time whose precision XML Schema lacks, such as a decade.

It is written in the notation of QuickStatements, with the precision after a slash.
"""

_RANKS = {"preferred": PREFERRED, "deprecated": DEPRECATED}
_DAY = 11
_PRECISIONS = {9: ("gYear", 1), 10: ("gYearMonth", 2), _DAY: ("date", 3)}
"""By Wikidata's precision: the datatype, and how many of year, month and day are given."""
_JULIAN = "/Q1985786"
_DATE = re.compile(
    r"(?P<sign>[+-]?)(?P<year>\d{1,16})-(?P<month>\d\d)-(?P<day>\d\d)(?:T00:00:00Z)?"
)

_WANTED = "not an entity of Wikidata"
_TYPE = "P31"


class Converted:
    """Counts the dates whose value differs from the text in the file; keeps one of each kind."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def note(self, kind: str, written: str, value: str) -> None:
        """Count a converted date: the kind of conversion, the text in the file, and the value."""
        self._counts[kind] += 1
        self._first.setdefault(
            kind, f"{written.removeprefix('+').partition('T')[0]} became {value}"
        )

    def notes(self) -> list[str]:
        """Describe the conversions, one sentence per kind."""
        return [
            f"{count:,} {'date' if count == 1 else 'dates'} {kind} (the first: {self._first[kind]})"
            for kind, count in sorted(self._counts.items())
        ]


class _Reading:
    """What to read of a dump, and the counts of what is converted and left out."""

    def __init__(self, subset: WikidataSubset) -> None:
        self.subset = subset
        self.converted = Converted()
        self._left_out: Counter[tuple[LeftOut, str]] = Counter()
        self._of_entity: Counter[tuple[LeftOut, str]] = Counter()

    def leave_out(self, reason: LeftOut, detail: str = "", count: int = 1) -> None:
        """Count something of the present entity that is not read."""
        self._of_entity[reason, detail] += count

    def end_entity(self, *, valid: bool) -> None:
        """Add the counts of the present entity, unless its line is rejected."""
        if valid:
            self._left_out.update(self._of_entity)
        self._of_entity.clear()

    def notes(self) -> list[str]:
        """Describe what was converted and left out, one sentence each."""
        return [*self.converted.notes(), *describe_left_out(self._left_out)]


def read_wikidata(
    stream: IO[bytes],
    path: Path,
    notes: list[str] | None = None,
    subset: WikidataSubset | None = None,
) -> Iterator[Line]:
    """Read the statements about each entity; a line with any error gives only the error.

    Args:
        stream: The file.
        path: The path of the file, for messages.
        notes: A list to which the numbers of converted dates and of what was left out are appended
            at the end.
        subset: The part to read; by default everything.
    """
    reading = _Reading(subset or WikidataSubset())
    yield from _lines(stream, path, reading)
    if notes is not None:
        notes += reading.notes()


def _lines(stream: IO[bytes], path: Path, reading: _Reading) -> Iterator[Line]:
    for number, text in text_lines(stream, path):
        if isinstance(text, TripleFormatError):
            yield number, text
            continue
        body = text.strip().removesuffix(",")
        if body in ("", "[", "]"):
            continue
        try:
            records = list(_entity(json.loads(body), reading))
        except (ValueError, RecursionError) as error:
            reading.end_entity(valid=False)
            yield number, TripleFormatError(path, number, f"not JSON ({error})", text)
        except (KeyError, TypeError, AttributeError) as error:
            reading.end_entity(valid=False)
            reason = f"{_WANTED} ({type(error).__name__}: {error})"
            yield number, TripleFormatError(path, number, reason, text)
        else:
            reading.end_entity(valid=True)
            for record in records:
                yield number, record


def _entity(value: Any, reading: _Reading) -> Iterator[Record]:
    key = _text(value["id"])
    if not key:
        raise KeyError("id")
    if reading.subset.types:
        reason = reason_against(reading.subset, key, _types(value))
        if reason is not None:
            reading.leave_out(reason)
            return
    is_empty = True
    for record in _about(key, value, reading):
        is_empty = False
        yield record
    if is_empty:
        yield EntityRecord(key=key)


def _types(value: dict[str, Any]) -> set[str]:
    """The items that are types of an entity, without those of deprecated claims."""
    snaks = [
        claim["mainsnak"]
        for claim in _mapping(value, "claims").get(_TYPE, ())
        if claim.get("rank") != "deprecated"
    ]
    return {_item(snak["datavalue"]["value"]) for snak in snaks if snak["snaktype"] == "value"}


def _about(key: str, value: dict[str, Any], reading: _Reading) -> Iterator[Record]:
    for relation, item in _names(value):
        name = _in_language(item)
        if reading.subset.has_language(name.language):
            yield Attribute(key, relation, name)
        else:
            reading.leave_out(LeftOut.LANGUAGE, name.language)
    sitelinks = _mapping(value, "sitelinks")
    if sitelinks:
        yield Attribute(key, PRIOR, Literal(str(len(sitelinks)), f"{XSD}integer"))
    for relation, claims in _mapping(value, "claims").items():
        if not reading.subset.has_property(relation):
            reading.leave_out(LeftOut.PROPERTY, relation, len(claims))
            continue
        for claim in claims:
            yield from _claim(key, claim, reading)


def _names(value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Labels, descriptions and aliases as Wikidata writes them, each with its relation."""
    for name, relation in (("labels", LABEL), ("lemmas", LABEL), ("descriptions", DESCRIPTION)):
        for item in _mapping(value, name).values():
            yield relation, item
    for items in _mapping(value, "aliases").values():
        for item in items:
            yield ALIAS, item


def _mapping(value: dict[str, Any], name: str) -> dict[str, Any]:
    """A mapping within an entity; Wikidata writes an empty one as a list."""
    mapping = value.get(name) or {}
    if not isinstance(mapping, dict):
        raise TypeError(f"{name} must be an object")
    return mapping


def _in_language(item: dict[str, Any]) -> Literal:
    return Literal(_text(item["value"]), language=_text(item["language"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} must be text")
    return value


def _claim(key: str, claim: dict[str, Any], reading: _Reading) -> Iterator[Record]:
    snak = claim["mainsnak"]
    value = _snak(snak, reading)
    if value is None:
        return
    relation = _text(snak["property"])
    qualifiers = [
        Qualifier(_text(item["property"]), qualifier_value)
        for items in _mapping(claim, "qualifiers").values()
        for item in items
        if (qualifier_value := _snak(item, reading)) is not None
    ]
    rank = claim.get("rank")
    if rank in _RANKS:
        qualifiers.append(Qualifier(RANK, Literal(_RANKS[rank], IRI)))
    fact: Triple | Attribute
    if isinstance(value, str):
        fact = Triple(key, relation, value)
    else:
        fact = Attribute(key, relation, value)
    # A deprecated claim is known to be wrong.
    confidence = 0.0 if rank == "deprecated" else None
    if qualifiers or confidence is not None:
        yield Statement(fact, qualifiers=tuple(qualifiers), confidence=confidence)
    else:
        yield fact


def _snak(snak: dict[str, Any], reading: _Reading) -> str | Literal | None:
    """The key or value of a snak; None, which is counted, for "unknown value" and "no value"."""
    if snak["snaktype"] != "value":
        reading.leave_out(LeftOut.NO_VALUE, _text(snak["property"]))
        return None
    datavalue = snak["datavalue"]
    kind, value = datavalue["type"], datavalue["value"]
    if kind == "string":
        return Literal(_text(value), f"{XSD}anyURI" if snak.get("datatype") == "url" else "")
    if kind == "time":
        return _time(value, reading.converted)
    read = _VALUES.get(kind)
    if read is None:
        raise TypeError(f"values of type {kind!r:.40} are unknown")
    return read(value)


def _item(value: dict[str, Any]) -> str:
    if "id" in value:
        return _text(value["id"])
    letter = {"item": "Q", "property": "P", "lexeme": "L"}[value["entity-type"]]
    return f"{letter}{int(value['numeric-id'])}"


def _time(value: dict[str, Any], converted: Converted) -> Literal:
    """Convert a time to a date of XML Schema: Gregorian, with astronomical years.

    Wikidata's JSON counts years without a year 0 (-1 comes before 1), and gives Julian dates in the
    Julian calendar.
    """
    text, precision = _text(value["time"]), value["precision"]
    parts = _DATE.fullmatch(text)
    if parts is None or precision not in _PRECISIONS or int(parts["year"]) == 0:
        return Literal(f"{text}/{precision}", TIME)
    year, month, day = (int(parts[name]) for name in ("year", "month", "day"))
    if parts["sign"] == "-":
        year = 1 - year
    precision = min(precision, 9 if month == 0 else 10 if day == 0 else 11)
    julian = precision == _DAY and str(value.get("calendarmodel", "")).endswith(_JULIAN)
    if julian:
        year, month, day = gregorian(year, month, day)
    name, count = _PRECISIONS[precision]
    sign = "-" if year < 0 else ""
    date_parts = f"{sign}{abs(year):04d}", f"{month:02d}", f"{day:02d}"
    date = "-".join(date_parts[:count])
    if julian:
        converted.note("of the Julian calendar written as Gregorian ones", text, date)
    elif parts["sign"] == "-":
        converted.note(
            "before Christ written with the years of XML Schema, where 1 BC is 0000", text, date
        )
    return Literal(date, f"{XSD}{name}")


def gregorian(year: int, month: int, day: int) -> tuple[int, int, int]:
    """Convert a Julian date to the Gregorian date of the same day, both in astronomical years.

    By way of the Julian day number: E. G. Richards in the Explanatory Supplement to the
    Astronomical Almanac (3rd edition, section 15.11).
    """
    shift = (14 - month) // 12
    years, months = year + 4_800 - shift, month + 12 * shift - 3
    number = day + (153 * months + 2) // 5 + 365 * years + years // 4 - 32_083
    days = number + 32_044  # days since 1 March -4800 of the Gregorian calendar
    centuries = (4 * days + 3) // 146_097
    days -= 146_097 * centuries // 4
    years = (4 * days + 3) // 1_461
    days -= 1_461 * years // 4
    months = (5 * days + 2) // 153
    return (
        100 * centuries + years - 4_800 + months // 10,
        months + 3 - 12 * (months // 10),
        days - (153 * months + 2) // 5 + 1,
    )


def _quantity(value: dict[str, Any]) -> Literal:
    unit = _text(value.get("unit", "1"))
    amount = _text(value["amount"]).removeprefix("+")
    return Literal(amount, f"{XSD}decimal", unit="" if unit == "1" else unit.rsplit("/", 1)[-1])


def _coordinate(value: dict[str, Any]) -> Literal:
    return Literal(f"Point({value['longitude']} {value['latitude']})", WKT)


def _monolingual(value: dict[str, Any]) -> Literal:
    return Literal(_text(value["text"]), language=_text(value["language"]))


_VALUES: dict[str, Callable[[dict[str, Any]], str | Literal]] = {
    "wikibase-entityid": _item,
    "quantity": _quantity,
    "globecoordinate": _coordinate,
    "monolingualtext": _monolingual,
}
