"""Searches texts and files for names that a purge has to remove.

Names of three or more characters match anywhere, also inside words. A shorter name would match in
many words, so it must be a word by itself; but in scripts without spaces between words, where two
characters are a whole name, it matches anywhere too.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

MIN_SUBSTRING_CHARACTERS = 3
"""Names with fewer characters must be a word by themselves."""
BYTES_PER_CHUNK = 2**24
"""Number of bytes of a file that are searched at a time."""
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")
_WORD = re.compile(r"\w+")


def is_unspaced(text: str) -> bool:
    """Whether a text has a character of a script in which words run together."""
    return any(unicodedata.name(char, "").startswith(_UNSPACED) for char in text)


def stands_alone(name: str) -> re.Pattern[str]:
    """A pattern that finds a short name as a word, or anywhere in a script without spaces."""
    escaped = re.escape(name)
    return re.compile(escaped if is_unspaced(name) else rf"(?<!\w){escaped}(?!\w)")


def words(texts: Iterable[str]) -> set[str]:
    """The case-folded words of texts that have three or more characters.

    In scripts without spaces, every three consecutive characters count as a word.
    """
    result: set[str] = set()
    for text in texts:
        for run in _WORD.findall(text.casefold()):
            if is_unspaced(run):
                result.update(
                    run[i : i + MIN_SUBSTRING_CHARACTERS]
                    for i in range(len(run) - MIN_SUBSTRING_CHARACTERS + 1)
                )
            elif len(run) >= MIN_SUBSTRING_CHARACTERS:
                result.add(run)
    return result


def in_text(text: str, names: Collection[str]) -> bool:
    """Whether a text contains one of some names, in any case; a short name must be a word."""
    folded = text.casefold()
    return any(
        stands_alone(name.casefold()).search(folded) is not None
        if len(name) < MIN_SUBSTRING_CHARACTERS
        else name.casefold() in folded
        for name in names
        if name
    )


def holds(file: Path, names: Collection[str], *, alone: bool = False) -> bool:
    """Whether a file contains one of some names.

    A name is found in any case, with composed or decomposed accents, and as JSON escapes it.

    Args:
        file: The file.
        names: The names.
        alone: Whether a short name must be a word by itself. Otherwise it may be found in random
            bytes.

    Raises:
        OSError: The file cannot be read.
    """
    byte_forms = {
        form.casefold().encode("utf-8", "surrogatepass")
        for name in names
        for normal in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
        for form in (
            normal,
            normal.lower(),
            json.dumps(normal)[1:-1],
            json.dumps(normal, ensure_ascii=False)[1:-1],
        )
        if form
    }
    word_forms = {form for form in byte_forms if alone and len(form) < MIN_SUBSTRING_CHARACTERS}
    patterns = [
        re.compile(rb"(?<![0-9a-z])" + re.escape(form) + rb"(?![0-9a-z])") for form in word_forms
    ]
    other_forms = byte_forms - word_forms
    return any(
        any(form in chunk for form in other_forms)
        or any(pattern.search(chunk) for pattern in patterns)
        for chunk in _chunks(file, max(map(len, byte_forms), default=0))
    )


def _chunks(file: Path, overlap: int) -> Iterator[bytes]:
    """Yield the bytes of a file in overlapping chunks, with letters in folded case."""
    with file.open("rb") as stream:
        end = b""
        while raw := stream.read(BYTES_PER_CHUNK):
            raw = end + raw
            # Decoded so that letters outside ASCII are folded too; bytes that are not UTF-8 stay.
            text = raw.decode("utf-8", "surrogateescape")
            yield text.casefold().encode("utf-8", "surrogateescape")
            end = raw[-4 * overlap :] if overlap else b""
