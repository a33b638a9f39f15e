"""The tests of the workspace run on both databases."""

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    return request.param
