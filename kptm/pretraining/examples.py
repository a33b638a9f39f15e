"""The stream of training examples: a pure function of (texts, config, position)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from torch.utils.data import Dataset

from kptm.pretraining.corrupting import misalign, replace_mentions
from kptm.pretraining.masking import MaskedText, ask_next, mask_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.pretraining.config import PretrainConfig
    from kptm.pretraining.corpus import Corpus, Related
    from kptm.pretraining.descriptions import DescribedFact, Descriptions


POOL = 50
"""Batches that are sorted by length together; within them lengths are alike, across them random."""


class Example(NamedTuple):
    """A text as it is asked, what the graph says of it, and a fact that comes along."""

    masked: MaskedText
    related: Related
    fact: DescribedFact | None


class Asking(NamedTuple):
    """What examples are made with.

    Attributes:
        mask_id: The mask token; None asks texts as a decoder is asked.
        vocab: Token ids that a random one is drawn from.
        entities: Rows of the entity table.
        longest: Tokens that a text may have.
    """

    mask_id: int | None
    vocab: Sequence[int]
    entities: int
    longest: int


class Examples(Dataset[Example]):
    """Example i of the run: which text, and how it is masked, hang on (seed, i) alone.

    The Trainer reads it in order; each pass over the texts has its own permutation.
    """

    def __init__(
        self,
        texts: Corpus,
        config: PretrainConfig,
        asking: Asking,
        descriptions: Descriptions | None = None,
    ) -> None:
        self._texts = texts
        self._config = config
        self._asking = asking
        self._descriptions = descriptions
        self._lengths = np.asarray(texts.lengths)
        self._pass = -1
        self._order = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return self._config.steps * self._config.batch_size

    def __getitem__(self, index: int) -> Example:
        number, place = divmod(index, self._pass_length())
        if number != self._pass:
            self._order, self._pass = self._bucketed(number), number
        text_number = int(self._order[place])
        config, asking, text = self._config, self._asking, self._texts[text_number]
        if config.replaced_weight:
            rate, count = config.replaced_rate, len(self._texts)
            seed = (config.seed, index, 4)
            text = replace_mentions(
                text, self._texts.__getitem__, count, rate, asking.longest, seed
            )
        seed = (config.seed, index, 1)
        if asking.mask_id is None:
            masked = ask_next(text, config, seed)
        else:
            masked = mask_text(text, config, asking.mask_id, asking.vocab, seed)
        if config.denoising_weight:
            noisy = misalign(masked.text, asking.entities, (config.seed, index, 5))
            masked = masked._replace(text=noisy)
        return Example(masked, self._texts.related(text_number), self._fact(index))

    def _fact(self, index: int) -> DescribedFact | None:
        if self._descriptions is None:
            return None
        rng = np.random.default_rng((self._config.seed, index, 6))
        if rng.random() >= self._config.description_rate:
            return None
        return self._descriptions.draw((self._config.seed, index, 7))

    def _pass_length(self) -> int:
        size = self._config.batch_size
        return -(-len(self._texts) // size) * size

    def _bucketed(self, number: int) -> np.ndarray:
        """The order of one pass: shuffled, then batches of like length, in shuffled order.

        Padding costs as much as text: one long line among short ones would triple a step.
        """
        rng = np.random.default_rng((self._config.seed, number, 0))
        order = np.resize(rng.permutation(len(self._texts)), self._pass_length())
        batches: list[np.ndarray] = []
        size = self._config.batch_size
        for start in range(0, len(order), POOL * size):
            pool = order[start : start + POOL * size]
            pool = pool[np.argsort(self._lengths[pool], kind="stable")]
            batches.extend(pool[at : at + size] for at in range(0, len(pool), size))
        return np.concatenate([batches[at] for at in rng.permutation(len(batches))])
