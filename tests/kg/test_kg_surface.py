"""The public names, and what importing them costs."""

import subprocess
import sys

import pytest

import kg
from kg.types import readable_label


def test_every_public_name_is_there():
    for name in kg.__all__:
        assert name == "Record" or getattr(kg, name).__name__ == name  # a union has no name
    assert list(kg.__all__) == sorted(kg.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = kg.nonsense


def test_every_error_has_the_one_root():
    errors = [getattr(kg, name) for name in kg.__all__ if name.endswith("Error")]
    assert len(errors) == 9
    assert all(issubclass(error, kg.KGError) for error in errors)


@pytest.mark.usefixtures("separate_process")
@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import kg", "torch pykeen sqlalchemy alembic networkx pyoxigraph numpy"),
        ("import kg.graph", "torch pykeen alembic networkx pyoxigraph numpy"),
        ("from kg import KGEConfig, EntityEmbeddings, train_embeddings", "pykeen sqlalchemy"),
    ],
)
def test_imports_bring_only_what_they_need(statement, absent):
    code = f"{statement}\nimport sys\nprint([m for m in {absent.split()} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ('"Helipad"', "Helipad"),
        ("Ardmore_Airport_(New_Zealand)", "Ardmore Airport"),
        ("/film/actor/film./film/performance/film", "film"),
        ("/m/027rn", "/m/027rn"),
        ("http://example.org/ns#New_York", "New York"),
        ("14L/32R", "14L/32R"),
        ("(bracket)", "(bracket)"),
        ("_", "_"),
        ('""', '""'),
    ],
)
def test_a_key_without_a_label_is_read_as_people_write_it(key, label):
    assert readable_label(key) == label
