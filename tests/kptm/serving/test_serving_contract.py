"""Schemathesis checks responses against the OpenAPI document, reading and editing."""

import subprocess
import sys

import pytest

EXAMPLES = 8
"""Of each route; those that try its bounds come on top."""


CONFIG = """
# Either head or tail has to be given, which OpenAPI cannot say of parameters: without one, or
# with both, the answer is 422.
[[operations]]
include-path = "/api/v1/query"
[operations.checks]
positive_data_acceptance.expected-statuses = ["2xx", "404", "422"]
"""


def run_schemathesis(url, folder):
    """What it says, and whether it found nothing."""
    (folder / "schemathesis.toml").write_text(CONFIG)
    command = f"{sys.executable} -m schemathesis.cli run {url}api/v1/openapi.json --no-color"
    result = subprocess.run(
        [
            *command.split(),
            "--max-examples",
            str(EXAMPLES),
            "--seed",
            "7",
            "--generation-deterministic",
        ],
        capture_output=True,
        text=True,
        cwd=folder,  # where it keeps what it found
        check=False,
    )
    return result.returncode, result.stdout


@pytest.mark.parametrize("which", ["url", "editing_url"])
def test_schemathesis_finds_nothing(which, request, tmp_path):
    code, said = run_schemathesis(request.getfixturevalue(which), tmp_path)
    assert code == 0, said
    assert "Tested: 24" in said
