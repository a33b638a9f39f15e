"""A graph of invented countries, and texts with facts that it has and facts that it lacks."""

import shutil
from dataclasses import dataclass

import pytest
from invented_countries import CITIES, COUNTRIES, KNOWN, facts_of, texts_of

from kptm import Workspace


@dataclass(frozen=True)
class Texts:
    """Files of texts.

    Attributes:
        known: State facts that the graph has.
        fresh: State facts that the graph lacks.
    """

    known: object
    fresh: object


@pytest.fixture(scope="session")
def learnt(tmp_path_factory):
    """A workspace that has learnt to read; copy it before it is changed."""
    folder = tmp_path_factory.mktemp("extraction")
    table = folder / "facts.tsv"
    rows = [fact for n in range(KNOWN) for fact in facts_of(n)]
    rows += [(COUNTRIES[n], "founded", str(1200 + 7 * n)) for n in range(KNOWN)]
    rows += [("World", "has", name) for name in (*COUNTRIES, *CITIES)]
    table.write_text("".join("\t".join(row) + "\n" for row in rows))
    names = folder / "names.jsonl"
    names.write_text(
        "".join(
            f'{{"key": "{name}", "label": "{name}", "types": ["{kind}"]}}\n'
            for kind, found in (("country", COUNTRIES), ("city", CITIES))
            for name in found
        )
    )
    write(folder / "known.txt", range(KNOWN))
    write(folder / "fresh.txt", range(KNOWN, len(COUNTRIES)))
    with Workspace.open(folder / "ws") as ws:
        ws.load(table, types={"founded": "integer"})
        ws.load_entities(names)
        ws.learn_extractor(folder / "known.txt")
    return folder


def write(path, numbers):
    path.write_text("".join(f"{text}\n" for n in numbers for text in texts_of(n)))


@pytest.fixture
def texts(learnt):
    return Texts(learnt / "known.txt", learnt / "fresh.txt")


@pytest.fixture
def ws(learnt, tmp_path):
    with Workspace.open(shutil.copytree(learnt / "ws", tmp_path / "ws")) as found:
        yield found
