"""Made vectors, the same for the same seed, and what several parts need."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent.parent
CENTRES = 1_000
SPREAD = 1.0
"""Length of a vector's way from its centre, whose own is 1.

Neighbours come from several clusters.
"""
CHUNK = 50_000


def clustered(count: int, dim: int, seed: int, centres: int = CENTRES) -> np.ndarray:
    """Vectors around centres, shape (count, dim).

    Other seeds are other draws of one distribution.
    """
    places = np.random.default_rng(0).normal(size=(centres, dim)).astype(np.float32)
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((count, dim), dtype=np.float32)
    noise *= np.float32(SPREAD / dim**0.5)
    noise += places[rng.integers(centres, size=count)]
    return noise


def isotropic(count: int, dim: int, seed: int) -> np.ndarray:
    """Vectors without any structure."""
    return np.random.default_rng(seed).standard_normal((count, dim), dtype=np.float32)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1; the benchmark's own."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def chunks(count: int, dim: int) -> Iterator[np.ndarray]:
    """Clustered vectors for when all of them take too much memory."""
    for start in range(0, count, CHUNK):
        yield clustered(min(CHUNK, count - start), dim, 1 + start)


def fresh(python: str, module: str, *arguments: object) -> str:
    """Run a module in a process of its own; return what it prints."""
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    done = subprocess.run(
        [python or sys.executable, "-m", module, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip().splitlines()[-1]


def peak_mb() -> float:
    """The most memory that this program has had, in MB of 2^20 bytes.

    Not ru_maxrss, which begins with that of the process which started this one.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise OSError("this system does not tell a process's peak")


def circumstances() -> str:
    """Commit, Python, cores."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    return (
        f"commit {told.stdout.strip()}, Python {platform.python_version()}, {os.cpu_count()} cores"
    )
