"""What the tests of fine-tuning share."""

import gc

import pytest


@pytest.fixture(scope="package", autouse=True)
def modules_are_no_garbage():
    """Keep loaded modules out of the garbage collections that the Trainer makes after each run.

    Otherwise each collection would take half a second.
    """
    gc.freeze()
    yield
    gc.unfreeze()
