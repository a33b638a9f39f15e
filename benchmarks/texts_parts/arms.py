"""Arms: who answers, in which form it is asked, and what the figures are."""

import time
from dataclasses import dataclass

import numpy as np


@dataclass
class Said:
    """An answer: its score, whether it is right, whether there was one, and a sentence it cites."""

    score: float
    right: bool
    found: bool


def figures(said: list[Said]) -> str:
    """Share right, share answered, precision, and precision at coverage .60 and .80."""
    right = np.array([one.right for one in said])
    found = np.array([one.found for one in said])
    order = np.argsort(-np.array([one.score for one in said]), kind="stable")
    rate = np.cumsum(right[order]) / np.arange(1, len(said) + 1)
    at = [rate[max(0, round(share * len(said)) - 1)] for share in (0.6, 0.8)]
    return (
        f"{right.mean():.3f} | {found.mean():.3f} | {right.sum() / max(1, found.sum()):.3f}"
        f" | {at[0]:.3f} | {at[1]:.3f}"
    )


HEAD = (
    "| arm | asked | right | answered | precision | at coverage .60 | at .80 | ms"
    " |\n|---|---|---|---|---|---|---|---|"
)


def measure(name: str, questions: list, answer) -> list[Said]:
    """Ask, print a row of the table, and return what was said."""
    start = time.perf_counter()
    said = [answer(*question) for question in questions]
    spent = 1000 * (time.perf_counter() - start) / max(1, len(said))
    print(f"| {name} | {len(said):,} | {figures(said)} | {spent:.0f} |", flush=True)
    return said


def baseline(ws, known) -> object:
    """Thirty lines: sentences that name the head.

    The entity in them that most known tails are, else the nearest.
    """
    tails: dict[tuple[str, str], int] = {}
    for _, relation, tail in known:
        tails[relation, tail] = tails.get((relation, tail), 0) + 1

    def answer(head: str, relation: str, gold: set[str]) -> Said:
        best: tuple[int, int, str] = (-1, 0, "")
        for passage in ws.passages.search(entities=[head], limit=16):
            places = [link for link in passage.links if link.entity == head]
            for link in passage.links:
                if link.entity != head and link.p >= 0.3:
                    far = min(abs(link.start - place.start) for place in places)
                    best = max(best, (tails.get((relation, link.entity), 0), -far, link.entity))
        return Said(max(0.0, best[0]), best[2] in gold, bool(best[2]))

    return answer


def by_query(ws, is_right, **options) -> object:
    """Head and relation by their keys."""

    def answer(head: str, relation: str, gold: set[str]) -> Said:
        found = ws.query(head, relation, **options)
        return Said(found.score, is_right(found, gold), found.found)

    return answer


def in_words(ws, is_right, task) -> object:
    """What is the RELATION of HEAD?"""

    def answer(head: str, relation: str, gold: set[str]) -> Said:
        name, whose = task.relations[relation], task.names[head][0]
        found = ws.ask(f"What is the {name} of {whose}?")
        return Said(found.score, is_right(found, gold), found.found)

    return answer


def changed_without_citation(ws, questions: list, is_right) -> float:
    """How often another answer is given once the passages that an answer cites are forgotten."""
    changed = count = 0
    for head, relation, _ in questions:
        found = ws.query(head, relation)
        cited = [item.text for item in found.evidence if item.kind == "sentence"]
        if not found.found or not cited:
            continue
        passages = ws.passages.search(entities=[head], limit=100)
        gone = [item.text for item in passages if any(text in item.text for text in cited)]
        before = found.answers[0].key
        revisions = [ws.forget(text=text)["revision"] for text in dict.fromkeys(gone)]
        again = ws.query(head, relation)
        count += 1
        changed += not again.found or again.answers[0].key != before
        for revision in reversed(revisions):
            ws.undo(revision)
    return changed / max(1, count)
