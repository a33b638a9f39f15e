"""All probes of one model, with its knowledge and without."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kptm.errors import ConfigError, ModelError
from kptm.evaluation.probes.attention import HeadStatistics, probe_attention
from kptm.evaluation.probes.config import ProbeConfig
from kptm.evaluation.probes.factual import FactualReport, probe_facts
from kptm.evaluation.probes.linear import LinearReport, probe_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kptm.evaluation.probes.entity_names import NamedFacts
    from kptm.evaluation.probes.labelled import LabelledText
    from kptm.fusion import FusedModel
    from kptm.linking import LinkedText

CONDITIONS = (("knowledge", True), ("plain", False))
"""With the vectors of links, and without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbesReport:
    """What the probes found, by condition.

    Attributes:
        named: Which facts of the file were asked.
        factual: "knowledge" and "plain".
        task: What the linear probe told apart: "labels", or the "types" of mentions.
        linear: "knowledge" and "plain"; empty where it was not measured.
        attention: Those, and both with shuffled tokens; empty where it was not measured.
        notes: What was not measured, and why.
    """

    named: NamedFacts
    factual: dict[str, FactualReport]
    task: str
    linear: dict[str, LinearReport]
    attention: dict[str, HeadStatistics]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """A JSON value; what has no value is null."""
        attention = {
            name: {
                "tokens": found.tokens,
                **{measure: value.tolist() for measure, value in found.measures().items()},
            }
            for name, found in self.attention.items()
        }
        value = {
            "facts": {
                "found": len(self.named.facts),
                "left_out": self.named.left_out,
                "unknown": self.named.unknown,
                "ambiguous": self.named.ambiguous,
            },
            "factual": {name: asdict(found) for name, found in self.factual.items()},
            "task": self.task,
            "linear": {name: asdict(found) for name, found in self.linear.items()},
            "attention": attention,
            "notes": self.notes,
        }
        return _without_nan(value)  # type: ignore[no-any-return]


def run_probes(
    model: FusedModel,
    named: NamedFacts,
    phrasings: Mapping[str, Sequence[str]],
    documents: Sequence[LinkedText],
    labelled: Sequence[LabelledText],
    *,
    task: str,
    config: ProbeConfig | None = None,
    progress: Callable[[int], None] | None = None,
) -> ProbesReport:
    """Ask facts, probe layers and look at heads.

    Args:
        model: Stays as it is.
        named: Facts of the model's graph.
        phrasings: Relation → phrasings.
        documents: Linked texts to look at attention in.
        labelled: What the linear probe tells apart.
        task: "labels" or "types"; types that cannot be told apart are a note, labels of a file an
            error.
        config: Settings.
        progress: Called after each of the five parts.

    Raises:
        ConfigError: No fact has a phrasing, or the given labels cannot be probed.
    """
    config = config or ProbeConfig()
    if not any(fact[1] in phrasings for fact in named.facts):
        missing = ", ".join((*named.unknown, *named.ambiguous)[:5])
        raise ConfigError(
            "no fact can be asked: none has a phrasing for its relation and both entities in the"
            " graph" + (f" (not found, or not one alone: {missing})" if missing else "")
        )
    tell = progress or (lambda _done: None)
    notes: list[str] = []
    factual: dict[str, FactualReport] = {}
    linear: dict[str, LinearReport] = {}
    for name, use in CONDITIONS:
        factual[name] = probe_facts(model, named.facts, phrasings, named.labels, with_knowledge=use)
        tell(len(factual))
    try:
        for name, use in CONDITIONS:
            linear[name] = probe_model(model, labelled, with_knowledge=use, config=config)
            tell(len(factual) + len(linear))
    except ConfigError as error:
        if task == "labels":
            raise
        notes.append(f"layers: {error}")
    attention: dict[str, HeadStatistics] = {}
    try:
        attention = probe_attention(model, documents, config=config)
    except (ConfigError, ModelError) as error:
        notes.append(f"attention: {error}")
    tell(5)
    return ProbesReport(
        named=named, factual=factual, task=task, linear=linear, attention=attention,
        notes=tuple(notes),
    )  # fmt: skip


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
