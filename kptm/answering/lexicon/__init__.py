"""The lexicon of questions: words that count, compare, order, negate and ask.

Each language has one file ``xx.toml`` in this folder; ``docs/questions-lexicon.md`` explains how to
add a language.
"""

from kptm.answering.lexicon.lexicon import Lexicon, load
from kptm.answering.lexicon.match import Kind, Match
from kptm.answering.lexicon.spelling.splitting import Token

__all__ = ["Kind", "Lexicon", "Match", "Token", "load"]
