"""A workspace with facts and passages, for the frameworks."""

import shutil

import pytest

from kg import Attribute, EntityRecord, Literal
from kptm import Workspace

FACTS = [
    ("Chad", "capital", "N'Djamena"),
    ("Chad", "borders", "Sudan"),
    ("Chad", "borders", "Niger"),
    ("Sudan", "capital", "Khartoum"),
    ("Sudan", "borders", "Egypt"),
]
TEXTS = [
    "Chad is a landlocked country. Its capital is N'Djamena.",
    "Khartoum lies where the White Nile and the Blue Nile meet.",
    "Bread rises because yeast makes gas.",
]


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """The folder of the workspace, to copy."""
    folder = tmp_path_factory.mktemp("integrations")
    texts = folder / "texts.txt"
    texts.write_text("\n\n".join(TEXTS), encoding="utf-8")
    with Workspace.open(folder / "ws") as opened:
        opened.graph.add(FACTS, source="facts.tsv")
        area = Attribute("Chad", "area", Literal("1284000"))
        opened.graph.add([area, EntityRecord(key="Chad", types=("country",))], source="facts.tsv")
        opened.index(texts)
        for tail in ("Libya", "Peru"):
            opened.propose("Chad", "borders", tail, sentence=tail, source="me", confidence=0.5)
    return folder / "ws"


@pytest.fixture
def ws(filled, tmp_path):
    """A workspace to change."""
    with Workspace.open(shutil.copytree(filled, tmp_path / "ws")) as opened:
        yield opened


@pytest.fixture(scope="module")
def reading(filled):
    """A workspace that no test changes."""
    with Workspace.open(filled) as opened:
        yield opened
