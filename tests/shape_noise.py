"""A pytest plugin: sums whose last bits depend on shapes, as on some other machines.

    pytest -p shape_noise tests/kptm/fusion

Kernels add in an order that depends on the shapes of the operands and on the processor. A test that
asserts equality to the bit between sums of different shapes passes on one processor and fails on
another; with this plugin it fails everywhere. Each sum is changed by at most one rounding error:
eps times the sum of the absolute values. The change is a function of the shapes and of the place in
the result, so that the same operation on the same shapes still gives the same bits.
"""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

ATEN = torch.ops.aten
SUMS = {ATEN.mm, ATEN.bmm, ATEN.addmm, ATEN.baddbmm, ATEN.mv, ATEN.dot, ATEN.sum, ATEN.mean}
SHARES = {ATEN._softmax, ATEN._log_softmax}
ATTENTION = {ATEN._scaled_dot_product_flash_attention_for_cpu}


def pattern(result, shapes):
    """-1, 0 or 1 for each place of a result, from the shapes of what it was computed from."""
    start = hash(shapes) % 1009  # of integers alone: the same in every process
    places = torch.arange(result.numel(), device=result.device)
    return (((places * 7919 + start) * 31) % 3 - 1).view(result.shape).to(result.dtype)


class ShapeNoise(TorchDispatchMode):
    """Changes each sum by its pattern."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        found = func(*args, **kwargs)
        packet = func.overloadpacket
        if packet in ATTENTION:
            change(found[0], args[2].abs().amax().expand_as(found[0]), args)
        elif packet in SUMS | SHARES and found.is_floating_point():
            sizes = [item.abs() if isinstance(item, torch.Tensor) else item for item in args]
            change(found, found.abs() if packet in SHARES else func(*sizes, **kwargs), args)
        return found


def change(result, sizes, args):
    """Add one rounding of ``sizes`` to a result, or none, or take one away."""
    shapes = tuple(tuple(item.shape) for item in args if isinstance(item, torch.Tensor))
    noise = pattern(result, shapes) * sizes * torch.finfo(result.dtype).eps
    result.add_(torch.where(noise.isfinite(), noise, 0))


def pytest_collection_modifyitems(items):
    """Skip tests that compare this process with another: they would compare two processors."""
    for item in items:
        if "separate_process" in item.fixturenames:
            item.add_marker(
                pytest.mark.skip(reason="a process that a test starts computes without noise")
            )


@pytest.fixture(scope="session", autouse=True)
def shape_noise():
    """Everything in this process runs under it; processes that a test starts do not."""
    with ShapeNoise():
        yield
