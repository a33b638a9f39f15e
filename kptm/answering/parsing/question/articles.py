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
    """The entities whose label, perhaps without its article, is that of another entity too."""
    by_span: dict[tuple[int, int], set[str]] = {}
    for item in mentions:
        if item.kind == "label":
            by_span.setdefault((item.start, item.end), set()).add(item.node)
    return sorted({node for nodes in by_span.values() if len(nodes) > 1 for node in nodes})


def prefer_whole_labels(
    text: str, tokens: Sequence[Token], mentions: Sequence[Mention], labels: Mapping[str, str]
) -> list[Mention]:
    """The mentions of a question, where a label without its article is only an alias.

    It stays a label where no entity has that very label. A small "the" before a name with capitals
    is no part of a name, if the graph has the name without it.

    Args:
        text: The question.
        tokens: Its tokens.
        mentions: Its mentions.
        labels: The labels of the entities of :func:`rivals`.
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
    """Whether a span begins with a small "the" before a word with a capital."""
    if item.exact or item.end - item.start == 1 or item.kind != "label":
        return False
    first, second = tokens[item.start].text, tokens[item.start + 1].text
    return first == ARTICLE and second[:1].isupper()
