"""WebNLG: facts out of its dev texts, after learning from its train texts and triples.

Five ways to learn: from rows with the spans of all that is named ("given"), from rows alone, with
our own linking ("own"), from the graph of train's triples and train's texts without any row
("distant", with our own linking), from the same graph and a sample of the texts ("few"), and from
rows too ("joined"): the graph and the texts are train's, the rows a sample. A sample is chosen by
hash. With rows alone, the graph holds the triples of those rows alone; otherwise it holds all.
Values are compared by number, unit and date, names by label. Dev's triples are train's in .986 of
cases, so that those that the graph lacks are counted apart.
"""

import argparse
import hashlib
import json
import re
import resource
import tempfile
import time
from itertools import islice
from pathlib import Path

from linking_parts.gold import DATA, rows

from kptm import Workspace

WAYS = ("given", "own", "distant", "few", "joined")
PRECISIONS = (0.5, 0.7, 0.8, 0.9, 0.95)


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--shares", nargs="+", type=float, default=[0.01, 0.1, 1.0])
    parser.add_argument("--precisions", nargs="+", type=float, default=PRECISIONS)
    parser.add_argument("--encoder", default="", help="a folder, or the package of kptm[encoder]")
    parser.add_argument("--limit", type=float, default=1.0, help="the share of dev that is read")
    parser.add_argument("--speed", action="store_true", help="measure sentences a second instead")
    options = parser.parse_args(argv)
    if options.speed:
        sentences_a_second(options.encoder)
    else:
        run(options)


def run(options):
    train, dev = (rows(DATA / "webnlg" / f"{part}.jsonl.gz") for part in ("train", "dev"))
    dev = [row for row in dev if draw(row["text"]) < options.limit]
    print(
        "| learnt from | share | texts | learning | precision | P | R | F1 | new triples read |"
        " texts/s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for way in options.ways:
        for share in options.shares if way != "distant" else [1.0]:
            some = [row for row in train if draw(row["text"]) < share]
            texts = train if way == "joined" else some
            measure(way, share, some, texts, train if way == "few" else texts, dev, options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of all: {peak:,.0f} MB")


def draw(text):
    return int.from_bytes(hashlib.sha256(b"sample" + text.encode()).digest()[:6]) / 2**48


def settings(encoder):
    return [f"texts.extraction_encoder={encoder}"] if encoder else []


def measure(way, share, train, texts, whole, dev, options):
    is_given = way == "given"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        facts = dict.fromkeys(fact for row in whole for fact in triples(row, is_given))
        (folder / "facts.tsv").write_text("".join("\t".join(fact) + "\n" for fact in facts))
        write(folder / "train.jsonl", train, is_given)
        write(folder / "dev.jsonl", dev, is_given)
        Workspace.init(folder / "ws").close()
        with Workspace.open(folder / "ws", changes=settings(options.encoder)) as ws:
            ws.load(folder / "facts.tsv", types=False if is_given else None)
            began = time.process_time()
            ws.learn_extractor(
                (row["text"] for row in texts),
                rows=None if way in ("distant", "few") else folder / "train.jsonl",
            )
            took = time.process_time() - began
            for precision in options.precisions:
                began = time.process_time()
                found = ws.evaluate_extraction(folder / "dev.jsonl", precision=precision)
                speed = found.texts / (time.process_time() - began)
                print(
                    f"| {way} | {share:g} | {len(train):,} | {took:.0f} s | {precision:g} |"
                    f" {found.precision:.3f} |"
                    f" {found.recall:.3f} | {found.f1:.3f} | {found.new_right} of {found.new_gold}"
                    f" | {speed:,.0f} |",
                    flush=True,
                )


def write(path, found, is_given):
    with path.open("w") as file:
        for row in found:
            line = {"text": row["text"], "triples": triples(row, is_given)}
            if is_given:
                line["mentions"] = list(mentions(row))
            file.write(json.dumps(line) + "\n")


def triples(row, is_given):
    """The triples of a row; where they are to be linked, values without the quotes around them."""
    return [
        (head, relation, tail if is_given else bare(tail))
        for head, relation, tail in row["triples"]
    ]


def bare(name):
    return name[1:-1] if len(name) > 2 and name[0] == name[-1] == '"' else name


def mentions(row):
    """The spans of what the row names: references are words with spaces between them."""
    found, position = set(), 0
    for key, surface in row["references"]:
        pattern = re.compile(r"\s*".join(map(re.escape, surface.split())))
        match = pattern.search(row["text"], position) or pattern.search(row["text"])
        if match:
            found.add((match.start(), match.end(), key))
            position = match.end()
    last = 0
    for start, end, key in sorted(found):
        if start >= last:
            yield {"start": start, "end": end, "entity": key}
            last = end


def sentences_a_second(encoder, texts=20_000):
    """How fast one process proposes, with what is learnt from a tenth of train's sentences."""
    train = rows(DATA / "webnlg" / "train.jsonl.gz")
    sentences = [
        part for row in train for part in re.split(r"(?<=[.!?])\s+(?=[A-Z])", row["text"]) if part
    ]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        some = [row for row in train if draw(row["text"]) < 0.1]
        facts = dict.fromkeys(fact for row in train for fact in triples(row, False))
        (folder / "facts.tsv").write_text("".join("\t".join(fact) + "\n" for fact in facts))
        Workspace.init(folder / "ws").close()
        with Workspace.open(folder / "ws", changes=settings(encoder)) as ws:
            ws.load(folder / "facts.tsv")
            ws.learn_extractor(row["text"] for row in some)
            ws.linker.refresh()
            began, used = time.monotonic(), time.process_time()
            report = ws.extract(islice(dict.fromkeys(sentences), texts))
            seconds, used = time.monotonic() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{report.texts:,} sentences: {report.texts / seconds:,.0f} a second,"
        f" {report.texts / used:,.0f} a second of"
        f" one core; {report.proposed:,} proposals, {report.known:,} known; peak {peak:,.0f} MB"
    )
