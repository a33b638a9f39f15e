"""KBLaM on a decoder trained here: does knowledge arrive, is it exchanged, what does a fact cost?

    python benchmarks/kblam.py arms [--limit 20] [--steps 600] [--seeds 1] [--batch 64]
    python benchmarks/kblam.py cost [--facts 1000 2000 5000 10000] [--repeat 5]

"arms" trains a GPT-2 of two layers from random weights on texts of T-REx, in which A facts stand;
the facts of the graph (A and B) are keys and values. Arms: true facts, facts of wrong heads with a
permuted table, no facts. The trained model is then asked again, without training, with no facts,
with facts of wrong heads, and with edited facts (D, asked by the new object). "cost" times steps of
the same decoder. Figures are printed, never asserted; T-REx is looked for in ``../shared/data``.
"""

import argparse
import os
import platform
import time
from statistics import mean, median

import torch
from transformers import GPT2Config
from trex import read

from kg import EntityEmbeddings, train_embeddings
from kptm.data import FactTriples, train_tokenizer
from kptm.evaluation.fusion.study_arms import ArmStudy, StudyConfig, splits
from kptm.fusion import FusedModel, FusionConfig
from kptm.pretraining import PretrainConfig

ARMS = ("aligned", "permuted", "none")
LAYERS, WIDTH, HEADS = 2, 128, 4
LENGTH, TEXTS, ENTITY = 32, 16, 128
"""Tokens of a text, texts of a step, and the width of entity vectors, where cost is timed."""


def decoder(tokenizer, length):
    return GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        n_positions=length,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
    )


def arms(options):
    study = read(options)
    with study.graph() as graph:
        embeddings = train_embeddings(graph, study.embedding)
        facts = FactTriples.of(graph)
        for edit in study.edits:
            graph.edit(edit.head, edit.relation, edit.new, old=edit.old)
        edited = FactTriples.of(graph).among(embeddings)
    tokenizer = train_tokenizer((item.text for item in study.documents), vocab_size=12_000)
    config = StudyConfig(
        backbone=decoder(tokenizer, study.max_length),
        fusion=FusionConfig(kind="kblam", max_length=study.max_length),
        pretraining=PretrainConfig(
            steps=options.steps, batch_size=options.batch, learning_rate=options.learning_rate
        ),
    )
    arm_study = ArmStudy(embeddings, tokenizer, study.documents, study.probes, config, facts)
    print(
        f"{len(facts):,} facts, {len(study.documents):,} texts, {len(study.edits)} edits,"
        f" {options.steps} steps of {options.batch}",
        flush=True,
    )
    rows = {}

    def row(name, right):
        shares = {split: mean(each) for split, each in splits(study.probes, right).items()}
        rows.setdefault(name, []).append(shares)
        print(name, {split: round(share, 3) for split, share in shares.items()}, flush=True)

    for seed in range(options.first, options.first + options.seeds):
        for arm in options.arms:
            began = time.monotonic()
            model, _ = arm_study.train(arm, seed)
            print(f"seed {seed}, {arm}: {time.monotonic() - began:.0f} s", flush=True)
            row(arm, arm_study.ask(model, arm))
            if arm == "aligned":
                for name, other in (
                    ("aligned, asked without facts", facts.none()),
                    ("aligned, asked with facts of wrong heads", facts.permuted(seed)),
                    ("aligned, asked with edited facts", edited),
                ):
                    model.read(other)
                    row(name, arm_study.ask(model, arm))
    names = sorted(rows["aligned"][0])
    print("\n| arm | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    for name, found in rows.items():
        print(f"| {name} | " + " | ".join(f"{mean(x[s] for x in found):.3f}" for s in names) + " |")


def cost(options):
    tokenizer = train_tokenizer(["a few words are enough for this"], vocab_size=60)
    random = torch.Generator().manual_seed(0)
    ids = torch.randint(5, len(tokenizer), (TEXTS, LENGTH), generator=random)
    spans = torch.tensor([(text, 1, 3) for text in range(TEXTS)])
    batch = ids, torch.ones_like(ids), spans, torch.arange(TEXTS)
    print("| facts | step, CPU ms | more, ms a 1,000 facts | pass without gradient, CPU ms |")
    print("|---|---|---|---|")
    before = None
    for count in options.facts:
        table = torch.randn(count, ENTITY, generator=random)
        embeddings = EntityEmbeddings(list(map(str, range(count))), table)
        facts = FactTriples((str(at), "beside", str((at + 1) % count)) for at in range(count))
        model = FusedModel.build(
            decoder(tokenizer, LENGTH),
            embeddings,
            FusionConfig(kind="kblam", max_length=LENGTH),
            tokenizer=tokenizer,
            facts=facts,
        )
        step = median(_timed(_step, model, batch, options.repeat))
        with torch.inference_mode():
            model.eval()
            reads = median(_timed(_read, model, batch, options.repeat))
        more = ""
        if before is not None:
            more = f"{(step - before[1]) / (count - before[0]) * 1e6:.1f}"
        print(f"| {count:,} | {step * 1e3:.0f} | {more} | {reads * 1e3:.0f} |", flush=True)
        before = count, step


def _step(model, batch):
    model.train()
    model(*batch).hidden.square().mean().backward()
    model.zero_grad(set_to_none=True)


def _read(model, batch):
    model(*batch)


def _timed(call, model, batch, repeat):
    call(model, batch)
    for _ in range(repeat):
        began = time.process_time()
        call(model, batch)
        yield time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("arms", "cost"))
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--arms", nargs="*", default=ARMS)
    parser.add_argument("--facts", type=int, nargs="*", default=[1_000, 2_000, 5_000, 10_000])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, torch {torch.__version__},"
        f" {torch.get_num_threads()} threads of {os.cpu_count()}\n"
    )
    (arms if options.what == "arms" else cost)(options)


if __name__ == "__main__":
    main()
