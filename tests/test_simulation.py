"""``tools/simulate.py``: its simulation against formulas, and the tables of docs/scale.md."""

import importlib.util
from itertools import product
from math import ceil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("simulate", ROOT / "tools" / "simulate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rates(tool, **given):
    zero = dict.fromkeys(tool.Rates._fields, 0.0)
    return tool.Rates(**{**zero, **given})


@pytest.mark.parametrize(("jobs", "cores"), list(product((1, 2, 3, 4, 7), (1, 2, 4, 8))))
def test_workers_alone_take_their_share_of_the_cores(tool, jobs, cores):
    """Twelve equal shards, and a driver that costs nothing."""
    found = tool.Simulation(rates(tool, link=0.001), 12_000, 1_000, jobs).run(cores, 0)
    rounds, rest = divmod(12, jobs)
    expected = rounds * max(1, jobs / cores) + (rest > 0) * max(1, rest / cores)
    assert found.seconds == pytest.approx(expected, rel=1e-3)
    assert found.workers == pytest.approx(12)


def test_a_slow_driver_is_the_limit(tool):
    costs = rates(tool, read=0.001, write=0.001, link=0.001)
    found = tool.Simulation(costs, 50_000, 1_000, 20).run(40, 0)
    assert found.driver == pytest.approx(100)
    assert 100 <= found.seconds <= 100 + 2  # the last shard is linked before it is written


def test_one_after_another_is_the_sum(tool):
    """One shard: reading, linking, writing and joining cannot overlap."""
    costs = tool.Rates(start=1, read=0.01, write=0.02, merge=0.03, begin=2, link=0.04)
    found = tool.Simulation(costs, 100, 1_000, 4).run(8, 0)
    assert found.seconds == pytest.approx(1 + 1 + (2 + 4) + 2 + 3)


@pytest.mark.parametrize("others", [0, 1, 6])
def test_other_work_slows_everything_down_alike(tool, others):
    costs = rates(tool, link=0.001)
    alone = tool.Simulation(costs, 4_000, 1_000, 4).run(2, 0)
    beside = tool.Simulation(costs, 4_000, 1_000, 4).run(2, others)
    assert beside.seconds == pytest.approx(alone.seconds * (4 + others) / 4, rel=1e-3)
    assert beside.workers == alone.workers


def test_no_work_is_lost_and_no_time_is_gained(tool):
    costs = tool.Rates(start=0.3, read=1e-4, write=2e-4, merge=5e-5, begin=0.7, link=1e-3)
    for documents, shard, jobs, cores in product((1, 999, 5_001), (100, 1_000), (1, 3, 9), (1, 4)):
        found = tool.Simulation(costs, documents, shard, jobs).run(cores, 0)
        shards = ceil(documents / shard)
        assert found.workers == pytest.approx(min(jobs, shards) * 0.7 + documents * 1e-3)
        assert found.driver == pytest.approx(0.3 + documents * 3.5e-4, abs=1e-3)
        work = found.driver + found.workers
        assert max(found.driver, work / cores) - 1e-3 <= found.seconds <= work + 1e-3


def test_rates_are_recovered_from_runs_that_have_them(tool):
    costs = tool.Rates(start=0.5, read=1e-4, write=1e-4, merge=3e-5, begin=2.0, link=8e-4)

    def run(documents, jobs):
        return {
            "documents": documents,
            "jobs": jobs,
            "driver": costs.start + documents * (costs.read + costs.write),
            "merge": costs.merge * documents,
            "workers": jobs * costs.begin + documents * costs.link,
        }

    for one, two in ((run(5_000, 1), run(20_000, 2)), (run(3_000, 2), run(9_000, 1))):
        assert tool.calibrate(one, two) == pytest.approx(costs)


def test_the_page_has_the_tables_of_the_tool(tool):
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    for table in tool.plan().split("\n\n"):
        assert table in page
