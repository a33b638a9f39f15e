"""Does modeledge help, do answers depend on the rows that they cite, and are they calibrated?

    python benchmarks/modeledge_parts/helps.py [--limit 100] [--seeds 5] [--steps 900]
        [--out helps.json]

The groups are in groups.py, "cited" and "decided" in provenance.py. The store holds the texts' A
facts and the told ones. Arms:

- *model*: alone, gated, aligned vectors.
- *store*: with the neighbours that name the question's head, as in kptm.Predictor; λ by bucket, T
  and edges are fitted.
- *any*: with those of the k nearest rows whose value is a candidate, whichever head they name.
- *shuffled*: the same store, the values of all its rows permuted, everything fitted again.
- *within*: values permuted only among rows of the same relation and side, so that they stay
  plausible.

Everything is fitted on half of the questions, chosen by hash, and measured on the other half.
Intervals are 95% bootstrap intervals over questions, of the mean over seeds, and paired where two
arms are compared. With --out the result of each seed is written once it ends; an existing file is
continued. Figures are printed, never asserted.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

ARMS = ("model", "store", "any", "shuffled", "within")
SETTINGS = ("limit", "steps", "known", "outside")
K = 16


def one_seed(setting, trials, seed):
    """Train and measure one seed; return its results as JSON data."""
    from kptm import Modeledge
    from kptm.evaluation.fusion.fact_probing import model_scores
    from kptm.evaluation.fusion.modeledge_arm import neighbours
    from kptm.evaluation.fusion.study_arms import ArmStudy
    from kptm.modeledge.sql.spaces import spaces_of
    from modeledge_parts.provenance import Dropping

    began, worked = time.monotonic(), time.process_time()
    study = setting.study
    arm = ArmStudy(trials.before, trials.tokenizer, study.documents, study.probes, trials.config)
    model, _ = arm.train("aligned", seed)
    trained = time.monotonic() - began
    probes = [asked.probe for asked in setting.asked]
    space = spaces_of(model)["cloze"]
    with tempfile.TemporaryDirectory() as folder:
        store = Modeledge.open(Path(folder) / "store.db")
        store.write(model, [*study.documents, *setting.told_texts])
        stores = {"store": store, "any": store}
        for name, relation_of in (("shuffled", None), ("within", setting.relation_of)):
            stores[name] = Modeledge.open(Path(folder) / f"{name}.db")
            shuffle(store, stores[name], space, relation_of, seed)
        scores = model_scores(model, probes)
        rows = {"model": by_model(setting.asked, scores)}
        fitted = {}
        for name, asked in stores.items():
            near = neighbours(model, asked, probes, k=K)
            rows[name], fitted[name] = with_store(setting.asked, scores, near, name == "any")
        measured = [number for number, asked in enumerate(setting.asked) if not asked.fits]
        parts = ([probes[x] for x in measured], [scores[x] for x in measured])
        dropping = Dropping(model, store, space, *parts, fitted["store"], seed)
        provenance = dropping.measure()
        for name in ("store", "shuffled", "within"):
            stores[name].close()
    return {
        "seed": seed,
        "rows": rows,
        "fitted": {
            name: [x.temperature, list(x.edges), list(x.weights)] for name, x in fitted.items()
        },
        "provenance": provenance,
        "seconds": [trained, time.monotonic() - began, time.process_time() - worked],
    }


def shuffle(store, other, space, relation_of, seed):
    """Copy a space with its values permuted, over all rows or within relation and side."""
    from kptm import Record

    rows = list(store.vectors(space))
    groups = {}
    for number, (record, _) in enumerate(rows):
        key = None
        if relation_of is not None:
            relation, head = relation_of[record.text]
            key = (relation, record.value == head)
        groups.setdefault(key, []).append(number)
    values = [record.value for record, _ in rows]
    rng = random.Random(f"shuffle {seed}")
    for numbers in groups.values():
        drawn = [rows[number][0].value for number in numbers]
        rng.shuffle(drawn)
        for number, value in zip(numbers, drawn, strict=True):
            values[number] = value
    records = [
        Record(kind="own", value=value, context=x.context, text=x.text, start=x.start, end=x.end)
        for value, (x, _) in zip(values, rows, strict=True)
    ]
    other.add(np.stack([vector for _, vector in rows]), values, space=space, records=records)


def by_model(asked, scores):
    """[correct, p, calibrated p] of each question by the model alone."""
    answers = [best(p) for p in scores]
    return calibrate(asked, answers, [False] * len(asked))


def with_store(asked, scores, near, any_head):
    """The rows of `by_model` with a store, and the weights, fitted before the calibration."""
    from kptm.evaluation.fusion.modeledge_arm import fit_neighbours, relevant_neighbours

    def usable_hits(probe, hits):
        if any_head:
            return [hit for hit in hits[:K] if hit.value in set(probe.candidates)]
        return relevant_neighbours(probe, hits, K)

    hits = [usable_hits(item.probe, nearest) for item, nearest in zip(asked, near, strict=True)]
    at = [number for number, item in enumerate(asked) if item.fits]
    weights = fit_neighbours(
        [asked[x].probe for x in at], [scores[x] for x in at], [hits[x] for x in at], k=K
    )
    answers = [
        best(weights.mix_probabilities(p, of_probe))
        for p, of_probe in zip(scores, hits, strict=True)
    ]
    with_weight = [weights.weight(of_probe) > 0 for of_probe in hits]
    return calibrate(asked, answers, with_weight), weights


def best(p):
    from kptm.evaluation.fusion.fact_probing import first

    key = first(p)
    return key, p.get(key, 0.0)


def calibrate(asked, answers, with_weight):
    """[correct, p, calibrated p] of each answer; the calibration is fitted on the fitting half."""
    from kptm.answering.combination.p_calibration import ProbabilityCalibration

    right = [key == item.probe.answer for item, (key, _) in zip(asked, answers, strict=True)]
    rows = list(zip(right, [p for _, p in answers], with_weight, strict=True))
    fit = [row for row, item in zip(rows, asked, strict=True) if item.fits]
    curve = ProbabilityCalibration.fit(
        [x[1] for x in fit], [x[0] for x in fit], [x[2] for x in fit]
    )
    return [
        [int(correct), round(p, 6), round(curve.of(p, with_store=weighs), 6)]
        for correct, p, weighs in rows
    ]


def show(kept, setting):
    """Print the three tables."""
    from modeledge_parts.figures import calibration_table, helps_table, provenance_table

    runs = kept["runs"]
    groups = [asked.group for asked in setting.asked]
    measured = np.array([not asked.fits for asked in setting.asked])
    counts = {name: groups.count(name) for name in dict.fromkeys(groups)}
    print(
        f"\n{len(runs)} seeds; questions {counts}, of which {int(measured.sum())} are measured,"
        f" the others fit\n"
    )
    rows = {arm: np.array([run["rows"][arm] for run in runs])[:, measured] for arm in ARMS}
    of = np.array(groups)[measured]
    helps_table(rows, of)
    for run in runs:
        parts = "; ".join(
            f"{name}: T {t:.3g}, λ {[round(w, 2) for w in weights]}"
            for name, (t, _, weights) in run["fitted"].items()
        )
        print(
            f"  seed {run['seed']}: {parts}; {run['seconds'][1]:.0f} s, {run['seconds'][2]:.0f} of"
            " them the processor's"
        )
    provenance_table([run["provenance"] for run in runs])
    calibration_table(rows, of)


def main(arguments=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=100, help="facts a relation")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--known", type=int, default=600, help="questions of A, and of B")
    parser.add_argument("--outside", type=int, default=600)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)

    import torch

    from kptm.evaluation.fusion.trials import Trials
    from modeledge_parts.groups import read

    torch.set_num_threads(1)
    settings = {name: getattr(options, name) for name in SETTINGS}
    kept = {"settings": settings, "runs": []}
    if options.out and options.out.exists():
        kept = json.loads(options.out.read_text(encoding="utf-8"))
        if kept["settings"] != settings:
            raise SystemExit(f"{options.out}: has runs of {kept['settings']}; name another file")
    setting = read(options)
    done = {run["seed"] for run in kept["runs"]}
    left = [seed for seed in range(options.seeds) if seed not in done]
    trials = Trials.prepare(setting.study, ["aligned"]) if left else None
    for seed in left:
        kept["runs"].append(one_seed(setting, trials, seed))
        if options.out:
            fresh = options.out.with_name(options.out.name + ".new")
            fresh.write_text(json.dumps(kept), encoding="utf-8")
            fresh.replace(options.out)
    show(kept, setting)


if __name__ == "__main__":
    main()
