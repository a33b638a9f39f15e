"""Debian's package list as a graph.

Run ``python benchmarks/debian.py [--folder F] [--embed 120] [--only PART …]``.

On a Debian machine ``apt-cache dumpavail`` lists some 60,000 packages: names, sections,
maintainers, dependencies, sizes, versions and URLs. They become some 900,000 facts in one TSV file,
and the one-line descriptions a file of entities. Every row of the table is one command of kptm in a
process of its own: seconds of wall time and of CPU, the most memory, and what it said. Figures are
printed, never asserted.

- *load*: entities, then facts
- *ask, first* and *ask, again*: the same question in two processes
- *link*: 1,500 descriptions; how many links, and how many of them to a URL, a version or a number,
  which are no names
- *serve*: until the first answer to a request
- *embed*: cut after --embed seconds, with what it said last; then gone on with for as long
"""

import argparse
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
LISTS = ("Depends", "Pre-Depends", "Recommends", "Suggests", "Enhances", "Conflicts", "Breaks",
    "Replaces", "Provides", "Tag")  # fmt: skip
"""Fields with several values, by commas or bars; versions in brackets are left out."""
ONE = ("Section", "Maintainer", "Priority", "Architecture", "Source", "Multi-Arch", "Version",
    "Installed-Size", "Size", "Homepage", "Filename")  # fmt: skip
NO_NAME = re.compile(r"\w+://.*|[\d.]+|\d[\w.+~:-]*|pool/.*")
"""Values that name nothing: URLs, numbers, versions, paths."""
DESCRIPTIONS = 1_500
QUESTION = "What is the section of gimp?"
PARTS = ("load", "ask", "link", "serve", "embed")


def packages():
    """The fields of each package, the first of each name."""
    listed = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True,
    check=True).stdout  # fmt: skip
    seen = set()
    for block in listed.split("\n\n"):
        fields, name = {}, ""
        for line in block.splitlines():
            if line[:1].isspace():
                fields[name] += line
            else:
                name, _, value = line.partition(": ")
                fields[name] = value
        if fields.get("Package") and fields["Package"] not in seen:
            seen.add(fields["Package"])
            yield fields


def facts_of(fields):
    """(head, relation, tail) of a package, each once."""
    head, found = fields["Package"], {}
    for name in ONE:
        if value := fields.get(name, "").strip():
            found[head, name.lower(), value] = None
    for name in LISTS:
        for value in re.split(r"[,|]", fields.get(name, "")):
            if bare := re.sub(r"\(.*?\)", "", value).strip():
                found[head, name.lower(), bare] = None
    return found


def convert(folder):
    """Write the files that are loaded, and the descriptions that are linked.

    Return how many facts.
    """
    count = 0
    with (
        (folder / "facts.tsv").open("w", encoding="utf-8") as facts,
        (folder / "entities.jsonl").open("w", encoding="utf-8") as entities,
        (folder / "texts.txt").open("w", encoding="utf-8") as texts,
    ):
        for number, fields in enumerate(packages()):
            name, said = fields["Package"], fields.get("Description", "")
            record = {"key": name, "label": name, "description": said, "types": ["package"]}
            entities.write(json.dumps(record) + "\n")
            lines = ["\t".join(fact) + "\n" for fact in facts_of(fields)]
            facts.writelines(lines)
            count += len(lines)
            if number % 40 == 0 and said and number // 40 < DESCRIPTIONS:
                texts.write(said + "\n")
    return count


def kptm(*arguments, seconds=None):
    """Run a verb.

    Return (status, standard output, standard error, wall, CPU, MiB). After ``seconds`` it is
    interrupted.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        child = subprocess.Popen([sys.executable, "-m", "kptm", *map(str, arguments)], stdout=out,
        stderr=err)  # fmt: skip
        while True:
            number, status, used = os.wait4(child.pid, os.WNOHANG)
            if number:
                break
            if seconds is not None and time.monotonic() - began > seconds:
                child.send_signal(signal.SIGINT)
                seconds = None
            time.sleep(0.02)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return (
            child.returncode,
            out.read().decode(),
            err.read().decode(),
            wall,
            used.ru_utime + used.ru_stime,
            used.ru_maxrss / 1024,
        )


def row(what, ran, said=None):
    status, out, err, wall, cpu, memory = ran
    last = (said if said is not None else (out.strip() or err.strip())).splitlines()
    shown = last[-1][:90].replace("|", "/") if last else ""
    print(f"| {what} | {wall:.1f} | {cpu:.1f} | {memory:,.0f} | {status} | {shown} |", flush=True)


def load(folder):
    for file in ("entities.jsonl", "facts.tsv"):
        path = folder / file
        options = ["--entities", path] if file == "entities.jsonl" else [path]
        row(f"load {file}", kptm("load", folder / "ws", *options))


def ask(folder):
    row("ask, first", kptm("ask", folder / "ws", "--brief", QUESTION))
    row("ask, again", kptm("ask", folder / "ws", "--brief", QUESTION))


def link(folder):
    out = folder / "links.jsonl"
    ran = kptm("link", folder / "ws", "--file", folder / "texts.txt", "--out", out)
    lines = map(json.loads, out.open(encoding="utf-8"))
    links = [item["entity"] for line in lines for item in line["links"]]
    wrong = [key for key in links if NO_NAME.fullmatch(key)]
    said = f"{len(links):,} links, {len(wrong)} of them to URLs, versions or numbers"
    row(f"link {DESCRIPTIONS:,} descriptions", ran, said)


def serve(folder):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    began = time.monotonic()
    command = [sys.executable, "-m", "kptm", "serve", str(folder / "ws"), "--port",
    str(port)]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ready = None
    while ready is None and time.monotonic() - began < 120 and child.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/v1/stats") as answer:
                ready = time.monotonic() - began
                said = answer.read().decode()
        except (URLError, OSError):
            time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    ran = 0, "", "", ready or float("nan"), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    row("serve, until the first answer", ran, said if ready else "never ready")


def embed(folder, seconds):
    for what in ("embed", "embed, gone on with"):
        ran = kptm("embed", folder / "ws", "--recipe", "auto", seconds=seconds)
        kept = sum(path.stat().st_size for path in (folder / "ws").glob("embeddings.checkpoint*"))
        lines = [part for part in re.split(r"[\r\n]", ran[2]) if part.strip()]
        steps = [line for line in lines if "epoch" in line or "embed" in line]
        said = f"{(steps or lines or [''])[-1].strip()[:70]}; {kept / 2**20:,.0f} MiB kept"
        row(f"{what}, cut after {seconds} s", ran, said)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
    formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--folder", type=Path, help="Keeps files and workspace for the next time.")
    parser.add_argument("--embed", type=int, default=120, metavar="SECONDS")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--convert", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.convert:
        print(f"{convert(options.folder):,} facts\n", flush=True)
        return
    with tempfile.TemporaryDirectory() as fresh:
        folder = options.folder or Path(fresh)
        folder.mkdir(parents=True, exist_ok=True)
        commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE,
        capture_output=True, text=True, check=False).stdout.strip()  # fmt: skip
        print(f"commit {commit}, Python {platform.python_version()}, {os.cpu_count()} cores\n")
        if not (folder / "facts.tsv").exists():
            # In a process of its own: the memory of a child counts from that of its parent.
            subprocess.run([sys.executable, __file__, "--folder", folder, "--convert"], check=True)
        print("| | wall s | CPU s | MiB | status | said |\n|---|---|---|---|---|---|", flush=True)
        parts = {"load": load, "ask": ask, "link": link, "serve": serve,
        "embed": lambda at: embed(at, options.embed)}  # fmt: skip
        for name in options.only:
            parts[name](folder)


if __name__ == "__main__":
    main()
