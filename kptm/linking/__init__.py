"""Text → text with links to the graph's entities; offsets always into the original text."""

from kptm.linking.document import Link, LinkedText
from kptm.linking.linker import Linker

__all__ = ["Link", "LinkedText", "Linker"]
