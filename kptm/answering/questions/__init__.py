"""From a question, in words or by names, to what is asked: a path, a program, or a name alone."""
