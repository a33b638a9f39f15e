"""Parses questions to programs: meanings of tokens, candidate programs, and their ranking."""
