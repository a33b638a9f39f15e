"""Turns a question in words, or a query by names, into a path, a program, or a name to describe."""
