"""Trains a WordPiece vocabulary on the user's texts, for a backbone trained from scratch."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ALPHABET_SIZE = 1_000
"""The number of most frequent characters that are tokens; other characters become [UNK]."""
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def train_tokenizer(texts: Iterable[str], *, vocab_size: int = 8_000) -> Any:
    """Train a cased WordPiece tokenizer in BERT's format; return a fast Hugging Face tokenizer.

    Each Chinese, Japanese or Korean character is a word. Only control characters are removed, so
    that capitals and accents stay. The same texts give the same vocabulary.
    """
    from transformers import PreTrainedTokenizerFast

    texts = list(texts)
    counts = Counter(char for text in texts for char in text)
    letters = [char for char in counts if char.isprintable() and not char.isspace()]
    alphabet = sorted(letters, key=lambda char: (-counts[char], char))[:ALPHABET_SIZE]
    # The trainer numbers the inner pieces in the random order of its hash table, and breaks ties by
    # number. So a first training without merges finds these pieces, and a second gets them sorted.
    inner = [
        piece for piece in _train(texts, 0, alphabet, SPECIAL) if piece[:2] == "##" and piece[2:]
    ]
    vocabulary = _train(texts, vocab_size, alphabet, (*SPECIAL, *sorted(inner)))
    tokenizer = _wordpiece(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.add_special_tokens(list(SPECIAL))
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ends
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",  # noqa: S106
        unk_token="[UNK]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
        mask_token="[MASK]",  # noqa: S106
    )


def _wordpiece(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _train(
    texts: Iterable[str], size: int, alphabet: Sequence[str], first: Sequence[str]
) -> dict[str, int]:
    """Train a vocabulary that begins with the tokens ``first``."""
    tokenizer = _wordpiece(models.WordPiece(unk_token="[UNK]"))  # noqa: S106
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        initial_alphabet=list(alphabet),
        limit_alphabet=len(alphabet),
        special_tokens=list(first),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.get_vocab()
