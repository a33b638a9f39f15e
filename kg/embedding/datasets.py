"""Streams the datasets that PyKEEN knows by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import TripleFormatError
from kg.types import Triple

if TYPE_CHECKING:
    from collections.abc import Generator

    from kg.formats import Line

PARTS = ("training", "validation", "testing")


def read_dataset(name: str) -> Generator[Line]:
    """Stream the triples of a dataset: of all its parts, or of one, as in ``Nations/training``.

    PyKEEN downloads and caches datasets that it does not ship. Line numbers count triples.

    Raises:
        TripleFormatError: PyKEEN has no such dataset or part, or cannot get it.
    """
    from pykeen.datasets import dataset_resolver, get_dataset

    dataset, _, part = name.partition("/")
    path = f"pykeen:{name}"
    if part and part not in PARTS:
        raise TripleFormatError(path, None, f"there is no part {part!r}; there are {PARTS}")
    try:
        dataset_resolver.lookup(dataset)
    except (KeyError, ValueError) as error:
        known = ", ".join(sorted(dataset_resolver.options))
        reason = f"PyKEEN knows no dataset {dataset!r}; it knows {known}"
        raise TripleFormatError(path, None, reason) from error
    try:
        loaded = get_dataset(dataset=dataset)
        factories = [getattr(loaded, name_of_part) for name_of_part in ([part] if part else PARTS)]
    except Exception as error:  # datasets download and unpack in many ways, with many errors
        raise TripleFormatError(path, None, f"PyKEEN cannot get it ({error})") from error
    number = 0
    for factory in factories:
        if factory is None:
            continue
        entities, relations = factory.entity_id_to_label, factory.relation_id_to_label
        for head, relation, tail in factory.mapped_triples.tolist():
            number += 1
            yield number, Triple(entities[head], relations[relation], entities[tail])
