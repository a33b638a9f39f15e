"""The parts of the benchmark of answers."""
