"""Fits and measures the weights that rank passages, with and without an encoder.

The candidates of a question are at most forty passages that link to its topic; a passage is correct
if it names an answer. The weights are fitted on facts that the graph has and measured on facts that
it lacks, within the same texts and across the two sets of texts.
"""

import argparse
import random
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from kptm import Workspace
from kptm.linking.disambiguation.description_encoder import Encoder
from kptm.passages import passage_rows, passage_search
from kptm.passages.ranking import FEATURES, RankWeights
from kptm.passages.reader.answer_pairs import name_words
from texts_parts import tasks
from texts_parts.webnlg import plain

MOST = 40
PENALTY = 0.005


class Ranked(NamedTuple):
    """A question with P candidate passages.

    Attributes:
        features: Features of the passages, shape (P, F).
        right: Whether each passage is correct, shape (P,).
        similar: The encoder's similarity of question and passage, shape (P,).
    """

    features: np.ndarray
    right: np.ndarray
    similar: np.ndarray

    def inputs(self, encoder: bool) -> np.ndarray:
        """The features, with the similarity as a last column if there is an encoder."""
        return np.column_stack([self.features, self.similar]) if encoder else self.features


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=250, help="of each half of the facts")
    parser.add_argument("--encoder", default="", help="a folder, or the package of kptm[encoder]")
    options = parser.parse_args(argv)
    encoder = Encoder(options.encoder) if options.encoder else None
    data = {name: collect(name, options.questions, encoder) for name in ("fewrel", "webnlg")}
    print("| asked of | weights | MRR | first | among 4 | among 16 |\n|---|---|---|---|---|---|")
    for name, (_, asked) in data.items():
        show(name, "shipped", asked, np.array(RankWeights.default().values), encoder=False)
        for other, (known, _) in data.items():
            for with_it in (False, True)[: 1 + (encoder is not None)]:
                weights = fit_weights(known, encoder=with_it)
                title = f"of {other}{' and encoder' * with_it}: {weights.round(2).tolist()}"
                show(name, title, asked, weights, encoder=with_it)
    both = fit_weights([one for known, _ in data.values() for one in known], encoder=False)
    print(
        f"\nof both, without an encoder: {dict(zip(FEATURES, both.round(3).tolist(), strict=True))}"
    )
    return 0


def collect(name: str, count: int, encoder: Encoder | None) -> tuple[list[Ranked], list[Ranked]]:
    """The questions that the graph answers, and those that it does not."""
    task = getattr(tasks, name)()
    known: dict[tuple[str, str], set[str]] = {}
    for head, relation, tail in task.known:
        known.setdefault((head, relation), set()).add(tail)
    with tempfile.TemporaryDirectory() as place, Workspace.open(Path(place) / "ws") as ws:
        task.load(ws, Path(place))
        ws.index(task.texts, source=name)
        return (
            list(questions(ws, task, known, count, encoder)),
            list(questions(ws, task, task.asked, count, encoder)),
        )


def questions(ws, task, facts, count: int, encoder: Encoder | None):
    """Yield up to `count` questions that have both correct and wrong passages."""
    order = sorted(facts)
    random.Random(1).shuffle(order)
    for head, relation in order:
        if not count:
            return
        words = name_words(task.relations.get(relation, relation))
        candidates = passages_of(ws, head, words)
        names = {plain(task.names.get(key, [key])[0]) for key in facts[head, relation]}
        right = [
            any(link.entity in facts[head, relation] for link in passage.links)
            or any(name in passage.text.casefold() for name in names if len(name) > 2)
            for passage, _ in candidates
        ]
        if any(right) and not all(right):
            count -= 1
            similar = np.zeros(len(candidates))
            if encoder is not None:
                asked = f"{' '.join(words)} of {task.names.get(head, [head])[0]}"
                rows = encoder.encode([asked, *(passage.text for passage, _ in candidates)])
                similar = rows[1:] @ rows[0]
            yield Ranked(np.array([one for _, one in candidates]), np.array(right), similar)


def passages_of(ws, head: str, words: list[str]):
    """A sample of the passages that link to an entity, with their features."""
    with ws.graph.database.reading() as sql:
        ranks = passage_search.by_words(sql, words, [head])
        linked = {
            **passage_search.linked_to(sql, [head], ranks),
            **passage_search.linked_to(sql, [head]),
        }
        found = passage_rows.fetch(sql, dict.fromkeys(linked, 0.0))
    found.sort(key=lambda passage: passage.id)
    some = random.Random(head).sample(found, min(MOST, len(found)))
    features = passage_search.features_of(some, words, linked, ranks) if some else []
    return list(zip(some, features, strict=True))


def fit_weights(data: list[Ranked], *, encoder: bool) -> np.ndarray:
    """Fit the weights that maximise the likelihood of the correct passages."""
    groups = [(one.inputs(encoder), one.right) for one in data]

    def loss(weights):
        value, slope = 0.0, np.zeros_like(weights)
        for features, right in groups:
            score = features @ weights
            p = np.exp(score - score.max())
            p /= p.sum()
            share = p * right
            value -= np.log(share.sum() + 1e-12)
            slope -= (share / max(share.sum(), 1e-12) - p) @ features
        size = len(groups)
        return value / size + PENALTY * weights @ weights, slope / size + 2 * PENALTY * weights

    return minimize(loss, np.zeros(groups[0][0].shape[1]), jac=True, method="L-BFGS-B").x


def show(name: str, title: str, data: list[Ranked], weights: np.ndarray, *, encoder: bool) -> None:
    places = []
    for one in data:
        score = one.inputs(encoder) @ weights
        order = np.lexsort((np.arange(len(score)), -score))
        places.append(1 + int(np.argmax(one.right[order])))
    at = np.array(places)
    shares = " | ".join(f"{(at <= most).mean():.3f}" for most in (1, 4, 16))
    print(f"| {name} ({len(data)}) | {title} | {(1 / at).mean():.3f} | {shares} |", flush=True)
