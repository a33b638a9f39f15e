"""Questions about chemical elements and who discovered them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .domain_rules import (
    Rows,
    Set,
    any_of,
    count,
    having,
    of,
    ranked,
    refused,
    stated,
    the,
    where,
)

if TYPE_CHECKING:
    from .newcomer import Facts

MELTS, BOILS, FOUND = "melting point", "boiling point", "year of discovery"
KIND, BY, WEIGHT, AT = "element category", "discovered by", "atomic weight", "atomic number"
STATE = "state at room temperature"


def has(relation: str, value: str) -> Set:
    return lambda f: f.having(relation, value)


def elements(f: Facts) -> set[str]:
    return {head for head in f.heads if f.of(head, "symbol")}


def by_people_of(country: str) -> Set:
    return lambda f: {x for person in f.having("country", country) for x in f.having(BY, person)}


def people(f: Facts) -> set[str]:
    return f.heads - elements(f)


def most_found(f: Facts) -> set[str]:
    counts = {person: len(f.having(BY, person)) for person in people(f)}
    return {person for person in counts if counts[person] == max(counts.values())}


def undiscovered(among: Set) -> Set:
    """Nothing in the graph says what an element is: anybody in it may be undiscovered."""
    return lambda f: {x for x in among(f) if not f.of(x, BY)}


def difference(f: Facts) -> set[str]:
    return {str(round(f.number("Iron", MELTS) - f.number("Gold", MELTS), 2))}


ELEMENTS: Rows = (
    ("plain", "what is the symbol of gold", of("Gold", "symbol")),
    ("plain", "whats the atomic number of iron", of("Iron", AT)),
    ("plain", "who discovered argon", of("Argon", BY)),
    ("plain", "what kind of element is neon", of("Neon", KIND)),
    ("plain", "which country is marie curie from", of("Marie Curie", "country")),
    ("plain", "what is the boiling point of mercury", of("Mercury", BOILS)),
    ("plain", "symbol for tungsten", of("Tungsten", "symbol")),
    ("keyword", "lead melting point", of("Lead", MELTS)),
    ("keyword", "uranium discoverer", of("Uranium", BY)),
    ("keyword", "atomic weight zinc", of("Zinc", WEIGHT)),
    ("number", "at what temperature does iron melt", of("Iron", MELTS)),
    ("number", "when was titanium discovered", of("Titanium", FOUND)),
    ("number", "what year was radium discovered", of("Radium", FOUND)),
    ("number", "how heavy is a carbon atom", of("Carbon", WEIGHT)),
    ("number", "when was humphry davy born", of("Humphry Davy", "year of birth")),
    ("number", "boiling point of nitrogen in kelvin", of("Nitrogen", BOILS)),
    ("reverse", "which element has the symbol fe", having("symbol", "Fe")),
    ("reverse", "what did humphry davy discover", having(BY, "Humphry Davy")),
    ("reverse", "which elements are halogens", having(KIND, "halogen")),
    ("reverse", "which elements are liquid at room temperature", having(STATE, "liquid")),
    ("reverse", "element with atomic number 47", having(AT, "47")),
    ("reverse", "elements discovered in 1898", having(FOUND, "1898")),
    ("reverse", "whose symbol is au", having("symbol", "Au")),
    ("superlative", "which element has the highest melting point", the(ranked(MELTS, -1))),
    ("superlative", "which element has the lowest boiling point", the(ranked(BOILS, 0))),
    ("superlative", "what is the heaviest element", any_of(ranked(WEIGHT, -1), ranked(AT, -1))),
    ("superlative", "lightest noble gas", the(ranked(WEIGHT, 0, has(KIND, "noble gas")))),
    ("superlative", "which element was discovered first", the(ranked(FOUND, 0))),
    ("superlative", "second heaviest halogen", the(ranked(WEIGHT, -2, has(KIND, "halogen")))),
    ("superlative", "who discovered the most elements", the(most_found)),
    ("superlative", "which transition metal melts at the lowest temperature",
    the(ranked(MELTS, 0, has(KIND, "transition metal")))),
    ("superlative", "the oldest of the discoverers", any_of(ranked("year of birth", 0))),
    ("count", "how many noble gases are there", count(has(KIND, "noble gas"))),
    ("count", "how many elements did william ramsay discover", count(has(BY, "William Ramsay"))),
    ("count", "how many elements are gases at room temperature", count(has(STATE, "gas"))),
    ("count", "how many people discovered polonium", count(lambda f: f.of("Polonium", BY))),
    ("count", "number of transition metals", count(has(KIND, "transition metal"))),
    ("yesno", "is mercury liquid at room temperature", stated("yes")),
    ("yesno", "is iron a noble gas", stated("no")),
    ("yesno", "did marie curie discover radium", stated("yes")),
    ("yesno", "did joseph black discover oxygen", stated("no")),
    ("yesno", "is gold heavier than silver", stated("yes")),
    ("yesno", "does tin melt at a higher temperature than lead", stated("no")),
    ("compare", "which elements melt above 2000 k", the(where(MELTS, lambda x: x > 2000))),
    ("compare", "elements discovered before 1770", the(where(FOUND, lambda x: x < 1770))),
    ("compare", "elements with an atomic number between 10 and 15",
    any_of(where(AT, lambda x: 10 <= x <= 15), where(AT, lambda x: 10 < x < 15))),
    ("compare", "which is heavier silver or tin", the(lambda _: {"Tin"})),
    ("compare", "which elements weigh less than 5", the(where(WEIGHT, lambda x: x < 5))),
    ("compare", "how much hotter than gold does iron melt", the(difference)),
    ("twocond", "which noble gases did morris travers discover",
    the(lambda f: f.having(BY, "Morris Travers") & f.having(KIND, "noble gas"))),
    ("twocond", "halogens that are gases at room temperature",
    the(lambda f: f.having(KIND, "halogen") & f.having(STATE, "gas"))),
    ("twocond", "which elements did both marie curie and pierre curie discover",
    the(lambda f: f.having(BY, "Marie Curie") & f.having(BY, "Pierre Curie"))),
    ("twocond", "alkali metals discovered after 1810",
    the(lambda f: f.having(KIND, "alkali metal") & where(FOUND, lambda x: x > 1810)(f))),
    ("negation", "which halogens are not gases",
    the(lambda f: f.having(KIND, "halogen") - f.having(STATE, "gas"))),
    ("negation", "which noble gases were not discovered by william ramsay",
    the(lambda f: f.having(KIND, "noble gas") - f.having(BY, "William Ramsay"))),
    ("negation", "which elements have no known discoverer",
    any_of(undiscovered(elements), undiscovered(lambda f: f.heads))),
    ("twohop", "which elements were discovered by swedes",
    any_of(by_people_of("Sweden"), lambda _: ())),
    ("twohop", "which elements were discovered by people from france", the(by_people_of("France"))),
    ("twohop", "in which country was the discoverer of magnesium born",
    any_of(lambda f: f.of("Joseph Black", "country"))),
    ("twohop", "when was the discoverer of fluorine born", of("Henri Moissan", "year of birth")),
    ("twohop", "symbols of the halogens",
    the(lambda f: {s for x in f.having(KIND, "halogen") for s in f.of(x, "symbol")})),
    ("typo", "who discoverd clorine", of("Chlorine", BY)),
    ("typo", "meltin point of alluminium", of("Aluminium", MELTS)),
    ("typo", "sybmol of potasium", of("Potassium", "symbol")),
    ("lang", "wer hat argon entdeckt", of("Argon", BY)),
    ("lang", "cual es el simbolo del uranium", of("Uranium", "symbol")),
    ("list", "list all alkali metals", having(KIND, "alkali metal")),
    ("list", "name the actinides", having(KIND, "actinide")),
    ("unanswerable", "what is the price of gold", refused),
    ("unanswerable", "who discovered kryptonite", refused),
    ("unanswerable", "where is iron mined", refused),
    ("unanswerable", "what is the half life of uranium", refused),
    ("unanswerable", "who is the wife of humphry davy", refused),
    ("unanswerable", "when was gold discovered", refused),
    ("unanswerable", "what color is chlorine", refused),
    ("direction", "what discovered william ramsay",
    any_of(has(BY, "William Ramsay"), lambda _: ())), ("chat", "good morning", refused),
)  # fmt: skip
