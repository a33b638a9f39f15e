"""The tests of the store run on both databases."""

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request):
    return request.param
