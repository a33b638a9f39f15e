"""A linker at one moment: index, coefficients and settings, for other processes to link with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from kg.files.atomic import replace_folder, write_text
from kptm.linking.disambiguation.disambiguation_model import Weights
from kptm.linking.index import index_storage as storage
from kptm.linking.index.overlay_index import Layers
from kptm.linking.link_batch import batches, link_batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kptm.linking.document import LinkedText
    from kptm.linking.index.link_index import LinkIndex


@dataclass(frozen=True, slots=True)
class LinkerSnapshot:
    """The index and weights of a linker without an encoder, unaffected by changes of the graph.

    Attributes:
        layers: The index of the graph.
        weights: The coefficients.
        coreference: Whether pronouns and descriptions are linked.
        any_case: Whether names are also found in another case.
        group: The number of texts after which a new batch begins, so that each group is linked like
            a separate stream; 0 for one stream.
    """

    layers: Layers
    weights: Weights
    coreference: bool
    any_case: bool = False
    group: int = 0

    def link_many(self, texts: Iterable[str]) -> Iterator[LinkedText]:
        """Link a stream of texts, in order, as :meth:`kptm.linking.Linker.link_many` does."""
        for stream in self._streams(texts):
            for batch in batches(stream):
                yield from link_batch(
                    batch,
                    self.layers,
                    self.weights,
                    any_case=self.any_case,
                    coreference=self.coreference,
                )

    def _streams(self, texts: Iterable[str]) -> Iterator[Iterable[str]]:
        """The texts, divided into groups if there are any."""
        if not self.group:
            yield texts
            return
        rest = iter(texts)
        while part := list(islice(rest, self.group)):
            yield part

    def save(self, folder: Path) -> None:
        """Write a folder atomically.

        Raises:
            OSError: The folder cannot be written.
        """
        settings = {
            "coreference": self.coreference,
            "any_case": self.any_case,
            "group": self.group,
        }
        with replace_folder(folder) as fresh:
            storage.save(self.layers.base, fresh / "base", 0, "")
            if self.layers.delta is not None:
                storage.save(self.layers.delta, fresh / "delta", 0, "")
                with (fresh / "numbers.npy").open("wb") as out:
                    np.save(out, self.layers.numbers, allow_pickle=False)
            self.weights.save(fresh / "weights.json")
            write_text(fresh / "settings.json", json.dumps(settings))

    @classmethod
    def load(cls, folder: Path) -> LinkerSnapshot:
        """Map a folder into memory.

        Raises:
            OSError: The folder is damaged.
        """
        delta = numbers = None
        if (folder / "delta").is_dir():
            delta = _index(folder / "delta")
            numbers = np.load(folder / "numbers.npy", allow_pickle=False)
        layers = Layers(_index(folder / "base"), delta, numbers)
        settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        return cls(layers, Weights.load(folder / "weights.json"), **settings)


def _index(folder: Path) -> LinkIndex:
    stored = storage.load(folder)
    if stored is None:  # only its own processes use the folder
        raise OSError(f"{folder}: the index is damaged")
    return stored[0]
