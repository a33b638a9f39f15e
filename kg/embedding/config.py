"""How embeddings are trained."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kg.errors import EmbeddingError


@dataclass(frozen=True, kw_only=True)
class KGEConfig:
    """Settings of one training.

    Attributes:
        model: Any PyKEEN model by name ("ComplEx", "TransE", "DistMult", "RotatE", …).
        dim: The model's embedding dimension; complex models hold ``2 * dim`` numbers an entity.
        epochs: Passes over the triples.
        batch_size: (head, relation) pairs a step for "lcwa", triples a step for "slcwa".
        learning_rate: Of Adam.
        training: "lcwa" scores every entity for each pair (matrix work, good on a CPU); "slcwa"
            samples negatives, for graphs whose score matrix does not fit.
        loss: A PyKEEN loss by name.
        inverse: Train heads by inverse relations; needed to predict heads well with "lcwa".
        seed: One seed, one result.
    """

    model: str = "ComplEx"
    dim: int = 64
    epochs: int = 100
    batch_size: int = 256
    learning_rate: float = 0.01
    training: str = "lcwa"
    loss: str = "crossentropy"
    inverse: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if self.training not in ("lcwa", "slcwa"):
            raise EmbeddingError(f'training must be "lcwa" or "slcwa", not {self.training!r}')
        for name, least in (("dim", 1), ("epochs", 1), ("batch_size", 1), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise EmbeddingError(
                    f"{name} must be a whole number of at least {least}, not {value!r}"
                )
        rate = self.learning_rate
        if not isinstance(rate, int | float) or not rate > 0:
            raise EmbeddingError(f"learning_rate must be a number above 0, not {rate!r}")

    @classmethod
    def recipe(cls, name: str) -> KGEConfig:
        """A named configuration: "fast" (minutes on two cores) or "accurate".

        Raises:
            EmbeddingError: There is no recipe of that name.
        """
        recipes = {
            "fast": cls(),
            "accurate": replace(cls(), dim=256, epochs=300, learning_rate=0.003),
        }
        if name not in recipes:
            raise EmbeddingError(f"no recipe is called {name!r}; there are {', '.join(recipes)}")
        return recipes[name]
