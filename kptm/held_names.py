"""Whether a text or a file holds a name: what a purge looks for.

Names of three characters and more are looked for anywhere. A shorter one would be found within
every word, so it must stand alone; in scripts that put no spaces between words, where two
characters are a whole name, it may stand anywhere too.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

SHORT = 3
"""Characters from which on a name is looked for within words too."""
CHUNK = 2**24
"""Bytes of a file that are searched at a time."""
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
_WORD = re.compile(r"\w+")


def is_unspaced(text: str) -> bool:
    """Whether a character is of a script without spaces, or one with attached particles."""
    return any(unicodedata.name(char, "").startswith(_UNSPACED) for char in text)


def stands_alone(name: str) -> re.Pattern[str]:
    """A pattern of a short name where it is a word; where words are not spaced, anywhere."""
    escaped = re.escape(name)
    return re.compile(escaped if is_unspaced(name) else rf"(?<!\w){escaped}(?!\w)")


def words(texts: Iterable[str]) -> set[str]:
    """The case-folded words of texts, of three characters or more.

    Of unspaced scripts each three characters in a row.
    """
    found: set[str] = set()
    for text in texts:
        for run in _WORD.findall(text.casefold()):
            if is_unspaced(run):
                found.update(run[at : at + SHORT] for at in range(len(run) - SHORT + 1))
            elif len(run) >= SHORT:
                found.add(run)
    return found


def in_text(text: str, names: Collection[str]) -> bool:
    """Whether a text holds a name, in any case; a short one has to stand alone."""
    folded = text.casefold()
    return any(
        stands_alone(name.casefold()).search(folded) is not None
        if len(name) < SHORT
        else name.casefold() in folded
        for name in names
        if name
    )


def holds(file: Path, names: Collection[str], *, alone: bool = False) -> bool:
    """Whether a file holds a name: in any case, composed or not, as it is or as JSON escapes it.

    Args:
        file: It.
        names: What is looked for.
        alone: Whether a short name counts only where it stands alone; else random bytes may look
            like one.

    Raises:
        OSError: It cannot be read.
    """
    wanted = {
        form.casefold().encode("utf-8", "surrogatepass")
        for name in names
        for normal in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
        for form in (normal, normal.lower(), json.dumps(normal)[1:-1])
        if form
    }
    bounded = {form for form in wanted if alone and len(form) < SHORT}
    patterns = [
        re.compile(rb"(?<![0-9a-z])" + re.escape(form) + rb"(?![0-9a-z])") for form in bounded
    ]
    plain = wanted - bounded
    return any(
        any(form in chunk for form in plain) or any(one.search(chunk) for one in patterns)
        for chunk in _chunks(file, max(map(len, wanted), default=0))
    )


def _chunks(file: Path, overlap: int) -> Iterator[bytes]:
    """The bytes of a file in overlapping chunks, as they are and with case folded."""
    with file.open("rb") as stream:
        end = b""
        while raw := stream.read(CHUNK):
            raw = end + raw
            # Letters that are not ASCII are folded as text; bytes that are no text stay.
            text = raw.decode("utf-8", "surrogateescape")
            yield text.casefold().encode("utf-8", "surrogateescape")
            end = raw[-4 * overlap :] if overlap else b""
