"""Settings of training embeddings."""

from __future__ import annotations

from dataclasses import dataclass

from kg.errors import EmbeddingError
from kg.seeds import seed_problem

TRAININGS = "1vsall", "sampled", "lcwa", "slcwa"
OPTIMIZERS = "adagrad", "adam"
CROSS_ENTROPY = "crossentropy"


@dataclass(frozen=True, kw_only=True)
class KGEConfig:
    """Settings of one training. The defaults are those of Lacroix et al. 2018 for small graphs.

    Attributes:
        model: Any PyKEEN model by name ("ComplEx", "TransE", "DistMult", "RotatE", …).
        dim: The model's embedding dimension; complex models have ``2 * dim`` numbers per entity.
        epochs: The maximum number of passes over the triples.
        batch_size: Rows of scores per step: triples for "slcwa", (head, relation) pairs for the
            others.
        learning_rate: The learning rate of the optimizer.
        optimizer: "adagrad" or "adam".
        training: "1vsall" is the cross entropy of the right entity among all entities (fast on a
            CPU); "sampled" is the same among the entities of the batch and ``negatives`` others,
            for large graphs; "lcwa" and "slcwa" are PyKEEN's, with any of its losses.
        share: The maximum number of triples of one (head, relation) pair that "1vsall" and
            "sampled" score together.
        negatives: Entities that each batch of "sampled" draws; false triples per true one for
            "slcwa".
        loss: A PyKEEN loss by name for "lcwa" and "slcwa".
        regularization: The weight of Σ|x|³ over a triple's head, relation and tail (N3, Lacroix et
            al. 2018, equation 7); None keeps PyKEEN's regularizer of the model.
        init: Standard deviation of the initial vectors; None initialises as PyKEEN does.
        inverse: Whether to train heads by inverse relations, which "1vsall" and "lcwa" need to
            predict heads well.
        validation: Share of the triples held out for early stopping; 0 trains on all.
        evaluate_every: Epochs between two evaluations on held-out triples.
        patience: Evaluations without a better MRR before training stops; the best state is
            restored.
        partitions: Parts of the entities; more than 1 are on disk, and two of them in memory (see
            :func:`kg.embedding.buckets.train_on_disk`, which needs "sampled").
        device: "cpu"; "auto" trains on the accelerator if there is one; or its name. Random numbers
            are drawn on the CPU, so that a seed draws the same on every device.
        seed: The seed; equal seeds give equal results.

    Raises:
        EmbeddingError: A value is invalid.
    """

    model: str = "ComplEx"
    dim: int = 64
    epochs: int = 50
    batch_size: int = 256
    learning_rate: float = 0.1
    optimizer: str = "adagrad"
    training: str = "1vsall"
    share: int = 4
    negatives: int = 1
    loss: str = CROSS_ENTROPY
    regularization: float | None = 0.01
    init: float | None = 1e-3
    inverse: bool = True
    validation: float = 0.0
    evaluate_every: int = 5
    patience: int = 3
    partitions: int = 1
    device: str = "cpu"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, among in (("training", TRAININGS), ("optimizer", OPTIMIZERS)):
            if getattr(self, name) not in among:
                raise EmbeddingError(
                    f"{name} must be one of {', '.join(among)}, not {getattr(self, name)!r}"
                )
        if self.training in ("1vsall", "sampled") and self.loss != CROSS_ENTROPY:
            raise EmbeddingError(
                f'"{self.training}" is cross entropy; for the loss {self.loss!r} use "lcwa" or'
                ' "slcwa"'
            )
        whole = "dim epochs batch_size share negatives evaluate_every patience partitions".split()
        for name in whole:
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise EmbeddingError(f"{name} must be a whole number of at least 1, not {value!r}")
        self._check_ranges()

    def _check_ranges(self) -> None:
        if problem := seed_problem(self.seed):
            raise EmbeddingError(problem)
        for name in ("learning_rate", "regularization", "init"):
            value = getattr(self, name)
            if value is None and name != "learning_rate":
                continue
            if not isinstance(value, int | float) or not value > 0:
                raise EmbeddingError(f"{name} must be a number above 0, not {value!r}")
        if not isinstance(self.validation, int | float) or not 0 <= self.validation < 1:
            raise EmbeddingError(
                f"validation is a share from 0 to less than 1, not {self.validation!r}"
            )

    @classmethod
    def recipe(cls, name: str) -> KGEConfig:
        """A named configuration; :mod:`kg.embedding.training.recipes` has their results.

        Raises:
            EmbeddingError: There is no recipe of that name.
        """
        from kg.embedding.training.recipes import RECIPES

        if name not in RECIPES:
            raise EmbeddingError(f"no recipe is called {name!r}; there are {', '.join(RECIPES)}")
        return cls(**RECIPES[name])
