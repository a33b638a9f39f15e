"""The same tables through SQLAlchemy Core, rows as dictionaries, questions as Core expressions."""

import sqlalchemy as sa

from store_peers import raw_sqlite
from store_peers.contest import Peer

metadata = sa.MetaData()
entity = sa.Table(
    "entity",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
)
relation = sa.Table(
    "relation",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
)
triple = sa.Table(
    "triple",
    metadata,
    sa.Column("head", sa.Integer, nullable=False),
    sa.Column("relation", sa.Integer, nullable=False),
    sa.Column("tail", sa.Integer, nullable=False),
)
_start = sa.select(entity.c.id).where(entity.c.key == sa.bindparam("key")).scalar_subquery()
ONE_HOP = (
    sa.select(relation.c.key, entity.c.key)
    .select_from(triple)
    .join(relation, relation.c.id == triple.c.relation)
    .join(entity, entity.c.id == triple.c.tail)
    .where(triple.c.head == _start)
)
_second = triple.alias()
_found = (
    sa.select(_second.c.tail.label("id"))
    .distinct()
    .select_from(triple)
    .join(_second, _second.c.head == triple.c.tail)
    .where(triple.c.head == _start)
    .subquery()
)
TWO_HOP = sa.select(entity.c.key).join(_found, _found.c.id == entity.c.id)


class Contender(Peer):
    """SQLAlchemy Core."""

    def _engine(self) -> sa.Engine:
        engine = sa.create_engine(f"sqlite:///{self.place.store / 'core.db'}")

        @sa.event.listens_for(engine, "connect")
        def connect(connection, _record) -> None:
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536"):
                connection.execute(f"PRAGMA {pragma}")

        return engine

    def load(self) -> None:
        entities: dict[str, int] = {}
        relations: dict[str, int] = {}
        engine = self._engine()
        with engine.begin() as connection:
            metadata.create_all(connection)
            for rows in raw_sqlite.read_rows(self.place.tsv, entities, relations):
                connection.execute(
                    sa.insert(triple), [{"head": h, "relation": r, "tail": t} for h, r, t in rows]
                )
            for table, names in ((entity, entities), (relation, relations)):
                connection.execute(
                    sa.insert(table), [{"key": key, "id": number} for key, number in names.items()]
                )
            for statement in raw_sqlite.AFTER:
                connection.exec_driver_sql(statement)
        engine.dispose()

    def open(self) -> None:
        self.engine = self._engine()
        self.connection = self.engine.connect()

    def count(self) -> int:
        return self.connection.execute(sa.select(sa.func.count()).select_from(triple)).scalar_one()

    def one_hop(self, key: str) -> list[tuple[str, ...]]:
        return self.connection.execute(ONE_HOP, {"key": key}).all()

    def two_hop(self, key: str) -> list[str]:
        return self.connection.execute(TWO_HOP, {"key": key}).scalars().all()

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()
