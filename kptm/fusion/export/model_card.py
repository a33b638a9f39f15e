"""The model card of a fused model: ``README.md`` with the header that model hubs read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kptm.data.fact_triples import FactTriples
from kptm.fusion.backbones.backbone_parts import encoder_layers

if TYPE_CHECKING:
    from kptm.fusion.parts import FusedParts

CARD = "README.md"


def model_card(model: FusedParts) -> str:
    """A card from the model's configuration and its measured figures.

    It contains only what was configured or measured, and no path of this machine.
    """
    kind, task = type(model.backbone).__name__, "fill-mask"
    if model.causal:
        task = "text-generation"
    lines = [
        "---",
        "library_name: kptm",
        f"pipeline_tag: {task}",
        "tags:",
        *(f"- {tag}" for tag in ("kptm", "knowledge-graph", f"fusion-{model.fusion_config.kind}")),
        "---",
        "",
        f"# {kind} with the entities of a knowledge graph",
        "",
        "A language model that reads vectors of a graph's entities where a text mentions them,",
        "and predicts entities.",
        "",
        "```python",
        "from kptm import FusedModel",
        "",
        'model = FusedModel.from_pretrained("path/to/this/folder")',
        "```",
        "",
        "The folder `backbone/` is a model of plain transformers without the knowledge.",
        "",
        "| configuration | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in _configuration(model).items()),
    ]
    if model.figures:
        lines += ["", "| measured | |", "|---|---|"]
        lines += [f"| {name} | {value:,.6g} |" for name, value in model.figures.items()]
    return "\n".join(lines) + "\n"


def _configuration(model: FusedParts) -> dict[str, str]:
    config = model.fusion_config
    rows = {
        "backbone": type(model.backbone).__name__,
        "layers": f"{len(encoder_layers(model.backbone))} of width {model.hidden_size}",
        "layers' weights at the start": "pretrained" if model.origin.trained else "random",
        "parameters of the backbone": f"{sum(x.numel() for x in model.backbone.parameters()):,}",
        "fusion": config.kind,
        "parameters of the fusion": f"{sum(x.numel() for x in model.fusion.parameters()):,}",
        "layers with knowledge": ", ".join(map(str, model.fusion.numbers)) or "none",
        "entities": f"{len(model.embeddings):,}, vectors of width {model.embeddings.dim}",
    }
    if isinstance(model.facts, FactTriples):
        rows["facts"] = f"{len(model.facts):,} of {len(model.facts.relations):,} relations"
    rows["longest text"] = f"{model.encoder.max_length} tokens"
    rows["fingerprint"] = f"`{model.fingerprint()}`"
    return rows
