"""A sentence encoder for ambiguous mentions: compares their contexts with descriptions.

This is the bi-encoder of Wu et al. 2020 (*Scalable zero-shot entity linking with dense entity
retrieval*) with any pretrained encoder, which is not fine-tuned: only the coefficients of its
cosine features are fitted. It runs in batches, for the mentions that the other features leave
ambiguous. A description is encoded once.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kg.files.atomic import replace_file, write_text
from kg.files.checksums import file_sha256
from kptm.encoders.model_files import fingerprint, model_folder
from kptm.linking.names.surface_forms import FIRST_PART

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from kptm.linking.detection.mention_candidates import Candidates
    from kptm.linking.index.overlay_index import Layers
    from kptm.linking.text.passages import FoldedTexts

    Floats = NDArray[np.float64]

SIMILARITY = "similarity", "behind the most similar"
"""The features of the ranking, which chooses among candidates.

They are the cosine of context and description, and its difference from the mention's highest one.
"""
SIMILARITY_OF_PART = "part, similarity"
"""The feature for mentions that are part of a candidate's name.

For whole names the graph's features are better evidence.
"""
AMBIGUOUS_P = (0.1, 0.6)
"""A mention is ambiguous if the probability of its best candidate is in this range.

On the example world half as many contexts are encoded as with (.05, .85), for .0007 of the F1."""
MIN_RIVAL_SHARE = 0.1
"""The minimum probability of the second candidate, as a share of the first one's.

With a smaller share the encoder hardly changes which candidate is the first."""
CONTEXT_CHARACTERS = 100
"""The number of characters before, and after, a mention that are encoded."""
MAX_CANDIDATES = 8
"""The maximum number of candidates of a mention that are compared, by descending probability."""
TEXTS_PER_BATCH = 32
"""Texts per batch."""
MAX_TOKENS = 96
"""The maximum number of tokens of a text that are encoded."""
UNRELATED_COSINE = 0.25
"""Subtracted from a cosine: about the cosine of two unrelated texts."""
FILES, SUMS = ("hashes.npy", "vectors.npy"), "sha256.json"
"""The files of stored vectors, and the file of their checksums."""


class Encoder:
    """An encoder of Hugging Face or sentence-transformers in a local folder, with mean pooling.

    Args:
        path: Its folder, or the name of an installed package that contains one, such as the one of
            ``kptm[encoder]``.
        folder: The folder in which to store the vectors of descriptions; by default they are not
            stored.
        device: "auto" uses the accelerator if there is one, "cpu" the CPU; or a device name.

    Raises:
        LinkingError: There is no such model.
    """

    def __init__(
        self, path: str | Path, *, folder: str | Path | None = None, device: str = "auto"
    ) -> None:
        self._device = device
        self.path = model_folder(path)
        self._model: _Model | None = None
        self._folder = None if folder is None else Path(folder)
        self._vectors: dict[str, NDArray[np.float16]] = {}
        self._kept = 0

    def similarity(
        self,
        passages: FoldedTexts,
        layers: Layers,
        candidates: Candidates,
        probability: Floats,
        describe: Callable[[Sequence[str]], Mapping[str, str]],
    ) -> dict[str, Floats]:
        """The features of C candidates, by name, from the cosine of context and description.

        :data:`UNRELATED_COSINE` is subtracted from the cosine. The features are 0 for candidates of
        mentions that are not ambiguous.

        Args:
            passages: The passages.
            layers: The index of the graph.
            candidates: The candidates of their mentions.
            probability: C, the probability of each without the encoder.
            describe: Returns the descriptions of entities, by key.
        """
        best = np.maximum.reduceat(probability, candidates.first[:-1])
        # A mention is compared if a second candidate is not much less probable than the first, or
        # if it is only a part of the name of the first, which may then be wrong.
        order = np.lexsort((candidates.entity, -probability, candidates.of))
        several = np.diff(candidates.first) > 1
        second = probability[order[np.minimum(candidates.first[:-1] + 1, len(order) - 1)]]
        asks = several & (second >= MIN_RIVAL_SHARE * best)
        asks |= candidates.kind[order[candidates.first[:-1]]] >= FIRST_PART
        doubt = np.flatnonzero(asks & (best >= AMBIGUOUS_P[0]) & (best <= AMBIGUOUS_P[1]))
        similar = np.zeros(len(probability))
        if len(doubt):
            rows = [
                order[
                    candidates.first[m] : min(
                        candidates.first[m + 1], candidates.first[m] + MAX_CANDIDATES
                    )
                ]
                for m in doubt
            ]
            keys = [layers.keys(candidates.entity[row].tolist()) for row in rows]
            texts = describe(sorted({key for row in keys for key in row}))
            about = self._description_vectors(
                {key: texts.get(key, key) for row in keys for key in row}
            )
            contexts = [_around(passages, candidates, int(m)) for m in doubt]
            distinct = list(dict.fromkeys(contexts))
            vectors = dict(zip(distinct, self._encode_texts(distinct), strict=True))
            for row, names, context in zip(rows, keys, contexts, strict=True):
                vector = vectors[context]
                for candidate, name in zip(row.tolist(), names, strict=True):
                    similar[candidate] = (
                        float(about[name].astype(np.float32) @ vector) - UNRELATED_COSINE
                    )
        # A similarity of 0 stands for "not compared".
        top = np.maximum.reduceat(np.where(similar == 0, -1, similar), candidates.first[:-1])[
            candidates.of
        ]
        return {
            "behind the most similar": np.where(similar == 0, 0, similar - top),
            "similarity": similar,
            SIMILARITY_OF_PART: similar * (candidates.kind >= FIRST_PART),
        }

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The unit vectors of texts; they stay in memory, and :meth:`keep` stores them.

        Returns:
            (texts, width).
        """
        known = self._description_vectors({text: text for text in texts})
        return np.stack([known[text].astype(np.float32) for text in texts])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The unit vectors of texts that will not come again, such as questions; not in memory.

        Returns:
            (texts, width).
        """
        return np.stack(self._encode_texts(texts))

    def _description_vectors(self, texts: Mapping[str, str]) -> dict[str, NDArray[np.float16]]:
        self._recall()
        # Vectors are found by a hash of the text, so a changed description is encoded again.
        names = {key: hashlib.sha256(text.encode()).hexdigest()[:16] for key, text in texts.items()}
        new = {name: texts[key] for key, name in sorted(names.items()) if name not in self._vectors}
        for name, vector in zip(new, self._encode_texts(list(new.values())), strict=True):
            self._vectors[name] = vector.astype(np.float16)
        return {key: self._vectors[name] for key, name in names.items()}

    def _encode_texts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        if self._model is None:
            self._model = _Model(self.path, self._device)
        return self._model.encode(texts)

    def _recall(self) -> None:
        """Read the stored vectors, once."""
        if self._folder is None or self._kept or self._vectors:
            return
        folder = self._folder / self.fingerprint()
        try:
            sums = json.loads((folder / SUMS).read_text(encoding="utf-8"))
            if any(file_sha256(folder / name) != sums[name] for name in FILES):
                return
        except (OSError, ValueError, KeyError):
            return  # missing or damaged: the texts are encoded again
        names, rows = (np.load(folder / name, allow_pickle=False) for name in FILES)
        self._vectors = dict(zip(names.tolist(), rows, strict=True))
        self._kept = len(self._vectors)

    def keep(self) -> None:
        """Store the remembered vectors, if there are new ones and a folder to store them in."""
        if self._folder is None or len(self._vectors) == self._kept:
            return
        folder = self._folder / self.fingerprint()
        folder.mkdir(parents=True, exist_ok=True)
        names = sorted(self._vectors)
        for name, values in zip(
            FILES, (np.array(names), np.stack([self._vectors[n] for n in names])), strict=True
        ):
            with replace_file(folder / name) as out:
                np.save(out, values, allow_pickle=False)
        sums = {name: file_sha256(folder / name) for name in FILES}
        write_text(folder / SUMS, json.dumps(sums))
        self._kept = len(names)

    def fingerprint(self) -> str:
        """The first digits of a SHA-256 over the names and contents of the model's files."""
        return fingerprint(self.path)


class _Model:
    """The tokenizer and the model, which encode texts as unit vectors."""

    def __init__(self, path: Path, device: str) -> None:
        from transformers import AutoModel, AutoTokenizer

        from kg.embedding.devices import choose_device

        self._device = choose_device(device)
        self._tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        self._model = AutoModel.from_pretrained(path, local_files_only=True).eval()
        self._model.to(self._device)

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """The unit vectors of texts, each the mean over the text's tokens, (width,) each."""
        import torch

        # Texts of similar length share a batch, so that little is padded.
        order = sorted(range(len(texts)), key=lambda index: (-len(texts[index]), index))
        vectors: dict[int, NDArray[np.float32]] = {}
        with torch.inference_mode():
            for start in range(0, len(order), TEXTS_PER_BATCH):
                chosen = order[start : start + TEXTS_PER_BATCH]
                batch = self._tokenizer(
                    [texts[index] for index in chosen],
                    padding=True,
                    truncation=True,
                    max_length=MAX_TOKENS,
                    return_tensors="pt",
                ).to(self._device)
                hidden = self._model(**batch).last_hidden_state
                mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
                mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
                rows = torch.nn.functional.normalize(mean, dim=1).float().cpu().numpy()
                vectors.update(zip(chosen, rows, strict=True))
        return [vectors[index] for index in range(len(texts))]


def _around(passages: FoldedTexts, candidates: Candidates, mention: int) -> str:
    """The mention and the text around it, cut at spaces."""
    passage, start, end = passages.text_span(
        int(candidates.mentions.start[mention]), int(candidates.mentions.end[mention])
    )
    text = passages.texts[passage]
    first, last = max(0, start - CONTEXT_CHARACTERS), min(len(text), end + CONTEXT_CHARACTERS)
    if first:
        first = text.find(" ", first, start) + 1 or first
    if last < len(text):
        cut = text.rfind(" ", end, last)
        last = cut if cut > 0 else last
    return " ".join(text[first:last].split())
