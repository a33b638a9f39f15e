"""What an encoder would add to the reader: three more features of a candidate, fitted alike.

The cosine of the question ("voice type of Gabriella Gatti") and the passage; that of the relation's
name and what stands between the two; and the score of a linear discriminant of the relation over
the states of both mentions and of what stands between, which has learnt from other questions that
the graph answers. The reader has none of them; this patches them in to measure them.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import kptm.passages.reader.answer_pairs as answer_pairs
import kptm.passages.reader.distant as distant
import kptm.passages.reader.passage_reader as passage_reader
import kptm.passages.reader.reader_model as reader_model
import kptm.passages.reader.reader_training as reader_training
from kptm import Workspace
from kptm.encoders import TokenEncoder
from texts_parts import arms, tasks
from texts_parts.fewrel import is_right

FEATURES = ("question and passage", "name and what stands between", "discriminant", "whether one")
FOLDS, SHRINKAGE, SCALE = 3, 0.3, 5.0


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=("fewrel", "descriptions"), default="fewrel")
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument("--encoder", default="", help="a folder, or the package of kptm[encoder]")
    options = parser.parse_args(argv)
    task = getattr(tasks, options.task)()
    if options.encoder:
        names = {key: found[0] for key, found in task.names.items()}
        patch(Added(TokenEncoder(options.encoder), names))
    with tempfile.TemporaryDirectory() as folder, Workspace.open(Path(folder) / "ws") as ws:
        task.load(ws, Path(folder))
        start = time.process_time()
        ws.index(task.texts, source=options.task)
        print(f"indexed in {time.process_time() - start:.0f} s of CPU")
        best = ws.reader().model.best
        print(f"held-out facts: {np.mean([one.right for one in best]):.3f} of {len(best)} right\n")
        asked = [(*pair, gold) for pair, gold in sorted(task.asked.items())]
        asked = asked[4 :: max(1, len(asked) // options.questions)][: options.questions]
        print(arms.HEAD)
        arms.measure(options.encoder or "without", asked, arms.by_query(ws, is_right))
    return 0


class Added:
    """The features, and the vectors that they are made of."""

    def __init__(self, encoder, names):
        self.encoder, self.names = encoder, names
        self.states, self.vectors, self.discriminants = {}, {}, {}

    def encode(self, texts):
        new = [text for text in dict.fromkeys(texts) if text not in self.states]
        for at in range(0, len(new), 512):
            part = new[at : at + 512]
            for text, found in zip(part, self.encoder.encode(part), strict=True):
                self.states[text] = found

    def span(self, text, start, end):
        key = text, start, end
        if key not in self.vectors:
            self.vectors[key] = self.states[text].mean(start, end).astype(np.float16)
        return self.vectors[key].astype(np.float32)

    def whole(self, text):
        return self.span(text, 0, len(text))

    def pair(self, row):
        text, topic, answer = row.read.passage.text, row.topic, row.answer
        first, second = sorted((topic, answer), key=lambda one: one.start)
        spans = (topic.start, topic.end), (answer.start, answer.end), (first.end, second.start)
        return np.concatenate([self.span(text, *span) for span in spans])

    def extend(self, question, rows):
        """Add the features to the dense ones of rows."""
        asked = f"{question.name} of {self.names.get(question.topic, question.topic)}"
        self.encode([asked, question.name, *(row.read.passage.text for row in rows)])
        for row in rows:
            text = row.read.passage.text
            first, second = sorted((row.topic, row.answer), key=lambda one: one.start)
            between = self.span(text, first.end, second.start)
            row.dense.append(SCALE * float(self.whole(text) @ self.whole(asked)))
            row.dense.append(SCALE * float(between @ self.whole(question.name)))
            row.dense.extend((0.0, 0.0))
        self.discriminate(question, rows, self.discriminants)

    def discriminate(self, question, rows, discriminants):
        if question.way in discriminants:
            weights, shift = discriminants[question.way]
            for row in rows:
                row.dense[-2:] = [float(self.pair(row) @ weights) + shift, 1.0]

    def learn(self, found):
        """Fit the discriminants, and score the questions themselves by cross-fitting.

        The rows of a fold get scores from discriminants that were fitted on the other folds.
        """
        folds = [found[at::FOLDS] for at in range(FOLDS)]
        for at, fold in enumerate(folds):
            others = [example for other in folds[:at] + folds[at + 1 :] for example in other]
            discriminants = self.fit_discriminants(others)
            for example in fold:
                self.discriminate(example.question, example.rows, discriminants)
        self.discriminants = self.fit_discriminants(found)
        return found

    def fit_discriminants(self, examples):
        """By relation and direction: the weights Σ⁻¹(μ − μ₀) over correct rows, and the shift."""
        vectors = np.array([self.pair(row) for x in examples for row in x.rows], np.float32)
        owner = [x.question.way if right else "" for x in examples for right in x.right]
        mean = vectors.mean(0)
        spread = (vectors - mean).T @ (vectors - mean) / len(vectors)
        spread += np.eye(len(spread)) * np.trace(spread) / len(spread) * SHRINKAGE
        inverse, right = np.linalg.inv(spread), {}
        for at, way in enumerate(owner):
            if way:
                right.setdefault(way, []).append(at)
        result = {}
        for way, rows in right.items():
            away = (vectors[rows].sum(0) + 2 * mean) / (len(rows) + 2) - mean
            weights = SHRINKAGE * inverse @ away
            result[way] = weights, -float(mean @ weights + away @ weights / 2)
        return result


def patch(added: Added) -> None:
    rows_of, make_questions = answer_pairs.rows_of, reader_training.make_questions

    def extended(question, passages, known, **options):
        rows = rows_of(question, passages, known, **options)
        if rows:
            added.extend(question, rows)
        return rows

    for module in (answer_pairs, reader_model, reader_training):
        module.DENSE = (*answer_pairs.DENSE[:9], *FEATURES)
    for module in (distant, passage_reader):
        module.rows_of = extended
    reader_training.make_questions = lambda graph: added.learn(make_questions(graph))
