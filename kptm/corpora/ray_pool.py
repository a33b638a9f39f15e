"""A pool of Ray actors, which share one index in the object store of their machine."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from kptm.corpora.corpus_documents import CorpusDocument
from kptm.corpora.shard_files import LinkedShard, link_shard
from kptm.corpora.shard_pools import WorkerDeath
from kptm.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.corpora.corpus_shards import Shard
    from kptm.corpora.shard_pools import RayCluster
    from kptm.linking import LinkerSnapshot


class ShardActor:
    """A process of the cluster that links shards; its index is mapped and not copied."""

    def __init__(self, snapshot: LinkerSnapshot, candidates: bool) -> None:
        self._snapshot, self._candidates = snapshot, candidates

    def link(self, documents: list[tuple[str, int, str]]) -> tuple[bytes, int]:
        """Link the documents of a shard; return its file and the number of its links."""
        corpus_documents = [CorpusDocument(*parts) for parts in documents]
        linked = link_shard(corpus_documents, self._snapshot.link_many, self._candidates)
        return linked.data, linked.links

    def process(self) -> int:
        """The id of the process."""
        return os.getpid()


class RayPool:
    """Actors that link shards.

    A cluster that this process has joined already is used and left as it is; otherwise the pool
    joins or starts one, and leaves it at the end.

    Args:
        snapshot: The linker.
        candidates: Whether to store the candidates of links.
        workers: The number of actors, each with one CPU; None for all CPUs of the cluster.
        cluster: The cluster.

    Raises:
        CorpusError: Ray is not installed, the cluster cannot be reached, or has fewer CPUs.
    """

    def __init__(
        self,
        snapshot: LinkerSnapshot,
        candidates: bool,
        workers: int | None,
        cluster: RayCluster,
    ) -> None:
        try:
            import ray
        except ModuleNotFoundError as error:
            raise CorpusError('this needs Ray: pip install "kptm[ray]"') from error
        self._ray = ray
        self._joined = not ray.is_initialized()
        if self._joined:
            _join(cluster, workers)
        try:
            cpus = int(ray.cluster_resources().get("CPU", 0))
            if (workers or 1) > cpus:
                raise CorpusError(
                    f"the Ray cluster has {cpus} CPUs, and each worker needs one; use fewer workers"
                )
            self._actor = ray.remote(num_cpus=1)(ShardActor)
            self._arguments = ray.put(snapshot), candidates
            self._idle = [self._new_actor() for _ in range(workers or cpus)]
        except BaseException:
            self._leave()
            raise
        self._busy: dict[Any, tuple[Any, Shard]] = {}

    def free(self) -> int:
        """The number of actors without a shard."""
        return len(self._idle)

    def processes(self) -> list[int]:
        """The ids of the processes of idle and busy actors."""
        actors = [*self._idle, *(actor for actor, _ in self._busy.values())]
        ids: list[int] = self._ray.get([actor.process.remote() for actor in actors])
        return ids

    def start(self, shard: Shard) -> None:
        """Give a shard to an idle actor."""
        actor = self._idle.pop()
        documents = [tuple(document) for document in shard.documents]
        self._busy[actor.link.remote(documents)] = actor, shard

    def wait(self) -> Iterator[tuple[Shard, LinkedShard | WorkerDeath]]:
        """Wait for an actor to finish its shard, or to die."""
        ready, _ = self._ray.wait(list(self._busy), num_returns=1)
        for reference in ready:
            actor, shard = self._busy.pop(reference)
            yield shard, self._receive(reference, actor, shard)

    def close(self) -> None:
        """End the actors, and the cluster if the pool has started it."""
        for actor in [*self._idle, *(actor for actor, _ in self._busy.values())]:
            self._ray.kill(actor)
        self._leave()

    def _receive(self, reference: Any, actor: Any, shard: Shard) -> LinkedShard | WorkerDeath:
        errors = self._ray.exceptions
        try:
            linked = LinkedShard(*self._ray.get(reference))
        except errors.RayTaskError as error:
            raise CorpusError(f"{shard}: cannot be linked ({error.cause})") from error
        except errors.RayError as error:  # the process, its machine or its memory is gone
            self._ray.kill(actor)
            self._idle.append(self._new_actor())
            return WorkerDeath(" ".join(str(error).split())[:300])
        self._idle.append(actor)
        return linked

    def _new_actor(self) -> Any:
        return self._actor.remote(*self._arguments)

    def _leave(self) -> None:
        if self._joined:
            self._ray.shutdown()


def _join(cluster: RayCluster, workers: int | None) -> None:
    """Join a cluster, or start one on this machine.

    Raises:
        CorpusError: The cluster cannot be reached.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    try:
        if cluster.address:
            ray.init(cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        else:
            ray.init(
                "local",
                num_cpus=workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except (OSError, RuntimeError, ValueError) as error:
        raise CorpusError(
            f"the Ray cluster {cluster.address or 'of this machine'} cannot be reached ({error});"
            " check the address"
        ) from error
