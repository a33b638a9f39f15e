"""Pools of workers that link shards: the interface, and the pool that is this process itself."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kptm.corpora.shard_files import LinkedShard, link_shard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kptm.corpora.corpus_shards import Shard
    from kptm.linking import LinkerSnapshot


@dataclass(frozen=True, slots=True)
class RayCluster:
    """A Ray cluster.

    Attributes:
        address: Its address, as ``ray.init`` takes it; "" starts one on this machine.
    """

    address: str = ""


@dataclass(frozen=True, slots=True)
class WorkerDeath:
    """A worker died before it had linked its shard.

    Attributes:
        reason: Why, as far as it is known.
    """

    reason: str


class ShardPool(Protocol):
    """Workers, each of which links one shard at a time.

    A pool replaces a worker that dies. The shard is the caller's to start again.
    """

    def free(self) -> int:
        """The number of workers without a shard."""

    def start(self, shard: Shard) -> None:
        """Give a shard to a free worker."""

    def wait(self) -> Iterator[tuple[Shard, LinkedShard | WorkerDeath]]:
        """Wait until a worker has finished or died; yield these shards.

        Raises:
            KPTMError: A shard cannot be linked.
        """

    def close(self) -> None:
        """End the workers."""


class LocalPool:
    """This process as the only worker."""

    def __init__(self, snapshot: LinkerSnapshot, candidates: bool) -> None:
        self._snapshot, self._candidates = snapshot, candidates
        self._waiting: deque[Shard] = deque()

    def free(self) -> int:
        """1 if no shard waits."""
        return int(not self._waiting)

    def start(self, shard: Shard) -> None:
        """Take a shard."""
        self._waiting.append(shard)

    def wait(self) -> Iterator[tuple[Shard, LinkedShard | WorkerDeath]]:
        """Link the shard."""
        while self._waiting:
            shard = self._waiting.popleft()
            yield shard, link_shard(shard.documents, self._snapshot.link_many, self._candidates)

    def close(self) -> None:
        """There is nothing to end."""
