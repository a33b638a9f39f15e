"""Conversations: questions that go on from the last one, "and of chile?".

A follow-up becomes a question that stands for itself, with the name that it leaves out, and is
asked as any other:

    "what is the capital of peru"                     → Lima
    "and of chile"             "what is the capital of chile" → Santiago
    "what about its currency"  "what is the currency of Chile" → Peso

Its words are in a file a language; languages without one have no follow-ups.
"""

from kptm.answering.conversation.conversation import Conversation

__all__ = ["Conversation"]
