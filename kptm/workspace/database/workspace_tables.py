"""Where the tables of a workspace are: those of the graph, of passages and of modeledge.

They are in SQLite's file ``graph.db`` in the folder, or in the PostgreSQL database that
``[database]`` in ``kptm.toml`` names. All other files of a workspace are in its folder.
"""

from __future__ import annotations

from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from kg.graph import KnowledgeGraph
from kg.sql.database import Database
from kg.sql.partitions import check_number
from kg.sql.server import connect_read_only
from kptm.workspace.files.graph_state import check_graph, check_server_graph

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.sql.cursor import Sql
    from kptm.workspace.config import WorkspaceConfig
    from kptm.workspace.database.database_config import DatabaseConfig
    from kptm.workspace.layout import Layout


class WorkspaceTables:
    """The place of a workspace's tables.

    Args:
        layout: The paths of the workspace.
        config: The section ``[database]`` of ``kptm.toml``.
        password: The password of the database, instead of the one that ``config`` names.
    """

    def __init__(
        self, layout: Layout, config: DatabaseConfig, *, password: str | None = None
    ) -> None:
        self._layout, self._config, self._password = layout, config, password

    @property
    def on_server(self) -> bool:
        """Whether the tables are in PostgreSQL."""
        return bool(self._config.url)

    @property
    def name(self) -> str:
        """The file or the URL, for messages."""
        return self._config.url or str(self._layout.graph)

    @property
    def where(self) -> str | Path:
        """The file, or the URL with its password.

        Raises:
            ConfigError: The variable with the password is not set.
        """
        return self._config.with_password(self._password) if self.on_server else self._layout.graph

    @property
    def files(self) -> tuple[Path, ...]:
        """SQLite's files; none on a server."""
        return () if self.on_server else self._layout.graph_files

    def create(self, partitions: int | None = None) -> None:
        """Create the tables on a server, before the workspace is created.

        Args:
            partitions: The number of hash partitions of the largest tables.

        Raises:
            StoreError: The database cannot be reached, has tables of other programs, has tables
                with another number of partitions, or is one of SQLite.
        """
        if self.on_server:
            Database(self.where, partitions=partitions).close()
        elif partitions is not None:
            check_number(partitions, self.name, postgresql=False)

    def open_graph(self, config: WorkspaceConfig) -> KnowledgeGraph:
        """Open the graph, or create it; tables of an older version of kptm are migrated.

        Raises:
            WorkspaceError: The workspace had a graph, which is missing.
            StoreError: The database cannot be opened.
        """
        if not self.on_server:
            check_graph(self._layout)
        graph = KnowledgeGraph.open(
            self.where, languages=config.graph.languages, times=config.answering.times
        )
        if self.on_server:
            try:
                check_server_graph(self._layout, graph.revision(), self.name)
            except BaseException:
                graph.close()
                raise
        return graph

    @contextmanager
    def read_only(self) -> Iterator[KnowledgeGraph]:
        """Open the graph without a change, not even a migration.

        Raises:
            StoreError: The database cannot be opened, or has an older schema.
        """
        with closing(KnowledgeGraph(Database(self.where, read_only=True))) as graph:
            yield graph

    @contextmanager
    def connect(self) -> Iterator[Sql]:
        """Connect to the server for reading, even if it lacks kptm's tables.

        Raises:
            StoreError: The database cannot be reached or read.
        """
        with connect_read_only(str(self.where)) as sql:
            yield sql

    def size(self, graph: KnowledgeGraph) -> int:
        """The bytes of the database."""
        if self.on_server:
            with graph.database.quick() as sql:
                return int(sql.one("SELECT pg_database_size(current_database())"))
        return sum(map(_size, self.files))


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
