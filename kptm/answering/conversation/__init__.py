"""Completes follow-up questions in a conversation, such as "and of chile?".

The completed question, with the words that the follow-up leaves out, is asked like any other:

    "what is the capital of peru"                     → Lima
    "and of chile"             "what is the capital of chile" → Santiago
    "what about its currency"  "what is the currency of Chile" → Peso

The words of follow-ups are in one TOML file for each language; other languages have no follow-ups.
"""

from kptm.answering.conversation.conversation import Conversation

__all__ = ["Conversation"]
