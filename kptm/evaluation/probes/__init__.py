"""Probes of a fused model: states by layer, attention by head, facts in several phrasings."""

from kptm.evaluation.probes.attention import HeadStatistics, attention_statistics, probe_attention
from kptm.evaluation.probes.config import ProbeConfig
from kptm.evaluation.probes.entity_names import NamedFacts, find_entities, shares_name
from kptm.evaluation.probes.factual import FactScores, FactualReport, PhrasingScore, probe_facts
from kptm.evaluation.probes.labelled import (
    LabelledText,
    ProbeSpan,
    read_labelled,
    types_of_mentions,
)
from kptm.evaluation.probes.linear import LayerScore, LinearReport, probe_layers, probe_model
from kptm.evaluation.probes.states import SpanStates

__all__ = [
    "FactScores",
    "FactualReport",
    "HeadStatistics",
    "LabelledText",
    "LayerScore",
    "LinearReport",
    "NamedFacts",
    "PhrasingScore",
    "ProbeConfig",
    "ProbeSpan",
    "SpanStates",
    "attention_statistics",
    "find_entities",
    "probe_attention",
    "probe_facts",
    "probe_layers",
    "probe_model",
    "read_labelled",
    "shares_name",
    "types_of_mentions",
]
