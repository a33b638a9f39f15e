"""Verbs without a model do not load the libraries of models."""

import json
import subprocess
import sys

import pytest

MODELS = {"torch", "transformers", "tokenizers", "sklearn", "scipy", "faiss", "pykeen"}
HEAVY = MODELS | {"pandas", "networkx", "datasets", "accelerate", "safetensors", "alembic"}
GRAPH = [
    ("France", "capital", "Paris"),
    ("Paris", "country", "France"),
    ("France", "borders", "Spain"),
]
VERBS = {
    "ask": ["ask", "ws", "What is the capital of France?"],
    "ask a cloze": ["ask", "ws", "The capital of France is [MASK]."],
    "query": ["query", "ws", "France", "capital"],
    "query by patterns": ["query", "ws", "--pattern", "?x|capital|?y"],
    "search": ["search", "ws", "Fran"],
    "stats": ["stats", "ws"],
    "describe": ["describe", "ws", "France"],
    "link": ["link", "ws", "Paris is in France."],
    "neighbours": ["neighbours", "ws", "France"],
    "paths": ["paths", "ws", "Paris", "Spain"],
    "history": ["history", "ws", "France"],
    "export": ["export", "ws", "out.tsv"],
    "load": ["load", "ws", "facts.tsv"],
    "edit": ["edit", "ws", "France", "capital", "Spain"],
    "undo": ["undo", "ws"],
    "forget": ["forget", "ws", "--triple", "France", "borders", "Spain"],
}
RUN = """
import json, os, sys
import kptm.workspace
from kptm.cli.main import main

def loaded(argv):
    \"\"\"The libraries that a verb loads, in a process of its own.\"\"\"
    here, there = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = main(argv, standalone_mode=False)
        with os.fdopen(there, "w") as out:
            json.dump([status, sorted({name.partition(".")[0] for name in sys.modules})], out)
        os._exit(0)
    os.close(there)
    with os.fdopen(here) as back:
        said = back.read()
    os.waitpid(child, 0)
    return json.loads(said)

print(json.dumps({name: loaded(argv) for name, argv in json.load(sys.stdin).items()}))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modules")
    facts = "".join("\t".join(fact) + "\n" for fact in GRAPH)
    (folder / "facts.tsv").write_text(facts, encoding="utf-8")
    verbs = {"load": VERBS["load"], **VERBS}
    ran = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps({"make": ["init", "ws"], **verbs}),
        capture_output=True, text=True, cwd=folder, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.usefixtures("separate_process")
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_without_a_model_loads_no_library_of_models(loaded, verb):
    _, libraries = loaded[verb]
    assert not HEAVY & set(libraries)
