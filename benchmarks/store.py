"""The store against its peers: one table from one run, every contestant in a process of its own.

    python benchmarks/store.py [--triples 1000000] [--only NAME,...] [--repeat R] [--json FILE]
    python benchmarks/store.py --postgres      # adds kptm and raw COPY on a server of its own
    python benchmarks/store.py --scale         # kptm and raw sqlite3, ten times the triples too
    python benchmarks/store.py --stages        # where raw sqlite3 spends its load

The data are synthetic and the same for the same seed. Every answer is compared with the right one,
which the generator works out by itself. Figures are printed, never asserted.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from store_peers import server
from store_peers.contest import (
    CONTESTANTS,
    KPTM,
    KPTM_SERVER,
    RAW,
    RAW_SERVER,
    Contestant,
)

HERE = Path(__file__).resolve().parent
SCALE = 10
FIGURES = (
    "load_s",
    "peak_mb",
    "peak_all_mb",
    "disk",
    "one_us",
    "one_mean_us",
    "two_ms",
    "two_mean_ms",
)
FOOTNOTES = """\
load: open, read, store, close. Ratios: to raw sqlite3, on PostgreSQL to raw COPY. Peak: of the
process when the load is done (on PostgreSQL the client's alone). Disk: all files after closing,
a distinct triple (on PostgreSQL the database's growth without the log). Hops: median (mean) of
the calls, results as Python strings; two hops: distinct ends. The clock starts after the
imports. pyoxigraph's N-Triples and Kùzu's two CSV files without duplicates are made beforehand,
not timed; all others read the TSV file, DuckDB by itself. kptm also checks every name and keeps
provenance and history; nobody else does."""

Results = dict[str, dict]


# ── running ──────────────────────────────────────────────────────────────────────────────────────


def python(*arguments: str | Path, timeout: float | None = None) -> str:
    """Run a module of ours in a fresh interpreter and return what it prints.

    This process itself stays small: a child's peak begins at the size of who started it.
    """
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=timeout,
    )
    return done.stdout


def tell(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


class Run:
    """One size of data and what the contestants did with it."""

    def __init__(self, folder: Path, triples: int, seed: int, timeout: float) -> None:
        self._folder = folder
        self._timeout = timeout
        tell(f"making {triples:,} triples")
        python("store_peers.data", str(triples), str(seed), folder)
        self.tsv = folder / "triples.tsv"
        self.spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))

    def contest(self, chosen: Sequence[Contestant], repeat: int, host: str) -> Results:
        """Measure everyone ``repeat`` times, taking turns; return the medians."""
        runs: dict[str, list[dict]] = {item.name: [] for item in chosen}
        for _ in range(repeat):
            for item in chosen:
                if not any("absent" in run for run in runs[item.name]):
                    runs[item.name].append(self._turn(item, host, first=not runs[item.name]))
                    tell(f"{item.name}: {json.dumps(runs[item.name][-1], ensure_ascii=False)}")
        return {name: together(found) for name, found in runs.items()}

    def _turn(self, item: Contestant, host: str, *, first: bool) -> dict:
        absent = self._absence(item, host)
        if absent:
            return {"absent": absent}
        prepared = self._folder / f"{item.module}-prepared"
        store = self._folder / f"{item.module}-store"
        prepared.mkdir(exist_ok=True)
        store.mkdir()
        common = (item.name, self._folder / "spec.json", prepared, store, host)
        try:
            if first:
                python("store_peers.child", "prepare", *common)
            said = python("store_peers.child", "measure", *common, timeout=self._timeout)
            return json.loads(said.splitlines()[-1])
        except subprocess.TimeoutExpired:
            return {"absent": f"stopped after {self._timeout:.0f} s"}
        except subprocess.CalledProcessError as error:
            return {"absent": f"its process ended with {error.returncode}, see above"}
        finally:
            shutil.rmtree(store)

    def _absence(self, item: Contestant, host: str) -> str:
        if item.package and not find_spec(item.package):
            return f"not installed: .venv/bin/pip install {item.package}"
        if item.server and not host:
            return server.why_not()
        if item.most and self.spec["triples"] > item.most:
            return f"asked for up to {item.most:,} triples only"
        return ""


def together(runs: list[dict]) -> dict:
    """The median of every figure; an error of any run stays."""
    if "absent" in runs[-1]:
        return runs[-1]
    found: dict = {"errors": {k: v for run in runs for k, v in run["errors"].items()}}
    for figure in FIGURES:
        values = [run[figure] for run in runs if run.get(figure) is not None]
        if values:
            found[figure] = median(values)
    return found


# ── telling ──────────────────────────────────────────────────────────────────────────────────────


def ratio(results: Results, name: str, other: str, figure: str) -> float | None:
    """How many times ``other``'s figure ``name`` needs; None where one of them is missing."""
    mine, base = results.get(name, {}).get(figure), results.get(other, {}).get(figure)
    return mine / base if mine is not None and base else None


def cell(value: float | None, form: str) -> str:
    """A number, or a dash."""
    return "–" if value is None else format(value, form)


def table(results: Results, triples: int) -> str:
    """Everyone's figures, in Markdown."""
    lines = [
        (
            "| contestant | load s | ratio | peak MB | disk B/triple | one hop µs | ratio"
            " | two hops ms | ratio |"
        ),
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, found in results.items():
        if "absent" in found:
            lines.append(f"| {name} | {found['absent']} |" + " |" * 7)
            continue
        base = RAW_SERVER if name in (RAW_SERVER, KPTM_SERVER) else RAW
        disk = found.get("disk")
        cells = [
            name,
            cell(found.get("load_s"), ".2f"),
            cell(ratio(results, name, base, "load_s"), ".2f"),
            cell(found.get("peak_mb"), ",.0f"),
            cell(None if disk is None else disk / triples, ".0f"),
            hop(found, "one_us", "one_mean_us", ",.1f"),
            cell(ratio(results, name, base, "one_us"), ".2f"),
            hop(found, "two_ms", "two_mean_ms", ",.3f"),
            cell(ratio(results, name, base, "two_ms"), ".2f"),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    errors = [
        f"ERROR {name}, {part}: {error}"
        for name, found in results.items()
        for part, error in found.get("errors", {}).items()
    ]
    return "\n".join([*lines, *([""] if errors else []), *errors])


def hop(found: dict, middle: str, mean: str, form: str) -> str:
    """Median and, in brackets, mean."""
    if middle not in found:
        return "error" if found.get("errors") else "–"
    return f"{found[middle]:{form}} ({found[mean]:{form}})"


def bars(results: Results, triples: int) -> str:
    """Each bar that the store is held to, with the figure; nothing is asserted."""
    mine = results.get(KPTM, {})
    disk = mine.get("disk")
    at_most = (
        ("load, to raw sqlite3", ratio(results, KPTM, RAW, "load_s"), 1.5, "×"),
        ("one hop, to raw sqlite3", ratio(results, KPTM, RAW, "one_us"), 2, "×"),
        ("two hops distinct, to raw sqlite3", ratio(results, KPTM, RAW, "two_ms"), 2, "×"),
        ("peak of the load", mine.get("peak_mb"), 400, " MB"),
        ("disk, a triple", None if disk is None else disk / triples, 200, " B"),
        (
            "load on PostgreSQL, to raw COPY",
            ratio(results, KPTM_SERVER, RAW_SERVER, "load_s"),
            2,
            "×",
        ),
    )
    lines = ["| bar | at most | measured | holds |", "|---|---|---|---|"]
    for what, figure, bound, unit in at_most:
        lines.append(
            f"| {what} | {bound}{unit} |"
            f" {verdict(figure, unit, figure is not None and figure <= bound)} |"
        )
    for peer in ("Kùzu", "DuckDB"):
        times = ratio(results, peer, KPTM, "one_us")
        shown = verdict(times, "×", times is not None and times >= 20)
        lines.append(f"| one hop, faster than {peer} | at least 20× | {shown} |")
    return "\n".join(lines)


def verdict(figure: float | None, unit: str, holds: bool) -> str:
    """The last two cells of a bar."""
    if figure is None:
        return "not measured | –"
    return f"{figure:,.2f}{unit} | {'yes' if holds else 'NO'}"


def growth(small: Results, large: Results, triples: tuple[int, int]) -> str:
    """How rate and memory change with the size."""
    lines = [
        (
            f"| | triples/s at {triples[0]:,} | at {triples[1]:,} | rate ratio | peak MB"
            " | peak MB | memory ratio |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    for name, before in small.items():
        after = large.get(name, {})
        if "load_s" not in before or "load_s" not in after:
            lines.append(f"| {name} | not measured |" + " |" * 5)
            continue
        rates = [n / found["load_s"] for n, found in zip(triples, (before, after), strict=True)]
        lines.append(
            f"| {name} | {rates[0]:,.0f} | {rates[1]:,.0f} | {rates[1] / rates[0]:.2f}"
            f" | {before['peak_mb']:,.0f} | {after['peak_mb']:,.0f}"
            f" | {after['peak_mb'] / before['peak_mb']:.2f} |"
        )
    return "\n".join(lines)


def circumstances(spec: dict, repeat: int) -> str:
    """The data and the machine."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{spec['triples']:,} triples ({spec['lines']:,} lines, {spec['bytes'] / 1e6:.0f} MB),"
        f" {spec['entities']:,} entities, {spec['relations']} relations, seed {spec['seed']},"
        f" sha256 {spec['sha256'][:12]}\n{len(spec['one']):,} keys of one hop,"
        f" {len(spec['two'])} of two hops ({spec['mean paths of two hops']:.0f} paths each on"
        f" average); median of {repeat}\ncommit {commit()}, Python {platform.python_version()},"
        f" {os.cpu_count()} cores, load average {load}\n{versions()}"
    )


def commit() -> str:
    """What git says this is."""
    command = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def versions() -> str:
    """The packages that took part."""
    found = [f"SQLite {__import__('sqlite3').sqlite_version}"]
    for package in ("sqlalchemy", "pyoxigraph", "kuzu", "duckdb", "networkx", "rdflib", "psycopg"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


# ── the whole ────────────────────────────────────────────────────────────────────────────────────


def choose(only: str, *, postgres: bool, scale: bool) -> list[Contestant]:
    """The contestants asked for, in the table's order."""
    names = {name.strip().casefold() for name in only.split(",") if name.strip()}
    unknown = names - {item.name.casefold() for item in CONTESTANTS}
    if unknown:
        known = ", ".join(item.name for item in CONTESTANTS)
        raise SystemExit(f"no contestant is called {', '.join(sorted(unknown))}; there are {known}")
    if scale:
        return [item for item in CONTESTANTS if item.name in (RAW, KPTM)]
    if names:
        return [item for item in CONTESTANTS if item.name.casefold() in names]
    return [item for item in CONTESTANTS if postgres or not item.server]


def show(run: Run, results: Results, repeat: int) -> None:
    """Print one size."""
    triples = run.spec["triples"]
    print(circumstances(run.spec, repeat), table(results, triples), sep="\n\n")
    print("", FOOTNOTES, "", sep="\n")
    print(bars(results, triples))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", metavar="NAME,...", help="these contestants alone")
    parser.add_argument("--repeat", type=int, default=1, help="times each; medians are shown")
    parser.add_argument(
        "--timeout", type=float, default=1_800, help="seconds a contestant may take"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--scale", action="store_true", help="kptm and raw sqlite3, then ten times the triples"
    )
    parser.add_argument(
        "--postgres", action="store_true", help="also kptm and raw COPY on PostgreSQL"
    )
    parser.add_argument("--stages", action="store_true", help="raw sqlite3's load, stage by stage")
    options = parser.parse_args()
    chosen = choose(options.only, postgres=options.postgres, scale=options.scale)
    sizes = (options.triples, options.triples * SCALE) if options.scale else (options.triples,)
    wanted = any(item.server for item in chosen) and not server.why_not()
    out: list[tuple[dict, Results]] = []
    with server.running() if wanted else nullcontext("") as host:
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="kptm-store-") as folder:
                run = Run(Path(folder), size, options.seed, options.timeout)
                if options.stages:
                    print(python("store_peers.stages", run.tsv, folder))
                    continue
                results = run.contest(chosen, options.repeat, host)
                show(run, results, options.repeat)
                out.append((run.spec, results))
    if options.scale and len(out) == len(sizes):
        print("", growth(out[0][1], out[1][1], sizes), sep="\n")
    if options.json:
        keep = ("triples", "lines", "entities", "seed", "sha256")
        figures = [{**{k: spec[k] for k in keep}, "results": found} for spec, found in out]
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
