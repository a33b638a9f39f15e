"""Synthetic vectors, determined by their seed, and helpers of several parts."""

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
"""Length of the noise around a centre of length 1: neighbours come from several clusters."""
CHUNK = 50_000


def clustered(count: int, dim: int, seed: int, centres: int = CENTRES) -> np.ndarray:
    """Vectors around centres, shape (count, dim); each seed draws from the same distribution."""
    places = np.random.default_rng(0).normal(size=(centres, dim)).astype(np.float32)
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((count, dim), dtype=np.float32)
    noise *= np.float32(SPREAD / dim**0.5)
    noise += places[rng.integers(centres, size=count)]
    return noise


def isotropic(count: int, dim: int, seed: int) -> np.ndarray:
    """Normally distributed vectors without clusters, shape (count, dim)."""
    return np.random.default_rng(seed).standard_normal((count, dim), dtype=np.float32)


def unit(vectors: np.ndarray) -> np.ndarray:
    """The rows scaled to length 1, computed independently of kptm."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def chunks(count: int, dim: int) -> Iterator[np.ndarray]:
    """Yield clustered vectors in parts, where all of them would take too much memory."""
    for start in range(0, count, CHUNK):
        yield clustered(min(CHUNK, count - start), dim, 1 + start)


def run_module(python: str, module: str, *arguments: object) -> str:
    """Run a module in a new process and return the last line that it prints."""
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    completed = subprocess.run(
        [python or sys.executable, "-m", module, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return completed.stdout.strip().splitlines()[-1]


def peak_mb() -> float:
    """The peak memory of this process, in MB of 2^20 bytes.

    Not ru_maxrss, which starts at the value of the parent process.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise OSError("this system does not report the peak memory of a process")


def circumstances() -> str:
    """Commit, Python version and cores, for the head of a report."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    commit = described.stdout.strip()
    return f"commit {commit}, Python {platform.python_version()}, {os.cpu_count()} cores"
