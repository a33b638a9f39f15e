"""Splits the key of a relation, or its label, into the words of its parts."""

from __future__ import annotations

import re


def name_parts(key: str, label: str) -> tuple[str, str, str]:
    """Split a relation's name into its last part, the part before, and the domain.

    For ``/sports/team/roster./football/position/player`` these are "player", "roster", and "sports
    team football position". Otherwise, the label is the last part, and the others are empty.
    """
    if is_path(key):
        halves = [half.strip("/").split("/") for half in key.split(".")]
        last = [half[-1] for half in halves if half]
        domain = " ".join(word for half in halves for word in half[:-1])
        return readable(last[-1]), " ".join(map(readable, last[:-1])), readable(domain)
    return readable(label), "", ""


def source_name(key: str) -> str:
    """The type of a relation's heads by its key: "genre" of ``/music/genre/artists``; else ""."""
    return readable(key.split(".")[0].strip("/").split("/")[-2]) if is_path(key) else ""


def is_path(key: str) -> bool:
    """Whether a key is a path of domain, type and property, as Freebase's keys are."""
    return "/" in key and not key.startswith(("http:", "https:")) and key.count("/") > 1


def readable(key: str) -> str:
    """The local name of an IRI, or a key itself, with spaces for underscores."""
    name = key
    if "://" in key:
        name = re.split(r"[/#]", key.rstrip("/#"))[-1] or key
    return name.replace("_", " ")
