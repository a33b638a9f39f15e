"""Documents with gold links to FB15k-237 beside the five sets: WebNLG's texts, joined."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from urllib.parse import unquote

from kptm.linking import LinkedText
from kptm.linking.detection.lookup import lookup
from kptm.linking.names.english_lexicon import listed_words
from kptm.linking.names.function_words import FUNCTION_WORDS
from kptm.linking.training.linker_fitting import Gold
from linking_parts.gold import ARTICLE, DATA, POSSESSIVE, Freebase, located, rows

TEXTS = (1, 1, 2, 4, 8, 12)
"""How many texts a document may have."""
EVERY = 12
"""One in so many of WebNLG's training texts is taken."""
BEGINNING = 10
"""Words of a sentence of which only the first matters."""
MOST_OFTEN = 2
"""Sentences that are cut so that they begin with one word."""
WEIGHT = 0.5
"""Their names repeat: a mention counts half."""


def webnlg_on_freebase(freebase: Freebase, layers, similarity=None) -> Gold:
    """WebNLG's training texts, linked to FB15k-237 by Wikipedia's titles: all is annotated."""
    chance = random.Random(7)
    texts = rows(DATA / "webnlg" / "train.jsonl.gz")
    chance.shuffle(texts)
    texts = texts[::EVERY]
    keys = titles()
    documents, outside = [], []
    at = 0
    while at < len(texts):
        size = chance.choice(TEXTS)
        document, others = join_texts(
            [_annotated(row, keys) for row in texts[at : at + size]], chance
        )
        documents.append(document)
        outside.append(others)
        at += size
    return Gold(
        layers, documents, None, similarity, outside, complete=True, weight=WEIGHT, peoples=False
    )


def titles() -> dict[str, str]:
    """The key of each title of Wikipedia."""
    entities = rows(DATA / "fb15k-237" / "entities.jsonl.gz")
    return {
        unquote(row["wikipedia"].rsplit("/", 1)[1]).replace("_", " "): row["key"]
        for row in entities
        if row.get("wikipedia")
    }


def join_texts(parts, chance):
    """Concatenate texts with their links and other spans, separated by a space or a new line."""
    text, links, others = "", [], []
    for part, known, unknown in parts:
        text += chance.choice((" ", "\n")) if text else ""
        links += [(start + len(text), end + len(text), key) for start, end, key in known]
        others += [(start + len(text), end + len(text)) for start, end in unknown]
        text += part
    return LinkedText.from_spans(text, links), others


def _annotated(row, keys):
    """A text, its spans of entities of the graph, and its spans of other entities."""
    text, taken, known, unknown = row["text"], [], [], []
    for name, words in sorted(row["references"], key=lambda item: -len(item[1])):
        place = located(text, words, taken) if name else None
        if place is None:
            continue
        taken.append(place)
        start, end = _without_article(text, *place)
        key = keys.get(name.replace("_", " "))
        unknown.append((start, end)) if key is None else known.append((start, end, key))
    return text, known, unknown


def _without_article(text, start, end):
    article, possessive = ARTICLE.match(text[start:end]), POSSESSIVE.search(text[start:end])
    first = start + (article.end() if article else 0)
    last = start + possessive.start() if possessive else end
    return (first, last) if first < last else (start, end)


def first_words(layers, similarity=None) -> Gold:
    """Sentences of FewRel that begin with an everyday word, whose capital does not make it a name.

    Some sentences begin with such a word; others are cut so that they begin with a lower-case word
    that would be a name if capitalised. Only that word is judged; it is no link unless annotated.
    """
    with gzip.open(DATA / "fewrel" / "val_wiki.json.gz", "rt", encoding="utf-8") as lines:
        relations = json.load(lines)
    everyday = set(listed_words("everyday.txt")) - FUNCTION_WORDS
    names = {word for word in sorted(everyday) if lookup(layers, [word.title()])}
    often: Counter[str] = Counter()
    beginnings = []
    for relation in sorted(relations):
        for item in relations[relation]:
            tokens = item["tokens"]
            annotated = {at for side in (item["h"], item["t"]) for span in side[2] for at in span}
            if tokens[0].istitle() and tokens[0].lower() in names and 0 not in annotated:
                beginnings.append(tokens[:BEGINNING])
            for at, word in enumerate(tokens):
                if word in names and at not in annotated and often[word] < MOST_OFTEN:
                    often[word] += 1
                    beginnings.append([word.capitalize(), *tokens[at + 1 : at + BEGINNING]])
                    break
    documents = [LinkedText(" ".join(tokens)) for tokens in beginnings]
    return Gold(layers, documents, [(0, len(tokens[0])) for tokens in beginnings], similarity)
