"""The lexicon of questions: words that count, compare, order, deny and ask, by language.

Each language is one file ``xx.toml`` in this folder; ``docs/questions-lexicon.md`` says how to add
one.
"""

from kptm.answering.lexicon.lexicon import Lexicon, load
from kptm.answering.lexicon.match import Kind, Match
from kptm.answering.lexicon.spelling.splitting import Token

__all__ = ["Kind", "Lexicon", "Match", "Token", "load"]
