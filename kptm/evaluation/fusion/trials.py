"""Runs a study: prepares the shared parts, then trains and probes each arm per seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg.embedding import refit, train_embeddings
from kptm.data import train_tokenizer
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
from kptm.fusion.facts.fact_reading import facts_of_graph
from kptm.linking import Linker
from kptm.pretraining import PretrainConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kg.embedding import EntityEmbeddings
    from kptm.evaluation.fusion.fact_probing import Probe
    from kptm.evaluation.fusion.study_data import StudyData
    from kptm.fusion.parts import Facts
    from kptm.linking import LinkedText

LINK_ARMS = ("real", "noisy")
"""Arms with true vectors whose links are the linker's ("real") or partly wrong ("noisy")."""
MASKINGS = 5
"""Times each held-out text is masked for the loss, since a short text has few tokens to mask."""


@dataclass(frozen=True, slots=True)
class ArmRun:
    """The results of one arm with one seed.

    Attributes:
        arm: The arm.
        seed: The seed of model, masking, control table and noise.
        ranks: The reciprocal rank of each probe's answer.
        loss: The masked-LM loss on the held-out texts, averaged over ``MASKINGS``; None without
            held-out texts.
        knn: For the arm "none": the reciprocal ranks by the nearest training text.
        kept: For a pretrained backbone: the shares of its ability that are left; see
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
    """A study that is ready to run.

    Attributes:
        study: The study.
        before: Embeddings of the graph before the edits, used in training.
        after: These embeddings with the rows of the edited facts' heads refitted.
        tokenizer: The tokenizer of the texts.
        config: The configuration that every run shares.
        facts: The facts that models read, before and after the edits, for a kind of fusion that
            reads them.
        ability: The ability of a pretrained backbone before training.
        found: For the arm "real": documents, probes' clozes and held-out texts with the linker's
            links.
    """

    study: StudyData
    before: EntityEmbeddings
    after: EntityEmbeddings
    tokenizer: Any
    config: StudyConfig
    facts: tuple[Facts | None, Facts | None] = (None, None)
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
        """Train the embeddings, refit the edited entities, and link texts if an arm needs it.

        Args:
            study: The study.
            arms: The arms that will run.
            kind: The kind of fusion.
            backbone: The backbone of all arms; by default a small BERT with random weights.

        Raises:
            ConfigError: An arm does not exist, or this study cannot run it.
            ModelError: The backbone does not exist, or it cannot be fused.
        """
        for arm in arms:
            if arm not in (*ARMS, *LINK_ARMS):
                known = ", ".join((*ARMS, *LINK_ARMS))
                raise ConfigError(f"no arm is called {arm!r}; there are {known}")
        if "real" in arms and not study.found_links:
            raise ConfigError('the links are the linker\'s already; leave the arm "real" out')
        tokenizer, config = _start_of(study, kind, backbone or StudyBackbone())
        with study.graph() as graph:
            before = after = train_embeddings(graph, study.embedding)
            trials = cls(study, before, after, tokenizer, config)
            if "real" in arms:
                linker = Linker(graph)
                clozes = [probe.cloze for probe in study.probes]
                trials.found = (
                    link_again(study.documents, linker),
                    link_again(clozes, linker),
                    link_again(study.held_out, linker),
                )
            facts = facts_of_graph(config.fusion, graph, before)
            for edit in study.edits:
                graph.edit(edit.head, edit.relation, edit.new, old=edit.old)
            if study.edits:
                trials.after = refit(before, graph, {edit.head for edit in study.edits})
            if facts is not None:
                trials.facts = (facts, facts_of_graph(config.fusion, graph, before))
        if backbone is not None and backbone.path:
            trials.ability = trials.ability_before()
        return trials

    def ability_before(self) -> Ability:
        """The ability of the backbone before any training."""
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
        """Train one arm and probe it; D facts use the edited table, without new training."""
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
            edited_model = study.with_knowledge(
                model,
                control_table(self.after, vectors, seed),
                control_facts(self.facts[1], vectors, seed),
            )
            scores = self._after_edits(
                scores, model_scores(edited_model, probes, use_knowledge=knows)
            )
        knn = None
        if arm == "none":
            knn = reciprocals(probes, nearest_texts(model, documents, probes))
        ability_shares = None
        if self.ability is not None:
            ability_shares = kept_shares(self.ability, ability_of(model, self.study.held_out))
            if model.lora_rank:
                with model.without_lora():
                    shares_without_lora = kept_shares(
                        self.ability, ability_of(model, self.study.held_out)
                    )
                ability_shares["same without LoRA"] = shares_without_lora["same"]
        return ArmRun(arm, seed, reciprocals(probes, scores), loss, knn, ability_shares)

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
        """The scores after the edits for D probes, and those before the edits for the others."""
        return [
            new if probe.split == "D" else old
            for probe, old, new in zip(self.study.probes, before, after, strict=True)
        ]

    def baselines(self) -> dict[str, list[float]]:
        """Reciprocal ranks of the baselines; D probes use the edited graph and its vectors.

        Frequencies of objects are counted before the edits, because in a small relation the edits
        would make their own objects frequent.
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
    """The tokenizer and configuration of all arms."""
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
    """Combine runs, in any order, and baselines; arms are in the order of their first run."""
    results = Results(probes)
    results.baselines = {name: [runs_of] for name, runs_of in baselines.items()}
    for run in runs:
        results.arms.setdefault(run.arm, []).append(run.ranks)
        if run.loss is not None:
            results.losses.setdefault(run.arm, []).append(run.loss)
        if run.kept is not None:
            results.kept.setdefault(run.arm, []).append(run.kept)
        if run.knn is not None:
            results.baselines.setdefault("knn", []).append(run.knn)
    return results
