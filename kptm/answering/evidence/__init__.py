"""The evidence of answers: facts, sentences, ranks, and notes on stale vectors."""
