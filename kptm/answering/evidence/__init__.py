"""Why an answer is given: facts, sentences and ranks, and what is stale."""
