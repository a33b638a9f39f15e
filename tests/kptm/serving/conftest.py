"""Fixtures: a workspace with hostile names, served in this process or another, and Chromium."""

import importlib.util
import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from benchmarks.answers_parts.load import serve_workspace
from kg.types import Triple
from kptm import Workspace
from kptm.serving.app import create_app
from kptm.serving.config import ServingConfig
from kptm.serving.executor import WorkspaceExecutor

TOOLS = Path(__file__).parents[3] / "tools"
PATIENCE = 120_000
"""Milliseconds that the browser may take for any action, because the machine may be busy."""
URL = "http://127.0.0.1:8000"
EVIL = {
    "key": 'evil"><script>window.hacked=1</script>',
    "label": "<img src=x onerror=window.hacked=2>",
    "aliases": ["Evilland", "'; DROP TABLE triple; --"],
    "description": "</title><svg onload=window.hacked=3>",
    "types": ["<b>country</b>"],
}
FOX = "🦊 City"
FACTS = [Triple(EVIL["key"], "capital", FOX), Triple("Chad", "borders", EVIL["key"])]


@pytest.fixture(scope="session")
def filled(toy, tmp_path_factory):
    """A workspace without a model: the toy world, and an entity with hostile names."""
    folder = tmp_path_factory.mktemp("served") / "toy"
    records = tmp_path_factory.mktemp("evil") / "evil.jsonl"
    records.write_text(json.dumps(EVIL) + "\n", encoding="utf-8")
    with Workspace.init(folder) as ws:
        ws.load_entities(toy.entities)
        ws.load(toy.triples)
        ws.load_entities(records)
        ws.graph.add(FACTS)
        ws.index(toy.texts)
    return folder


@pytest.fixture(scope="module")
def served_from():
    """The database of the served workspace; some modules override this to test both."""
    return "sqlite"


@pytest.fixture(scope="module")
def stored(request, served_from, filled, tmp_path_factory):
    """The folder of the workspace, with its tables in the database of ``served_from``."""
    if served_from == "sqlite":
        yield filled
        return
    moved = request.getfixturevalue("moved_workspaces")
    folder = tmp_path_factory.mktemp("stored") / "toy"
    yield moved.copy(filled, folder)
    moved.drop(folder)


@pytest.fixture
def own(request, served_from, filled, tmp_path):
    """A copy of the workspace that a test may change."""
    if served_from == "sqlite":
        yield shutil.copytree(filled, tmp_path / "own")
        return
    moved = request.getfixturevalue("moved_workspaces")
    yield moved.copy(filled, tmp_path / "own")
    moved.drop(tmp_path / "own")


@pytest.fixture(scope="session")
def evil():
    """The entity with hostile names: scripts, markup and SQL."""
    return EVIL


@pytest.fixture(scope="session")
def explorer():
    """A context manager that serves a folder in this process and returns a client."""
    return _explorer


@contextmanager
def _explorer(folder, *, max_waiting=64, **options):
    """Serve a folder in this process; the client calls the application directly."""
    with Workspace.open(folder) as ws:
        executor = WorkspaceExecutor(ws, max_waiting=max_waiting)
        try:
            executor.prepare()
            app = create_app(executor, hosts=ServingConfig().hosts(), **options)
            yield TestClient(app, base_url=URL, raise_server_exceptions=False)
        finally:
            executor.close()


@pytest.fixture(scope="module")
def client(stored):
    with _explorer(stored) as found:
        yield found


@pytest.fixture(scope="module")
def workspace(stored):
    """The same workspace, opened by the test itself, as the oracle."""
    with Workspace.open(stored) as ws:
        yield ws


@pytest.fixture
def editing(own):
    with _explorer(own, allow_edit=True) as found:
        yield found


@pytest.fixture(scope="session")
def url(filled):
    """The address of a server that allows no changes."""
    with serve_workspace(filled) as found:
        yield found


@pytest.fixture
def editing_url(own):
    with serve_workspace(own, "--allow-edit") as found:
        yield found


@pytest.fixture(scope="session")
def screenshots():
    """The module ``tools/screenshots.py``, which can start Chromium."""
    spec = importlib.util.spec_from_file_location("screenshots", TOOLS / "screenshots.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")  # while it is open, no other event loop runs in this thread
def browser(screenshots):
    if not screenshots.CHROMIUM.exists():
        problem = f"there is no {screenshots.CHROMIUM}: apt-get install chromium"
        if os.environ.get("KPTM_REQUIRE_CHROMIUM"):
            pytest.fail(problem)
        pytest.skip(problem)
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    with screenshots.chromium() as found:
        yield found


@pytest.fixture
def look(browser):
    """A context manager that opens a view of the explorer and returns the page.

    It fails if the page logs anything to the console.
    """

    @contextmanager
    def looked_at(url, view="", *, size=None, scheme="light", **parameters):
        page = browser.new_page(
            viewport=size or {"width": 1280, "height": 800},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        page.set_default_timeout(PATIENCE)
        said = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{url}#/{view}" + (f"?{urlencode(parameters)}" if parameters else ""))
        yield page
        assert page.evaluate("window.hacked") is None
        page.close()
        assert said == []

    return looked_at
