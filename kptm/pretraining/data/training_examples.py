"""The stream of training examples: a pure function of (texts, config, position)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from torch.utils.data import Dataset

from kptm.data.order import pass_length, pass_order
from kptm.pretraining.data.corruption import misalign, replace_mentions
from kptm.pretraining.data.masking import MaskedText, causal_targets, mask_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kptm.pretraining.config import PretrainConfig
    from kptm.pretraining.data.corpus import Corpus
    from kptm.pretraining.data.described_facts import DescribedFact, Descriptions
    from kptm.pretraining.data.shards import Related


MASKING, REPLACEMENT, MISALIGNMENT, HAS_FACT, FACT = 1, 4, 5, 6, 7
"""The last numbers of the seeds of an example's random choices, so that each has its own stream."""


class PretrainingExample(NamedTuple):
    """A masked text with the graph's facts about it, and an additional fact."""

    masked: MaskedText
    related: Related
    fact: DescribedFact | None


class ExampleSettings(NamedTuple):
    """The settings of examples.

    Attributes:
        mask_id: The mask token; None makes examples for a decoder.
        vocab: Token ids for random replacements.
        entities: The number of rows of the entity table.
        max_tokens: The maximum number of tokens of a text.
    """

    mask_id: int | None
    vocab: Sequence[int]
    entities: int
    max_tokens: int


class PretrainingExamples(Dataset[PretrainingExample]):
    """The examples of a run, by number; text and masking depend only on the seed and the number.

    The Trainer reads them in order. Each pass over the texts has its own permutation.
    """

    def __init__(
        self,
        texts: Corpus,
        config: PretrainConfig,
        settings: ExampleSettings,
        descriptions: Descriptions | None = None,
    ) -> None:
        self._texts = texts
        self._config = config
        self._settings = settings
        self._descriptions = descriptions
        self._lengths = texts.lengths
        self._pass = -1
        self._order = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return self._config.steps * self._config.batch_size

    def __getitem__(self, index: int) -> PretrainingExample:
        size = self._config.batch_size
        pass_number, position = divmod(index, pass_length(len(self._texts), size))
        if pass_number != self._pass:
            self._order = pass_order(self._lengths, size, self._config.seed, pass_number)
            self._pass = pass_number
        text_number = int(self._order[position])
        config, settings, text = self._config, self._settings, self._texts[text_number]
        if config.replaced_weight:
            rate, count = config.replaced_rate, len(self._texts)
            seed = (config.seed, index, REPLACEMENT)
            text = replace_mentions(
                text, self._texts.__getitem__, count, rate, settings.max_tokens, seed
            )
        seed = (config.seed, index, MASKING)
        if settings.mask_id is None:
            masked = causal_targets(text, config, seed)
        else:
            masked = mask_text(text, config, settings.mask_id, settings.vocab, seed)
        if config.denoising_weight:
            seed = (config.seed, index, MISALIGNMENT)
            noisy = misalign(masked.text, settings.entities, seed, masked.rows)
            masked = masked._replace(text=noisy)
        return PretrainingExample(masked, self._texts.related_facts(text_number), self._fact(index))

    def _fact(self, index: int) -> DescribedFact | None:
        if self._descriptions is None:
            return None
        rng = np.random.default_rng((self._config.seed, index, HAS_FACT))
        if rng.random() >= self._config.description_rate:
            return None
        return self._descriptions.draw((self._config.seed, index, FACT))
