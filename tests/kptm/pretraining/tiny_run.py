"""A pretraining that takes a second and is the same in every process, to kill and compare."""

import json
from pathlib import Path

import torch
from transformers import BertConfig

from kg import EntityEmbeddings
from kptm.data import train_tokenizer
from kptm.fusion import FusedModel, FusionConfig
from kptm.linking import LinkedText
from kptm.pretraining import PretrainConfig, pretrain
from kptm.pretraining.data.collator import Collator
from kptm.pretraining.data.training_examples import ExampleSettings, PretrainingExamples

CAPITALS = {"Georgia": "Tbilisi", "France": "Paris", "Italy": "Rome", "Peru": "Lima"}
CONFIG = PretrainConfig(
    steps=24, batch_size=4, learning_rate=5e-3, checkpoint_every=5, log_every=4, seed=3
)


def texts():
    """Eight texts with two links each."""
    made = []
    for country, city in CAPITALS.items():
        text = f"The capital of {country} is {city}."
        spans = [(15, 15 + len(country), country), (len(text) - len(city) - 1, len(text) - 1, city)]
        made.append(LinkedText.from_spans(text, spans))
        text = f"{city} lies in {country}, they say."
        end = len(city) + 9
        spans = [(0, len(city), city), (end, end + len(country), country)]
        made.append(LinkedText.from_spans(text, spans))
    return made


def model(dropout=0.1, **config):
    """A tiny fused BERT."""
    tokenizer = train_tokenizer([text.text for text in texts()], vocab_size=120)
    keys = sorted({*CAPITALS, *CAPITALS.values()})
    table = torch.randn(len(keys), 8, generator=torch.Generator().manual_seed(1))
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
    embeddings = EntityEmbeddings(keys, table)
    return FusedModel.build(backbone, embeddings, FusionConfig(**config), tokenizer=tokenizer)


class Texts(list):
    """Encoded texts in memory, as a corpus hands them out."""

    @property
    def lengths(self):
        return [len(text.ids) for text in self]

    def related_facts(self, number):
        return ()


def examples(encoded, config, asking, **options):
    """The examples of encoded texts."""
    return PretrainingExamples(Texts(encoded), config, asking, **options)


def asking(fused):
    """The arguments with which a model's examples are made."""
    mask_id = None if fused.causal else fused.encoder.mask_id
    return ExampleSettings(mask_id, range(5, len(fused.tokenizer)), len(fused.embeddings), 32)


def collator(fused, config):
    """Makes batches for a model."""
    return Collator(
        config, pad_id=fused.pad_id, entities=len(fused.embeddings), causal=fused.causal,
        soft=fused.fusion.soft,
    )  # fmt: skip


def run(folder, connection):
    """Pretrain with checkpoints in ``folder``, and send the number of each step."""
    fused = model()
    report = pretrain(
        fused,
        texts(),
        config=CONFIG,
        checkpoints=folder,
        progress=lambda *step: connection.send(step),
    )
    result = {"curve": report.to_dict()["curve"], "model": fused.fingerprint()}
    Path(folder, "result.json").write_text(json.dumps(result), encoding="utf-8")
