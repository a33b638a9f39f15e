"""Graphs with names: facts as tuples, and a record with a label for each entity."""

import gzip
import json
import re
from pathlib import Path

from kg.types import Attribute, EntityRecord, Literal, Triple, readable_label

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
NAMES = ("fb15k-237", "metaqa", "webnlg", "geo", "world", "trex")
_VALUE = re.compile(r'[-\d.,:"]+.*').fullmatch


def read(name):
    """Facts (head, relation, tail or Literal), and the records of their entities by key."""
    facts, records = {"fb15k-237": _freebase, "metaqa": _metaqa, "webnlg": _webnlg, "geo": _geo,
                      "world": _world, "trex": _trex}[name]()  # fmt: skip
    for head, _, tail in facts:
        for key in (head, tail) if isinstance(tail, str) else (head,):
            if key not in records:
                records[key] = EntityRecord(key=key, label=readable_label(key))
    return facts, records


def row(fact):
    """A fact as the graph loads it."""
    return Attribute(*fact) if isinstance(fact[2], Literal) else Triple(*fact)


def _lines(*parts):
    path = Path(*parts)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\n")


def _freebase():
    facts = [tuple(line.split("\t")) for line in _lines(DATA, "fb15k-237", "train.tsv.gz")]
    records = {}
    for line in _lines(DATA, "fb15k-237", "entities.jsonl.gz"):
        item = json.loads(line)
        if item["label"]:
            records[item["key"]] = EntityRecord(
                key=item["key"],
                label=item["label"],
                aliases=tuple(item["aliases"]),
            )
    return facts, records


def _metaqa():
    return [tuple(line.split("\t")) for line in _lines(DATA, "metaqa", "kb.tsv.gz")], {}


def _webnlg():
    facts = {}
    for line in _lines(DATA, "webnlg", "train.jsonl.gz"):
        for head, relation, tail in json.loads(line)["triples"]:
            value = Literal(tail.strip('"')) if _VALUE(tail) else tail
            facts[head, relation, value] = None
    return list(facts), {}


def _geo():
    facts, records = [], {}
    for line in _lines(DATA, "questions", "geo.graph.jsonl.gz"):
        item = json.loads(line)
        if "key" in item:
            records[item["key"]] = EntityRecord(
                key=item["key"],
                label=item.get("label"),
                aliases=tuple(item.get("aliases", ())),
                types=tuple(item.get("types", ())),
            )
        elif "value" in item:
            value = item["value"]
            value = value if isinstance(value, dict) else {"value": str(value)}
            facts.append((item["head"], item["relation"], Literal(str(value["value"]))))
        else:
            facts.append((item["head"], item["relation"], item["tail"]))
    return facts, {key: record for key, record in records.items() if record.label}


def _world():
    place = ROOT / "kptm" / "examples" / "world"
    facts = [tuple(line.split("\t")[:3]) for line in _lines(place, "facts.tsv")]
    records = {}
    for line in _lines(place, "entities.jsonl"):
        item = json.loads(line)
        records[item["key"]] = EntityRecord(
            key=item["key"],
            label=item["label"],
            aliases=tuple(item["aliases"]),
            types=tuple(item.get("types", ())),
        )
    return facts, records


def _trex():
    facts = {}
    for line in _lines(DATA, "trex", "facts.jsonl.gz"):
        item = json.loads(line)
        facts[item["subject"], item["relation"], item["object"]] = None
    return list(facts), {}
