"""Progress: the time left by arithmetic, lines without a terminal, silence, and -q."""

import re
import sys
import time
from contextlib import contextmanager

import click
import pytest
from click.testing import CliRunner

from kptm.cli.main import main
from kptm.cli.output import progress as room


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def track(total, **options):
    clock = Clock()
    return room.Track("x", total, clock=clock, **options), clock


def test_the_time_left_is_the_rest_at_the_present_rate():
    found, clock = track(1_000)
    assert found.to_go() is None
    for clock.now, done in ((4.0, 100), (8.0, 200)):
        found.advance(done)
    assert found.to_go() == pytest.approx(8.0 * 0 + 4.0 / 100 * 800)
    assert str(found) == "200 of 1,000, 8 s, 32 s to go"


def test_a_continued_run_uses_only_its_new_rate():
    found, clock = track(30)
    for clock.now, done in ((10.0, 20.0), (12.0, 20.5)):
        found.advance(done, 0.25)
    assert found.to_go() == pytest.approx(2.0 / 0.5 * 9.5)
    assert str(found) == "20.50 of 30, 12 s, 38 s to go, loss 0.250"


def test_preparation_does_not_count_in_the_rate():
    found, clock = track(100)
    for clock.now in (10.0, 30.0, 50.0):
        found.advance(0, "texts linked")
    assert found.to_go() is None
    clock.now = 52.0
    found.advance(10, "")
    assert found.to_go() == pytest.approx(2.0 / 10 * 90)


def test_an_unknown_total_and_a_total_of_zero():
    found, clock = track(None)
    clock.now = 3.0
    assert str(found) == "3 s"
    found.advance(12_345)
    assert str(found) == "12,345, 3 s"
    assert str(track(0)[0]) == "0 s"


def test_beyond_the_estimate_it_says_finishing():
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
    monkeypatch.setattr(room, "SECONDS_TO_FIRST_LINE", 0.05)
    monkeypatch.setattr(room, "SECONDS_BETWEEN_LINES", 0.1)
    lines = work(0.5).stderr.splitlines()
    assert 2 <= len(lines) <= 6
    assert all(re.match(r"work: \S+ of 10, \d+ s", line) for line in lines), lines
    assert "to go" in lines[-1]


def test_even_while_no_step_ends(monkeypatch):
    monkeypatch.setattr(room, "SECONDS_TO_FIRST_LINE", 0.02)
    with_a_gap = click.command()(lambda: _sleeping())
    assert CliRunner().invoke(with_a_gap).stderr == "reading: 0 s\n"


def _sleeping():
    with room.progress("reading", None):
        time.sleep(0.2)


def test_quick_or_quiet_work_prints_nothing(monkeypatch):
    assert work(0.0).stderr == ""
    monkeypatch.setattr(room, "SECONDS_TO_FIRST_LINE", 0.01)
    assert work(0.2, ["-q"]).stderr == ""
    assert sys.stderr is not None


@pytest.fixture
def shown(monkeypatch):
    """The progress that each verb shows: title → (total, the counts on the way)."""
    found = {}
    show = room.progress

    @contextmanager
    def progress(title, total, **options):
        at = []
        found[title] = total, at
        with show(title, total, **options) as advance:
            yield lambda done, value=None: at.append(done) or advance(done, value)

    for name, module in list(sys.modules.items()):
        if name.startswith("kptm.cli.") and getattr(module, "progress", None) is show:
            monkeypatch.setattr(module, "progress", progress)
    return found


def run(*arguments):
    result = CliRunner().invoke(main, [str(item) for item in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def graph(tmp_path):
    facts = tmp_path / "f.tsv"
    facts.write_text("".join(f"Film {n}\tdirector\tPerson {n % 40}\n" for n in range(2_500)))
    run("load", tmp_path / "ws", facts)
    return tmp_path / "ws"


def test_export_link_and_purge_say_how_much_there_is(graph, shown, tmp_path):
    run("export", graph, tmp_path / "out.jsonl")
    assert shown["export"] == (2_500, [1_000, 2_000, 2_500])
    texts = tmp_path / "texts"
    texts.mkdir()
    for name in ("a.txt", "b.txt"):
        (texts / name).write_text("Film 1 is by Person 2.\n" * 3)
    run("link", graph, "--file", texts, "--out", tmp_path / "links.jsonl")
    assert (shown["linking"][0], shown["linking"][1][-1]) == (6, 6)
    run("purge", graph, "--entity", "Film 7", "--yes")
    for title in ("looking, per cent", "purge, per cent"):
        whole, at = shown[title]
        assert whole == 100
        assert at == sorted(at)
        assert len(set(at)) > 1


def test_index_says_how_much_there_is(copied, shown, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("The capital of Peru is Paris.\nThe capital of Chad is Lima.\n")
    run("index", copied, texts)
    whole, at = shown["modeledge"]
    assert (whole, at) == (2, [0, 0, 2])
    run("index", copied, texts, "--triples")
    whole, at = shown["modeledge"]
    assert (whole, at) == (2 + 12, [0, 0, 2, 2 + 12])


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
    assert re.search(r"5, \d+ s", shown)
    with room.progress("load", 10) as advance:
        advance(10)
    assert "10 of 10" in capsys.readouterr().err
