"""From a question to programs: token meanings, possible programs, and the one asked for."""
