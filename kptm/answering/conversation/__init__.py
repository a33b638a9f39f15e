"""Conversations: completes follow-up questions such as "and of chile?".

A follow-up is completed with the name that it leaves out, and asked like any other question:

    "what is the capital of peru"                     → Lima
    "and of chile"             "what is the capital of chile" → Santiago
    "what about its currency"  "what is the currency of Chile" → Peso

The words of follow-ups are in one file per language; other languages have no follow-ups.
"""

from kptm.answering.conversation.conversation import Conversation

__all__ = ["Conversation"]
