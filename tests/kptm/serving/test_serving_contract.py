"""Schemathesis checks the responses against the OpenAPI document, with and without edits."""

import subprocess
import sys

import pytest

from benchmarks.answers_parts.load import serve_workspace
from kptm.serving.access.roles import AccessRole
from kptm.serving.access.token_file import TokenFile
from kptm.workspace import Layout

EXAMPLES = 8
"""The number of random examples for each route, besides those at the limits of parameters."""


CONFIG = """
# Either head or tail has to be given, which OpenAPI cannot say of parameters: without one, or
# with both, the answer is 422.
[[operations]]
include-path = "/api/v1/query"
[operations.checks]
positive_data_acceptance.expected-statuses = ["2xx", "404", "422"]
"""


def run_schemathesis(url, folder, *headers):
    """Run schemathesis on a server; return its exit code, which is 0 without errors, and output."""
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
            *(part for header in headers for part in ("--header", header)),
        ],
        capture_output=True,
        text=True,
        cwd=folder,  # the folder in which it stores the failures
        check=False,
    )
    return result.returncode, result.stdout


@pytest.mark.parametrize("which", ["url", "editing_url"])
def test_schemathesis_finds_no_error(which, request, tmp_path):
    code, said = run_schemathesis(request.getfixturevalue(which), tmp_path)
    assert code == 0, said
    assert "Tested: 25" in said


@pytest.mark.usefixtures("separate_process")
@pytest.mark.parametrize("role", ["read", "admin"])
def test_schemathesis_finds_no_error_if_tokens_are_required(role, own, tmp_path):
    """Schemathesis also sends requests without the token, and expects status 401."""
    text = TokenFile(Layout(own).tokens).add("schemathesis", AccessRole(role))
    with serve_workspace(own, "--allow-edit", "--require-token") as url:
        code, said = run_schemathesis(url, tmp_path, f"Authorization: Bearer {text}")
    assert code == 0, said
    assert "Tested: 28" in said
