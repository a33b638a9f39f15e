"""Does knowledge arrive? Facts of T-REx, read in two phrasings and asked in a third.

The graph has A and B facts, texts say A facts in two phrasings, and the third is asked.

    python benchmarks/trex.py [--limit 60] [--seeds 5] [--few 2] [--steps 900] [--kind gated]
        [--jobs 2] [--backbone PATH [--freeze | --lora RANK]] [--learning-rate 3e-3]
        [--out runs.json]

All relations, at most so many facts of each. A fifth of the facts that only the graph holds is
edited after training (D) and asked by its new object. The arms that decide run with all seeds, the
others with few. Intervals are 95%, bootstrapped over facts of the mean over seeds, paired where two
arms are compared; ± is the standard deviation over seeds. With --out each run is written as it
ends, and a file that is there is gone on with. The facts are looked for in ``../shared/data``.
Figures are printed, never asserted.
"""

import argparse
from pathlib import Path

from arm_runs import add_options, jobs_of, run_jobs, show

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "trex"
DECIDING, OTHERS = ("aligned", "permuted"), ("none", "zero", "random", "real", "noisy")


def read(options):
    from kptm.evaluation.fusion.fusion_study import FusionStudy

    facts, patterns = DATA / "facts.jsonl.gz", DATA / "patterns.jsonl.gz"
    return FusionStudy.read(
        facts,
        patterns,
        "3",
        steps=options.steps,
        learning_rate=options.learning_rate,
        limit=options.limit,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=60)
    add_options(parser, steps=900)
    options = parser.parse_args()
    show(run_jobs(read, options, jobs_of(options, DECIDING, OTHERS)), options)


if __name__ == "__main__":
    main()
