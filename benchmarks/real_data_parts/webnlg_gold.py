"""WebNLG: gold links of its references, names of its keys, and facts to hold out."""

import re
from collections import Counter, defaultdict

from linking_parts.gold import references, trimmed

from kg.types import EntityRecord

from .setting import draw

HELD_OUT = 0.05
PRONOUN = re.compile(r"(?:it|its|he|him|his|she|her|they|their|them|who|which|that|this|whose)")


def gold_of(row):
    """The gold links of one text, and how many references are not found in it."""
    document = references(row, None)
    return document, len(row["references"]) - len(document.links)


def is_literal(key):
    """Whether a WebNLG key is a number, a date or a quoted string rather than a page's name."""
    return key[0] in '"-' or key[0].isdigit()


def key_names(keys):
    """What a short script of the user's would add: keys without quotes or the part in brackets."""
    for key in keys:
        plain = re.sub(r"\s*\([^)]*\)$", "", key.strip('"').replace("_", " ")).strip()
        shorter = re.sub(r"\.0$", "", plain) if is_literal(key) else plain
        aliases = tuple(sorted({plain, shorter} - {key, key.replace("_", " "), ""}))
        if aliases:
            yield EntityRecord(key=key, aliases=aliases)


def references_as_names(rows):
    """The words that the training texts' annotators marked, as aliases.

    small-letter ones left out.
    """
    names = defaultdict(set)
    for row in rows:
        for link in trimmed(gold_of(row)[0]).links:
            first = link.surface[0]
            if not (first.islower() or PRONOUN.fullmatch(link.surface.lower())):
                names[link.entity].add(link.surface)
    for key, aliases in names.items():
        yield EntityRecord(key=key, aliases=tuple(sorted(aliases)))


def hold_out(triples, said):
    """About 5%: both ends and the relation keep two triples, and the question has no other answer.

    Args:
        triples: All of them.
        said: Those that a text of the corpus says.
    """
    degree = Counter(end for head, _, tail in triples for end in (head, tail))
    answers = Counter((head, relation) for head, relation, _ in triples)
    used = Counter(relation for _, relation, _ in triples)
    held = []
    for triple in sorted(triples, key=lambda item: draw("order", *item)):
        head, relation, tail = triple
        sole = answers[head, relation] == 1 and head != tail
        kept = min(degree[head], degree[tail], used[relation]) > 2
        if sole and kept and len(held) < HELD_OUT * len(triples):
            held.append(triple)
            degree.subtract((head, tail))
            used[relation] -= 1
    return [t for t in held if t in said], [t for t in held if t not in said]
