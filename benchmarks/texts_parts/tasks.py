"""Graphs with half of the facts, the texts that say all, and questions for the other half."""

import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from kptm.extraction.propose import text_hash

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass
class Task:
    """A graph and what is asked of it.

    Attributes:
        known: The facts of the graph.
        asked: The answers to each (head, relation) that the graph does not have.
        texts: The texts.
        heads: How each text names the head of its fact, where that is known.
        names: The names of entities, the most frequent first; only of those that the graph is
            given.
        relations: The names of relations.
        held_out: The facts that the graph does not have, asked or not.
        told: Heads and relations that the data have facts of.
        marked: The relations that the data mark between two ends in a text, by its hash.
    """

    known: list[tuple[str, str, str]] = field(default_factory=list)
    asked: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    texts: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    relations: dict[str, str] = field(default_factory=dict)
    held_out: set[tuple[str, str, str]] = field(default_factory=set)
    told: set[tuple[str, str]] = field(default_factory=set)
    marked: dict[tuple[str, str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def load(self, ws, folder: Path) -> None:
        """Load names and facts into a workspace."""
        rows = [
            {"key": key, "label": found[0], "aliases": found[1:]}
            for key, found in sorted(self.names.items())
        ]
        facts, entities = folder / "facts.tsv", folder / "entities.jsonl"
        facts.write_text("".join("\t".join(fact) + "\n" for fact in self.known))
        ws.load(facts)
        there = {item.key for item in ws.graph.relations()}
        rows += [
            {"key": key, "label": name} for key, name in self.relations.items() if key in there
        ]
        entities.write_text("".join(json.dumps(row) + "\n" for row in rows))
        ws.load_entities(entities)


def is_held_out(head: str, relation: str) -> bool:
    """Whether a question is asked, by its hash: its facts are not in the graph then."""
    return hashlib.sha256(f"{head}\t{relation}".encode()).digest()[0] % 2 == 1


def fewrel() -> Task:
    """FewRel: entities are named as its sentences name them."""
    task = Task()
    with gzip.open(DATA / "fewrel" / "val_wiki.json.gz", "rt", encoding="utf-8") as file:
        given = json.load(file)
    with gzip.open(DATA / "fewrel" / "pid2name.json.gz", "rt", encoding="utf-8") as file:
        described = json.load(file)
    names: dict[str, Counter[str]] = defaultdict(Counter)
    facts = set()
    for relation, rows in given.items():
        task.relations[relation] = described[relation][0]
        for row in rows:
            task.texts.append(" ".join(row["tokens"]))
            first = row["h"][2][0]
            task.heads.append(" ".join(row["tokens"][first[0] : first[-1] + 1]))
            for side in ("h", "t"):
                _, key, places = row[side]
                names[key].update(
                    " ".join(row["tokens"][place[0] : place[-1] + 1]) for place in places
                )
            head, tail = row["h"][1], row["t"][1]
            facts.add((head, relation, tail))
            task.marked[text_hash(task.texts[-1]), head, tail].add(relation)
    task.names = {
        key: sorted(found, key=lambda name, found=found: (-found[name], name))
        for key, found in names.items()
    }
    return split(task, sorted(facts))


def webnlg() -> Task:
    """WebNLG: entities are called as their keys say.

    Those that no known fact has are not in the graph.
    """
    task = Task()
    facts, texts = set(), {}
    for part in ("train", "dev"):
        with gzip.open(DATA / "webnlg" / f"{part}.jsonl.gz", "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                texts[row["text"].replace("\n", " ").strip()] = None
                facts.update(tuple(triple) for triple in row["triples"])
    task.texts = [text for text in texts if text]
    split(task, sorted(facts))
    heads = {head for head, _ in task.asked}
    there = {end for head, _, tail in task.known for end in (head, tail)}
    task.names = {key: [key.replace("_", " ")] for key in sorted((there | heads) & keys(facts))}
    known = {relation for _, relation, _ in task.known}
    task.asked = {pair: found for pair, found in task.asked.items() if pair[1] in known}
    return task


def descriptions() -> Task:
    """FB15k-237: short descriptions as texts, and the facts whose answer a description names."""
    task = Task()
    folder = DATA / "fb15k-237"
    with gzip.open(folder / "entities.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    about: dict[str, str] = {}
    for row in rows:
        if not row.get("label"):
            continue
        task.names[row["key"]] = [row["label"], *row.get("aliases", [])]
        if row.get("description"):
            about[row["key"]] = f"{row['label']}, {row['description']}."
            task.texts.append(about[row["key"]])
    with gzip.open(folder / "train.tsv.gz", "rt", encoding="utf-8") as file:
        facts = sorted({tuple(line.rstrip("\n").split("\t")) for line in file})
    split(task, facts)
    known = {relation for _, relation, _ in task.known}
    task.asked = {
        (head, relation): found
        for (head, relation), found in task.asked.items()
        if relation in known and head in about and is_named(found, task.names, about[head])
    }
    return task


def is_named(answers: set[str], names: dict[str, list[str]], text: str) -> bool:
    """Whether a text has an answer's name of more than three letters, as whole words."""
    return any(
        re.search(rf"\b{re.escape(name)}\b", text)
        for key in answers
        for name in names.get(key, [])
        if len(name) > 3
    )


def keys(facts: set[tuple[str, str, str]]) -> set[str]:
    """Ends that are names of entities: heads, and tails without a quote or a leading digit."""
    heads = {head for head, _, _ in facts}
    tails = {tail for _, _, tail in facts if not (tail[:1] in '"-+' or tail[:1].isdigit())}
    return heads | tails


def split(task: Task, facts: list[tuple[str, str, str]]) -> Task:
    """Put half of the facts into the graph and ask the others."""
    for head, relation, tail in facts:
        task.told.add((head, relation))
        if is_held_out(head, relation):
            task.asked[head, relation].add(tail)
            task.held_out.add((head, relation, tail))
        else:
            task.known.append((head, relation, tail))
    return task
