"""Gold documents with their graphs: public ones by folder, and the example world."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

from kg import KnowledgeGraph
from kptm.evaluation.linking_gold import GoldDocument, read_gold
from kptm.examples import World
from kptm.examples.world_reader import parse_marked
from kptm.linking import LinkedText

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
COMPLETE = frozenset({"wiki-fair"})
"""Sets in which all that has an entity is annotated.

The others leave out whole kinds, such as adjectives of nations.
"""
SETS = ("kore50", "msnbc", "oke-2015-train", "oke-2016-train", "wiki-fair")
PEERS = ("refined", "rel", "genre", "spel", "wat", "ambiverse", "baseline", "dbpedia-spotlight")
ARTICLE = re.compile(r"(?:the|a|an)\s+", re.IGNORECASE)
LANGUAGES = {
    "Chinese": re.compile(r"[\u4e00-\u9fff]"),
    "Arabic": re.compile(r"[\u0600-\u06ff]"),
    "Spanish": re.compile(r"(?i)\b(?:el|los|las|una|y|que|del|su|en la|por)\b"),
}
"""What tells the languages of the example world's prose apart, beside English."""
_ENGLISH = re.compile(r"(?i)\b(?:the|and|of|that|was|with)\b")
SENTENCES = 5
"""Of a document of the newsletter."""
POSSESSIVE = re.compile(r"\s?['’]s?$")


def rows(path: Path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Freebase:
    """FB15k-237 with its entities, and five sets of documents with gold links to it."""

    def __init__(self, folder: Path) -> None:
        root = DATA / "fb15k-237"
        self.graph = KnowledgeGraph.open(folder / "freebase.db")
        for part in ("train", "valid", "test"):
            self.graph.load(root / f"{part}.tsv.gz")
        self.graph.load_entities(root / "entities.jsonl.gz")
        self.keys = {
            row["wikidata"]: row["key"]
            for row in rows(root / "entities.jsonl.gz")
            if row.get("wikidata")
        }
        self.known = set(self.keys.values())
        self.gold = {
            name: list(read_gold(DATA / "entity-linking" / f"{name}.jsonl.gz", keys=self.keys))
            for name in SETS
        }

    def counts(self, span) -> bool:
        """Gold and answers are restricted to the catalogue."""
        return span[2] in self.known

    def peer(self, name: str, system: str) -> list[LinkedText] | None:
        """What a published linker answered; None where it is not there."""
        path = DATA / "entity-linking" / "peers" / f"{name}.{system}.jsonl.gz"
        if not path.exists():
            return None
        found = []
        for document, row in zip(self.gold[name], rows(path), strict=True):
            spans, position = [], 0
            for item in sorted(row["mentions"], key=lambda m: (m["span"][0], -m["span"][1])):
                start, end = item["span"]
                if start >= position and item["id"] in self.keys:
                    spans.append((start, end, self.keys[item["id"]]))
                    position = end
            found.append(LinkedText.from_spans(document.text, spans))
        return found


def newsletter(keys: dict[str, str]) -> list[GoldDocument]:
    """Documents of five sentences that nothing was fitted to, with links by Wikidata's ids."""
    path = Path(__file__).with_name("newsletter.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    sentences = [line for line in lines if not line.startswith("#")]
    documents = []
    for at in range(0, len(sentences), SENTENCES):
        marked = parse_marked(" ".join(sentences[at : at + SENTENCES]))
        spans = tuple((link.start, link.end, keys[link.entity]) for link in marked.links)
        documents.append(GoldDocument(marked.text, spans))
    return documents


def teachable(documents: list[GoldDocument]):
    """Gold documents as linked texts without overlaps, the longer first; what was looked at.

    And spans of other things.
    """
    texts, within, outside = [], [], []
    for document in documents:
        spans, others, position = [], [], 0
        begin, stop = document.evaluation_span or (0, len(document.text))
        for start, end, key in sorted(document.spans, key=lambda s: (s[0], -s[1], s[2] or "")):
            if start < begin or end > stop:
                continue
            if key is None:
                others.append((start, end))
            elif start >= position:
                spans.append((start, end, key))
                position = end
        texts.append(LinkedText.from_spans(document.text, spans))
        within.append((begin, stop))
        outside.append(others)
    return texts, within, outside


class WebNLG:
    """The triples of train and dev as a graph; texts whose references are gold."""

    def __init__(self, folder: Path) -> None:
        train, dev = (rows(DATA / "webnlg" / f"{part}.jsonl.gz") for part in ("train", "dev"))
        self.graph = KnowledgeGraph.open(folder / "webnlg.db")
        self.graph.add(dict.fromkeys(tuple(t) for row in (*train, *dev) for t in row["triples"]))
        keys = set(self.graph.keys())
        self.train = [references(row, keys) for row in train]
        self.dev = [references(row, None) for row in dev]


def references(row, keys) -> LinkedText:
    """The words of a text that its annotators marked, linked to those of ``keys``, or to all."""
    spans, taken = [], []
    for key, words in sorted(row["references"], key=lambda item: -len(item[1])):
        place = located(row["text"], words, taken)
        if place is not None and key and (keys is None or key in keys):
            taken.append(place)
            spans.append((*place, key))
    return LinkedText.from_spans(row["text"], spans)


def located(text, words, taken):
    """The first free place of tokenised words ("Aarhus Airport 's") in the text they come from."""
    body = r"\s*".join(re.escape(char) for char in words if not char.isspace())
    for pattern in (rf"(?<!\w){body}(?!\w)", body):
        for found in re.finditer(pattern, text):
            start, end = found.span()
            if all(end <= left or right <= start for left, right in taken):
                return start, end
    return None


def trimmed(document: LinkedText) -> LinkedText:
    """The same links without the article before and the possessive behind a name."""
    spans = []
    for link in document.links:
        article, possessive = ARTICLE.match(link.surface), POSSESSIVE.search(link.surface)
        start = link.start + (article.end() if article else 0)
        end = link.start + possessive.start() if possessive else link.end
        spans.append(
            (start, end, link.entity) if start < end else (link.start, link.end, link.entity)
        )
    return LinkedText.from_spans(document.text, spans)


def language_of(text: str) -> str:
    """The language of a sentence of the example world."""
    if not _ENGLISH.search(text):
        for name, pattern in LANGUAGES.items():
            if pattern.search(text):
                return name
    return "English"


class Example:
    """The example world with its hand-linked prose."""

    def __init__(self, folder: Path) -> None:
        world = World()
        self.graph = KnowledgeGraph.open(folder / "world.db")
        self.graph.load_entities(world.entities)
        self.graph.load(world.triples)
        self.prose = list(world.prose())
