"""The benchmark of crashes, with few kills: acknowledged writes are there, complete."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("separate_process")

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "modeledge.py"


def test_killed_at_random(tmp_path):
    command = [sys.executable, SCRIPT, "crash", "--kills", "20", "--damages", "1",
               "--migrations", "4", "--seed", "7"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("mismatches: 0") == 2


def test_an_unknown_part_is_named():
    done = subprocess.run(
        [sys.executable, SCRIPT, "nothing"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "speed" in done.stderr
