"""Compresses a fused model into a smaller or faster one, and measures what that loses.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.lazy import lazy

if TYPE_CHECKING:
    from kptm.compression.compression_config import CompressionConfig
    from kptm.compression.compression_run import CompressionReport, compress
    from kptm.compression.distillation import distil
    from kptm.compression.graph_only_facts import graph_only_probes
    from kptm.compression.layer_choice import drop_layers
    from kptm.compression.layer_sharing import share_layers
    from kptm.compression.measurements import Measurement, measure
    from kptm.compression.pruning import prune_neurons, prune_weights
    from kptm.compression.student import quantise

__all__ = [
    "CompressionConfig",
    "CompressionReport",
    "Measurement",
    "compress",
    "distil",
    "drop_layers",
    "graph_only_probes",
    "measure",
    "prune_neurons",
    "prune_weights",
    "quantise",
    "share_layers",
]
_HOMES = {
    "kptm.compression.compression_config": ("CompressionConfig",),
    "kptm.compression.compression_run": ("CompressionReport", "compress"),
    "kptm.compression.distillation": ("distil",),
    "kptm.compression.graph_only_facts": ("graph_only_probes",),
    "kptm.compression.layer_choice": ("drop_layers",),
    "kptm.compression.layer_sharing": ("share_layers",),
    "kptm.compression.measurements": ("Measurement", "measure"),
    "kptm.compression.pruning": ("prune_neurons", "prune_weights"),
    "kptm.compression.student": ("quantise",),
}
__getattr__, __dir__ = lazy(__name__, _HOMES)
