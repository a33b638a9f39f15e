"""Real vectors: entities of a graph from its adjacency, and tokens of texts from an encoder."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
LENGTH = 96
"""The most tokens of a text."""


def data_folder(option: str) -> Path | None:
    """The folder of public data: the given one, else the shared one; None if it is absent."""
    folder = Path(option) if option else SHARED
    return folder if (folder / "codex-m").is_dir() else None


def entities(folder: Path, dim: int) -> np.ndarray:
    """CoDEx-M's entities, (17,050, dim): the truncated SVD of entity × (relation, side, entity)."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import svds

    with gzip.open(folder / "codex-m" / "train.tsv.gz", "rt") as stream:
        triples = [line.rstrip("\n").split("\t") for line in stream]
    keys = {key: at for at, key in enumerate(sorted({t[i] for t in triples for i in (0, 2)}))}
    columns: dict[tuple[str, str, bool], int] = {}
    cells = [
        (keys[mine], columns.setdefault((relation, other, way), len(columns)))
        for head, relation, tail in triples
        for mine, other, way in ((head, tail, True), (tail, head, False))
    ]
    rows, at = np.array(cells).T
    shape = len(keys), len(columns)
    weights = np.ones(len(cells), np.float64)
    left, values, _ = svds(csr_matrix((weights, (rows, at)), shape), k=dim, random_state=0)
    return (left * values**0.5).astype(np.float32)


def tokens(folder: Path, encoder: str, count: int) -> np.ndarray:
    """Hidden states of the tokens of WebNLG's texts, shape (count, width), in the texts' order."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    model = AutoModel.from_pretrained(encoder).eval()
    name = next((folder / "webnlg").glob("train*"))
    with gzip.open(name, "rt") as stream:
        texts = list(dict.fromkeys(json.loads(line)["text"] for line in stream))
    np.random.default_rng(0).shuffle(texts)
    states: list[np.ndarray] = []
    count_so_far = 0
    for at in range(0, len(texts), 64):
        part = sorted(texts[at : at + 64], key=len)
        encoded = tokenizer(
            part, padding=True, truncation=True, max_length=LENGTH, return_tensors="pt"
        )
        with torch.no_grad():
            hidden = model(**encoded).last_hidden_state
        states.append(hidden[encoded["attention_mask"].bool()].numpy())
        count_so_far += len(states[-1])
        if count_so_far >= count:
            break
    return np.concatenate(states)[:count]
