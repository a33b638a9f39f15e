"""A run of each notebook of docs/ gives its stored outputs, and its page is up to date."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nbclient")

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["first-steps", "links-and-answers", "modeledge"]


@pytest.mark.usefixtures("separate_process")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_run_gives_what_is_stored(path):
    result = subprocess.run(
        [sys.executable, ROOT / "tools" / "notebooks.py", "--check", path],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr[-2_000:]
