"""Half of WebNLG's facts in the graph, all of its texts indexed, the other half asked.

Values and new names are answers too.
"""

from collections import defaultdict

from texts_parts import tasks
from texts_parts.text_set import ask_set


def plain(text: str) -> str:
    """A name or value as it is compared: no quotes, no underscores, no case; numbers by value."""
    text = text.strip().strip('"').partition('"^^')[0].replace("_", " ").casefold().strip()
    try:
        return str(float(text.replace(",", "")))
    except ValueError:
        return text


def is_right(answer, gold: set[str]) -> bool:
    if not answer.found:
        return False
    first = answer.answers[0]
    said = {plain(first.key), plain(first.label)}
    return not said.isdisjoint({plain(text) for text in gold})


def main(argv: list[str]) -> int:
    return ask_set(argv, __doc__, tasks.webnlg(), "webnlg", is_right, by_kind)


def by_kind(ws, questions: list) -> dict[str, list]:
    """Questions by their answers: entities of the graph, values, or names that it lacks."""
    found = defaultdict(list)
    for head, relation, gold in questions:
        known = ws.graph.entities(gold)
        value = all(text[:1] in '"-+' or text[:1].isdigit() for text in gold)
        kind = "entities" if known else "values" if value else "new names"
        found[kind].append((head, relation, gold))
    return dict(sorted(found.items()))
