"""Corpora that are linked shard by shard, in processes or on Ray, and that go on after a kill.

    files ─► documents ─► shards ─► pool of workers ─► SHARDS/00000.parquet … ─► one file
                             └────── manifest ──────┘

The driver reads the documents once and in order, and cuts them into shards. A worker links a shard
and returns the bytes of its Parquet file. Only the driver writes: the file, then its line in the
manifest. A shard therefore counts once, whoever is killed, and the next run links those that the
manifest lacks.
"""

from kptm.corpora.corpus_report import CorpusReport
from kptm.corpora.link_passes import CorpusShards
from kptm.corpora.shard_pools import RayCluster

__all__ = ["CorpusReport", "CorpusShards", "RayCluster"]
