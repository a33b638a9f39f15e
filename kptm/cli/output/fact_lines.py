"""Prints facts with labels beside keys, and values with their kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kg import Attribute, GraphView, Literal, Triple

TRIPLE = ("head", "relation", "tail")

keys_option = click.option("--keys", "only_keys", is_flag=True, help="Show keys without labels.")


def end_of(fact: Triple | Attribute) -> str:
    """The tail of a fact, with language, unit or datatype after a value."""
    end = fact[2]
    if isinstance(end, str):
        return end
    more = f"@{end.language}" if end.language else end.unit or end.datatype.rpartition("#")[2]
    return f'"{end.value}"' + (f" {more}" if more else "")


class Labels:
    """The labels of the keys in facts.

    Args:
        graph: The graph at some revision.
        facts: Facts, or rows, whose keys are looked up together.
        only_keys: Whether to show keys without labels.
    """

    def __init__(
        self, graph: GraphView, facts: Iterable[Iterable[str | Literal]], *, only_keys: bool = False
    ) -> None:
        self._labels: dict[str, str] = {}
        keys = {part for fact in facts for part in fact if isinstance(part, str)}
        if keys and not only_keys:
            entities = graph.entities(sorted(keys))
            self._labels = {key: entity.label for key, entity in entities.items()}

    def label(self, key: str) -> str:
        """The label of a key; the key itself if it has none."""
        return self._labels.get(key, key)

    def name(self, key: str) -> str:
        """The label followed by the key, or the key alone if both are equal."""
        label = self.label(key)
        return key if label == key else f"{label} ({key})"

    def of(self, fact: Triple | Attribute) -> tuple[str, str, str]:
        """The three parts of a fact for display."""
        end = end_of(fact)
        tail = self.name(end) if isinstance(fact[2], str) else end
        return self.name(fact[0]), self.name(fact[1]), tail

    def line(self, fact: Triple | Attribute) -> str:
        """A fact on one line."""
        head, relation, tail = self.of(fact)
        return f"{head} — {relation} → {tail}"

    def fields(self, fact: Triple | Attribute) -> dict[str, Any]:
        """A fact for JSON, with keys and labels."""
        end = end_of(fact)
        keys = dict(zip(TRIPLE, (fact[0], fact[1], end), strict=True))
        tail = self.label(end) if isinstance(fact[2], str) else end
        labels = (self.label(fact[0]), self.label(fact[1]), tail)
        return {**keys, **dict(zip((f"{name}_label" for name in TRIPLE), labels, strict=True))}


def show_facts(
    facts: Sequence[Triple | Attribute], labels: Labels, as_json: bool, *, nothing: str
) -> None:
    """Print facts as rows, or as JSON with keys and labels."""
    from kptm.cli.output.common import as_line, show_rows

    if as_json:
        click.echo(as_line([labels.fields(fact) for fact in facts], indent=2))
        return
    show_rows(TRIPLE, [labels.of(fact) for fact in facts], as_json, nothing=nothing)
