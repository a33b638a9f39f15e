"""Facts for people: labels of entities and relations beside their keys, values with their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg import Attribute, GraphView, Literal, Triple

TRIPLE = ("head", "relation", "tail")

keys_option = click.option("--keys", "only_keys", is_flag=True, help="Show keys alone, no labels.")


def end_of(fact: Triple | Attribute) -> str:
    """What a fact ends in, a value with its language, unit or datatype after it."""
    end = fact[2]
    if isinstance(end, str):
        return end
    more = f"@{end.language}" if end.language else end.unit or end.datatype.rpartition("#")[2]
    return f'"{end.value}"' + (f" {more}" if more else "")


class Labels:
    """What the keys of some facts are called.

    Args:
        graph: The graph, as it is or as it was.
        facts: Facts, or rows, whose keys are looked up, all at once.
        only_keys: Show keys alone.
    """

    def __init__(
        self, graph: GraphView, facts: Iterable[Iterable[str | Literal]], *, only_keys: bool = False
    ) -> None:
        self._labels: dict[str, str] = {}
        keys = {part for fact in facts for part in fact if isinstance(part, str)}
        if keys and not only_keys:
            found = graph.entities(sorted(keys))
            self._labels = {key: entity.label for key, entity in found.items()}

    def label(self, key: str) -> str:
        """The label of a key; the key itself where it has none."""
        return self._labels.get(key, key)

    def name(self, key: str) -> str:
        """The label with its key, or the key alone where both are the same."""
        label = self.label(key)
        return key if label == key else f"{label} ({key})"

    def of(self, fact: Triple | Attribute) -> tuple[str, str, str]:
        """The three parts of a fact as they are shown."""
        end = end_of(fact)
        tail = self.name(end) if isinstance(fact[2], str) else end
        return self.name(fact[0]), self.name(fact[1]), tail

    def line(self, fact: Triple | Attribute) -> str:
        """A fact as one line."""
        head, relation, tail = self.of(fact)
        return f"{head} — {relation} → {tail}"

    def fields(self, fact: Triple | Attribute) -> dict[str, Any]:
        """A fact for JSON: its keys, and the label of each."""
        end = end_of(fact)
        keys = dict(zip(TRIPLE, (fact[0], fact[1], end), strict=True))
        tail = self.label(end) if isinstance(fact[2], str) else end
        labels = (self.label(fact[0]), self.label(fact[1]), tail)
        return {**keys, **dict(zip((f"{name}_label" for name in TRIPLE), labels, strict=True))}


def show_facts(
    facts: Sequence[Triple | Attribute], labels: Labels, as_json: bool, *, nothing: str
) -> None:
    """Print facts as rows; as JSON with keys and labels."""
    from kptm.cli.output.common import as_line, show_rows

    if as_json:
        click.echo(as_line([labels.fields(fact) for fact in facts], indent=2))
        return
    show_rows(TRIPLE, [labels.of(fact) for fact in facts], as_json, nothing=nothing)
