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
"""Each condition by its name in the report, and whether entity vectors are injected in it."""
PROGRESS_PARTS = 5
"""The number of parts that progress counts: facts and layers in both conditions, and attention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbesReport:
    """The results of all probes.

    Attributes:
        named: The probed facts, and the names that were not found in the graph.
        factual: The scores of the facts, by condition: "knowledge" or "plain".
        task: The labels that the linear probe predicts: "labels" of spans, or "types" of mentions.
        linear: The scores of the linear probe, by condition; empty if it could not be run.
        attention: The statistics of attention, by condition, and by condition with shuffled tokens
            ("plain, shuffled"); empty if they could not be computed.
        notes: Why probes could not be run, a line for each.
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
            condition: {
                "tokens": statistics.tokens,
                **{measure: value.tolist() for measure, value in statistics.measures().items()},
            }
            for condition, statistics in self.attention.items()
        }
        value = {
            "facts": {
                "found": len(self.named.facts),
                "left_out": self.named.left_out,
                "unknown": self.named.unknown,
                "ambiguous": self.named.ambiguous,
            },
            "factual": {condition: asdict(scores) for condition, scores in self.factual.items()},
            "task": self.task,
            "linear": {condition: asdict(scores) for condition, scores in self.linear.items()},
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
    """Probe facts, layers and attention heads, with and without the entity vectors.

    Args:
        model: The model, which is not changed.
        named: Facts of the model's graph.
        phrasings: Phrasings with ``[X]`` and ``[Y]``, by relation.
        documents: Linked texts for the statistics of attention.
        labelled: Texts with labelled spans for the linear probe.
        task: What the spans are labelled with: "labels" of the user, which must be probed, or
            "types" of mentions, which are left out with a note if there are too few.
        config: The settings.
        progress: Called with the number of parts done, of :data:`PROGRESS_PARTS`.

    Raises:
        ConfigError: No fact has a phrasing, or the user's labels cannot be probed.
    """
    config = config or ProbeConfig()
    if not any(relation in phrasings for _, relation, *_ in named.facts):
        missing = ", ".join((*named.unknown, *named.ambiguous)[:5])
        raise ConfigError(
            "no fact can be asked: none has a phrasing for its relation and both entities in the"
            " graph" + (f" (not found, or ambiguous: {missing})" if missing else "")
        )
    advance = progress or (lambda _done: None)
    notes: list[str] = []
    factual: dict[str, FactualReport] = {}
    linear: dict[str, LinearReport] = {}
    for condition, with_knowledge in CONDITIONS:
        factual[condition] = probe_facts(
            model, named.facts, phrasings, named.labels, with_knowledge=with_knowledge
        )
        advance(len(factual))
    try:
        for condition, with_knowledge in CONDITIONS:
            linear[condition] = probe_model(
                model, labelled, with_knowledge=with_knowledge, config=config
            )
            advance(len(factual) + len(linear))
    except ConfigError as error:
        if task == "labels":
            raise
        notes.append(f"layers: {error}")
    attention: dict[str, HeadStatistics] = {}
    try:
        attention = probe_attention(model, documents, config=config)
    except (ConfigError, ModelError) as error:
        notes.append(f"attention: {error}")
    advance(PROGRESS_PARTS)
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
