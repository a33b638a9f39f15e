"""Names of blank nodes: a label means something within its own file alone.

The graph's name of a node is ``kptm-``, a hash of the document's name, and the label. The same file
loaded again gives the same names. A name of that form comes from an export of a graph and stays as
it is. A key such as "_:b0" that no RDF file gave is exported as ``kptm-key-b0`` and read back as it
was. So exporting and loading again adds nothing.
"""

from __future__ import annotations

import re
from hashlib import blake2b

_SCOPED = re.compile(r"kptm-[0-9a-f]{16}[-.].+|anon-[0-9a-f]{8}-[0-9]+").fullmatch
"""Names that are unique already.

The second form is that of graphs made before blank nodes had a scope.
"""

_KEY = "kptm-key-"
"""What the exported name of a key that belongs to no file begins with."""

_GENERATED = re.compile(r"[0-9a-f]{24,32}").fullmatch
"""What the parser calls a node without a label: a random number, another one each time."""


class BlankNodes:
    """Gives the blank nodes of one file their names in the graph.

    Args:
        document: The name of the document.
        generated: Whether the format has nodes without labels, which the parser names.
    """

    def __init__(self, document: str, *, generated: bool) -> None:
        digest = blake2b(document.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
        self._scope = f"kptm-{digest}"
        self._generated = generated
        self._numbers: dict[str, int] = {}

    def __call__(self, label: str) -> str:
        """The graph's name of the node that the file, or the parser, calls ``label``."""
        if label.startswith(_KEY) and len(label) > len(_KEY):
            return label.removeprefix(_KEY)
        if _SCOPED(label):
            return label
        if self._generated and _GENERATED(label):
            # Nodes without a label are numbered in the order in which the file has them.
            number = self._numbers.setdefault(label, len(self._numbers) + 1)
            return f"{self._scope}.{number}"
        return f"{self._scope}-{label}"


def export_label(name: str) -> str:
    """The label of the graph's blank node ``name`` in a file; read back, it gives ``name``."""
    return name if _SCOPED(name) else f"{_KEY}{name}"
