"""Derive the example world's splits, graph and corpus from its hand-written files.

    python tools/build_world.py

reads ``entities.jsonl``, ``prose.txt``, ``phrasings.tsv``, ``questions.jsonl`` and the first three
columns of ``facts.tsv``; writes ``facts.tsv`` (with splits), ``triples.tsv`` and ``corpus.txt``.
The same input gives the same output: a fact's split hangs on a hash of its two entities, never on
the order of the file.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.examples import World, WorldFact

if TYPE_CHECKING:
    from collections.abc import Callable

SHARES = (("B", 0.27), ("C", 0.10), ("D", 0.06))
PHRASINGS_A_FACT = 3


def draw(*parts: str) -> float:
    """A number in [0, 1) that hangs on the parts alone."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_facts(world: World) -> list[WorldFact]:
    """Give each fact its split; facts about one pair of entities share it, or text would leak."""
    triples = sorted({(fact.head, fact.relation, fact.tail) for fact in world.facts()})
    asked = {phrasing.relation for phrasing in world.phrasings()}
    values = defaultdict(set)
    tails = defaultdict(set)
    for head, relation, tail in triples:
        values[head, relation].add(tail)
        tails[relation].add(tail)
    pair_split = split_pairs(world, [triple for triple in triples if triple[1] in asked], triples)
    facts = []
    for head, relation, tail in triples:
        split = pair_split[frozenset((head, tail))] if relation in asked else "G"
        if split == "D" and (len(values[head, relation]) > 1 or len(tails[relation]) < 3):
            split = "A"
        new_tail = ""
        if split == "D":
            others = sorted(tails[relation] - {tail, head})
            new_tail = others[int(draw(head, relation, "new") * len(others))]
        facts.append(WorldFact(head, relation, tail, split, new_tail))
    return facts


def split_pairs(
    world: World, asked: list[tuple[str, str, str]], triples: list[tuple[str, str, str]]
) -> dict[frozenset[str], str]:
    """The split of each pair of entities that an asked fact joins.

    A pair that the prose says, or that a question asks for, is known from text; one without which
    an entity would hardly be in the graph stays in it.
    """
    said = {
        frozenset(pair)
        for document in world.prose()
        for pair in combinations(document.entities(), 2)
    }
    in_a_question = question_pairs(world)
    degree = Counter(end for head, _, tail in triples for end in (head, tail))
    values = Counter((head, relation) for head, relation, _ in triples)
    pair_split: dict[frozenset[str], str] = {}
    for head, relation, tail in asked:
        pair = frozenset((head, tail))
        if pair in pair_split:
            continue
        split = drawn_split(pair)
        if pair in said or (split in "CD" and in_a_question(head, tail)):
            split = "A"
        if split == "C" and min(degree[head], degree[tail]) < 4:
            split = "B"
        if split == "D" and values[head, relation] > 1:
            split = "A"
        if split == "C":
            degree[head] -= 1
            degree[tail] -= 1
        pair_split[pair] = split
    # A text about one Niger names its namesakes too: what it says, they cannot be silent about.
    labels = labels_of(world)
    names = {pair: frozenset(labels[key].casefold() for key in pair) for pair in pair_split}
    written = {names[pair] for pair, split in pair_split.items() if split in "AD"}
    return {
        pair: "A" if split in "BC" and names[pair] in written else split
        for pair, split in pair_split.items()
    }


def drawn_split(pair: frozenset[str]) -> str:
    """The split that a pair's hash gives it."""
    at = draw(*sorted(pair))
    for name, share in SHARES:
        if at < share:
            return name
        at -= share
    return "A"


def question_pairs(world: World) -> Callable[[str, str], bool]:
    """Whether a question names one of two entities and is answered by the other."""
    questions = [(question.question, set(question.answers)) for question in world.questions()]
    labels = labels_of(world)

    def asked(head: str, tail: str) -> bool:
        return any(
            (tail in answers and labels[head] in text) or (head in answers and labels[tail] in text)
            for text, answers in questions
        )

    return asked


def labels_of(world: World) -> dict[str, str]:
    """The label of each entity."""
    rows = map(json.loads, world.entities.read_text(encoding="utf-8").splitlines())
    return {row["key"]: row["label"] for row in rows}


def corpus(world: World, facts: list[WorldFact]) -> list[str]:
    """Say each A and D fact in some of its relation's training phrasings; then the prose."""
    labels = labels_of(world)
    patterns = defaultdict(list)
    for phrasing in world.phrasings():
        if phrasing.role == "train":
            patterns[phrasing.relation].append(phrasing.pattern)
    lines: list[str] = []
    for fact in facts:
        if fact.split not in "AD":
            continue
        chosen = sorted(
            patterns[fact.relation], key=lambda pattern: draw(fact.head, fact.tail, pattern)
        )
        lines.extend(
            pattern.replace("[X]", labels[fact.head]).replace("[Y]", labels[fact.tail])
            for pattern in chosen[:PHRASINGS_A_FACT]
        )
    lines = [line[0].upper() + line[1:] for line in lines]
    lines.sort(key=draw)
    return lines + [document.text for document in world.prose()]


def derive(world: World) -> dict[str, list[str]]:
    """The lines of each derived file, by its name."""
    facts = split_facts(world)
    rows = [
        "\t".join(
            (fact.head, fact.relation, fact.tail, fact.split)
            + (fact.new_tail,) * bool(fact.new_tail)
        )
        for fact in facts
    ]
    graph = [
        "\t".join((fact.head, fact.relation, fact.tail)) for fact in facts if fact.split != "C"
    ]
    return {"facts.tsv": rows, "triples.tsv": graph, "corpus.txt": corpus(world, facts)}


def main() -> None:
    """Write the derived files and print their sizes."""
    world = World(Path(__file__).parent.parent / "kptm/examples/world")
    files = derive(world)
    for name, lines in files.items():
        text = "".join(f"{line}\n" for line in lines)
        (world.folder / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {len(lines)} lines")
    splits = Counter(row.split("\t")[3] for row in files["facts.tsv"])
    print(f"facts by split: {dict(sorted(splits.items()))}")


if __name__ == "__main__":
    main()
