"""Prepares or measures one contestant in a new process, and prints its figures as JSON.

    python -m store_peers.child prepare|measure NAME SPEC PREPARED STORE [HOST]

The imports are not timed. The peak memory is that of the process at the end of the load.
"""

import json
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from statistics import fmean, median
from time import perf_counter

from store_peers.contest import CONTESTANTS, Digest, Peer, Place


def peak_mb() -> float:
    """The peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def ask(
    question: Callable[[str], list], keys: list[str], take: Callable[[str, list], None]
) -> list[float]:
    """Time each question; its answer is passed to `take` outside the timed section."""
    question(keys[0])  # compiles and prepares what is needed once
    seconds = []
    for key in keys:
        began = perf_counter()
        rows = question(key)
        seconds.append(perf_counter() - began)
        take(key, rows)
    return seconds


def measure(peer: Peer, spec: dict) -> dict:
    """Load and ask; an error in one part is recorded, and the other parts still run."""
    figures: dict = {"errors": {}}
    peer.setup()
    figures["peak_before_mb"] = peak_mb()
    began = perf_counter()
    peer.load()
    figures["load_s"] = perf_counter() - began
    figures["peak_mb"] = peak_mb()
    figures["disk"] = peer.disk()
    peer.open()
    for name, part in (("count", _count), ("one", _one_hop), ("two", _two_hop)):
        try:
            figures.update(part(peer, spec))
        except Exception as error:  # noqa: BLE001 - the table shows any error of a contestant
            figures["errors"][name] = _first_line(error)
    figures["peak_all_mb"] = peak_mb()
    peer.close()
    return figures


def _count(peer: Peer, spec: dict) -> dict:
    count = peer.count()
    if count != spec["triples"]:
        raise ValueError(f"has {count:,} triples, not {spec['triples']:,}")
    return {}


def _one_hop(peer: Peer, spec: dict) -> dict:
    digest = Digest()
    seconds = ask(peer.one_hop, spec["one"], digest.pairs)
    if digest.text() != spec["answers"]["one"]:
        raise ValueError("wrong answers")
    return {"one_us": median(seconds) * 1e6, "one_mean_us": fmean(seconds) * 1e6}


def _two_hop(peer: Peer, spec: dict) -> dict:
    digest = Digest()
    seconds = ask(peer.two_hop, spec["two"], digest.ends)
    if digest.text() != spec["answers"]["two"]:
        raise ValueError("wrong answers")
    return {"two_ms": median(seconds) * 1e3, "two_mean_ms": fmean(seconds) * 1e3}


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:160]


def main(task: str, name: str, spec: str, prepared: str, store: str, host: str = "") -> None:
    """Do one task for one contestant."""
    contestant = next(item for item in CONTESTANTS if item.name == name)
    tsv = Path(spec).with_name("triples.tsv")
    place = Place(tsv, Path(prepared), Path(store), host)
    if task == "prepare":
        contestant.peer(place).prepare()
        return
    try:
        figures = measure(
            contestant.peer(place), json.loads(Path(spec).read_text(encoding="utf-8"))
        )
    except Exception as error:  # noqa: BLE001 - as above
        traceback.print_exc()
        figures = {"errors": {"load": _first_line(error)}}
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
