"""The tests of the workspace run on both databases."""

import pytest

from kptm import Workspace


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    return request.param


@pytest.fixture
def new_workspace(request, database):
    """A function that makes a workspace in a folder, with its tables there."""
    urls = []

    def make(folder, config=None) -> Workspace:
        if database == "postgresql":
            urls.append(request.getfixturevalue("postgresql").new())
            return Workspace.init(folder, config, database=urls[-1])
        return Workspace.init(folder, config)

    yield make
    for url in urls:
        request.getfixturevalue("postgresql").drop(url)
