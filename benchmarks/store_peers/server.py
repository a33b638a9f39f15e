"""A PostgreSQL server of one's own for as long as a block runs; only its socket can be reached."""

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
    """Why no server can be started here; "" if one can."""
    missing = [tool for tool in ("initdb", "pg_ctl") if not _found(tool)]
    return f"{' and '.join(missing)} not on PATH: install PostgreSQL" if missing else ""


def _found(tool: str) -> str | None:
    """Where a tool is; Debian keeps those of the server off PATH."""
    folders = [os.environ.get("PATH", ""), *sorted(map(str, _DEBIAN.glob("*/bin")), reverse=True)]
    return shutil.which(tool, path=os.pathsep.join(folders))


_DEBIAN = Path("/usr/lib/postgresql")


@contextmanager
def running(settings: str = "") -> Iterator[str]:
    """Start a server with PostgreSQL's own settings, but for ``settings``.

    Give its socket's folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="kptm-pg-"))
    data = folder / "data"
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    try:
        _run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' {settings}"
        _run("pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield str(folder)
        finally:
            _run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _run(tool: str, *arguments: str | Path) -> None:
    """Run a tool of PostgreSQL, which refuses to be root."""
    command = [str(_found(tool)), *map(str, arguments)]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    # To a file, not a pipe: the server inherits it and would keep a pipe open for good.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(command, stdout=said, stderr=said, cwd="/", check=False)
        said.seek(0)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{said.read()}")


def connect(host: str, database: str, *, autocommit: bool = False) -> "psycopg.Connection":
    """A connection of psycopg's."""
    import psycopg

    return psycopg.connect(host=host, dbname=database, user="postgres", autocommit=autocommit)


def fresh_database(host: str, name: str) -> int:
    """Make an empty database, dropping an old one of the name; return its size in bytes."""
    with connect(host, "postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
        connection.execute("CHECKPOINT")
    return size(host, name)


def size(host: str, name: str) -> int:
    """Bytes of a database: tables and indexes, without the server's shared log."""
    with connect(host, "postgres", autocommit=True) as connection:
        return connection.execute("SELECT pg_database_size(%s)", (name,)).fetchone()[0]
