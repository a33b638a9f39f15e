"""Reads the languages that a client prefers from the header ``Accept-Language``."""

from __future__ import annotations

import re

from kg.errors import InvalidNameError
from kg.naming.languages import checked_languages

MAX_LANGUAGES = 8
"""The maximum number of languages that are used; browsers send five or fewer."""
_ITEM = re.compile(
    r"\s*([A-Za-z0-9-]{1,40})\s*(?:;\s*q\s*=\s*(0(?:\.\d{1,3})?|1(?:\.0{1,3})?)\s*)?"
)


def accepted_languages(header: str) -> tuple[str, ...]:
    """The languages of a header, best first (RFC 9110, section 12.5.4).

    Malformed items are ignored, as HTTP requires. So are ``*`` and languages with q=0, which the
    client does not accept.

    Args:
        header: The header's value, for example "de-AT,de;q=0.9,en;q=0.5"; may be "".
    """
    ranked: list[tuple[float, int, str]] = []
    for place, item in enumerate(header.split(",")):
        match = _ITEM.fullmatch(item)
        if match is None or (match[2] and float(match[2]) == 0):
            continue
        try:
            [tag] = checked_languages(match[1])
        except InvalidNameError:
            continue
        ranked.append((-float(match[2] or 1), place, tag))
    return tuple(dict.fromkeys(tag for _, _, tag in sorted(ranked)))[:MAX_LANGUAGES]
