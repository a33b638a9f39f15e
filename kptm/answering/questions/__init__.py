"""Turns a question, in words or by names, into a path, a program, or a name to describe."""
