"""What each kind of fusion costs beside the plain backbone: BERT-base's width, 128 tokens.

    python benchmarks/fusion_overhead.py [--layers 12] [--batch 8] [--repeat 7] [--entities 10000]
        [--kinds …]
    python benchmarks/fusion_overhead.py --large
        # a step with 1,000,000 entities against 10,000

Weights are random; a text has eight mentions of three tokens. The kinds take turns, the median of
the ratios to the plain backbone of the same turn is printed. Figures are printed, never asserted.
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from kg import EntityEmbeddings
from kptm.data import EntityFacts, FactTriples, train_tokenizer
from kptm.fusion import FusedModel, FusionConfig
from kptm.fusion.config import KINDS

LENGTH, MENTIONS, WIDTH, ENTITY = 128, 8, 3, 128
FACTS, FACT = 2, 4
"""Facts of a mention, and tokens of each, where a kind reads them."""
EXPECTED = {
    "gated": "two maps at the tokens of mentions, in one layer",
    "ernie": "attention among entities and two maps, in half of the layers",
    "knowbert": "one Transformer layer of the entities' width over all tokens",
    "memory": "one product with the whole table for each mention, in one layer",
    "luke": "a sequence longer by its entities, and here the attention of words twice",
    "kbert": "a sequence longer by its facts: here 64 tokens on 128",
    "kblam": "attention to as many facts as there are entities, in every layer",
    "adapter": "three layers beside the backbone; no gradients through the backbone",
}


def batch_of(count, entities):
    random = torch.Generator().manual_seed(0)
    ids = torch.randint(10, 1_000, (count, LENGTH), generator=random)
    starts = torch.arange(MENTIONS) * (LENGTH // MENTIONS) + 2
    spans = [(text, int(at), int(at) + WIDTH) for text in range(count) for at in starts]
    rows = torch.randint(entities, (len(spans),), generator=random)
    places = torch.tensor([(text, 1) for text in range(count)])
    return {
        "input_ids": ids, "attention_mask": torch.ones_like(ids),
        "mention_spans": torch.tensor(spans), "mention_rows": rows, "target_places": places,
    }  # fmt: skip


def facts_of(count):
    """Facts of every mention, as "kbert" has them."""
    ids = torch.full((count, MENTIONS * FACTS * FACT), 11)
    places = torch.tensor(
        [
            (text * MENTIONS + mention, (text * MENTIONS + mention) * FACTS + fact, at)
            for text in range(count) for mention in range(MENTIONS)
            for fact in range(FACTS) for at in range(1, FACT + 1)
        ]
    )  # fmt: skip
    return {"branch_ids": ids, "branch_places": places.reshape(count, -1, 3)}


def backbone(layers) -> BertForMaskedLM:
    torch.manual_seed(0)
    return BertForMaskedLM(BertConfig(vocab_size=30_522, num_hidden_layers=layers)).eval()


def tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer(["a few words are enough for this"], vocab_size=60)


def fused(kind, layers, entities):
    table = torch.randn(entities, ENTITY, generator=torch.Generator().manual_seed(1))
    return fused_with(EntityEmbeddings(list(map(str, range(entities))), table), kind, layers)


def facts_for(kind, embeddings):
    """What a kind reads: nothing as text, or as many triples as there are entities."""
    keys = embeddings.keys
    triples = ((keys[at], "beside", keys[at - 1]) for at in range(len(keys)))
    return FactTriples(triples) if kind == "kblam" else EntityFacts({})


def fused_with(embeddings, kind, layers):
    return FusedModel.build(
        backbone(layers), embeddings, FusionConfig(kind=kind), tokenizer=tokenizer(),
        facts=facts_for(kind, embeddings)
    )  # fmt: skip


def hidden_of(model, batch):
    if isinstance(model, FusedModel):
        given = {name: value for name, value in batch.items() if name != "target_places"}
        return model(**given).hidden
    return model.base_model(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]
    ).last_hidden_state


def infer(model, batch):
    model.eval()
    with torch.inference_mode():
        began = time.perf_counter()
        hidden_of(model, batch)
        return time.perf_counter() - began


def step(model, batch):
    model.train()
    began = time.perf_counter()
    hidden_of(model, batch).square().mean().backward()
    spent = time.perf_counter() - began
    model.zero_grad(set_to_none=True)
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--kinds", nargs="*", default=KINDS)
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, torch {torch.__version__}, {torch.get_num_threads()}"
        f" threads of {os.cpu_count()}, {options.layers} layers of 768, {options.batch} texts of"
        f" {LENGTH} tokens\n"
    )
    if options.large:
        large(options)
        return
    batch, plain = batch_of(options.batch, options.entities), backbone(options.layers)
    print("| kind | inference | training step | what its design costs |\n|---|---|---|---|")
    for kind in options.kinds:
        model = fused(kind, options.layers, options.entities)
        given = {**batch, **facts_of(options.batch)} if kind == "kbert" else batch
        ratios = {}
        for name, measure in (("inference", infer), ("training", step)):
            measure(model, given), measure(plain, batch)  # warm
            pairs = [(measure(model, given), measure(plain, batch)) for _ in range(options.repeat)]
            ratios[name] = median(ours / theirs for ours, theirs in pairs)
        print(
            f"| {kind} | {ratios['inference']:.3f} | {ratios['training']:.3f} | {EXPECTED[kind]} |",
            flush=True,
        )
        del model


def large(options) -> None:
    """A training step of the gated model with a sampled entity head, for two tables on disk."""
    models, started, batches = {}, {}, {}
    for entities in (10_000, 1_000_000):
        table = torch.randn(entities, ENTITY, generator=torch.Generator().manual_seed(1))
        folder = Path(tempfile.mkdtemp()) / "vectors"
        EntityEmbeddings(list(map(str, range(entities))), table).save(folder)
        del table
        began = time.perf_counter()
        models[entities] = fused_with(
            EntityEmbeddings.load(folder), "gated", options.layers
        ).train()
        started[entities] = time.perf_counter() - began
        drawn = torch.randint(entities, (1_000,), generator=torch.Generator().manual_seed(2))
        batches[entities] = {**batch_of(options.batch, entities), "score_rows": drawn.unique()}

    def with_head(entities):
        began = time.perf_counter()
        output = models[entities](**batches[entities])
        (output.hidden.square().mean() + output.entity_logits.logsumexp(-1).mean()).backward()
        spent = time.perf_counter() - began
        models[entities].zero_grad(set_to_none=True)
        return spent

    for entities in models:
        with_head(entities)
    pairs = [[with_head(entities) for entities in models] for _ in range(options.repeat)]
    ratio = median(b / a for a, b in pairs)
    print(
        f"step with 1,000,000 entities / with 10,000: {ratio:.3f};"
        f" opened and built in {started[1_000_000]:.1f} s / {started[10_000]:.1f} s;"
        f" rows held in memory: {models[1_000_000].entity_table.held}"
    )


if __name__ == "__main__":
    main()
