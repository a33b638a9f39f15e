"""Names that differ only by an article: the films "Narrow Margin" and "The Narrow Margin"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.naming.folding import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kptm.answering.lexicon import Token
    from kptm.answering.parsing.question.question_spans import Mention

ARTICLE = "the"


def rivals(mentions: Iterable[Mention]) -> list[str]:
    """Keys of the entities whose labels match the same span, perhaps without a leading "the"."""
    by_span: dict[tuple[int, int], set[str]] = {}
    for item in mentions:
        if item.kind == "label":
            by_span.setdefault((item.start, item.end), set()).add(item.node)
    return sorted({node for nodes in by_span.values() if len(nodes) > 1 for node in nodes})


def prefer_whole_labels(
    text: str, tokens: Sequence[Token], mentions: Sequence[Mention], labels: Mapping[str, str]
) -> list[Mention]:
    """Prefer the entity whose label is exactly the span over one whose label also has "the".

    For "Narrow Margin", the film "The Narrow Margin" becomes an alias, but only if another film is
    called "Narrow Margin". For "the Narrow Margin director" it becomes a part, because a lower-case
    "the" before a capitalised name does not belong to the name.

    Args:
        text: The question.
        tokens: Its tokens.
        mentions: Its mentions.
        labels: The labels of the entities that :func:`rivals` returns.
    """
    whole: set[tuple[int, int]] = set()
    partial: set[Mention] = set()
    for item in mentions:
        if item.kind == "label" and item.node in labels:
            span = canonical(text[tokens[item.start].start : tokens[item.end - 1].end]).casefold()
            label = canonical(labels[item.node]).casefold()
            if label == f"{ARTICLE} {span}":
                partial.add(item)
            else:
                whole.add((item.start, item.end))
    exact = {(item.start, item.end) for item in mentions if item.kind == "label" and item.exact}
    result = []
    for item in mentions:
        if item in partial and (item.start, item.end) in whole:
            result.append(item._replace(kind="alias", exact=False))
        elif _has_own_article(tokens, item) and (item.start + 1, item.end) in exact:
            result.append(item._replace(kind="part"))
        else:
            result.append(item)
    return result


def _has_own_article(tokens: Sequence[Token], item: Mention) -> bool:
    """Whether a label's span begins with a lower-case "the" before a capitalised word."""
    if item.exact or item.end - item.start == 1 or item.kind != "label":
        return False
    first, second = tokens[item.start].text, tokens[item.start + 1].text
    return first == ARTICLE and second[:1].isupper()
