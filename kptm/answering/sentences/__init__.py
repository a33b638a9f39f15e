"""Writes answers as sentences, from the program, relations' names and texts' phrasings.

    program, answers ─► words of each relation ─► description of the program ─► sentence

English has a grammar (``english``); other languages have templates by the shape of the program
(``templates``). Both take their words from the language's TOML file.
"""

from kptm.answering.sentences.languages import LANGUAGES
from kptm.answering.sentences.writer import SentenceWriter

__all__ = ["LANGUAGES", "SentenceWriter"]
