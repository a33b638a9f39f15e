"""Write to a peer in its own Python: python -m modeledge_parts.peers NAME FILE.npy FOLDER.

Prints seconds and rows as JSON. Nothing of kptm is imported.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

BATCH = 5_000


def chroma(vectors: np.ndarray, folder: Path) -> None:
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    collection = client.create_collection("vectors", metadata={"hnsw:space": "cosine"})
    start = time.perf_counter()
    for at in range(0, len(vectors), BATCH):
        part = vectors[at : at + BATCH]
        numbers = range(at, at + len(part))
        collection.add(
            ids=[str(number) for number in numbers],
            embeddings=part,
            metadatas=[{"value": str(number % 2)} for number in numbers],
        )
    print_result(start, collection.count())


def lancedb(vectors: np.ndarray, folder: Path) -> None:
    import lancedb as lance
    import pyarrow as pa

    base = lance.connect(str(folder))
    width = vectors.shape[1]
    schema = pa.schema(
        [("id", pa.int64()), ("value", pa.string()), ("vector", pa.list_(pa.float32(), width))]
    )
    table = base.create_table("s", schema=schema)
    start = time.perf_counter()
    for at in range(0, len(vectors), BATCH):
        part = vectors[at : at + BATCH]
        numbers = range(at, at + len(part))
        rows = pa.FixedSizeListArray.from_arrays(pa.array(part.ravel()), width)
        values = pa.array([str(number % 2) for number in numbers])
        table.add(pa.table([pa.array(numbers, pa.int64()), values, rows], schema=schema))
    print_result(start, table.count_rows())


def print_result(start: float, rows: int) -> None:
    print(json.dumps({"s": time.perf_counter() - start, "rows": rows}))


if __name__ == "__main__":
    {"chroma": chroma, "lancedb": lancedb}[sys.argv[1]](np.load(sys.argv[2]), Path(sys.argv[3]))
