"""Words that make another question of a question: not, both, how many, is it so, most.

A reading follows relations from a name. These words ask for more than that, and a reading that overlooks them answers another question.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kptm.data.tokenize import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kptm.linking import Link, LinkedText

_DO_NOT = re.compile(
    r"\b(?:(?:do|does|did|have|has|can|will|would) not|(?:do|does|did|have|has|had|can|wo|would)n['’]?t)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not(?! only)|never|without|neither|nor|no(?! longer\b)|none|(?:is|are|was|were)n['’]?t)\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^\W*(?:is|are|was|were|does|do|did|has|have|had|can|could|will)\b", re.IGNORECASE
)
_ASKED = re.compile(r"\b(?:who|whom|whose|what|which|where|when|how|or)\b", re.IGNORECASE)
_OF_OF = re.compile(r"\bof\s+(?:the\s+|all\s+)*([^\W\d_]+)\s+of\b", re.IGNORECASE)
_COUNT = re.compile(r"\bhow\s+many\s+([^\W\d_]+)", re.IGNORECASE)
_AND = re.compile(
    r"^\s*(?:,|,?\s*and|&|as well as)\s*(?:the\s+|in\s+|of\s+|with\s+)?$", re.IGNORECASE
)
_BOTH = re.compile(r"\bboth\s+(?:the\s+|in\s+|of\s+|with\s+)?$", re.IGNORECASE)
_ARTICLE = re.compile(r"\bthe\s+$", re.IGNORECASE)
_COMPARES = re.compile(
    r"^(?:most|fewest|fewer|more|less|than|average|total|sum|only|every|each|above|below|\w{3,}iest"
    r"|(?:big|larg|great|small|high|low|long|short|old|young|new|near|deep|rich|poor|hot|cold|fast|slow|wide|tall)"
    r"\w{0,2}(?:est|er)|oldest|newest|best|worst|after|before|since)$",
    re.IGNORECASE,
)
_PLAIN_ADJECTIVES = frozenset("order water river number under".split())


class Run(NamedTuple):
    """Names that stand together as "France and Germany": the links, where the run begins, and whether "both" is said."""

    links: tuple[Link, ...]
    start: int
    both: bool

    @property
    def end(self) -> int:
        """Where the run ends."""
        return self.links[-1].end


def negation(document: LinkedText) -> str:
    """The words that deny what is asked, "" where none does.

    "Tripoli that is not in Libya" tells a name from its namesakes: after a name only a denied verb counts, as in "does not border".
    """
    text = without_names(document)
    if denied := _DO_NOT.search(text):
        return document.text[denied.start() : denied.end()]
    found = None if MASK in text else _NOT.search(text)
    if found is None or any(link.end <= found.start() for link in document.links):
        return ""
    return document.text[found.start() : found.end()]


def without_names(document: LinkedText) -> str:
    """The text with spaces in place of its names."""
    text = list(document.text)
    for link in document.links:
        text[link.start : link.end] = " " * (link.end - link.start)
    return "".join(text)


def asks_yes_or_no(document: LinkedText) -> bool:
    """Whether a question asks if something is so."""
    rest = without_names(document)
    return _YES_NO.search(rest) is not None and _ASKED.search(rest) is None


def counted(text: str) -> tuple[str, str] | None:
    """What "how many" counts, and the question for the things themselves."""
    found = _COUNT.search(text)
    if found is None:
        return None
    return found[1], f"{text[: found.start()]}which {text[found.start(1) :]}"


def coordination(document: LinkedText) -> Run | None:
    """Names that are joined by "and"."""
    links, text = document.links, document.text
    for at in range(len(links) - 1):
        end = at + 1
        while end < len(links) and _AND.match(text[links[end - 1].end : links[end].start]):
            end += 1
        run = links[at:end]
        joined = text[run[0].end : run[-1].start].casefold()
        if len(run) > 1 and re.search(r"\band\b|&|as well as", joined):
            return _run(text, run)
    return None


def _run(text: str, links: Sequence[Link]) -> Run:
    both = _BOTH.search(text[: links[0].start])
    article = _ARTICLE.search(text[: links[0].start])
    start = both.start() if both else article.start() if article else links[0].start
    return Run(tuple(links), start, both is not None)


def nested_noun(text: str) -> str:
    """The noun in "of the neighbours of", "" where there is none: what is asked is asked of that."""
    found = _OF_OF.search(text)
    return found[1] if found else ""


def comparisons(document: LinkedText, words: Iterable[str]) -> list[str]:
    """Those of some words that compare things: "biggest", "more", "than".

    What is said of a name behind a comma tells what it is: "Ganymede, the biggest moon".
    """
    text = document.text
    ends = [link.end for link in document.links if text[link.end : link.end + 1] == ","]
    words = [word for word in words if not any(end < text.find(word) for end in ends)]
    return [
        word for word in words if _COMPARES.match(word) and word.casefold() not in _PLAIN_ADJECTIVES
    ]
