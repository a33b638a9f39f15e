"""Synthetic triples: seeded, skewed, with keys like real ones; the right answers come with them.

    python -m store_peers.data TRIPLES SEED FOLDER

The answers are worked out from the arrays, so that no contestant is the judge of the others.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from store_peers.contest import Digest

RELATIONS = 240
ENTITIES_A_TRIPLE = 0.197
REPEATED_LINES = 0.005
ONE_HOP, TWO_HOP = 2_000, 200
DEGREE, PATHS = (2, 50), (1, 20_000)
"""Of the keys asked for two hops: triples of the head, and walks of two steps from it."""

_SYLLABLES = [c + v for c in "bdfghklmnprstvwz" for v in "aeiou"]
_ENDINGS = ("", "", "", "_River", "_(film)", "_County", "_University", "_Łódź", "_São_João", "_II")
_BASE32 = "0123456789bcdfghjklmnpqrstvwxyz_"


@dataclass(frozen=True)
class Triples:
    """Distinct triples as three columns of numbers, and what the numbers are called."""

    heads: np.ndarray
    relations: np.ndarray
    tails: np.ndarray
    keys: list[str]
    names: list[str]


def entity_keys(count: int) -> list[str]:
    """Distinct keys, half like ``/m/0abc12`` and half like ``Title_Case_Name``."""
    return [
        _title(number // 2) if number % 2 else _machine_id(number // 2) for number in range(count)
    ]


def _digits(number: int, base: int, least: int) -> list[int]:
    """The digits of ``number`` after a step that scatters neighbours; one to one below a prime."""
    number = number * 1_000_003 % 998_244_353
    found = []
    while number or len(found) < least:
        number, digit = divmod(number, base)
        found.append(digit)
    return found


def _machine_id(number: int) -> str:
    return "/m/0" + "".join(_BASE32[digit] for digit in _digits(number, 32, 4))


def _title(number: int) -> str:
    parts = [_SYLLABLES[digit] for digit in _digits(number, len(_SYLLABLES), 5)]
    words = "".join(parts[:3]).title() + "_" + "".join(parts[3:]).title()
    return words + _ENDINGS[number % len(_ENDINGS)]


def relation_names(count: int) -> list[str]:
    """Distinct names like ``/people/person/place``."""
    words = ["".join(_SYLLABLES[d] for d in _digits(n + 1, len(_SYLLABLES), 3)) for n in range(60)]
    return [f"/{words[n % 7]}/{words[n % 31]}/{words[n % 53]}_{n:03d}" for n in range(count)]


def _draw_skewed(
    rng: np.random.Generator, items: np.ndarray, exponent: float, count: int
) -> np.ndarray:
    """Draw ``count`` of ``items`` with replacement; item k, from 1, has weight k^−``exponent``."""
    weights = np.cumsum(np.arange(1, len(items) + 1, dtype=np.float64) ** -exponent)
    return items[np.searchsorted(weights, rng.random(count) * weights[-1])]


def make(count: int, seed: int) -> Triples:
    """``count`` distinct triples in which every entity occurs; the hubs are mostly tails."""
    rng = np.random.default_rng(seed)
    n = max(int(count * ENTITIES_A_TRIPLE), 10)
    everyone = np.arange(n, dtype=np.int64)
    as_head, as_tail = rng.permutation(everyone), rng.permutation(everyone)
    relations = np.arange(RELATIONS, dtype=np.int64)

    def draw(size: int, heads: np.ndarray | None = None) -> np.ndarray:
        if heads is None:
            heads = _draw_skewed(rng, as_head, 0.5, size)
        chosen = _draw_skewed(rng, relations, 1.0, size)
        return (heads * RELATIONS + chosen) * n + _draw_skewed(rng, as_tail, 0.8, size)

    sure = draw(n, everyone)
    rest = np.empty(0, np.int64)
    while len(rest) < count - n:
        missing = count - n - len(rest)
        rest = np.setdiff1d(np.concatenate([rest, draw(missing + missing // 10 + 100)]), sure)
    packed = rng.permutation(np.concatenate([sure, rng.permutation(rest)[: count - n]]))
    pairs, tails = np.divmod(packed, n)
    heads, chosen = np.divmod(pairs, RELATIONS)
    return Triples(heads, chosen, tails, entity_keys(n), relation_names(RELATIONS))


def write(triples: Triples, rng: np.random.Generator, path: Path) -> tuple[int, str]:
    """Write the lines in a random order, some twice; return how many and the file's SHA-256."""
    count = len(triples.heads)
    again = rng.choice(count, int(count * REPEATED_LINES), replace=False)
    order = rng.permutation(np.concatenate([np.arange(count), again]))
    digest = hashlib.sha256()
    keys, names = triples.keys, triples.names
    with path.open("wb") as file:
        for start in range(0, len(order), 100_000):
            rows = order[start : start + 100_000]
            columns = (triples.heads[rows], triples.relations[rows], triples.tails[rows])
            lines = zip(*(column.tolist() for column in columns), strict=True)
            block = "".join(f"{keys[h]}\t{names[r]}\t{keys[t]}\n" for h, r, t in lines).encode()
            digest.update(block)
            file.write(block)
    return len(order), digest.hexdigest()


class Questions:
    """The keys to ask, and the answers."""

    def __init__(self, triples: Triples, rng: np.random.Generator) -> None:
        self._triples = triples
        self._order = np.argsort(triples.heads, kind="stable")
        self._sorted = triples.heads[self._order]
        size = len(triples.keys)
        degrees = np.bincount(triples.heads, minlength=size)
        paths = np.bincount(triples.heads, weights=degrees[triples.tails], minlength=size)
        bounded = (degrees >= DEGREE[0]) & (degrees <= DEGREE[1])
        bounded &= (paths >= PATHS[0]) & (paths <= PATHS[1])
        self.one = self._draw(rng, np.flatnonzero(degrees), ONE_HOP)
        self.two = self._draw(rng, np.flatnonzero(bounded), TWO_HOP)
        self.mean_paths = float(paths[self.two].mean())

    @staticmethod
    def _draw(rng: np.random.Generator, rows: np.ndarray, count: int) -> list[int]:
        return rng.choice(rows, min(count, len(rows)), replace=False).tolist()

    def _rows(self, head: int) -> np.ndarray:
        start, end = np.searchsorted(self._sorted, [head, head + 1])
        return self._order[start:end]

    def answers(self) -> dict[str, str]:
        """The digests of the right answers."""
        data, one, two = self._triples, Digest(), Digest()
        for head in self.one:
            rows = self._rows(head)
            pairs = zip(data.relations[rows].tolist(), data.tails[rows].tolist(), strict=True)
            one.pairs(data.keys[head], [(data.names[r], data.keys[t]) for r, t in pairs])
        for head in self.two:
            middle = set(data.tails[self._rows(head)].tolist())
            ends = {end for key in middle for end in data.tails[self._rows(key)].tolist()}
            two.ends(data.keys[head], [data.keys[end] for end in ends])
        return {"one": one.text(), "two": two.text()}


def main(count: int, seed: int, folder: Path) -> None:
    """Write ``triples.tsv`` and ``spec.json``."""
    triples = make(count, seed)
    if len(set(triples.keys)) != len(triples.keys):
        raise SystemExit("two entities have the same key: the generator is wrong")
    rng = np.random.default_rng(seed + 1)
    lines, sha256 = write(triples, rng, folder / "triples.tsv")
    questions = Questions(triples, rng)
    spec = {
        "triples": count,
        "lines": lines,
        "entities": len(triples.keys),
        "relations": len(triples.names),
        "bytes": (folder / "triples.tsv").stat().st_size,
        "seed": seed,
        "sha256": sha256,
        "one": [triples.keys[head] for head in questions.one],
        "two": [triples.keys[head] for head in questions.two],
        "mean paths of two hops": questions.mean_paths,
        "answers": questions.answers(),
    }
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
