"""Programs over a graph of a million facts: what each kind costs, and that it is right.

    python benchmarks/programs.py [--cities 100000] [--postgres] [--repeat 5] [--cpu]

The graph is synthetic and the same each time: cities with a country, a region, twins, a mayor and
values with units. What each program denotes is worked out from the generator's own rows. "First" is
the first evaluation by an evaluator that has computed nothing yet (the database's pages are in
memory), the median of the repeats; "again" the same program once more. ``--cpu`` counts the
process's own seconds instead of the clock's: on SQLite, where the machine does other work.
"""

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import median

from store_peers import server

from kg import KnowledgeGraph, Literal, Step, ValueKey
from kg.programs import (
    Aggregate,
    Compare,
    Difference,
    Evaluator,
    Follow,
    Having,
    Intersection,
    Measure,
    Named,
    OfType,
    Program,
    Superlative,
)
from kg.vocabulary import XSD

INTEGER, DECIMAL, YEAR = (f"{XSD}{name}" for name in ("integer", "decimal", "gYear"))
COUNTRIES, REGIONS = 100, 2_000
SQUARE_MILE = Fraction("2.589988110336")
"""In km²."""


class Cities:
    """The rows of the graph: a dictionary a relation, by city."""

    def __init__(self, count: int) -> None:
        source = random.Random(1)
        self.keys = [f"city{number}" for number in range(count)]
        self.country = {
            key: f"country{min(COUNTRIES - 1, int(source.expovariate(0.1)))}" for key in self.keys
        }
        self.region = {key: f"region{source.randrange(REGIONS)}" for key in self.keys}
        self.mayor = {key: f"person{source.randrange(count)}" for key in self.keys}
        self.twins = {
            key: {source.choice(self.keys), source.choice(self.keys)} for key in self.keys
        }
        self.population = {key: int(1000 * source.paretovariate(0.8)) for key in self.keys}
        self.elevation = {key: source.randrange(-100, 4000) for key in self.keys}
        self.founded = {key: source.randrange(100, 2000) for key in self.keys}
        self.area = {
            key: (f"{source.uniform(1, 900):.2f}", source.choice(["km²", "square mile"]))
            for key in self.keys
            if source.random() < 0.5
        }

    def lines(self) -> Iterator[dict]:
        """The file's lines."""
        for number in range(COUNTRIES):
            yield {"key": f"country{number}", "types": ["country"]}
        for key in self.keys:
            yield {"key": key, "label": f"City {key[4:]}", "types": ["city"]}
            for relation in ("country", "region", "mayor"):
                yield {"head": key, "relation": relation, "tail": getattr(self, relation)[key]}
            for twin in sorted(self.twins[key]):
                yield {"head": key, "relation": "twin", "tail": twin}
            yield value(key, "population", str(self.population[key]), INTEGER)
            yield value(key, "elevation", str(self.elevation[key]), INTEGER, "metre")
            yield value(key, "founded", f"{self.founded[key]:04}", YEAR)
            if key in self.area:
                yield value(key, "area", self.area[key][0], DECIMAL, self.area[key][1])

    def size(self, key: str) -> Fraction:
        """The area in km²."""
        number, unit = self.area[key]
        return Fraction(number) * (1 if unit == "km²" else SQUARE_MILE)


def value(head: str, relation: str, text: str, datatype: str, unit: str = "") -> dict:
    """A line that states a value."""
    return {
        "head": head,
        "relation": relation,
        "value": text,
        "datatype": datatype,
        **({"unit": unit} if unit else {}),
    }


def best(keys: object, size: Callable[[str], object], choose: Callable = max) -> set[str]:
    """The keys of the greatest size."""
    keys = list(keys)
    wanted = choose(map(size, keys))
    return {key for key in keys if size(key) == wanted}


def programs(cities: Cities) -> Iterator[tuple[str, Program, object]]:
    """What is measured: a name, the program, and what it denotes: a set, its size, or a number."""
    all_cities = OfType("city")
    population, elevation, area, founded = (
        Measure((Step(name),)) for name in ("population", "elevation", "area", "founded")
    )
    inhabitants, height = cities.population.__getitem__, cities.elevation.__getitem__
    at_home = Follow(Named(("country0",)), Step("country", forward=False))
    home = [key for key in cities.keys if cities.country[key] == "country0"]
    million = Named((ValueKey(Literal("1000000", INTEGER)),))
    small = Named((ValueKey(Literal("5000", INTEGER)),))
    sea = Named((ValueKey(Literal("0", INTEGER)),))
    twins = Counter(twin for found in cities.twins.values() for twin in found)
    of_country = Counter(cities.country.values())
    years = sorted(set(cities.founded.values()))
    first = cities.keys[0]
    yield "one step", Follow(Named((first,)), Step("twin")), cities.twins[first]
    yield "two steps", Follow(Follow(Named((first,)), Step("twin")), Step("country")), {
        cities.country[twin] for twin in cities.twins[first] - {first}
    }  # fmt: skip
    yield "step to 10,000", at_home, len(home)
    yield "count of a type", Aggregate("count", all_cities), len(cities.keys)
    yield (
        "most populous of all",
        Superlative(all_cities, population, "max"),
        best(cities.keys, inhabitants),
    )
    yield (
        "least populous of all",
        Superlative(all_cities, population, "min"),
        best(cities.keys, inhabitants, min),
    )
    yield (
        "highest of all, metres",
        Superlative(all_cities, elevation, "max"),
        best(cities.keys, height),
    )
    yield (
        "largest of all, two units",
        Superlative(all_cities, area, "max"),
        best(cities.area, cities.size),
    )
    yield "third youngest of all", Superlative(all_cities, founded, "max", 3), {
        key for key in cities.keys if cities.founded[key] == years[-3]
    }  # fmt: skip
    yield (
        "most populous of a country",
        Superlative(Intersection(all_cities, at_home), population, "max"),
        best(home, inhabitants),
    )
    below = [key for key in cities.keys if height(key) < 0]
    yield (
        "most populous below the sea",
        Superlative(Compare(all_cities, elevation, "<", sea), population, "max"),
        best(below, inhabitants),
    )
    mayors = Measure((Step("mayor", forward=False), Step("population")))
    yield "mayor of the most populous", Superlative(Having(Step("mayor", forward=False)), mayors,
    "max"), {
        cities.mayor[key] for key in best(cities.keys, inhabitants)
    }  # fmt: skip
    yield (
        "more than a million",
        Compare(all_cities, population, ">", million),
        {k for k in cities.keys if inhabitants(k) > 10**6},
    )
    yield "how many of more than 5,000", Aggregate("count",
    Compare(all_cities, population, ">", small)), sum(
        size > 5000 for size in cities.population.values()
    )  # fmt: skip
    yield (
        "how many not in a country",
        Aggregate("count", Difference(all_cities, at_home)),
        len(cities.keys) - len(home),
    )
    counted = Measure((Step("country", forward=False),), count=True)
    yield (
        "country of most cities",
        Superlative(OfType("country"), counted, "max"),
        best(of_country, of_country.__getitem__),
    )
    twinned = Measure((Step("twin", forward=False),), count=True)
    yield (
        "city of most twins",
        Superlative(all_cities, twinned, "max"),
        best(twins, twins.__getitem__),
    )
    yield (
        "how many without twins",
        Aggregate("count", Compare(all_cities, twinned, "=", sea)),
        len(cities.keys) - len(twins),
    )
    yield (
        "sum of 100,000",
        Aggregate("sum", Follow(all_cities, Step("population"))),
        sum(cities.population.values()),
    )
    yield (
        "greatest of 100,000",
        Aggregate("max", Follow(all_cities, Step("population"))),
        max(cities.population.values()),
    )


def check(name: str, found: object, wanted: object) -> None:
    """Stop where an answer is wrong."""
    if isinstance(wanted, set):
        right = set(found.nodes) == wanted
    elif found.number is not None:
        right = Fraction(found.number.value) == wanted
    else:
        right = found.size == wanted
    if not right:
        raise SystemExit(f"{name}: wrong, {found} is not {wanted}")


CLOCK = [time.perf_counter]


def milliseconds(work: Callable[[], object]) -> tuple[float, object]:
    """How long something takes, and what it gives."""
    start = CLOCK[0]()
    found = work()
    return 1000 * (CLOCK[0]() - start), found


def measure(graph: KnowledgeGraph, cities: Cities, repeat: int) -> None:
    """Print a table."""
    print("| program | first, ms | again, ms | its facts, ms |\n|---|---|---|---|")
    for name, program, wanted in programs(cities):
        firsts, agains, proofs = [], [], []
        for number in range(repeat + 1):
            evaluator = Evaluator(graph.database)
            evaluator.evaluate(Named((cities.keys[1],)))  # names of relations, and so on
            limit = None if isinstance(wanted, set) else 10
            first, found = milliseconds(partial(evaluator.evaluate, program, limit=limit))
            again, _ = milliseconds(partial(evaluator.evaluate, program, limit=limit))
            proof, _ = milliseconds(partial(evaluator.facts, program, limit=5))
            check(name, found, wanted)
            if number:  # the first one reads the database's pages
                firsts.append(first)
                agains.append(again)
                proofs.append(proof)
        print(
            f"| {name} | {median(firsts):.1f} | {median(agains):.2f} | {median(proofs):.1f} |",
            flush=True,
        )
    hub = [
        milliseconds(lambda: Evaluator(graph.database).steps(["country0"]))[0]
        for _ in range(repeat)
    ]
    print(
        f"\nsteps of an entity of {sum(c == 'country0' for c in cities.country.values()):,} facts:"
        f" {median(hub):.1f} ms"
    )


@contextmanager
def place(folder: Path, *, postgres: bool) -> Iterator[str]:
    """A database's path or URL."""
    if not postgres:
        yield str(folder / "graph.db")
        return
    with server.running() as host:
        server.fresh_database(host, "programs")
        yield f"postgresql+psycopg://postgres@/programs?host={host}"


def main() -> None:
    """Make the graph, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cities", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    given = parser.parse_args()
    CLOCK[0] = time.process_time if given.cpu else time.perf_counter
    cities = Cities(given.cities)
    with tempfile.TemporaryDirectory() as name, place(Path(name), postgres=given.postgres) as where:
        path = Path(name) / "cities.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in cities.lines()))
        with KnowledgeGraph.open(where) as graph:
            taken, _ = milliseconds(lambda: graph.load(path))
            print(f"{json.dumps(graph.stats())}, loaded in {taken / 1000:.0f} s\n")
            if given.postgres:
                graph.database.maintain("VACUUM ANALYZE")  # as the server does after a while
            measure(graph, cities, given.repeat)


if __name__ == "__main__":
    main()
