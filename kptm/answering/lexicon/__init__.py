"""The lexicon of questions: words for counting, comparing, ordering, negating and asking.

Each language is one file ``xx.toml`` in this folder; ``docs/questions-lexicon.md`` explains how to
add one.
"""

from kptm.answering.lexicon.lexicon import Lexicon, load
from kptm.answering.lexicon.match import Kind, Match
from kptm.answering.lexicon.spelling.splitting import Token

__all__ = ["Kind", "Lexicon", "Match", "Token", "load"]
