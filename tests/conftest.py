"""What tests of whole stages share: a graph of eight countries, texts, quick settings."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from benchmarks.store_peers import server
from kg.sql.database import Database

# The first example also imports modules, so there is no limit on the time of one example.
# Each run has the same examples, so no change fails by chance; KPTM_EXPLORE=1 looks for new ones.
settings.register_profile("kptm", deadline=None, derandomize=not os.environ.get("KPTM_EXPLORE"))
settings.load_profile("kptm")

WORKER = os.environ.get("PYTEST_XDIST_WORKER")
"""The name of this process where several share the tests."""

COUNTRIES = {
    "Chad": "N'Djamena",
    "Niger": "Niamey",
    "Georgia": "Tbilisi",
    "Armenia": "Yerevan",
    "France": "Paris",
    "Spain": "Madrid",
    "Peru": "Lima",
    "Chile": "Santiago",
}
BORDERS = (("Chad", "Niger"), ("Georgia", "Armenia"), ("France", "Spain"), ("Peru", "Chile"))
SETTINGS = (
    "embedding.dim=4",
    "embedding.epochs=3",
    "backbone.layers=2",
    "backbone.hidden=16",
    "backbone.heads=2",
    "backbone.vocabulary=200",
    "fusion.max_length=32",
    "pretraining.steps=6",
    "pretraining.batch_size=4",
    "pretraining.checkpoint_every=2",
    "pretraining.log_every=1",
)


SLOW = frozenset(
    "trained training forge separate_process many_inputs postgresql divided url editing_url browser"
    " real_data".split()
)
"""Fixtures that take seconds: models, processes, servers, Chromium, hundreds of inputs.

A test that uses one is marked as slow.
"""


def pytest_configure():
    """Use one thread unless the environment sets a number: two are slower on small tensors."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


@pytest.hookimpl(tryfirst=True)  # before pytest applies -m
def pytest_collection_modifyitems(items):
    """Mark slow tests.

    Files that hold it come first where two processes share the files, so that both end together.
    """
    for item in items:
        params = item.callspec.params.values() if hasattr(item, "callspec") else ()
        names = {value for value in params if isinstance(value, str)}  # the database, the server
        if SLOW & (names | set(item.fixturenames)):
            item.add_marker(pytest.mark.slow)
    if WORKER:
        files = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in files)


@pytest.fixture(scope="session")
def training():
    """Marks a test that trains its own model."""


@pytest.fixture(scope="session")
def separate_process():
    """Marks a test that starts its own interpreter."""


@pytest.fixture(scope="session")
def many_inputs():
    """Marks a test that tries hundreds of inputs and takes seconds."""


def shared(tmp_path_factory, name, make):
    """A folder that ``make`` writes once for all test processes; each process has a copy.

    Args:
        tmp_path_factory: pytest's.
        name: Of the folder.
        make: Is given the path of the folder, which does not exist yet.
    """
    if not WORKER:
        folder = tmp_path_factory.mktemp(name) / name
        make(folder)
        return folder
    common = tmp_path_factory.getbasetemp().parent / name
    with FileLock(f"{common}.lock"):
        if not common.exists():
            unfinished = common.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)  # left by a worker that failed
            make(unfinished)
            unfinished.rename(common)
    return shutil.copytree(common, tmp_path_factory.mktemp(name) / name)


PARTITIONS = int(os.environ.get("KPTM_PARTITIONS", "0")) or None
"""``KPTM_PARTITIONS=3`` runs all tests of PostgreSQL on divided tables."""

FAST = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"


class Server:
    """A PostgreSQL server that is thrown away at the end.

    Its databases are copies of an empty graph.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        self._made = 0
        server.fresh_database(host, "empty_graph")
        Database(self.url("empty_graph"), partitions=PARTITIONS).close()
        with server.connect(host, "empty_graph") as connection:
            self._empty = _shape(connection), _rows(connection)
        self._lent: set[str] = set()
        self._free: list[str] = []

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.host}"

    def new(self) -> str:
        """The URL of an empty graph: one that another test returned, or a new one."""
        url = self._free.pop() if self._free else self.copy(self.url("empty_graph"))
        self._lent.add(url)
        return url

    def empty(self) -> str:
        """The URL of a database without tables."""
        return self.copy(self.url("template0"))

    def divided(self, partitions: int = 3) -> str:
        """The URL of an empty graph whose largest tables have partitions."""
        url = self.empty()
        Database(url, partitions=partitions).close()
        return url

    def copy(self, url: str) -> str:
        """The URL of a copy of a database that nobody has open."""
        self._made += 1
        name = f"graph{self._made}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE {self._name(url)}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Take a database back; emptying one from :meth:`new` costs less than making another."""
        if url in self._lent and self._emptied(self._name(url)):
            self._free.append(url)
        else:
            self._admin(f"DROP DATABASE {self._name(url)} WITH (FORCE)")
        self._lent.discard(url)

    def _emptied(self, name: str) -> bool:
        """Empty a graph; False if its tables are not those of a new one."""
        self._admin(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        shape, rows = self._empty
        with server.connect(self.host, name) as connection:
            if _shape(connection) != shape:
                return False
            connection.execute(f"TRUNCATE {', '.join(rows)}")
            for table, content in rows.items():
                if content:
                    marks = ", ".join(["%s"] * len(content[0]))
                    connection.cursor().executemany(
                        f"INSERT INTO {table} VALUES ({marks})", content
                    )
        return True

    def _name(self, url: str) -> str:
        return url.removeprefix("postgresql+psycopg://postgres@/").partition("?")[0]

    def _admin(self, statement: str) -> None:
        with server.connect(self.host, "postgres", autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgresql():
    """The server.

    If its programs are missing, the tests that need it are skipped, or fail if it is required.
    """
    problem = server.why_not()
    if problem:
        if os.environ.get("KPTM_REQUIRE_POSTGRES"):
            pytest.fail(problem)
        pytest.skip(problem)
    with server.running(FAST) as host:
        yield Server(host)


def _shape(connection):
    """The columns, indexes and version of a database's tables."""
    queries = (
        """SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'public' ORDER BY 1, 2""",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    )
    found = [connection.execute(query).fetchall() for query in queries]
    if ("alembic_version",) in connection.execute("SELECT tablename FROM pg_tables").fetchall():
        found.append(connection.execute("SELECT version_num FROM alembic_version").fetchall())
    return found


def _rows(connection):
    """The rows that the migrations wrote into a database's tables."""
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {
        name: connection.execute(f"SELECT * FROM {name}").fetchall()
        for (name,) in tables.fetchall()
    }


class MovedWorkspaces:
    """Copies of workspaces whose tables are on the server, each moved there once."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._moved: dict[Path, tuple[Path, str]] = {}
        self._given: dict[Path, str] = {}

    def copy(self, workspace: Path, target: Path) -> Path:
        """A copy of a workspace in ``target``, with a database of its own."""
        from kptm.workspace.database.move import move

        if workspace not in self._moved:
            folder = shutil.copytree(workspace, self._folder / f"moved{len(self._moved)}")
            url = self._server.empty()
            Path(move(folder, url, partitions=PARTITIONS).file).unlink()
            self._moved[workspace] = folder, url
        folder, url = self._moved[workspace]
        shutil.copytree(folder, target)
        self._given[target] = self._server.copy(url)
        settings = target / "kptm.toml"
        settings.write_text(settings.read_text().replace(f'"{url}"', f'"{self._given[target]}"'))
        return target

    def drop(self, target: Path) -> None:
        """Drop the database of a copy."""
        self._server.drop(self._given.pop(target))


@pytest.fixture(scope="session")
def moved_workspaces(postgresql, tmp_path_factory):
    return MovedWorkspaces(postgresql, tmp_path_factory.mktemp("moved"))


@pytest.fixture
def database():
    """Where the tables of a workspace are; some folders of tests have both.

    With KPTM_TABLES=postgresql, the tests of the other folders also use PostgreSQL.
    """
    return os.environ.get("KPTM_TABLES", "sqlite")


@dataclass(frozen=True)
class Toy:
    """Files to fill a workspace with."""

    triples: Path
    entities: Path
    texts: Path
    questions: Path
    settings: tuple[str, ...] = SETTINGS


FILES = ("t.tsv", "e.jsonl", "texts.txt", "questions.tsv")


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    if not WORKER:
        folder = tmp_path_factory.mktemp("toy")
        write_toy(folder)
        return Toy(*(folder / name for name in FILES))
    # All processes use one path, since the shared workspace has this path in its sources' names.
    folder = tmp_path_factory.getbasetemp().parent / "toy"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            unfinished.mkdir(exist_ok=True)
            write_toy(unfinished)
            unfinished.rename(folder)
    return Toy(*(folder / name for name in FILES))


def write_toy(folder):
    """Write the files of a toy graph."""
    facts = [(country, "capital", city) for country, city in COUNTRIES.items()]
    facts += [(first, "borders", second) for first, second in BORDERS]
    records = [
        {"key": key, "label": key, "types": ["country"], "aliases": [f"Republic of {key}"]}
        for key in COUNTRIES
    ]
    records += [{"key": key, "label": key, "types": ["city"]} for key in COUNTRIES.values()]
    lines = [
        line
        for country, city in COUNTRIES.items()
        for line in (
            f"The capital of {country} is {city}.",
            f"{city} is the capital of {country}.",
            f"Many people live in {country}.",
        )
    ]
    lines += [f"{first} borders {second}." for first, second in BORDERS]
    contents = {
        "t.tsv": ["\t".join(fact) for fact in facts],
        "e.jsonl": [json.dumps(record) for record in records],
        "texts.txt": lines,
        "questions.tsv": ["Where does the government of Chad sit?\tN'Djamena"],
    }
    for name, rows in contents.items():
        (folder / name).write_text("".join(row + "\n" for row in rows))


@pytest.fixture(scope="session")
def trained(toy, tmp_path_factory):
    """A workspace that every stage has been run in; copy it before changing it."""
    from kptm import Workspace
    from kptm.workspace.config import WorkspaceConfig

    def make(folder):
        with Workspace.init(folder, WorkspaceConfig().with_changes(toy.settings)) as ws:
            ws.load_entities(toy.entities)
            ws.load(toy.triples)
            ws.embed()
            ws.pretrain(toy.texts)
            ws.index(toy.texts)

    return shared(tmp_path_factory, "trained", make)


@pytest.fixture
def copied(request, database, trained, tmp_path):
    """A copy of the trained workspace."""
    if database == "sqlite":
        yield shutil.copytree(trained, tmp_path / "ws")
        return
    moved = request.getfixturevalue("moved_workspaces")
    yield moved.copy(trained, tmp_path / "ws")
    moved.drop(tmp_path / "ws")


FORGE = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
import torch
import kptm.workspace, kptm.workspace.stages.pretraining, kptm.pretraining
import kptm.modeledge.store, kptm.answering
import kptm.modeledge.vector_index.faiss_index, kptm.modeledge.encode.encode_texts
import kg.embedding.training.scorer, transformers.models.bert.modeling_bert
from kptm.cli.main import main
print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        silent = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silent, stream)
        code = 1
        try:
            main(json.loads(line), standalone_mode=False)
            code = 0
        except SystemExit as exit:
            code = exit.code
        finally:
            os._exit(code)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Forge:
    """Runs commands in separate processes that already loaded torch and that can be killed.

    They use as many threads as this process, so their results are equal to the bit.
    """

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-c", FORGE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._parent.stdout.readline() == "ready\n"

    def start(self, *arguments: object) -> int:
        """Begin a command; return its process."""
        self._parent.stdin.write(json.dumps([str(item) for item in arguments]) + "\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())

    def wait(self) -> int:
        """The exit code of the command that was begun, negative for a signal."""
        return int(self._parent.stdout.readline())

    def run(self, *arguments: object) -> int:
        self.start(*arguments)
        return self.wait()

    def close(self) -> None:
        self._parent.stdin.close()
        self._parent.wait()
        self._parent.stdout.close()


@pytest.fixture(scope="session")
def forge():
    made = Forge()
    yield made
    made.close()
