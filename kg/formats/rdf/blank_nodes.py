"""Names blank nodes, whose labels are valid within one file only.

In the graph a blank node is called ``kptm-``, a hash of the document's name, and its label, so that
loading the same file again gives the same names. A label that already has this form comes from an
export of a graph and is kept. A key such as "_:b0" that came from no RDF file is exported as
``kptm-key-b0`` and read back as "_:b0". So exporting a graph and loading the file adds nothing.
"""

from __future__ import annotations

import re
from hashlib import blake2b

_SCOPED = re.compile(r"kptm-[0-9a-f]{16}[-.].+|anon-[0-9a-f]{8}-[0-9]+")
"""Matches names that are unique already.

The second form comes from graphs made before blank nodes had a scope.
"""

_KEY = "kptm-key-"
"""Prefix of the exported label of a blank node that came from no file."""

_GENERATED = re.compile(r"[0-9a-f]{24,32}")
"""Matches the parser's label of a node without a label: a new random number each time."""


class BlankNodes:
    """Maps the labels of one file's blank nodes to their names in the graph.

    Args:
        document: The name of the document.
        generated: Whether the format has nodes without labels, to which the parser gives one.
    """

    def __init__(self, document: str, *, generated: bool) -> None:
        digest = blake2b(document.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
        self._scope = f"kptm-{digest}"
        self._generated = generated
        self._numbers: dict[str, int] = {}

    def __call__(self, label: str) -> str:
        """The name in the graph of the node with a label from the file or the parser."""
        if label.startswith(_KEY) and len(label) > len(_KEY):
            return label.removeprefix(_KEY)
        if _SCOPED.fullmatch(label):
            return label
        if self._generated and _GENERATED.fullmatch(label):
            # Nodes without a label are numbered in the order in which the file has them.
            number = self._numbers.setdefault(label, len(self._numbers) + 1)
            return f"{self._scope}.{number}"
        return f"{self._scope}-{label}"


def export_label(name: str) -> str:
    """The label under which to export blank node ``name``; reading it back gives ``name``."""
    return name if _SCOPED.fullmatch(name) else f"{_KEY}{name}"
