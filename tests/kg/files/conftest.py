"""A folder in memory for the tests that replace files."""

import os
import tempfile
from pathlib import Path

import pytest
from replaced import Case, replace_file, replace_folder, replace_path


@pytest.fixture
def tmp_path(tmp_path):
    """A folder in memory if there is one; thousands of syncs of a real disk would prove no more."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="kptm-test-") as folder:
        yield Path(folder)


@pytest.fixture(params=[replace_folder, replace_file, replace_path], ids=lambda work: work.__name__)
def work(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["old", "none"])
def case(request, tmp_path, work):
    return Case(tmp_path, work, request.param)
