"""Reads the templates and word lists of a language from its TOML file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kptm.answering.sentences.values import Values

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_FOLDER = Path(__file__).parent
LANGUAGES = tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))
"""The codes of the languages that have a file."""
DEFAULT = "en"
MAX_LISTED = 10
"""The maximum number of items of a list that are named; the rest is only counted."""
_I_SOUND = re.compile(r"h?i(?![aeou])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SentenceLanguage:
    """The templates of a language.

    Attributes:
        code: The ISO 639-1 code, such as "en".
        lists: The separators between the items of a list.
        values: The formats of values.
        sentences: Templates of whole sentences, by name.
        phrases: Templates of descriptions of nested programs, by name.
        data: The whole content of the file.
    """

    code: str
    lists: dict[str, str]
    values: Values
    sentences: dict[str, str]
    phrases: dict[str, str]
    data: dict[str, Any]

    def list_items(self, items: Sequence[str], count: int | None = None) -> str:
        """Join items to a list; if there are more than ten, only the first are named.

        Args:
            items: The items, or at least the first ten.
            count: The number of all items; by default that of ``items``.
        """
        count = len(items) if count is None else count
        shown = items[:MAX_LISTED] if count > MAX_LISTED + 1 else items
        long = any(self.lists["separator"].strip() in item for item in shown)
        separator = self.lists["long_separator" if long else "separator"]
        if count > len(shown):
            rest = f"{count - len(shown):,}"
            return self.lists["more"].format(list=separator.join(shown), count=rest)
        return self._join_items(shown, separator)

    def _join_items(self, items: Sequence[str], separator: str) -> str:
        if len(items) < 2:
            return "".join(items)
        last = self.lists["last"]
        if _I_SOUND.match(items[-1]):
            last = self.lists.get("last_before_i", last)
        return separator.join(items[:-1]) + last + items[-1]

    def close_sentence(self, clause: str, names: Collection[str] = ()) -> str:
        """Turn a clause into a sentence with a capital letter and a full stop.

        Args:
            clause: The clause.
            names: Names that keep a small first letter, such as "iPhone" or "jq".
        """
        end = self.sentences.get("end", ".")
        own = tuple(name for name in names if not (" " in name and name.islower()))
        first = clause[:1] if clause.startswith(own) else clause[:1].upper()
        text = first + clause[1:]
        return text if text.endswith((end, "?", "!")) else text + end


@cache
def language(code: str) -> SentenceLanguage:
    """A language by its code; English if there is no such language."""
    known = code if code in LANGUAGES else DEFAULT
    data = tomllib.loads((_FOLDER / f"{known}.toml").read_text(encoding="utf-8"))
    values = Values(data["values"])
    return SentenceLanguage(
        known, data["list"], values, data["sentences"], data.get("phrases", {}), data
    )
