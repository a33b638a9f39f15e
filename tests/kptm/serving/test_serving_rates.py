"""Rate limits: the requests of each client are counted exactly, even by several processes."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from kptm.cli.main import main
from kptm.errors import ConfigError
from kptm.serving.access import rate_limits
from kptm.serving.access.rate_limits import FILE, REQUESTS_PER_CLEANUP, RateLimits
from kptm.serving.access.roles import AccessRole
from kptm.serving.access.token_file import TokenFile

API = "/api/v1"


class Clock:
    """A clock that a test sets."""

    def __init__(self, now):
        self.now = now

    def time(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock(1_000_000.25)
    monkeypatch.setattr(rate_limits, "time", found)
    return found


def test_each_client_has_its_own_window(clock):
    limits = RateLimits("3/minute")
    assert [limits.count("token", "ann") for _ in range(5)] == [0, 0, 0, 60, 60]
    assert limits.count("token", "bob") == 0
    assert limits.count("address", "ann") == 0
    clock.now += 59
    assert limits.count("token", "ann") == 1
    clock.now += 1.5
    assert [limits.count("token", "ann") for _ in range(4)] == [0, 0, 0, 60]


def test_all_of_several_limits_hold(clock):
    limits = RateLimits("2/second; 3/minute")
    assert [limits.count("token", "ann") for _ in range(3)] == [0, 0, 1]
    clock.now += 1.1  # the library also counts the refused request, so that 59 seconds remain
    assert limits.count("token", "ann") == 59
    assert str(limits) == "2 per 1 second and 3 per 1 minute"


def test_processes_count_together_without_loss(tmp_path):
    """Each process has its own connection to the file, as workers have."""
    workers = [RateLimits("500/hour", tmp_path) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda n: workers[n % 4].count("token", "ann"), range(800)))
    assert sum(seconds == 0 for seconds in found) == 500


def test_ended_windows_are_deleted(clock, tmp_path):
    limits = RateLimits("5/second", tmp_path)
    for number in range(REQUESTS_PER_CLEANUP - 1):
        limits.count("address", str(number))
    clock.now += 2
    limits.count("address", "last")
    with sqlite3.connect(tmp_path / FILE) as database:
        assert database.execute("SELECT count(*) FROM hits").fetchone() == (1,)


@pytest.mark.parametrize("rate", ["many", "60", "60/fortnight", "/minute", "-1/minute", "0/minute"])
def test_a_malformed_rate_is_one_message(filled, rate):
    with pytest.raises(ConfigError, match="rate "):
        RateLimits(rate)
    result = CliRunner().invoke(main, ["serve", str(filled), "--port", "0", f"--rate={rate}"])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"kptm: rate {rate!r}: ")
    assert result.stderr.count("\n") == 1


def test_a_refused_client_is_told_when_to_try_again(filled, explorer):
    with explorer(filled, limits=RateLimits("2/hour")) as client:
        assert [client.get(f"{API}/about").status_code for _ in range(2)] == [200, 200]
        refused = client.get(f"{API}/about")
        assert refused.status_code == 429
        assert 3_590 < int(refused.headers["retry-after"]) <= 3_600
        detail = refused.json()["detail"]
        assert "at most 2 per 1 hour for each address" in detail
        assert "retry-after" in refused.headers
        for path in ("/healthz", "/readyz", "/", "/main.js", f"{API}/openapi.json"):
            assert client.get(path).status_code == 200
        assert client.get("/nowhere").status_code == 429
        document = client.get(f"{API}/openapi.json").json()["paths"]
        assert "429" in document[f"{API}/ask"]["post"]["responses"]
        assert "429" not in document["/healthz"]["get"]["responses"]


def test_a_token_is_counted_at_every_address(filled, explorer, tmp_path):
    file = TokenFile(tmp_path / "tokens.json")
    ann, bob = (
        {"authorization": f"Bearer {file.add(name, AccessRole.READ)}"} for name in ("ann", "bob")
    )
    with explorer(filled, tokens=file, limits=RateLimits("2/hour")) as client:
        assert [client.get(f"{API}/about").status_code for _ in range(4)] == [401] * 4
        found = [client.get(f"{API}/about", headers=ann).status_code for _ in range(3)]
        assert found == [200, 200, 429]
        assert client.get(f"{API}/about", headers=bob).status_code == 200
