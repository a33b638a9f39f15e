"""Does a compressed model answer as its original does? On the example world.

    python benchmarks/answers_parts/compressed.py [--folder DIR] [--questions N] [--learn]
        [--ways int8 distil-1 …]

The workspace is built as by `world.py --model`, with --learn trained on `learn.tsv`, and compressed
in each way. With --questions, every k-th question is asked, so that there are about N. Each model
is asked the world's questions and those for tuning, once with all sources, and once with the model
alone and no least p, so that it must choose an entity. The table counts the questions for which the
first answer is that of the original. Figures are printed, never asserted.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

WAYS = {
    "int8": {"quantise": "int8", "steps": 0},
    "distil-1": {"layers": 1, "steps": 300},
    "distil-1-int8": {"layers": 1, "quantise": "int8", "steps": 300},
    "prune-neurons-0.5": {"prune": 0.5, "steps": 300},
    "prune-weights-0.3": {"prune": 0.3, "unit": "weights", "steps": 0},
}
"""The compressions by name, with their settings."""


def main(arguments=None) -> None:
    from answers_parts.world import open_workspace, tuning
    from kptm.compression import CompressionConfig

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--questions", type=int)
    parser.add_argument("--learn", action="store_true")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "world"
        ws, world = open_workspace(folder, True)
        with ws:
            if options.learn and not ws.layout.weights.exists():
                ws.learn(world.learn)
            for name in options.ways:
                if not ws.layout.compressed_for(name).exists():
                    ws.compress(CompressionConfig(**WAYS[name]))
        questions = [*world.questions(), *tuning()]
        if options.questions:
            questions = questions[:: max(1, len(questions) // options.questions)]
        found = {name: answers_of(folder, name, questions) for name in ("", *options.ways)}
    show(questions, found)


def answers_of(folder, name, questions):
    """The first answers with all sources, and those of the model alone."""
    from kptm import Workspace
    from kptm.answering.config import PredictorConfig

    asked = [item.question for item in questions]
    with Workspace.open(folder, changes=[f'answering.model="{name}"']) as ws:
        predictor = ws.predictor()
        every = [answer.entity for answer in predictor.ask_many(asked)]
        predictor._config = PredictorConfig(min_score=0.0, uncalibrated=True, sources=("model",))
        predictor.take(type(predictor.weights)(count=1))
        alone = [answer.entity for answer in predictor.ask_many(asked)]
    return every, alone


def show(questions, found) -> None:
    """Print the table."""
    gold = [item.answers for item in questions]
    print("| model | all sources: same | right or refused | model alone: same | right |")
    print("|---|---|---|---|---|")
    full_every, full_alone = found[""]
    chosen = [place for place, entity in enumerate(full_alone) if entity is not None]
    for name, (every, alone) in found.items():
        same = sum(a == b for a, b in zip(every, full_every, strict=True))
        right = sum((e in g) if g else e is None for e, g in zip(every, gold, strict=True))
        alike = sum(alone[place] == full_alone[place] for place in chosen)
        own = sum(alone[place] in gold[place] for place in chosen)
        print(
            f"| {name or 'original'} | {same} of {len(every)} | {right}"
            f" | {alike} of {len(chosen)} | {own} |"
        )


if __name__ == "__main__":
    main()
