"""FusedModel: a Hugging Face backbone that reads entity vectors, and predicts entities.

Shapes: B texts, L tokens, D hidden, V tokens of the vocabulary, M mentions, T targets, N entities,
E entity width.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from kptm.data.tokenize import TextEncoder
from kptm.errors import ConfigError, ModelError
from kptm.fusion.backbones.backbone import build_backbone, is_causal
from kptm.fusion.backbones.backbone_parts import (
    base_model,
    encoder_layers,
    hidden_size,
    max_positions,
    takes,
    vocabulary_size,
)
from kptm.fusion.backbones.fitness import check_fit, refused_by_name
from kptm.fusion.backbones.int8 import check_trainable
from kptm.fusion.backbones.lm_head import head_logits
from kptm.fusion.backbones.lora import KINDS as WITH_LORA
from kptm.fusion.backbones.lora import add_lora, lora_rank, without_lora
from kptm.fusion.backbones.origin import Origin
from kptm.fusion.backbones.tokenizer import read_tokenizer
from kptm.fusion.config import FusionConfig
from kptm.fusion.entity_head import EntityHead
from kptm.fusion.entity_table import EntityTable
from kptm.fusion.facts.fact_reading import facts_of_kind, read_facts
from kptm.fusion.fingerprint import Fingerprint
from kptm.fusion.fused_output import FusedOutput
from kptm.fusion.mechanisms.factory import make_fusion
from kptm.fusion.mechanisms.mechanism import Branches, knowledge_of_mentions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from torch import Tensor

    from kg.embedding import EntityEmbeddings
    from kptm.data.fact_triples import FactTriples
    from kptm.fusion.mechanisms.mechanism import MentionKnowledge
    from kptm.fusion.parts import Facts
    from kptm.linking import LinkedText


class FusedModel(nn.Module):
    """A backbone with a fusion mechanism after some layers, and an entity-prediction head.

    The backbone's modules get hooks and are not replaced, so its weights stay those of plain
    transformers. Without mentions in a batch no hook does anything, and the output is
    exactly the backbone's.

    Attributes:
        origin: Where the weights of the backbone come from.
        figures: Figures of training and compression by name, for the model card.
    """

    def __init__(
        self,
        backbone: Any,
        tokenizer: Any,
        embeddings: EntityEmbeddings,
        config: FusionConfig,
        facts: Facts | None = None,
    ) -> None:
        super().__init__()
        self._fingerprint = Fingerprint()
        self.backbone = backbone
        self.origin = Origin()
        self.figures: dict[str, float] = {}
        self.tokenizer = tokenizer
        self.embeddings = embeddings
        self.fusion_config = config
        self.hidden_size = hidden = hidden_size(backbone)
        layers = encoder_layers(backbone)
        chosen = config.layers or ()
        if any(not 0 <= number < len(layers) for number in chosen):
            raise ConfigError(
                f"layers {chosen} are not all among the backbone's 0–{len(layers) - 1}"
            )
        self.causal = is_causal(backbone.config)
        # A pass over whole texts needs no cache of keys and values.
        cached = self.causal and takes(base_model(backbone), "use_cache")
        self._options = {"use_cache": False} if cached else {}
        texts, triples = facts_of_kind(config, facts)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            relations = 0 if triples is None else len(triples.relations)
            self.fusion = make_fusion(backbone, embeddings.dim, config, relations)
            self.head = EntityHead(hidden, embeddings.dim, config.head_width or hidden)
        self.entity_table = EntityTable(embeddings)
        for added in (self.fusion, self.head, self.entity_table):
            added.to(device=backbone.device, dtype=backbone.dtype)
        length = max_positions(backbone, config.max_length)
        self.facts: Facts | None = triples if texts is None else texts
        self.encoder = TextEncoder(
            tokenizer,
            embeddings,
            length,
            candidates=self.fusion.soft,
            facts=texts,
            causal=self.causal,
        )
        self.fusion.attach(layers)
        if triples is not None:
            read_facts(self, triples)
        if self.fusion.frozen:
            backbone.requires_grad_(False)

    def vectors(self, rows: Tensor) -> Tensor:
        """Entity vectors (…, E) of length √E, whose components have a mean square of 1."""
        return self.entity_table.rows(rows) * math.sqrt(self.embeddings.dim)

    @classmethod
    def build(
        cls,
        backbone: Any,
        embeddings: EntityEmbeddings,
        config: FusionConfig | None = None,
        *,
        tokenizer: Any = None,
        facts: Facts | None = None,
    ) -> FusedModel:
        """Fuse ``embeddings`` into a backbone; at the start the result equals the backbone.

        Args:
            backbone: A folder or hub name, a Hugging Face config (weights start at random), or a
                masked language model.
            embeddings: Vectors of the graph's entities.
            config: The mechanism and its layers.
            tokenizer: A fast tokenizer; required unless ``backbone`` is a path with one.
            facts: ``EntityFacts`` for "kbert", ``FactTriples`` for "kblam"; others ignore them.

        Raises:
            ModelError: The backbone cannot be wrapped, no tokenizer fits, or facts are missing.
            ConfigError: The configuration names layers that the backbone lacks.
        """
        fused = cls.assemble(
            backbone, embeddings, config or FusionConfig(), tokenizer=tokenizer, facts=facts
        )
        check_fit(fused)
        return fused

    @classmethod
    def assemble(
        cls,
        backbone: Any,
        embeddings: EntityEmbeddings,
        config: FusionConfig,
        *,
        tokenizer: Any = None,
        facts: Facts | None = None,
    ) -> FusedModel:
        """Fuse without the test pass, for models that passed it before, such as saved ones.

        Raises:
            ModelError: As :meth:`build`.
            ConfigError: As :meth:`build`.
        """
        model, origin = build_backbone(backbone, config.seed)
        if tokenizer is None:
            tokenizer = read_tokenizer(backbone)
        with refused_by_name(model, config.kind):
            room = vocabulary_size(model)
            if len(tokenizer) > room:
                raise ModelError(
                    f"the tokenizer has {len(tokenizer)} tokens, the backbone {room};"
                    " they do not belong together"
                )
            fused = cls(model, tokenizer, embeddings, config, facts)
        fused.origin = origin
        return fused

    @property
    def lora_rank(self) -> int:
        """The rank of the backbone's LoRA; 0 without LoRA."""
        return lora_rank(self.backbone)

    def add_lora(self, rank: int, seed: int = 0) -> None:
        """Add LoRA to the layers (:mod:`kptm.fusion.backbones.lora`), at first without effect.

        Raises:
            ConfigError: peft is missing, the kind of fusion does not support LoRA, or the model has
                LoRA of another rank.
        """
        if self.fusion_config.kind not in WITH_LORA:
            raise ConfigError(
                f"LoRA supports the kinds {', '.join(WITH_LORA)}, not"
                f" {self.fusion_config.kind!r},"
                " which reads inside the layers or has no gradient through them"
            )
        check_trainable(self.backbone)
        if self.lora_rank not in (0, rank):
            raise ConfigError(f"the model has LoRA of rank {self.lora_rank}, not {rank}")
        if not self.lora_rank:
            add_lora(self.backbone, rank, seed)

    def without_lora(self) -> AbstractContextManager[None]:
        """Disable LoRA temporarily: unlinked texts get the backbone's exact states."""
        return without_lora(self.backbone)

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return torch.device(self.backbone.device)

    @property
    def pad_id(self) -> int:
        """The padding token."""
        return int(self.tokenizer.pad_token_id)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        mention_spans: Tensor,
        mention_rows: Tensor,
        target_places: Tensor | None = None,
        candidate_rows: Tensor | None = None,
        candidate_priors: Tensor | None = None,
        branch_ids: Tensor | None = None,
        branch_places: Tensor | None = None,
        score_rows: Tensor | None = None,
    ) -> FusedOutput:
        """Run a pass; the arguments are the fields of :class:`~kptm.data.KnowledgeBatch`."""
        required = (input_ids, attention_mask, mention_spans, mention_rows)
        input_ids, attention_mask, mention_spans, mention_rows = (
            tensor.to(self.device) for tensor in required
        )
        optional = (
            target_places,
            candidate_rows,
            candidate_priors,
            branch_ids,
            branch_places,
            score_rows,
        )
        target_places, candidate_rows, candidate_priors, branch_ids, branch_places, score_rows = (
            None if tensor is None else tensor.to(self.device) for tensor in optional
        )
        length = input_ids.shape[1]
        knowledge = self.knowledge(
            mention_spans, mention_rows, length, candidate_rows, candidate_priors
        )
        if branch_ids is not None and branch_places is not None:
            branches = Branches(branch_ids, *branch_places.unbind(-1))
            knowledge = replace(knowledge, branches=branches)
        hidden_BLD = self.states(
            input_ids, attention_mask, knowledge if len(mention_rows) else None
        )
        if target_places is None or not len(target_places):
            return FusedOutput(hidden_BLD, None, None, None)
        query_TE, keys_TF = self.head.queries_at(target_places, hidden_BLD, knowledge)
        table = self.entity_table
        table_NE = table.whole() if score_rows is None else table.rows(score_rows)
        logits_TN = self.head.logits(query_TE, table_NE)
        return FusedOutput(hidden_BLD, query_TE, logits_TN, keys_TF)

    def states(
        self, input_ids: Tensor, attention_mask: Tensor, knowledge: MentionKnowledge | None
    ) -> Tensor:
        """The last hidden states (B, L, D), with or without knowledge of mentions."""
        self.fusion.begin(knowledge)
        try:
            hidden_BLD = base_model(self.backbone)(
                **self.fusion.inputs(input_ids, attention_mask), **self._options
            ).last_hidden_state
            return self.fusion.finish(hidden_BLD)
        finally:
            self.fusion.end()

    def knowledge(
        self,
        mention_spans: Tensor,
        mention_rows: Tensor,
        length: int,
        candidate_rows: Tensor | None = None,
        candidate_priors: Tensor | None = None,
    ) -> MentionKnowledge:
        """The mentions of a batch padded to ``length`` tokens, with their entity vectors."""
        knowledge = knowledge_of_mentions(
            mention_spans,
            self.vectors(mention_rows),
            length,
            self.entity_table,
            math.sqrt(self.embeddings.dim),
            causal=self.causal,
        )
        if candidate_rows is None:
            return knowledge
        return replace(
            knowledge, candidates_MCE=self.vectors(candidate_rows), priors_MC=candidate_priors
        )

    def generate(
        self,
        prompts: Sequence[LinkedText],
        *,
        max_new_tokens: int = 20,
        use_knowledge: bool = True,
        use_cache: bool = True,
        settings: Any = None,
    ) -> list[str]:
        """Continue prompts by a decoder, with the knowledge of their mentions.

        Args:
            prompts: Linked texts; a text with a blank ends at it.
            max_new_tokens: The maximum number of tokens to generate.
            use_knowledge: False injects no vector.
            use_cache: Whether to cache keys and values. "knowbert" and "adapter" never do, because
                they also change the tokens after a mention.
            settings: A ``transformers.GenerationConfig`` (sampling, beams); greedy by default.

        Returns:
            The generated text of each prompt, without the prompt.

        Raises:
            ModelError: The backbone is an encoder, or the kind of fusion is "kbert".
        """
        from kptm.fusion.decoding.generation import generate

        return generate(
            self,
            prompts,
            max_new_tokens=max_new_tokens,
            use_knowledge=use_knowledge,
            use_cache=use_cache,
            settings=settings,
        )

    def read(self, facts: FactTriples) -> None:
        """Exchange the facts that a model of kind "kblam" reads, without training.

        Raises:
            ModelError: The model reads no triples, or does not know an entity or relation.
        """
        read_facts(self, facts)

    def summary(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The state of each text's first token (a decoder's last), (B, D), without knowledge."""
        none = input_ids.new_empty((0, 3))
        hidden_BLD: Tensor = self(input_ids, attention_mask, none, none[:, 0]).hidden
        if not self.causal:
            return hidden_BLD[:, 0]
        last_B = attention_mask.sum(1) - 1
        return hidden_BLD[torch.arange(len(hidden_BLD), device=hidden_BLD.device), last_B]

    def token_logits(self, hidden_ND: Tensor) -> Tensor:
        """Apply the backbone's own language-model head to hidden states, (N, D) → (N, V)."""
        return head_logits(self.backbone, hidden_ND)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write backbone, tokenizer, fusion weights, embeddings and checksums to ``folder``."""
        from kptm.fusion.fused_storage import save

        save(self, folder)

    @classmethod
    def from_pretrained(cls, folder: str | Path, *, device: str = "cpu") -> FusedModel:
        """Read what :meth:`save_pretrained` wrote.

        Args:
            folder: Where it is.
            device: "cpu", "auto" for an accelerator if there is one, or the name of a device.

        Raises:
            ModelError: The folder is missing, damaged, or of another kind.
            EmbeddingError: There is no such device.
        """
        from kg.embedding.devices import choose_device
        from kptm.fusion.fused_storage import load

        where = choose_device(device)
        return load(folder, cls.assemble).to(where)

    def fingerprint(self) -> str:
        """SHA-256 of weights, configuration, tokenizer and entity table: the model's identity.

        It is computed again only after a change; see :mod:`kptm.fusion.fingerprint`.
        """
        return self._fingerprint.of(self)
