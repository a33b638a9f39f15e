"""Writes an answer as a sentence, from its program, the labels of relations, and phrasings.

    program, answers ─► words for each relation ─► description of the program ─► sentence

English sentences are built by a grammar (``english``). Sentences of other languages are built from
one template for each shape of program (``templates``). Both take their words from the TOML file of
the language.
"""

from kptm.answering.sentences.languages import LANGUAGES
from kptm.answering.sentences.writer import SentenceWriter

__all__ = ["LANGUAGES", "SentenceWriter"]
