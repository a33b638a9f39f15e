"""Checks seeds: 32 bits, the range that all random generators accept."""

from __future__ import annotations

LARGEST_SEED = 2**32 - 1


def seed_problem(seed: object) -> str:
    """The error in a seed; "" if it is valid."""
    if isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed <= LARGEST_SEED:
        return ""
    return f"seed must be a whole number from 0 to {LARGEST_SEED}, not {seed!r}"
