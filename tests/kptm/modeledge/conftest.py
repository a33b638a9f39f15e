"""What the tests of modeledge share: empty stores on both databases, and a tiny model."""

import shutil

import pytest

from kptm import FusedModel, FusionConfig, Modeledge


@pytest.fixture
def place(request, empty_graph, tmp_path):
    """The path or URL of an empty database; ``indirect`` names the kind, SQLite by default."""
    if getattr(request, "param", "sqlite") == "postgresql":
        server = request.getfixturevalue("postgresql")
        url = server.new()
        yield url
        server.drop(url)
        return
    path = tmp_path / "store.db"
    shutil.copy(empty_graph, path)
    yield path


@pytest.fixture
def opened(place):
    """A function that opens the store once more; all are closed in the end."""
    stores = []

    def make():
        stores.append(Modeledge.open(place))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture(scope="session")
def small_model(embeddings, tokenizer_of, config_of):
    """A fused model of two tiny layers."""
    tokenizer = tokenizer_of("bert")
    built = FusedModel.build(
        config_of("bert", tokenizer), embeddings, FusionConfig(), tokenizer=tokenizer
    )
    return built.eval()


@pytest.fixture(scope="module")
def new_store(empty_graph, tmp_path_factory):
    """A function that opens one more empty store; it is closed with the module."""
    opened = []
    folder = tmp_path_factory.mktemp("stores")

    def make():
        path = folder / f"m{len(opened)}.db"
        shutil.copy(empty_graph, path)
        opened.append(Modeledge.open(path))
        return opened[-1]

    yield make
    for store in opened:
        store.close()
