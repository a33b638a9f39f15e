"""Seeds that all random generators accept: 32 bits, as NumPy's legacy one takes."""

from __future__ import annotations

LARGEST_SEED = 2**32 - 1


def seed_problem(seed: object) -> str:
    """What is wrong with a seed; "" where nothing is."""
    if isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= LARGEST_SEED:
        return ""
    return f"seed must be a whole number from 0 to {LARGEST_SEED}, not {seed!r}"
