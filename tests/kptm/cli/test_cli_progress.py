"""How far a verb is: the time to go by arithmetic, lines without a terminal, nothing for what is quick, and -q."""

import sys
import time

import click
import pytest
from click.testing import CliRunner

from kptm.cli import progress as room
from kptm.cli.main import main


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def track(total, **options):
    clock = Clock()
    return room.Track("x", total, clock=clock, **options), clock


def test_the_time_to_go_is_the_rest_at_the_pace_so_far():
    found, clock = track(1_000)
    assert found.to_go() is None
    for clock.now, done in ((4.0, 100), (8.0, 200)):
        found.advance(done)
    assert found.to_go() == pytest.approx(8.0 * 0 + 4.0 / 100 * 800)
    assert str(found) == "200 of 1,000, 8 s, 32 s to go"


def test_what_goes_on_after_a_cut_has_the_pace_of_now_and_not_of_before():
    found, clock = track(30)
    for clock.now, done in ((10.0, 20.0), (12.0, 20.5)):
        found.advance(done, 0.25)
    assert found.to_go() == pytest.approx(2.0 / 0.5 * 9.5)
    assert str(found) == "20.50 of 30, 12 s, 38 s to go, loss 0.250"


def test_nothing_is_of_nothing():
    found, clock = track(None)
    clock.now = 3.0
    assert str(found) == "3 s"
    found.advance(12_345)
    assert str(found) == "12,345, 3 s"
    assert str(track(0)[0]) == "0 s"


def test_more_than_was_estimated_is_finishing():
    found, clock = track(100, about=True)
    clock.now = 70.0
    found.advance(120)
    assert str(found) == "120 of about 100, 1:10 min, finishing"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1:00 min"), (3_725, "1:02:05 h")]
)
def test_time_as_people_write_it(seconds, text):
    assert room.time_text(seconds) == text


def work(seconds, arguments=()):
    @click.command()
    @click.option("-q", is_flag=True)
    @click.pass_context
    def command(context, q):
        context.meta[room.QUIET] = q
        with room.progress("work", 10) as advance:
            for done in range(1, 4):
                advance(done)
                time.sleep(seconds / 3)

    return CliRunner().invoke(command, list(arguments))


def test_without_a_terminal_a_line_now_and_then(monkeypatch):
    monkeypatch.setattr(room, "FIRST", 0.05)
    monkeypatch.setattr(room, "EVERY", 0.1)
    lines = work(0.5).stderr.splitlines()
    assert 2 <= len(lines) <= 6
    assert all(line.startswith("work: ") and " of 10, 0 s" in line for line in lines)
    assert "to go" in lines[-1]


def test_even_while_no_step_ends(monkeypatch):
    monkeypatch.setattr(room, "FIRST", 0.02)
    with_a_gap = click.command()(lambda: _sleeping())
    assert CliRunner().invoke(with_a_gap).stderr == "reading: 0 s\n"


def _sleeping():
    with room.progress("reading", None):
        time.sleep(0.2)


def test_what_is_quick_or_quiet_says_nothing(monkeypatch):
    assert work(0.0).stderr == ""
    monkeypatch.setattr(room, "FIRST", 0.01)
    assert work(0.2, ["-q"]).stderr == ""
    assert sys.stderr is not None


def test_every_verb_can_be_quiet():
    for name, command in main.commands.items():
        inner = command.commands.values() if isinstance(command, click.Group) else [command]
        for one in inner:
            assert any("--quiet" in option.opts for option in one.params), name


def test_a_bar_on_a_terminal_says_the_same(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with room.progress("export", None) as advance:
        advance(5)
    shown = capsys.readouterr().err
    assert "0/0" not in shown
    assert "5, 0 s" in shown
    with room.progress("load", 10) as advance:
        advance(10)
    assert "10 of 10" in capsys.readouterr().err
