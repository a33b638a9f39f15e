"""Indexes in Qdrant; the only module that imports its client."""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from kptm.errors import ModeledgeError
from kptm.modeledge.engines.engine_config import MEMORY
from kptm.modeledge.engines.server_index import FeedPosition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kptm.modeledge.sql.spaces import VectorSpace
    from kptm.modeledge.vector_index.faiss_index import Found
    from kptm.modeledge.vector_index.index_protocol import Allowed

HNSW_LINKS = 32
"""Links of a vector in the graph, as in our HNSW of FAISS."""

MIN_SEARCH_CANDIDATES = 64
"""The least number of candidates of a search, as in our HNSW of FAISS."""

MAX_NUMBERS_PER_REQUEST = 500_000
"""The most numbers in one request; as JSON they are a fraction of the server's limit of 32 MB."""

MAX_ALLOWED_ROWS = 100_000
"""The most rows that a filter may allow: their ids are a part of the request."""

_POINTS_PER_PAGE = 10_000
_TIMEOUT_SECONDS = 60
_BUILD_SECONDS = 3_600
"""Seconds that a build waits for the server's graph."""


class QdrantServer:
    """The collections of one store in Qdrant.

    Args:
        client: A client of Qdrant.
        url: Where it is, as errors name it.
        collection: The first part of the names of the collections.
        only_exact: Whether the client compares all rows whatever it is told.
    """

    def __init__(self, client: Any, url: str, collection: str, *, only_exact: bool = False) -> None:
        self.client = client
        self.url = url
        self.prefix = collection
        self.only_exact = only_exact

    @classmethod
    def connect(cls, url: str, collection: str) -> QdrantServer:
        """Make a client of a server, or for ":memory:" one without a server.

        Raises:
            ModeledgeError: The package qdrant-client is not installed.
        """
        try:
            from qdrant_client import QdrantClient
        except ImportError as error:
            raise ModeledgeError(
                'engine = "qdrant" needs its client: pip install "kptm[qdrant]"'
            ) from error
        if url == MEMORY:
            return cls(QdrantClient(MEMORY), url, collection, only_exact=True)
        client = QdrantClient(
            url=url,
            api_key=os.environ.get("QDRANT_API_KEY"),
            timeout=_TIMEOUT_SECONDS,
            check_compatibility=False,
        )
        return cls(client, url, collection)

    @property
    def positions(self) -> str:
        """The name of the collection with a point for each index, which has its position."""
        return f"{self.prefix}_positions"

    def index(self, space: VectorSpace, purge: int) -> QdrantIndex:
        """The index of a space, whether or not it exists."""
        return QdrantIndex(self, space, f"{self.prefix}_{space.id}_{purge}")

    def drop(self) -> None:
        """Delete all collections of the store."""
        own = re.compile(re.escape(self.prefix) + r"_(\d+_\d+|positions)")
        with self.explain_errors():
            for item in self.client.get_collections().collections:
                if own.fullmatch(item.name):
                    self.client.delete_collection(item.name)

    def close(self) -> None:
        """Close the connection."""
        self.client.close()

    @contextmanager
    def explain_errors(self) -> Iterator[None]:
        """Raise errors of the client as one that names the server.

        Raises:
            ModeledgeError: The server cannot be reached, or has refused the request.
        """
        from qdrant_client.http.exceptions import ApiException

        try:
            yield
        except (ApiException, ValueError) as error:  # without a server it raises ValueError
            raise ModeledgeError(
                f"Qdrant at {self.url}: {str(error).strip() or type(error).__name__}; see that it"
                " runs, and url under [modeledge] in kptm.toml"
            ) from error


class QdrantIndex:
    """A collection of Qdrant, whose points have the ids of the rows.

    Args:
        server: The server.
        space: The space.
        name: The name of the collection.
    """

    needs_rebuild = False  # the server itself removes deleted points from its graph

    def __init__(self, server: QdrantServer, space: VectorSpace, name: str) -> None:
        self._server = server
        self._space = space
        self.name = name
        self.is_exact = server.only_exact

    @property
    def kind(self) -> str:
        """The kind of index: exact, or Qdrant's HNSW."""
        return "qdrant-flat" if self.is_exact else "qdrant-hnsw"

    @property
    def living(self) -> NDArray[np.int64]:
        """The ids of all points, sorted; read from the server."""
        ids: list[int] = []
        offset = None
        with self._server.explain_errors():
            while True:
                points, offset = self._server.client.scroll(
                    self.name,
                    limit=_POINTS_PER_PAGE,
                    offset=offset,
                    with_payload=False,
                    with_vectors=False,
                )
                ids += [point.id for point in points]
                if offset is None:
                    return np.sort(np.asarray(ids, np.int64))

    def __len__(self) -> int:
        with self._server.explain_errors():
            return int(self._server.client.count(self.name, exact=True).count)

    def has(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the collection has a point with each of the ids."""
        existing: list[int] = []
        with self._server.explain_errors():
            for start in range(0, len(ids), _POINTS_PER_PAGE):
                points = self._server.client.retrieve(
                    self.name,
                    ids=ids[start : start + _POINTS_PER_PAGE].tolist(),
                    with_payload=False,
                )
                existing += [point.id for point in points]
        return np.isin(ids, np.asarray(existing, np.int64))

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Add points, stored when this returns; one that is there is written again."""
        from qdrant_client import models

        size = max(1, MAX_NUMBERS_PER_REQUEST // self._space.dim)
        with self._server.explain_errors():
            for start in range(0, len(ids), size):
                part = slice(start, start + size)
                points = models.Batch(ids=ids[part].tolist(), vectors=vectors[part].tolist())
                self._server.client.upsert(self.name, points=points, wait=True)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Remove points."""
        from qdrant_client import models

        with self._server.explain_errors():
            for start in range(0, len(ids), _POINTS_PER_PAGE):
                points = models.PointIdsList(points=ids[start : start + _POINTS_PER_PAGE].tolist())
                self._server.client.delete(self.name, points_selector=points, wait=True)

    def search_ids(
        self, queries: NDArray[np.float32], k: int, allowed: Allowed | None = None
    ) -> Found:
        """Similarities and ids of the nearest points; the server applies the filter as it searches.

        Raises:
            ModeledgeError: The filter allows more than :data:`MAX_ALLOWED_ROWS` rows.
        """
        from qdrant_client import models

        chosen = None
        if allowed is not None:
            if len(allowed.ids) > MAX_ALLOWED_ROWS:
                raise ModeledgeError(
                    f"a filter that {len(allowed.ids):,} rows pass cannot be sent to Qdrant, which"
                    f" takes {MAX_ALLOWED_ROWS:,} ids: narrow the filter, or search without one"
                )
            chosen = models.Filter(must=[models.HasIdCondition(has_id=allowed.ids.tolist())])
        # Without a server the client has no parameters, and warns of them.
        parameters = (
            None
            if self._server.only_exact
            else models.SearchParams(hnsw_ef=max(2 * k, MIN_SEARCH_CANDIDATES), exact=self.is_exact)
        )
        requests = [
            models.QueryRequest(query=query, limit=k, filter=chosen, params=parameters)
            for query in queries.tolist()
        ]
        with self._server.explain_errors():
            replies = self._server.client.query_batch_points(self.name, requests=requests)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), -1, np.int64)
        for row, reply in enumerate(replies):
            for column, point in enumerate(reply.points):
                scores[row, column], ids[row, column] = point.score, point.id
        return scores, ids

    # ── what only a server's index has ───────────────────────────────────────────────────────

    def create(self) -> None:
        """Create the collection empty, in place of an older one."""
        from qdrant_client import models

        client = self._server.client
        with self._server.explain_errors():
            if not client.collection_exists(self._server.positions):
                client.create_collection(self._server.positions, vectors_config={})
            selector = models.PointIdsList(points=[self._space.id])
            client.delete(self._server.positions, points_selector=selector, wait=True)
            client.delete_collection(self.name)
            # Vectors have length 1, so the inner product is the cosine.
            client.create_collection(
                self.name,
                vectors_config=models.VectorParams(
                    size=self._space.dim, distance=models.Distance.DOT
                ),
                hnsw_config=models.HnswConfigDiff(m=HNSW_LINKS),
            )

    def finish(self) -> None:
        """Wait until the server has built its graph.

        Raises:
            ModeledgeError: It has not after an hour.
        """
        from qdrant_client import models

        end = time.monotonic() + _BUILD_SECONDS
        with self._server.explain_errors():
            while self._server.client.get_collection(self.name).status in (
                models.CollectionStatus.YELLOW,
                models.CollectionStatus.GREY,
            ):
                if time.monotonic() > end:
                    raise ModeledgeError(
                        f"Qdrant at {self._server.url}: {self.name} is not built after an hour; see"
                        " its log"
                    )
                time.sleep(0.2)

    def search_exactly(self, is_exact: bool) -> None:
        """Set whether searches compare all points."""
        self.is_exact = is_exact or self._server.only_exact

    def position(self) -> FeedPosition | None:
        """The stored position; None if the server does not have the collection."""
        client = self._server.client
        with self._server.explain_errors():
            if not client.collection_exists(self.name):
                return None
            if not client.collection_exists(self._server.positions):
                return None
            points = client.retrieve(self._server.positions, ids=[self._space.id])
        if not points or points[0].payload.get("name") != self.name:
            return None
        stored = points[0].payload
        return FeedPosition(
            stored["seq"], stored["operation"], stored["at"], stored["recall"], stored["is_exact"]
        )

    def note_position(self, position: FeedPosition) -> None:
        """Store a position, after the points up to it are stored."""
        from qdrant_client import models

        payload = {
            "name": self.name,
            "seq": position.seq,
            "operation": position.operation,
            "at": position.at,
            "recall": position.recall,
            "is_exact": position.is_exact,
        }
        point = models.PointStruct(id=self._space.id, vector={}, payload=payload)
        with self._server.explain_errors():
            self._server.client.upsert(self._server.positions, points=[point], wait=True)
