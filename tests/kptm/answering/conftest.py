"""Fixtures: a small graph in which two entities share a name, a predictor and a model over it."""

import pytest

from kg import KGEConfig, train_embeddings
from kg.types import EntityRecord
from kptm import FusedModel, FusionConfig, Linker, Phrasings, Predictor

FACTS = [
    ("Georgia_(country)", "capital", "Tbilisi"),
    ("Georgia_(state)", "capital", "Atlanta"),
    ("Georgia_(country)", "borders", "Turkey"),
    ("Georgia_(country)", "borders", "Armenia"),
    ("Turkey", "capital", "Ankara"),
    ("Mercury_(planet)", "named_after", "Mercury_(god)"),
    ("Mercury_(element)", "named_after", "Quicksilver"),
    ("Rhine", "flows_into", "North_Sea"),
    ("North_Sea", "part_of", "Atlantic"),
]
ENTITIES = [
    EntityRecord(
        key="Georgia_(country)",
        label="Georgia",
        types=("country",),
        aliases=("Sakartvelo",),
        prior=9,
    ),
    EntityRecord(key="Georgia_(state)", label="Georgia", types=("state",), prior=5),
    EntityRecord(key="Mercury_(planet)", label="Mercury", types=("planet",), prior=2),
    EntityRecord(
        key="Mercury_(element)", label="Mercury", types=("metal",), description="a metal", prior=50
    ),
    EntityRecord(key="Mercury_(god)", label="Mercury", types=("god",), prior=1),
    EntityRecord(key="Armenia", label="Armenia", types=("country",)),
    EntityRecord(key="Rhine", label="Rhine", types=("river",)),
    *(
        EntityRecord(key=key, label=key, types=("city",))
        for key in ("Tbilisi", "Atlanta", "Ankara")
    ),
]
PATTERNS = {
    "capital": ["The capital of [X] is [Y].", "[Y] is the capital of [X]."],
    "borders": ["[X] borders [Y]."],
    "named_after": ["[X] is named after [Y]."],
    "flows_into": ["The [X] flows into the [Y]."],
}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """The database of the graphs; these tests run with both."""
    return request.param


@pytest.fixture
def graph(new_graph):
    made = new_graph()
    made.add([*ENTITIES, *FACTS])
    return made


@pytest.fixture
def phrasings():
    return Phrasings(PATTERNS)


@pytest.fixture
def predictor(graph, phrasings):
    return Predictor(graph, Linker(graph), phrasings=phrasings)


@pytest.fixture
def table(graph):
    return train_embeddings(graph, KGEConfig(dim=4, epochs=2))


@pytest.fixture
def model(table, tokenizer_of, config_of):
    tokenizer = tokenizer_of("bert")
    config = config_of("bert", tokenizer)
    return FusedModel.build(config, table, FusionConfig(), tokenizer=tokenizer).eval()
