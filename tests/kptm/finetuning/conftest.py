"""What the tests of fine-tuning share."""

import gc

import pytest


@pytest.fixture(scope="package", autouse=True)
def modules_are_no_garbage():
    """The Trainer collects garbage after each run.

    Half a second each, were it to look at all modules there are.
    """
    gc.freeze()
    yield
    gc.unfreeze()
