"""Entity linking: from a text to links to a graph's entities, with offsets into the original."""

from kptm.linking.config import LinkingConfig
from kptm.linking.disambiguation.conventions import Convention, Policy
from kptm.linking.disambiguation.disambiguation_model import Pass, Weights
from kptm.linking.document import LinkedText
from kptm.linking.index.overlay_index import Entries, Layers
from kptm.linking.link import Link
from kptm.linking.linker import Linker
from kptm.linking.snapshot import LinkerSnapshot

__all__ = [
    "Convention",
    "Entries",
    "Layers",
    "Link",
    "LinkedText",
    "Linker",
    "LinkerSnapshot",
    "LinkingConfig",
    "Pass",
    "Policy",
    "Weights",
]
