"""Chooses a module by the types of linked entities: the plain baseline of a router."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kptm.fusion.modules.fused_module import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kptm.fusion.modules.fused_module import FusedModule


def count_types(keys: Iterable[str], types_of: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How often entities of each type are among ``keys``, the commonest type first.

    Args:
        keys: The key of each linked entity, with repetitions.
        types_of: The types of each entity; entities without types are not counted.
    """
    counts = Counter(kind for key in keys for kind in types_of.get(key, ()))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def route(modules: Mapping[str, FusedModule], types: Sequence[str]) -> str:
    """The module whose texts linked the types of a question most often, relative to its size.

    The score of a module is the mean, over the question's types, of the share that the type has in
    all types that were linked in the module's texts. Of equal modules, the one that was added first
    is chosen; "default" if no module knows any of the types.

    Args:
        modules: The modules by name.
        types: The types of the entities that are linked in the question.
    """
    best, best_share = DEFAULT, 0.0
    for name, module in modules.items():
        whole = sum(module.types.values())
        if name == DEFAULT or not whole:
            continue
        share = sum(module.types.get(kind, 0) for kind in types) / whole / max(1, len(types))
        if share > best_share:
            best, best_share = name, share
    return best
