"""Names of entities by a decoder: beam search in a trie of names.

De Cao et al. 2021, "Autoregressive Entity Retrieval", section 3.2: after each token only those
tokens may follow that continue a name of the candidates. A name's score is the sum of the
log-probabilities of its tokens, and of the end token if a longer name begins with the name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig, LogitsProcessor

from kptm.errors import ConfigError, ModelError
from kptm.fusion.decoding.generation import generate_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import LongTensor, Tensor

    from kptm.fusion.fused_model import FusedModel
    from kptm.linking import LinkedText

MIN_BEAMS = 8
"""The minimum number of beams; with fewer, names that begin with a rare token are lost."""


@dataclass(frozen=True, slots=True)
class NameScore:
    """An entity whose name a decoder generated.

    Attributes:
        entity: The key of the entity.
        name: The name.
        score: Its log-probability after the prompt.
    """

    entity: str
    name: str
    score: float


@dataclass(slots=True)
class NameTrie:
    """Names by their tokens.

    Attributes:
        after: The subtree after each token.
        ends: The (entity, name) pairs that end here.
    """

    after: dict[int, NameTrie] = field(default_factory=dict)
    ends: list[tuple[str, str]] = field(default_factory=list)

    def add(self, tokens: Sequence[int], entity: str, name: str) -> None:
        """Add a name."""
        node = self
        for token in tokens:
            node = node.after.setdefault(token, NameTrie())
        node.ends.append((entity, name))

    def find(self, tokens: Sequence[int]) -> NameTrie | None:
        """The subtree after some tokens; None if no name begins with them."""
        node: NameTrie | None = self
        for token in tokens:
            node = node.after.get(token) if node else None
        return node


def name_trie(tokenizer: Any, names: Mapping[str, Sequence[str]]) -> tuple[NameTrie, int]:
    """A trie of the tokens of names after another word, and the number of tokens of the longest.

    Raises:
        ConfigError: There is no name.
    """
    # A name alone may have other tokens than one after a word and a space.
    before = len(tokenizer("a", add_special_tokens=False).input_ids)
    trie, longest = NameTrie(), 0
    for entity, names_of_entity in names.items():
        for name in filter(None, dict.fromkeys(text.strip() for text in names_of_entity)):
            tokens = tokenizer(f"a {name}", add_special_tokens=False).input_ids[before:]
            if tokens:
                trie.add(tokens, entity, name)
                longest = max(longest, len(tokens))
    if not longest:
        raise ConfigError("there is no name to generate; give at least one")
    return trie, longest


def generate_names(
    model: FusedModel,
    prompts: Sequence[LinkedText],
    names: Mapping[str, Sequence[str]],
    *,
    k: int = 1,
    use_knowledge: bool = True,
) -> list[list[NameScore]]:
    """Let a decoder generate only names of entities after each prompt; return the entities.

    Args:
        model: A decoder, of any kind of fusion that generates.
        prompts: Linked texts; a text with a blank ends at it.
        names: The names of each candidate.
        k: The maximum number of entities for each prompt.
        use_knowledge: False injects no vector.

    Returns:
        The entities of each prompt, best first; if two entities share a name, both.

    Raises:
        ModelError: The model cannot generate, or its tokenizer has no token that ends a text.
        ConfigError: There is no name, or k is less than 1.
    """
    if k < 1:
        raise ConfigError(f"k must be at least 1, not {k}")
    trie, longest = name_trie(model.tokenizer, names)
    end = model.tokenizer.eos_token_id
    end = model.tokenizer.sep_token_id if end is None else end
    if end is None:
        raise ModelError("the tokenizer has no token that ends a text; name its eos_token")
    beams = max(MIN_BEAMS, k)
    settings = GenerationConfig(
        num_beams=beams,
        num_return_sequences=k,
        length_penalty=0.0,  # the sum, not the mean, of log-probabilities
        early_stopping="never",
        eos_token_id=end,
    )
    generated = generate_tokens(
        model,
        prompts,
        max_new_tokens=longest + 1,
        use_knowledge=use_knowledge,
        settings=settings,
        choose=lambda length: _OnlyNames(trie, int(end), length),
    )
    result = []
    for first in range(0, len(generated.rows), k):
        best: dict[str, NameScore] = {}
        for row, score in zip(
            generated.rows[first : first + k], generated.scores[first : first + k], strict=True
        ):
            tokens = row[: row.index(end)] if end in row else row
            node = trie.find(tokens)
            for entity, name in node.ends if node and score > IMPOSSIBLE_SCORE else ():
                best.setdefault(entity, NameScore(entity, name, score))
        result.append(list(best.values()))
    return result


IMPOSSIBLE_SCORE = -1e8
"""A beam with a score below this has no name."""


class _OnlyNames(LogitsProcessor):  # type: ignore[misc]  # transformers has no types here
    """Lets only tokens through that continue a name, or end one."""

    def __init__(self, trie: NameTrie, end: int, start: int) -> None:
        self._trie, self._end, self._start = trie, end, start

    def __call__(self, input_ids: LongTensor, scores: Tensor) -> Tensor:
        """Scores (rows, V), with −∞ for other tokens."""
        allowed = torch.full_like(scores, -torch.inf)
        for row, tokens in enumerate(input_ids[:, self._start :].tolist()):
            node = self._trie.find(tokens)
            after = sorted(node.after) if node else []
            if after:
                allowed[row, after] = scores[row, after]
            if node and node.ends:
                # If no longer name continues this one, the end is certain.
                allowed[row, self._end] = scores[row, self._end] if after else 0.0
            elif not after:
                allowed[row, self._end] = 0.0  # a beam that has ended
        return allowed
