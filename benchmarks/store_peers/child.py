"""One contestant in a process of its own: prepare it, or measure it and print JSON.

    python -m store_peers.child prepare|measure NAME SPEC PREPARED STORE [HOST]

The clock starts after all imports. The peak is the process's, taken when the load is done.
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
    """The most memory this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def ask(
    question: Callable[[str], list], keys: list[str], take: Callable[[str, list], None]
) -> list[float]:
    """Seconds of each question; the answers go to ``take`` while the clock stands still."""
    question(keys[0])  # whatever is compiled or prepared once
    seconds = []
    for key in keys:
        began = perf_counter()
        rows = question(key)
        seconds.append(perf_counter() - began)
        take(key, rows)
    return seconds


def measure(peer: Peer, spec: dict) -> dict:
    """Load and ask; what goes wrong in one part is told and does not hide the others."""
    found: dict = {"errors": {}}
    peer.setup()
    found["peak_before_mb"] = peak_mb()
    began = perf_counter()
    peer.load()
    found["load_s"] = perf_counter() - began
    found["peak_mb"] = peak_mb()
    found["disk"] = peer.disk()
    peer.open()
    for name, part in (("count", _count), ("one", _one_hop), ("two", _two_hop)):
        try:
            found.update(part(peer, spec))
        except Exception as error:  # noqa: BLE001 - whatever a contestant raises, the table tells it
            found["errors"][name] = _shown(error)
    found["peak_all_mb"] = peak_mb()
    peer.close()
    return found


def _count(peer: Peer, spec: dict) -> dict:
    held = peer.count()
    if held != spec["triples"]:
        raise ValueError(f"holds {held:,} triples, not {spec['triples']:,}")
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


def _shown(error: Exception) -> str:
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
        found = measure(contestant.peer(place), json.loads(Path(spec).read_text(encoding="utf-8")))
    except Exception as error:  # noqa: BLE001 - as above
        traceback.print_exc()
        found = {"errors": {"load": _shown(error)}}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
