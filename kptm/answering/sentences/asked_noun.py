"""Finds the noun that a question asks for: "rivers" in "how many rivers run through texas"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.answering import lexicon

if TYPE_CHECKING:
    from kptm.answering.answer import Answer
    from kptm.answering.sentences.grammar import Forms, SentenceGrammar


def asked_noun(answer: Answer, grammar: SentenceGrammar) -> Forms | None:
    """The noun that an English question asks for, as singular and plural.

    None if the noun is part of an entity, a relation or an operator. Sentences need it because a
    program does not contain a noun that its relations imply.
    """
    if not answer.meanings:
        return None
    words, before = lexicon.load(), ""
    for token in words.tokens(answer.question, "en"):
        has_meaning = any(
            item.start < token.end and token.start < item.end for item in answer.meanings
        )
        if has_meaning or token.folded in grammar.requests:
            before = before or "the"
        elif words.is_function_word(token, "en"):
            before = token.folded
        elif token.text in answer.unexplained or not token.text.isalpha():
            return None
        else:
            fits = before in ("", *grammar.determiners)
            return grammar.forms(token.text.lower()) if fits else None
    return None
