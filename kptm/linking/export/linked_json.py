"""Conversion of linked text to a JSON value and back, without loss: no score is rounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from kg.errors import shorten
from kg.types import Candidate
from kptm.errors import LinkingError
from kptm.linking.link import Link

if TYPE_CHECKING:
    from kptm.linking.link import TextWithLinks

MAX_SCORE = 1.000001
"""The highest score accepted: rounding may lift a probability just above 1."""


def to_dict(document: TextWithLinks, candidates: bool) -> dict[str, Any]:
    """See :meth:`kptm.linking.LinkedText.to_dict`."""
    links: list[dict[str, Any]] = []
    for link in document.links:
        value = {name: getattr(link, name) for name in ("start", "end", "surface", "entity")}
        value["score"] = link.score
        if link.coreference:
            value["coreference"] = True
        if candidates:
            value["candidates"] = [
                {"entity": candidate.entity, "score": candidate.prior}
                for candidate in link.candidates
            ]
        links.append(value)
    return {"text": document.text, "links": links}


def read_parts(value: object) -> tuple[str, list[Link]]:
    """Read the text and its links; see :meth:`kptm.linking.LinkedText.from_dict`."""
    whole = _object(value, "what is given")
    text = _text(whole, "text", "")
    links = [
        _link(_object(item, f"links[{number}]"), f"links[{number}].", text)
        for number, item in enumerate(_list(whole, "links", ""))
    ]
    return text, links


def _link(value: Mapping[str, Any], where: str, text: str) -> Link:
    start, end = _offset(value, "start", where), _offset(value, "end", where)
    candidates = []
    if value.get("candidates") is not None:
        for number, item in enumerate(_list(value, "candidates", where)):
            inside = f"{where}candidates[{number}]"
            fields = _object(item, inside)
            entity = _text(fields, "entity", f"{inside}.")
            candidates.append(Candidate(entity, _score(fields, f"{inside}.")))
    return Link(
        start,
        end,
        text[start:end] if value.get("surface") is None else _text(value, "surface", where),
        _text(value, "entity", where),
        1.0 if value.get("score") is None else _score(value, where),
        tuple(candidates),
        _flag(value, "coreference", where),
    )


def _flag(value: Mapping[str, Any], name: str, where: str) -> bool:
    flag = value.get(name, False)
    if not isinstance(flag, bool):
        _refuse(where + name, flag, "true or false")
    return flag


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(where, value, "an object")
    return value


def _list(value: Mapping[str, Any], name: str, where: str) -> list[Any] | tuple[Any, ...]:
    items = _field(value, name, where)
    if not isinstance(items, list | tuple):
        _refuse(where + name, items, "a list")
    return items


def _text(value: Mapping[str, Any], name: str, where: str) -> str:
    text = _field(value, name, where)
    if not isinstance(text, str):
        _refuse(where + name, text, "text")
    return text


def _offset(value: Mapping[str, Any], name: str, where: str) -> int:
    offset = _field(value, name, where)
    if not isinstance(offset, int) or isinstance(offset, bool) or offset < 0:
        _refuse(where + name, offset, "a whole number of characters from 0")
    return offset


def _score(value: Mapping[str, Any], where: str) -> float:
    score = _field(value, "score", where)
    # NaN fails the comparison; JSON does not have it either.
    if not isinstance(score, int | float) or isinstance(score, bool) or not 0 <= score <= MAX_SCORE:
        _refuse(f"{where}score", score, "a probability from 0 to 1")
    return float(score)


def _field(value: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in value:
        raise LinkingError(
            f"{where}{name} is missing; linked text is written down as LinkedText.to_dict does it"
        )
    return value[name]


def _refuse(where: str, value: object, wanted: str) -> NoReturn:
    raise LinkingError(
        f"{where} is {shorten(repr(value))}, not {wanted};"
        " linked text is written down as LinkedText.to_dict does it"
    )
