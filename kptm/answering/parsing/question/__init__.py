"""What the tokens of a question may stand for."""
