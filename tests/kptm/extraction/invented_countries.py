"""Invented countries with their facts, and the sentences that state these."""

from itertools import product

FIRST = ("Bar", "Kel", "Mor", "Tal", "Ver", "Zan", "Gor", "Lun")
LAST = ("land", "onia", "istan", "avia", "mark", "ora", "ette", "ulia")
COUNTRIES = [a + b for a, b in product(FIRST, LAST)]
CITIES = [f"{a}{b}" for a, b in product(("Asp", "Dun", "Elm", "Fox", "Hol", "Ivy", "Jas", "Oak"),
    ("ton", "ville", "burg", "ham", "ford", "wick", "stead", "port"))]  # fmt: skip
KNOWN = 44
"""Countries whose facts the graph has; of the others it has one that no text states."""


def texts_of(n):
    country, city, other = COUNTRIES[n], CITIES[n], COUNTRIES[(n + 1) % len(COUNTRIES)]
    return [
        f"The capital of {country} is {city}.",
        f"{city} is the capital of {country}, which borders {other}.",
        f"{country} borders {other}. It was founded in {1200 + 7 * n}.",
        f"Many people of {country} go to {CITIES[(n + 9) % 64]} in summer.",
    ]


def facts_of(n):
    country = COUNTRIES[n]
    return [
        (country, "capital", CITIES[n]),
        (country, "borders", COUNTRIES[(n + 1) % len(COUNTRIES)]),
    ]
