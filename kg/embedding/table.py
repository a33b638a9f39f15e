"""EntityEmbeddings: one row an entity, found by key, tied to the graph it was trained on."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kg.embedding.config import KGEConfig
from kg.embedding.evaluate import RankReport, rank_triples
from kg.errors import EmbeddingError, EmbeddingMismatchError, UnknownKeyError, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg.embedding.engine import Engine
    from kg.graph import KnowledgeGraph

FORMAT = 1
META, VECTORS, MODEL = "embeddings.json", "vectors.safetensors", "model.safetensors"


class EntityEmbeddings:
    """Vectors of entities, shape (entities, width), float32, with the scorer that made them.

    Attributes:
        keys: Entity keys, in the order of the rows.
        relations: Relation keys, in the order of the scorer's ids.
        table: The vectors, shape (len(keys), width).
        fingerprint: That of the graph at the time of training; "" for vectors of one's own.
        revision: The graph's revision at the time of training.
        config: How they were trained, None for vectors of one's own.
    """

    def __init__(
        self,
        keys: Sequence[str],
        table: torch.Tensor,
        *,
        relations: Sequence[str] = (),
        fingerprint: str = "",
        revision: int = 0,
        config: KGEConfig | None = None,
        state: dict[str, torch.Tensor] | None = None,
        losses: Sequence[float] = (),
    ) -> None:
        if table.ndim != 2 or len(table) != len(keys):
            raise EmbeddingError(
                f"{len(keys)} keys need a table of {len(keys)} rows, not {tuple(table.shape)}"
            )
        self.keys = tuple(keys)
        self.relations = tuple(relations)
        self.table = table.detach().float().contiguous()
        self.fingerprint = fingerprint
        self.revision = revision
        self.config = config
        self.losses = tuple(losses)
        self._state = state
        self._row = {key: row for row, key in enumerate(self.keys)}
        self._relation_id = {key: number for number, key in enumerate(self.relations)}
        self._engine: Engine | None = None
        if len(self._row) != len(self.keys):
            raise EmbeddingError("a key stands twice in the table")

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: object) -> bool:
        return key in self._row

    @property
    def dim(self) -> int:
        """The width of a row."""
        return int(self.table.shape[1])

    def row(self, key: str) -> int | None:
        """The row of an entity, or None when it has no vector."""
        return self._row.get(key)

    def vectors(self, keys: Sequence[str]) -> torch.Tensor:
        """The vectors of ``keys``, shape (len(keys), width).

        Raises:
            UnknownKeyError: One of them has no vector.
        """
        return self.table[[self._known(key) for key in keys]]

    def _known(self, key: str) -> int:
        row = self._row.get(key)
        if row is None:
            raise UnknownKeyError(
                f"no vector for {shorten(key)!r}: it was not in the graph at revision"
                f" {self.revision}; train the embeddings again"
            )
        return row

    def permuted(self, seed: int) -> EntityEmbeddings:
        """The same vectors given to the wrong entities: the control arm that decides."""
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=generator)
        # One ring through all rows: a plain shuffle would leave about one entity its own vector.
        table = torch.empty_like(self.table)
        table[order] = self.table[order.roll(1)]
        return EntityEmbeddings(
            self.keys, table, fingerprint=self.fingerprint, revision=self.revision
        )

    def check(self, graph: KnowledgeGraph) -> None:
        """Refuse a graph these embeddings were not trained on.

        An older revision of the same graph is accepted: its past still has the fingerprint. So
        is another graph that holds the same triples.

        Raises:
            EmbeddingMismatchError: The graph never had these triples; both fingerprints are named.
        """
        if not self.fingerprint:
            return
        newest = graph.revision()
        found = graph.fingerprint(min(self.revision, newest))
        if self.fingerprint not in (found, graph.fingerprint(newest)):
            raise EmbeddingMismatchError(
                f"the embeddings belong to the graph {self.fingerprint[:12]}… (revision"
                f" {self.revision}), this one was {found[:12]}… then; train embeddings for it"
            )

    # ── link prediction ──────────────────────────────────────────────────────────────────────

    def _scorer(self) -> Engine:
        if self._engine is None:
            if self._state is None or self.config is None:
                raise EmbeddingError("these vectors come without a scorer; use train_embeddings")
            from kg.embedding.engine import Engine  # pykeen is loaded only to score

            self._engine = Engine(self.config, len(self.keys), len(self.relations))
            self._engine.load_state(self._state)
        return self._engine

    def _relation(self, key: str) -> int:
        if key not in self._relation_id:
            raise UnknownKeyError(f"the embeddings know no relation {shorten(key)!r}")
        return self._relation_id[key]

    def scores(
        self, *, head: str | None = None, relation: str, tail: str | None = None
    ) -> torch.Tensor:
        """Scores of every entity for the missing end, shape (entities,).

        Raises:
            EmbeddingError: Not exactly one of head and tail was given.
            UnknownKeyError: An entity or relation has no vector.
        """
        number = self._relation(relation)
        if (head is None) == (tail is None):
            raise EmbeddingError("give either head or tail: the other one is predicted")
        if head is not None:
            return self._scorer().tail_scores(torch.tensor([[self._known(head), number]]))[0]
        return self._scorer().head_scores(torch.tensor([[number, self._known(str(tail))]]))[0]

    def predict(
        self, *, head: str | None = None, relation: str, tail: str | None = None, k: int = 10
    ) -> list[tuple[str, float]]:
        """The ``k`` best entities for the missing end with their scores, best first.

        Raises:
            EmbeddingError: Not exactly one of head and tail was given.
            UnknownKeyError: An entity or relation has no vector.
        """
        scores = self.scores(head=head, relation=relation, tail=tail)
        best = torch.topk(scores, max(0, min(k, len(self))))
        rows = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return [(self.keys[row], value) for row, value in rows]

    def evaluate(
        self,
        triples: Iterable[tuple[str, str, str]],
        *,
        known: Iterable[tuple[str, str, str]] = (),
    ) -> RankReport:
        """Filtered ranks of ``triples`` on both sides; ``known`` triples are left out of the way.

        Raises:
            EmbeddingError: There is no triple to rank.
            UnknownKeyError: A triple to rank names something without a vector.
        """
        wanted = [(self._known(h), self._relation(r), self._known(t)) for h, r, t in triples]
        if not wanted:
            raise EmbeddingError("there is no triple to evaluate")
        filtered = (
            (self._row[h], self._relation_id[r], self._row[t])
            for h, r, t in known
            if h in self._row and r in self._relation_id and t in self._row
        )
        return rank_triples(self._scorer(), wanted, filtered)

    # ── disk ─────────────────────────────────────────────────────────────────────────────────

    def save(self, folder: str | Path) -> None:
        """Write ``embeddings.json`` and safetensors; the folder appears whole or not at all.

        Embeddings that are there already are replaced.

        Raises:
            EmbeddingError: The folder cannot be written, or holds something else.
        """
        folder = Path(folder).absolute()
        fresh = folder.with_name(folder.name + ".new")
        try:
            strange = [path.name for path in folder.iterdir()] if folder.exists() else []
            if not {META, VECTORS, MODEL}.issuperset(strange):
                raise EmbeddingError(
                    f"{folder}: holds other files ({', '.join(sorted(strange)[:3])}), which"
                    " would be lost; name a folder of its own"
                )
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            self._write(fresh)
            shutil.rmtree(folder, ignore_errors=True)
            fresh.rename(folder)
        except (OSError, ValueError, SafetensorError) as error:
            raise EmbeddingError(f"{folder}: cannot be written ({error})") from error

    def _write(self, folder: Path) -> None:
        save_file({"entities": self.table}, folder / VECTORS)
        if self._state is not None:
            save_file(self._state, folder / MODEL)
        meta: dict[str, Any] = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "revision": self.revision,
            "config": None if self.config is None else asdict(self.config),
            "losses": list(self.losses),
            "sha256": {path.name: _sha256(path) for path in sorted(folder.glob("*.safetensors"))},
            "entities": list(self.keys),
            "relations": list(self.relations),
        }
        meta["checksum"] = _checksum(meta)
        (folder / META).write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> EntityEmbeddings:
        """Read what :meth:`save` wrote.

        Raises:
            EmbeddingError: The folder is missing, damaged, or written by a newer version.
        """
        folder = Path(folder)
        try:
            meta = json.loads((folder / META).read_text(encoding="utf-8"))
            if meta["format"] != FORMAT:
                raise EmbeddingError(
                    f"{folder}: format {meta['format']} is not {FORMAT}, the one this version"
                    " reads; train again"
                )
            if meta.pop("checksum") != _checksum(meta):
                raise EmbeddingError(f"{folder / META}: damaged (checksum differs); train again")
            for name, digest in meta["sha256"].items():
                if _sha256(folder / name) != digest:
                    raise EmbeddingError(
                        f"{folder / name}: damaged (checksum differs); train again"
                    )
            state = load_file(folder / MODEL) if MODEL in meta["sha256"] else None
            return cls(
                meta["entities"],
                load_file(folder / VECTORS)["entities"],
                relations=meta["relations"],
                fingerprint=meta["fingerprint"],
                revision=meta["revision"],
                config=None if meta["config"] is None else KGEConfig(**meta["config"]),
                state=state,
                losses=meta["losses"],
            )
        except FileNotFoundError as error:
            raise EmbeddingError(
                f"{folder}: no embeddings there ({error.filename}); train and save them first"
            ) from error
        except (OSError, ValueError, LookupError, TypeError, SafetensorError) as error:
            raise EmbeddingError(f"{folder}: cannot be read ({error}); train again") from error


def _checksum(meta: dict[str, Any]) -> str:
    """SHA-256 of what ``embeddings.json`` says: one wrong letter would give a vector away."""
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
