"""Qdrant's own engine in this process (the package qdrant-edge-py), behind the calls of its client.

A server of Qdrant could not be installed on the machine of the measurements. This is the code that
searches in a server, without its network and its processes.
"""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import qdrant_edge as edge
from qdrant_client import models

if TYPE_CHECKING:
    from pathlib import Path


GRAPH_FROM = 10_000
"""The kB of vectors from which a graph is built, as in a server by default."""


class EdgeClient:
    """Collections, each a folder with a shard; it has the calls that the index uses.

    Args:
        folder: The folder of the collections.
        threads: The threads that build and search.
        graph_from: The kB of vectors from which a graph is built.
    """

    def __init__(self, folder: Path, threads: int = 1, graph_from: int = GRAPH_FROM) -> None:
        self._folder = folder
        self._threads = threads
        self._graph_from = graph_from
        self._shards: dict[str, edge.EdgeShard] = {}
        self._points: dict[str, dict[int, Any]] = {}  # of collections without vectors

    def close(self) -> None:
        while self._shards:
            self._shards.popitem()[1].close()

    def optimize(self) -> None:
        """Build and repair all graphs, which a server does in the background."""
        for shard in self._shards.values():
            shard.optimize()

    def get_collections(self) -> Any:
        names = [*self._shards, *self._points]
        return SimpleNamespace(collections=[SimpleNamespace(name=name) for name in names])

    def get_collection(self, name: str) -> Any:
        """Its state, after the optimizers have run."""
        self._shard(name).optimize()
        return SimpleNamespace(status=models.CollectionStatus.GREEN)

    def collection_exists(self, name: str) -> bool:
        return name in self._shards or name in self._points

    def create_collection(self, name: str, vectors_config: Any, hnsw_config: Any = None) -> None:
        if not vectors_config:
            self._points[name] = {}
            return
        built = edge.HnswIndexConfig(
            m=hnsw_config.m,
            ef_construct=100,
            full_scan_threshold=10_000,
            max_indexing_threads=self._threads,
        )
        config = edge.EdgeConfig(
            vectors=edge.EdgeVectorParams(size=vectors_config.size, distance=edge.Distance.Dot),
            hnsw_config=built,
            optimizers=edge.EdgeOptimizersConfig(indexing_threshold=self._graph_from),
            max_search_threads=self._threads,
        )
        folder = self._folder / name
        folder.mkdir(parents=True)
        self._shards[name] = edge.EdgeShard.create(str(folder), config)

    def delete_collection(self, name: str) -> None:
        self._points.pop(name, None)
        if name in self._shards:
            self._shards.pop(name).close()
            shutil.rmtree(self._folder / name)

    def upsert(self, name: str, points: Any, wait: bool) -> None:
        if name in self._points:
            self._points[name].update({point.id: point for point in points})
            return
        added = [edge.Point(*pair, {}) for pair in zip(points.ids, points.vectors, strict=True)]
        self._shard(name).update(edge.UpdateOperation.upsert_points(added))

    def delete(self, name: str, points_selector: Any, wait: bool) -> None:
        if name in self._points:
            for number in points_selector.points:
                self._points[name].pop(number, None)
            return
        operation = edge.UpdateOperation.delete_points(points_selector.points)
        self._shard(name).update(operation)

    def retrieve(self, name: str, ids: list[int], with_payload: bool = True) -> list[Any]:
        if name in self._points:
            return [self._points[name][number] for number in ids if number in self._points[name]]
        found: list[Any] = self._shard(name).retrieve(ids, with_payload=False, with_vector=False)
        return found

    def count(self, name: str, exact: bool) -> Any:
        return SimpleNamespace(count=self._shard(name).count(edge.CountRequest(exact=exact)))

    def scroll(self, name: str, limit: int, offset: Any, **_: bool) -> Any:
        request = edge.ScrollRequest(
            offset=offset, limit=limit, with_payload=False, with_vector=False
        )
        return self._shard(name).scroll(request)

    def query_batch_points(self, name: str, requests: list[Any]) -> list[Any]:
        batch = [
            edge.QueryRequest(
                limit=item.limit,
                query=edge.Query.Nearest(item.query),
                filter=_filter(item.filter),
                params=edge.SearchParams(hnsw_ef=item.params.hnsw_ef, exact=item.params.exact),
                with_payload=False,
            )
            for item in requests
        ]
        found = self._shard(name).query_batch(edge.QueryBatchRequest(batch))
        return [SimpleNamespace(points=points) for points in found]

    def _shard(self, name: str) -> Any:
        if name not in self._shards:
            raise ValueError(f"Collection {name} not found")
        return self._shards[name]


def _filter(given: Any) -> Any:
    if given is None:
        return None
    return edge.Filter(must=[edge.HasIdCondition(set(given.must[0].has_id))])
