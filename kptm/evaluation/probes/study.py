"""Runs all probes of a model, with and without its knowledge."""

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
"""The conditions: with and without injected entity vectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbesReport:
    """The results of all probes.

    Attributes:
        named: The facts of the file that were asked.
        factual: Fact probing, for "knowledge" and "plain".
        task: The task of the linear probe: "labels", or "types" of mentions.
        linear: The linear probe, for "knowledge" and "plain"; empty if it was not run.
        attention: The statistics of attention, for both conditions and for both with shuffled
            tokens; empty if they were not computed.
        notes: Probes that were not run, with the reasons.
    """

    named: NamedFacts
    factual: dict[str, FactualReport]
    task: str
    linear: dict[str, LinearReport]
    attention: dict[str, HeadStatistics]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as a JSON value, with null for nan."""
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
    """Probe facts, layers and attention heads.

    Args:
        model: The model, which is not changed.
        named: Facts of the model's graph.
        phrasings: Phrasings by relation.
        documents: Linked texts for the statistics of attention.
        labelled: Texts with labelled spans for the linear probe.
        task: "labels" or "types". If types cannot be probed there is a note; if labels cannot, an
            error.
        config: The settings.
        progress: Called after each of the five parts.

    Raises:
        ConfigError: No fact has a phrasing, or the labels cannot be probed.
    """
    config = config or ProbeConfig()
    if not any(fact[1] in phrasings for fact in named.facts):
        missing = ", ".join((*named.unknown, *named.ambiguous)[:5])
        raise ConfigError(
            "no fact can be asked: none has a phrasing for its relation and both entities in the"
            " graph" + (f" (not found, or ambiguous: {missing})" if missing else "")
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
