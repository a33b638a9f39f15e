"""Values: recognises numbers, dates, URLs and others in text, and formats them.

A value is a :class:`kg.types.Literal`. It is neither an entity nor a name: nothing is linked to it,
and it has no vector.
"""

from kg.values.node import ValueKey, node_of, type_name, value_text
from kg.values.value_forms import KINDS, candidates, parse

__all__ = ["KINDS", "ValueKey", "candidates", "node_of", "parse", "type_name", "value_text"]
