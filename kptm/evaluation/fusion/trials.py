"""Run a study: shared parts are made once, then each arm is trained and asked per seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg.embedding import refit, train_embeddings
from kptm.data import EntityFacts, train_tokenizer
from kptm.errors import ConfigError
from kptm.evaluation.fusion.baselines import by_embeddings, lookup, majority, nearest_texts
from kptm.evaluation.fusion.fact_probing import model_scores
from kptm.evaluation.fusion.kept_ability import Ability, ability_of, kept_shares
from kptm.evaluation.fusion.language_loss import masked_lm_loss
from kptm.evaluation.fusion.results.study_results import Results, reciprocals
from kptm.evaluation.fusion.study_arms import (
    ARMS,
    ArmStudy,
    StudyBackbone,
    StudyConfig,
    control_facts,
    control_table,
)
from kptm.evaluation.fusion.study_links import link_again, with_clozes, with_noise
from kptm.fusion import FusedModel, FusionConfig
from kptm.fusion.backbones.tokenizer import read_tokenizer
from kptm.linking import Linker
from kptm.pretraining import PretrainConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kg.embedding import EntityEmbeddings
    from kptm.evaluation.fusion.fact_probing import Probe
    from kptm.evaluation.fusion.study_data import StudyData
    from kptm.linking import LinkedText

LINK_ARMS = ("real", "noisy")
"""Arms with the true vectors whose links are the linker's, or wrong for a share."""
MASKINGS = 5
"""How often held-out texts are masked for the loss: a short text has few tokens to hide."""


@dataclass(frozen=True, slots=True)
class ArmRun:
    """One arm with one seed.

    Attributes:
        arm: The arm.
        seed: Of model, masking, control table and noise.
        ranks: The reciprocal rank of each probe.
        loss: Masked-LM loss on the held-out texts, the mean over ``MASKINGS``; None where there are
            none.
        knn: Reciprocal ranks by the nearest training text, of the arm "none".
        kept: What is left of what the backbone could do, of one that was trained before; see
            :func:`kptm.evaluation.fusion.kept_ability.kept_shares`.
    """

    arm: str
    seed: int
    ranks: list[float]
    loss: float | None = None
    knn: list[float] | None = None
    kept: dict[str, float] | None = None


@dataclass(slots=True)
class Trials:
    """A study ready to run.

    Attributes:
        study: The study.
        before: Vectors of the graph that is trained with.
        after: The same with the rows of the edited facts' heads fitted anew.
        tokenizer: Of the texts.
        config: What every run shares.
        facts: What mentions carry as text before and after the edits, for a kind of fusion that
            reads it.
        ability: What the backbone could do before, where it was trained before.
        found: Documents, probes' clozes and held-out texts as the linker links them, where the arm
            "real" is run.
    """

    study: StudyData
    before: EntityEmbeddings
    after: EntityEmbeddings
    tokenizer: Any
    config: StudyConfig
    facts: tuple[EntityFacts | None, EntityFacts | None] = (None, None)
    ability: Ability | None = None
    found: tuple[list[LinkedText], list[LinkedText], list[LinkedText]] = field(
        default_factory=lambda: ([], [], [])
    )

    @classmethod
    def prepare(
        cls,
        study: StudyData,
        arms: Iterable[str],
        *,
        kind: str = "gated",
        backbone: StudyBackbone | None = None,
    ) -> Trials:
        """Train the embeddings, fit the edits, and link where an arm needs that.

        Args:
            study: What is asked.
            arms: The arms that will run.
            kind: How knowledge enters.
            backbone: What all arms start from; a small BERT from nothing by default.

        Raises:
            ConfigError: There is no such arm, or the study cannot have it.
            ModelError: There is no such backbone, or it cannot be fused.
        """
        for arm in arms:
            if arm not in (*ARMS, *LINK_ARMS):
                there = ", ".join((*ARMS, *LINK_ARMS))
                raise ConfigError(f"no arm is called {arm!r}; there are {there}")
        if "real" in arms and not study.found_links:
            raise ConfigError('the links are the linker\'s already; leave the arm "real" out')
        tokenizer, config = _start_of(study, kind, backbone or StudyBackbone())
        with study.graph() as graph:
            before = after = train_embeddings(graph, study.embedding)
            made = cls(study, before, after, tokenizer, config)
            if "real" in arms:
                linker = Linker(graph)
                clozes = [probe.cloze for probe in study.probes]
                made.found = (
                    link_again(study.documents, linker),
                    link_again(clozes, linker),
                    link_again(study.held_out, linker),
                )
            told = EntityFacts.of(graph) if config.fusion.reads_facts else None
            for edit in study.edits:
                graph.edit(edit.head, edit.relation, edit.new, old=edit.old)
            if study.edits:
                made.after = refit(before, graph, {edit.head for edit in study.edits})
            if config.fusion.reads_facts:
                made.facts = (told, EntityFacts.of(graph))
        if backbone is not None and backbone.path:
            made.ability = made.ability_before()
        return made

    def ability_before(self) -> Ability:
        """What the backbone could do before any training."""
        start = FusedModel.build(
            self.config.backbone,
            self.before,
            self.config.fusion,
            tokenizer=self.tokenizer,
            facts=self.facts[0],
        )
        return ability_of(start, self.study.held_out)

    def run(
        self, arm: str, seed: int, progress: Callable[[int, float], None] | None = None
    ) -> ArmRun:
        """Train one arm and ask it; D facts use the edited table, without new training."""
        documents, probes, held_out = self._link_arm(arm, seed)
        vectors = "aligned" if arm in LINK_ARMS else arm
        study = ArmStudy(self.before, self.tokenizer, documents, probes, self.config, self.facts[0])
        model, _ = study.train(vectors, seed, progress)
        knows = arm != "none"
        masked = (masked_lm_loss(model, held_out, knows, number) for number in range(MASKINGS))
        losses = [loss for loss in masked if loss is not None]
        loss = sum(losses) / len(losses) if losses else None
        scores = model_scores(model, probes, use_knowledge=knows)
        if self.study.edits:
            told = study.with_knowledge(
                model,
                control_table(self.after, vectors, seed),
                control_facts(self.facts[1], vectors, seed),
            )
            scores = self._after_edits(scores, model_scores(told, probes, use_knowledge=knows))
        knn = None
        if arm == "none":
            knn = reciprocals(probes, nearest_texts(model, documents, probes))
        left = None
        if self.ability is not None:
            left = kept_shares(self.ability, ability_of(model, self.study.held_out))
            if model.lora_rank:
                with model.without_lora():
                    off = kept_shares(self.ability, ability_of(model, self.study.held_out))
                left["same without LoRA"] = off["same"]
        return ArmRun(arm, seed, reciprocals(probes, scores), loss, knn, left)

    def _link_arm(
        self, arm: str, seed: int
    ) -> tuple[Sequence[LinkedText], Sequence[Probe], Sequence[LinkedText]]:
        """The texts, probes and held-out texts of an arm, with its links."""
        study = self.study
        if arm == "real":
            documents, clozes, held_out = self.found
            return documents, with_clozes(study.probes, clozes), held_out
        if arm != "noisy":
            return study.documents, study.probes, study.held_out
        keys = [record.key for record in study.entities]
        documents, clozes, held_out = (
            with_noise(texts, keys, study.noise, seed)
            for texts in (study.documents, [x.cloze for x in study.probes], study.held_out)
        )
        return documents, with_clozes(study.probes, clozes), held_out

    def _after_edits(
        self, before: Sequence[dict[str, float]], after: Sequence[dict[str, float]]
    ) -> list[dict[str, float]]:
        """The scores of D probes from after the edits, of the others from before."""
        return [
            new if probe.split == "D" else old
            for probe, old, new in zip(self.study.probes, before, after, strict=True)
        ]

    def baselines(self) -> dict[str, list[float]]:
        """Reciprocal ranks of what needs no model; D is asked of the edited graph and its vectors.

        What is common is counted before the edits: in a small relation they would make their own
        objects common.
        """
        probes = self.study.probes
        now, then = self.study.triples(), self.study.triples(edited=True)
        commonest = majority(probes, now)
        pairs = {
            "majority": (commonest, commonest),
            "kge": (by_embeddings(probes, self.before), by_embeddings(probes, self.after)),
            "sql": (lookup(probes, now), lookup(probes, then)),
        }
        return {name: reciprocals(probes, self._after_edits(*pair)) for name, pair in pairs.items()}


def _start_of(study: StudyData, kind: str, backbone: StudyBackbone) -> tuple[Any, StudyConfig]:
    """The tokenizer and settings that all arms start with."""
    from kptm.fusion.small_bert import BackboneConfig, small_bert

    start: Any = backbone.path
    if start:
        tokenizer = read_tokenizer(start)
    else:
        tokenizer = train_tokenizer((item.text for item in study.documents), vocab_size=12_000)
        start = small_bert(BackboneConfig(), len(tokenizer), study.max_length)
    settings = PretrainConfig(
        steps=study.steps,
        batch_size=128,
        learning_rate=study.learning_rate,
        freeze_backbone=backbone.freeze,
        lora_rank=backbone.lora_rank,
        device=backbone.device,
    )
    fusion = FusionConfig(kind=kind, max_length=study.max_length)
    return tokenizer, StudyConfig(backbone=start, fusion=fusion, pretraining=settings)


def gather(
    probes: Sequence[Probe], runs: Iterable[ArmRun], baselines: Mapping[str, list[float]]
) -> Results:
    """Runs in any order and the baselines as one result, arms in the order of their first run."""
    results = Results(probes)
    results.baselines = {name: [found] for name, found in baselines.items()}
    for run in runs:
        results.arms.setdefault(run.arm, []).append(run.ranks)
        if run.loss is not None:
            results.losses.setdefault(run.arm, []).append(run.loss)
        if run.kept is not None:
            results.kept.setdefault(run.arm, []).append(run.kept)
        if run.knn is not None:
            results.baselines.setdefault("knn", []).append(run.knn)
    return results
