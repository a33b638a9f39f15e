"""Half of FB15k-237's facts in the graph, descriptions indexed, the facts they name asked.

No model takes part.

Nothing was tuned on it. A description such as "city in Texas, United States" is no sentence, names
of kinds are in small letters, and relations have no names but their keys.
"""

from texts_parts import tasks
from texts_parts.fewrel import is_right
from texts_parts.text_set import ask_set


def main(argv: list[str]) -> int:
    return ask_set(argv, __doc__, tasks.descriptions(), "descriptions", is_right)
