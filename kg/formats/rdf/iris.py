"""Maps keys to IRIs one to one, because RDF names entities only by IRIs."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from kg.vocabulary import MINTED

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]*")


def iri_of(key: str) -> str:
    """The IRI of a key: the key itself if it is an IRI, else ``mint(key)``.

    ``key_of(iri_of(key)) == key`` for every key.
    """
    if _IRI.fullmatch(key) and not key.startswith(MINTED):
        return key
    return mint(key)


def mint(key: str) -> str:
    """Make an IRI from a key: ``vocabulary.MINTED`` and the key, percent-encoded as UTF-8."""
    return MINTED + quote(key, safe="")


def key_of(iri: str) -> str:
    """The key that an IRI stands for."""
    if not iri.startswith(MINTED):
        return iri
    try:
        key = unquote(iri[len(MINTED) :], errors="strict")
    except UnicodeDecodeError:
        return iri
    # A key may be an IRI with our prefix that mint() would not produce.
    return key if key and mint(key) == iri else iri
