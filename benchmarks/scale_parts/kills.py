"""Kills writers and moves at random moments, and looks at what is left."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

from kg.sql.server import connect
from kptm import Workspace
from kptm.workspace import config as workspace_config
from kptm.workspace import examine, move
from scale_parts.pairs import Expected, Journal, PairWriter, look, revisions_are_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAIRS = 300
"""Pairs of the workspace that is moved."""
LONGEST = 0.4
"""Seconds after which a writer is killed at the latest."""
SOON = 0.7
"""The latest kill of a move, as a share of the time that a whole one takes."""
_FORK = multiprocessing.get_context("fork")


def measure(kills: int, seed: int, folder: Path, new_database: Callable[[], str]) -> int:
    """Kill, print a table, and return how many findings there are."""
    chance = random.Random(seed)
    print("| | kills | changes, moves confirmed | lost | torn | other findings |")
    print("|---|---|---|---|---|---|")
    wrong = 0
    for name, work in (("writers", _kill_writers), ("move", _kill_moves)):
        done, confirmed, lost, torn, other = work(kills // 2, chance, folder / name, new_database)
        print(f"| {name} | {done} | {confirmed:,} | {lost} | {torn} | {len(other)} |", flush=True)
        for text in other[:5]:
            print(f"  {text}")
        wrong += lost + torn + len(other)
    return wrong


Found = tuple[int, int, int, int, list[str]]
"""Kills, changes confirmed, lost, torn, other findings."""


def _kill_writers(
    kills: int, chance: random.Random, folder: Path, new_database: Callable[[], str]
) -> Found:
    folder.mkdir()
    place = folder / "ws"
    Workspace.init(place, database=new_database()).close()
    torn, other = 0, []
    for number in range(kills):
        process = _FORK.Process(target=_write, args=(place, folder, f"w{number}"))
        process.start()
        journal = folder / f"w{number}.journal"
        while not (journal.exists() and journal.stat().st_size):
            time.sleep(0.002)
        time.sleep(chance.random() * LONGEST)
        _kill(process)
        with Workspace.open(place) as ws, ws.graph.database.reading() as sql:
            torn += look(sql)[1] + (not revisions_are_whole(sql))
    expected = Expected()
    for path in sorted(folder.glob("*.journal")):
        expected.read(path)
    with Workspace.open(place) as ws, ws.graph.database.reading() as sql:
        seen, _ = look(sql)
    lost, invented = expected.problems(seen)
    other += [f"{invented} pairs that nobody wrote"] * bool(invented)
    other += [one.text for one in examine(place).findings if one.broken]
    return kills, len(expected.live) + len(expected.gone), lost, torn, other


def _write(place: Path, folder: Path, name: str) -> None:
    with Workspace.open(place) as ws:
        writer = PairWriter(ws, name, Journal(folder / f"{name}.journal"))
        while True:
            writer.step()


def _kill_moves(
    kills: int, chance: random.Random, folder: Path, new_database: Callable[[], str]
) -> Found:
    """Kill moves until each is complete, workspace after workspace."""
    folder.mkdir()
    original = folder / "original"
    with Workspace.init(original) as ws:
        writer = PairWriter(ws, "m", Journal(folder / "m.journal"))
        for _ in range(PAIRS):
            writer.step()
        before = _state(ws)
    start = time.monotonic()
    move(shutil.copytree(original, folder / "timed"), new_database())
    length = time.monotonic() - start
    done, moved, other = 0, 0, list[str]()
    url = new_database()
    while done < kills:
        place = shutil.copytree(original, folder / f"ws{moved}")
        with connect(url) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        while True:
            process = _FORK.Process(target=move, args=(place, url))
            process.start()
            time.sleep(chance.random() * length * SOON)
            if not process.is_alive():
                break
            _kill(process)
            done += 1
            other += _partial(place, url, before)
            if not _is_on_sqlite(place) and not (place / "graph.db").exists():
                break
        process.join()
        if process.exitcode not in (0, -signal.SIGKILL) or _is_on_sqlite(place):
            other.append(f"the move ended with status {process.exitcode}")
            break
        with Workspace.open(place) as ws:
            if _state(ws) != before:
                other.append("the workspace that arrived differs")
        moved += 1
        shutil.rmtree(place)
    return done, moved, 0, 0, other


def _is_on_sqlite(place: Path) -> bool:
    return not workspace_config.read(place / "kptm.toml").database.url


def _partial(place: Path, url: str, before: object) -> list[str]:
    """What a killed move has left that is neither the old nor the new workspace."""
    found = []
    with connect(url) as connection:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        count = connection.execute(query).fetchone()[0]
        whole = connection.execute("SELECT to_regclass('public.triple')").fetchone()[0]
    if count and whole is None:
        found.append(f"{count} tables without a graph")
    with Workspace.open(place) as ws:
        if _state(ws) != before:
            found.append("the workspace differs after a kill")
    return found


def _state(ws: Workspace) -> object:
    with ws.graph.database.reading() as sql:
        return ws.graph.fingerprint(), ws.graph.revision(), look(sql), ws.modeledge.stats()


def _kill(process: multiprocessing.Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.join()
