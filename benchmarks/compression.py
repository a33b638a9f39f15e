"""What a compressed model costs in answers and gains in time: T-REx, each way beside the original.

    python benchmarks/compression.py --backbone PATH [--folder work/] [--limit 60] [--steps 100]
        [--distil-steps 200] [--ways int8 distil-3 distil-3-int8 onnx onnx-int8] [--seed 0]
        [--lengths 8 16 64 128]

A fused model with the aligned vectors of T-REx's graph is trained on texts that say the A facts,
its backbone frozen where it is given. Each way of ``kptm compress``, learning from the same texts,
and each ONNX graph is asked what all are asked: facts in text and graph (A), in the graph only (B)
and in neither (C), in a phrasing that no text has. "learnt-on" is the control of what learns: the
original itself, none of it removed, trained as the students are. Intervals are 95%, bootstrapped
over facts, of the difference to the original. Times are CPU time of one thread, medians of passes
in which all models take turns, so that other work on the machine meets all alike; the ratios are
what counts. With --lengths the models are also timed on texts of so many tokens, random ones with
two mentions and a blank. With --folder models are written there and not made again. Figures are
printed, never asserted.
"""

import argparse
import os
import platform
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "trex"
WAYS = (
    "int8",
    "learnt-on",
    "distil-3",
    "distil-2",
    "distil-3-int8",
    "prune-neurons-0.5",
    "prune-weights-0.3",
    "share",
    "onnx",
    "onnx-int8",
    "onnx-of-distil-3",
)
SIZES = (1, 32)
"""Texts of a batch."""


def read_study(options):
    from kptm.evaluation.fusion.fusion_study import FusionStudy

    return FusionStudy.read(
        DATA / "facts.jsonl.gz",
        DATA / "patterns.jsonl.gz",
        "3",
        steps=options.steps,
        learning_rate=options.learning_rate,
        limit=options.limit,
    )


def teacher_of(study, options, folder):
    """The original: trained, or read where it was trained before."""
    from kptm import FusedModel
    from kptm.evaluation.fusion.study_arms import ArmStudy, StudyBackbone
    from kptm.evaluation.fusion.trials import Trials

    if not (folder / "original").exists():
        backbone = StudyBackbone(path=options.backbone, freeze=bool(options.backbone))
        trials = Trials.prepare(study, ("aligned",), backbone=backbone)
        arm = ArmStudy(
            trials.before, trials.tokenizer, study.documents, study.probes, trials.config
        )
        model, _ = arm.train("aligned", options.seed)
        model.save_pretrained(folder / "original")
    return FusedModel.from_pretrained(folder / "original")


def config_of(way, options):
    """What ``kptm compress`` is told for a way that is called as its results are."""
    from kptm.compression import CompressionConfig

    parts = way.split("-")
    after = dict(pairwise(parts))
    unit = after.get("prune", "neurons")
    return CompressionConfig(
        layers=int(after.get("distil", 0)),
        unit=unit,
        prune=float(after[unit]) if "prune" in parts else 0.0,
        share="share" in parts,
        quantise="int8" if "int8" in parts else "",
        steps=options.distil_steps,
        batch_size=options.batch,
        learning_rate=options.distil_rate,
        held_out=0.0,
        seed=options.seed,
    )


def model_of(way, original, study, options, folder):
    """The model of a way, made or read."""
    from kptm import FusedModel
    from kptm.compression import compress, distil
    from kptm.compression.student import copy_model
    from kptm.fusion import OnnxModel, export_onnx

    target = folder / way
    if way.startswith("onnx"):
        if not target.exists():
            _, _, name = way.partition("-of-")
            source = FusedModel.from_pretrained(folder / name) if name else original
            export_onnx(source, target, int8="int8" in way)
        graph = OnnxModel.from_pretrained(target, threads=1)
        graph.eval = lambda: graph  # what asks a model puts it into this mode
        return graph
    if target.exists():
        return FusedModel.from_pretrained(target)
    began = time.process_time()
    base = way.removesuffix("-int8")
    if way == "learnt-on":
        small = copy_model(original)
        steps = distil(small, original, study.documents, config_of("share", options)).steps
        small.save_pretrained(target)
        print(f"  {way}: {steps} steps, {time.process_time() - began:.0f} s of CPU", flush=True)
        return small
    if base != way and (folder / base).exists():  # a student that is there need not learn again
        source, config = FusedModel.from_pretrained(folder / base), config_of("int8", options)
    else:
        source, config = original, config_of(way, options)
    small, report = compress(source, study.documents, config)
    small.save_pretrained(target)
    print(f"  {way}: {report.steps} steps, {time.process_time() - began:.0f} s of CPU", flush=True)
    return small


def size_of(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return sum(p.stat().st_size for p in files if "embeddings" not in p.relative_to(folder).parts)


def right_answers(model, study):
    """Right or not, by split."""
    from kptm.evaluation import ask_model

    found = {}
    for probe, right in zip(study.probes, ask_model(model, study.probes), strict=True):
        found.setdefault(probe.split, []).append(float(right))
    return found


def loss_of(model, study):
    from kptm.evaluation.fusion.language_loss import masked_lm_loss

    texts = study.held_out[:512]
    losses = [masked_lm_loss(model, texts, True, seed) for seed in range(3)]
    return sum(losses) / len(losses)


def farthest(model, original, texts):
    """The largest difference of hidden states and entity logits to the original's."""
    import torch

    from kptm.data import collate

    encoded = [original.encoder.encode(text) for text in texts]
    batch = collate(encoded, original.pad_id).tensors()
    with torch.no_grad():
        pairs = [
            (getattr(model(**batch), name), getattr(original(**batch), name))
            for name in ("hidden", "entity_logits")
        ]
    return max(float((a - b).abs().max()) for a, b in pairs)


def batch_of(count, length, tokens, entities):
    """Texts of random tokens, each with two mentions of two tokens and a blank."""
    import torch

    chance = torch.Generator().manual_seed(0)
    ids = torch.randint(tokens, (count, length), generator=chance)
    spans = [(text, start, start + 2) for text in range(count) for start in (2, 5)]
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "mention_spans": torch.tensor(spans),
        "mention_rows": torch.randint(entities, (len(spans),), generator=chance),
        "target_places": torch.tensor([(text, 1) for text in range(count)]),
    }


def print_lengths(models, lengths, passes, texts):
    """Tokens a second of each model by length and number of texts, and the tokeniser's time."""
    import torch

    original, columns = models["original"], []
    for count in SIZES:
        for length in lengths:
            sizes = len(original.tokenizer), len(original.embeddings)
            batch = batch_of(count, length, *sizes)
            seconds = {name: [] for name in models}
            with torch.no_grad():
                for _ in range(passes if count == 1 else max(5, passes // 5)):
                    for name, model in models.items():
                        began = time.process_time()
                        model(**batch)
                        seconds[name].append(time.process_time() - began)
            columns.append({name: count * length / median(x) for name, x in seconds.items()})
    heads = [f"{count} × {length}" for count in SIZES for length in lengths]
    print(f"\n| tokens/s | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    for name in models:
        cells = [f"{x[name]:,.0f} ({x[name] / x['original']:.2f}×)" for x in columns]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    began = time.process_time()
    tokens = sum(len(original.encoder.encode(text).ids) for text in texts)
    took = time.process_time() - began
    print(f"\ntokenising: {1_000 * took / len(texts):.2f} ms a text, {tokens / took:,.0f} tokens/s")


def row_of(name, model, original, study, times, answers, folder):
    from kptm.evaluation import paired_interval

    cells = [f"{size_of(folder / name) / 2**20:.1f}"]
    cells += [f"{found[name]:.1f} ({found['original'] / found[name]:.2f}×)" for found in times]
    for split in ("A", "B", "C"):
        mean = sum(answers[name][split]) / len(answers[name][split])
        cells.append(f"{mean:.4f}")
        if split == "B" and name != "original":
            gain = paired_interval(answers[name][split], answers["original"][split])
            cells[-1] += f" ({gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}])"
    if name.startswith("onnx"):
        cells.append("")
        if name == "onnx":
            texts = [probe.cloze for probe in study.probes[:64]]
            print(f"onnx: differs by at most {farthest(model, original, texts):.1e}")
    else:
        cells.append(f"{loss_of(model, study):.3f}")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default="", help="a folder; a small BERT by default")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--distil-steps", type=int, default=200)
    parser.add_argument("--distil-rate", type=float, default=5e-4)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--ways", nargs="+", default=WAYS)
    parser.add_argument("--passes", type=int, default=25)
    parser.add_argument("--lengths", type=int, nargs="*", default=[], help="in tokens, from 8")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    import torch

    from kptm.compression.measurements import measure_passes

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        study = read_study(options)
        original = teacher_of(study, options, folder)
        models = {"original": original}
        for way in options.ways:
            models[way] = model_of(way, original, study, options, folder)
        texts = [probe.cloze for probe in study.probes if probe.split == "B"]
        times = [measure_passes(models, texts[:count], options.passes) for count in SIZES]
        if options.lengths:
            print_lengths(models, options.lengths, options.passes, texts[:200])
        answers = {}
        for name, model in models.items():
            answers[name] = right_answers(model, study)
        rows = [
            row_of(name, model, original, study, times, answers, folder)
            for name, model in models.items()
        ]
        counts = {split: len(found) for split, found in sorted(answers["original"].items())}
    print(
        f"\nPython {platform.python_version()}, torch {torch.__version__}, {os.cpu_count()} cores,"
        f" {Path(options.backbone).name or 'a small BERT from nothing'}, {options.steps} steps,"
        f" {options.distil_steps} of distillation; facts asked: {counts}\n"
    )
    heads = [f"{count} text{'s' if count > 1 else ''}, ms" for count in SIZES]
    columns = ["", "MiB", *heads, "A", "B (− original)", "C", "masked LM"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
