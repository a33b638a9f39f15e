"""What the tests of embeddings share."""

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Tensors of this size are slower on two threads than on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
