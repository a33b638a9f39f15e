"""Tiny fused models and rows for every task; each is learnt within a second or two."""

import random

import torch
from transformers import BertConfig, GPT2Config

from kg import EntityEmbeddings
from kptm.data import train_tokenizer
from kptm.finetuning import FinetuneConfig
from kptm.fusion import FusedModel, FusionConfig

PEOPLE = ("Ann", "Bob", "Cleo", "Dan")
PLACES = ("Rome", "Lima")
VERBS = {"was born in": "born", "works in": "works", "died in": "died"}
WORDS = ("abed", "cade", "fade")
FAST = FinetuneConfig(epochs=12, batch_size=12, learning_rate=2e-2, dropout=0.0, seed=1)


def rows(task):
    """Rows that a small model can learn completely."""
    made = []
    for person in PEOPLE:
        for place in PLACES:
            for verb, label in VERBS.items():
                text = f"{person} {verb} {place}."
                head, tail = [0, len(person)], [len(text) - 1 - len(place), len(text) - 1]
                row = {
                    "relation": {"head": head, "tail": tail, "label": label},
                    "typing": {"span": tail, "labels": ["place", label]},
                    "tokens": {"spans": [[*head, "PER"], [*tail, "LOC"]]},
                    "text": {"label": label},
                }[task]
                links = [
                    {"start": head[0], "end": head[1], "entity": person},
                    {"start": tail[0], "end": tail[1], "entity": place},
                ]
                made.append({"text": text, "links": links, **row})
    return made


def keyed_embeddings(keys, seed=1):
    return EntityEmbeddings(
        keys, torch.randn(len(keys), 8, generator=torch.Generator().manual_seed(seed))
    )


def model(texts=None, embeddings=None, dropout=0.0, tokenizer=None, **config):
    """A tiny fused BERT."""
    texts = texts or [row["text"] for row in rows("text")]
    tokenizer = tokenizer or train_tokenizer(texts, vocab_size=120)
    backbone = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    embeddings = embeddings or keyed_embeddings([*PEOPLE, *PLACES])
    return FusedModel.build(backbone, embeddings, FusionConfig(**config), tokenizer=tokenizer)


def decoder(tokenizer):
    """A tiny fused GPT-2."""
    backbone = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=16,
        n_layer=2,
        n_head=2,
        n_positions=64,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        pad_token_id=tokenizer.pad_token_id,
    )
    return FusedModel.build(backbone, keyed_embeddings([*PEOPLE, *PLACES]), tokenizer=tokenizer)


def only_vectors_tell(count=48, seed=0):
    """Rows of random words, labelled by whether the tail's vector points up or down.

    Returns rows and embeddings. Every row has its own entities, so none occurs twice.
    """
    draw = random.Random(seed)
    table = torch.randn(2 * count, 8, generator=torch.Generator().manual_seed(seed)) * 0.2
    table[:count, 0] += torch.tensor([2.0, -2.0]).repeat(count // 2)
    made = []
    for number in range(count):
        head, tail = {"start": 0, "end": 4}, {"start": 9, "end": 13}
        made.append(
            {
                "text": f"{draw.choice(WORDS)} and {draw.choice(WORDS)}.",
                "head": [0, 4],
                "tail": [9, 13],
                "label": ("up", "down")[number % 2],
                "links": [
                    {**head, "entity": f"e{count + number}"},
                    {**tail, "entity": f"e{number}"},
                ],
            }
        )
    return made, EntityEmbeddings([f"e{number}" for number in range(2 * count)], table)
