"""Times programs over a graph of a million facts, and checks their answers.

    python benchmarks/programs.py [--cities 100000] [--postgres] [--repeat 5] [--cpu]

The graph is synthetic and the same each time: cities with a country, a region, twins, a mayor and
values with units. The correct answers are computed from the generator's rows. "First" is the first
evaluation by a new evaluator (the pages of the database are in memory), "again" a repeated
evaluation of the same program; both are medians over the repeats. With --cpu, CPU time is measured
instead of wall time: use it with SQLite on a busy machine.
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
    """The rows of the graph: for each relation a dictionary by city."""

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
        """The lines of the file to load."""
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
    """The keys whose size is the greatest, or the one that `choose` picks."""
    keys = list(keys)
    wanted = choose(map(size, keys))
    return {key for key in keys if size(key) == wanted}


def programs(cities: Cities) -> Iterator[tuple[str, Program, object]]:
    """Yield the programs: a name, the program, and its answer, as a set, its size, or a number."""
    yield from steps(cities)
    yield from superlatives(cities)
    yield from comparisons(cities)
    yield from counted_relations(cities)
    yield from totals(cities)


ALL_CITIES = OfType("city")
IN_COUNTRY_0 = Follow(Named(("country0",)), Step("country", forward=False))
POPULATION, ELEVATION, AREA, FOUNDED = (
    Measure((Step(name),)) for name in ("population", "elevation", "area", "founded")
)
ZERO, FIVE_THOUSAND, MILLION = (
    Named((ValueKey(Literal(number, INTEGER)),)) for number in ("0", "5000", "1000000")
)


def cities_of_country_0(cities: Cities) -> list[str]:
    return [key for key in cities.keys if cities.country[key] == "country0"]


def steps(cities: Cities) -> Iterator[tuple[str, Program, object]]:
    """Steps along relations, and the size of a type."""
    first = cities.keys[0]
    yield "one step", Follow(Named((first,)), Step("twin")), cities.twins[first]
    yield "two steps", Follow(Follow(Named((first,)), Step("twin")), Step("country")), {
        cities.country[twin] for twin in cities.twins[first] - {first}
    }  # fmt: skip
    yield "step to 10,000", IN_COUNTRY_0, len(cities_of_country_0(cities))
    yield "count of a type", Aggregate("count", ALL_CITIES), len(cities.keys)


def superlatives(cities: Cities) -> Iterator[tuple[str, Program, object]]:
    """The greatest, the least and the n-th by a value, among all cities or some."""
    inhabitants, height = cities.population.__getitem__, cities.elevation.__getitem__
    years = sorted(set(cities.founded.values()))
    yield (
        "most populous of all",
        Superlative(ALL_CITIES, POPULATION, "max"),
        best(cities.keys, inhabitants),
    )
    yield (
        "least populous of all",
        Superlative(ALL_CITIES, POPULATION, "min"),
        best(cities.keys, inhabitants, min),
    )
    yield (
        "highest of all, metres",
        Superlative(ALL_CITIES, ELEVATION, "max"),
        best(cities.keys, height),
    )
    yield (
        "largest of all, two units",
        Superlative(ALL_CITIES, AREA, "max"),
        best(cities.area, cities.size),
    )
    yield (
        "third youngest of all",
        Superlative(ALL_CITIES, FOUNDED, "max", 3),
        {key for key in cities.keys if cities.founded[key] == years[-3]},
    )
    yield (
        "most populous of a country",
        Superlative(Intersection(ALL_CITIES, IN_COUNTRY_0), POPULATION, "max"),
        best(cities_of_country_0(cities), inhabitants),
    )
    yield (
        "most populous below the sea",
        Superlative(Compare(ALL_CITIES, ELEVATION, "<", ZERO), POPULATION, "max"),
        best([key for key in cities.keys if height(key) < 0], inhabitants),
    )
    of_mayor = Step("mayor", forward=False)
    yield (
        "mayor of the most populous",
        Superlative(Having(of_mayor), Measure((of_mayor, Step("population"))), "max"),
        {cities.mayor[key] for key in best(cities.keys, inhabitants)},
    )


def comparisons(cities: Cities) -> Iterator[tuple[str, Program, object]]:
    """Comparisons of values, and differences of sets."""
    population = cities.population
    yield (
        "more than a million",
        Compare(ALL_CITIES, POPULATION, ">", MILLION),
        {key for key in cities.keys if population[key] > 10**6},
    )
    yield (
        "how many of more than 5,000",
        Aggregate("count", Compare(ALL_CITIES, POPULATION, ">", FIVE_THOUSAND)),
        sum(size > 5000 for size in population.values()),
    )
    yield (
        "how many not in a country",
        Aggregate("count", Difference(ALL_CITIES, IN_COUNTRY_0)),
        len(cities.keys) - len(cities_of_country_0(cities)),
    )


def counted_relations(cities: Cities) -> Iterator[tuple[str, Program, object]]:
    """Superlatives and comparisons by the number of facts of a relation."""
    of_country = Counter(cities.country.values())
    counted = Measure((Step("country", forward=False),), count=True)
    yield (
        "country of most cities",
        Superlative(OfType("country"), counted, "max"),
        best(of_country, of_country.__getitem__),
    )
    twins = Counter(twin for twins in cities.twins.values() for twin in twins)
    counted = Measure((Step("twin", forward=False),), count=True)
    yield (
        "city of most twins",
        Superlative(ALL_CITIES, counted, "max"),
        best(twins, twins.__getitem__),
    )
    yield (
        "how many without twins",
        Aggregate("count", Compare(ALL_CITIES, counted, "=", ZERO)),
        len(cities.keys) - len(twins),
    )


def totals(cities: Cities) -> Iterator[tuple[str, Program, object]]:
    """Aggregates of the values of all cities."""
    population = Follow(ALL_CITIES, Step("population"))
    yield "sum of 100,000", Aggregate("sum", population), sum(cities.population.values())
    yield "greatest of 100,000", Aggregate("max", population), max(cities.population.values())


def check(name: str, answer: object, wanted: object) -> None:
    """Exit if an answer is wrong."""
    if isinstance(wanted, set):
        right = set(answer.nodes) == wanted
    elif answer.number is not None:
        right = Fraction(answer.number.value) == wanted
    else:
        right = answer.size == wanted
    if not right:
        raise SystemExit(f"{name}: wrong, {answer} is not {wanted}")


CLOCK = [time.perf_counter]


def milliseconds(work: Callable[[], object]) -> tuple[float, object]:
    """Run something; return its milliseconds and its result."""
    start = CLOCK[0]()
    result = work()
    return 1000 * (CLOCK[0]() - start), result


def measure(graph: KnowledgeGraph, cities: Cities, repeat: int) -> None:
    """Time each program, and print a table."""
    print("| program | first, ms | again, ms | its facts, ms |\n|---|---|---|---|")
    for name, program, wanted in programs(cities):
        firsts, agains, proofs = [], [], []
        for number in range(repeat + 1):
            evaluator = Evaluator(graph.database)
            evaluator.evaluate(Named((cities.keys[1],)))  # names of relations, and so on
            limit = None if isinstance(wanted, set) else 10
            first, answer = milliseconds(partial(evaluator.evaluate, program, limit=limit))
            again, _ = milliseconds(partial(evaluator.evaluate, program, limit=limit))
            proof, _ = milliseconds(partial(evaluator.facts, program, limit=5))
            check(name, answer, wanted)
            if number:  # the first evaluation reads the database's pages into memory
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
    """Yield the path or URL of a database."""
    if not postgres:
        yield str(folder / "graph.db")
        return
    with server.running() as host:
        server.fresh_database(host, "programs")
        yield f"postgresql+psycopg://postgres@/programs?host={host}"


def main() -> None:
    """Load the graph and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cities", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--cpu", action="store_true")
    options = parser.parse_args()
    CLOCK[0] = time.process_time if options.cpu else time.perf_counter
    cities = Cities(options.cities)
    with (
        tempfile.TemporaryDirectory() as name,
        place(Path(name), postgres=options.postgres) as where,
    ):
        path = Path(name) / "cities.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in cities.lines()))
        with KnowledgeGraph.open(where) as graph:
            load_ms, _ = milliseconds(lambda: graph.load(path))
            print(f"{json.dumps(graph.stats())}, loaded in {load_ms / 1000:.0f} s\n")
            if options.postgres:
                graph.database.maintain("VACUUM ANALYZE")  # the server does so by itself later
            measure(graph, cities, options.repeat)


if __name__ == "__main__":
    main()
