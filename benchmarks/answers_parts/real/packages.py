"""Questions about software packages: their dependencies, maintainers and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .domain_rules import Rows, Set, any_of, count, having, of, ranked, refused, stated, the, where

if TYPE_CHECKING:
    from .newcomer import Facts

NEEDS, SUGGESTS, BY, SIZE = "depends on", "suggests", "maintained by", "installed size"
IN, LANGUAGE, YEAR, LICENSE = "section", "written in", "first released", "license"


def has(relation: str, value: str) -> Set:
    return lambda f: f.having(relation, value)


def packages(f: Facts) -> set[str]:
    return {head for head in f.heads if f.of(head, IN)}


def without_needs(among: Set) -> Set:
    """The heads without dependencies; as no type tells packages from people, `among` chooses."""
    return lambda f: {x for x in among(f) if not f.of(x, NEEDS)}


def needs_of_needs(f: Facts) -> set[str]:
    return {x for need in f.of("tunebox", NEEDS) for x in f.of(need, NEEDS)}


def by_people_in(country: str) -> Set:
    return lambda f: {x for person in f.having("lives in", country) for x in f.having(BY, person)}


def most(relation: str) -> Set:
    """The values of a relation that occur in the most packages."""

    def commonest_values(f: Facts) -> set[str]:
        values = {value for x in packages(f) for value in f.of(x, relation)}
        counts = {value: len(f.having(relation, value)) for value in values}
        return {value for value in counts if counts[value] == max(counts.values())}

    return commonest_values


def most_needs(f: Facts) -> set[str]:
    counts = {x: len(f.of(x, NEEDS)) for x in packages(f)}
    return {x for x in counts if counts[x] == max(counts.values())}


PACKAGES: Rows = (
    ("plain", "who maintains mailhop", of("mailhop", BY)),
    ("plain", "what language is pixelforge written in", of("pixelforge", LANGUAGE)),
    ("plain", "what does webfetch depend on", of("webfetch", NEEDS)),
    ("plain", "which license does openlock have", of("openlock", LICENSE)),
    ("plain", "what section is gitgrove in", of("gitgrove", IN)),
    ("plain", "where does sofia rossi live", of("Sofia Rossi", "lives in")),
    ("plain", "what does brisk-editor suggest", of("brisk-editor", SUGGESTS)),
    ("keyword", "dashlet license", of("dashlet", LICENSE)),
    ("keyword", "tunebox dependencies", of("tunebox", NEEDS)),
    ("keyword", "maintainer exmail", of("exmail", BY)),
    ("number", "how big is mapview", of("mapview", SIZE)),
    ("number", "how much disk space does pixelforge take", of("pixelforge", SIZE)),
    ("number", "when was shelly first released", of("shelly", YEAR)),
    ("number", "installed size of python3-lite", of("python3-lite", SIZE)),
    ("number", "what year did zipper-lib come out", of("zipper-lib", YEAR)),
    ("reverse", "which packages depend on openlock", having(NEEDS, "openlock")),
    ("reverse", "what depends on python3-lite", having(NEEDS, "python3-lite")),
    ("reverse", "which packages does ada moreau maintain", having(BY, "Ada Moreau")),
    ("reverse", "what is written in rust", having(LANGUAGE, "Rust")),
    ("reverse", "packages in the sound section", having(IN, "sound")),
    ("reverse", "who lives in ghana", having("lives in", "Ghana")),
    ("reverse", "which packages are under the mit license", having(LICENSE, "MIT")),
    ("reverse", "what was released in 2005", having(YEAR, "2005")),
    ("direction", "what suggests shelly", having(SUGGESTS, "shelly")),
    ("direction", "what does shelly suggest", of("shelly", SUGGESTS)),
    ("direction", "what does jsonpeek suggest", refused),
    ("direction", "which packages conflict with exmail", any_of(has("conflicts with", "exmail"))),
    ("direction", "what depends on gitgrove", refused),
    ("superlative", "what is the biggest package", the(ranked(SIZE, -1))),
    ("superlative", "which package is the smallest", the(ranked(SIZE, 0))),
    ("superlative", "what is the oldest package", the(ranked(YEAR, 0))),
    ("superlative", "newest package written in c", the(ranked(YEAR, -1, has(LANGUAGE, "C")))),
    ("superlative", "largest package in the libs section", the(ranked(SIZE, -1, has(IN, "libs")))),
    ("superlative", "second largest package", the(ranked(SIZE, -2))),
    ("superlative", "which package do most packages depend on", the(most(NEEDS))),
    ("superlative", "who maintains the most packages", the(most(BY))),
    ("superlative", "which language are most packages written in", the(most(LANGUAGE))),
    ("count", "how many packages does lucas silva maintain", count(has(BY, "Lucas Silva"))),
    ("count", "how many packages are written in rust", count(has(LANGUAGE, "Rust"))),
    ("count", "how many dependencies does mailhop have", count(lambda f: f.of("mailhop", NEEDS))),
    ("count", "how many packages depend on libcore6", count(has(NEEDS, "libcore6"))),
    ("count", "how many packages are there in utils", count(has(IN, "utils"))),
    ("yesno", "does mailhop depend on openlock", stated("yes")),
    ("yesno", "does openlock depend on mailhop", stated("no")),
    ("yesno", "is spellit written in python", stated("yes")),
    ("yesno", "is pixelforge bigger than mapview", stated("yes")),
    ("yesno", "does tomas novak maintain exmail", stated("no")),
    ("yesno", "was dashlet released before exmail", stated("yes")),
    ("compare", "packages larger than 10000 kb", the(where(SIZE, lambda x: x > 10_000))),
    ("compare", "which packages were released after 2015", the(where(YEAR, lambda x: x > 2015))),
    ("compare", "packages released between 1996 and 1999",
    any_of(where(YEAR, lambda x: 1996 <= x <= 1999), where(YEAR, lambda x: 1996 < x < 1999))),
    ("compare", "which is older tunebox or openlock", stated("openlock")),
    ("compare", "which packages have more than one dependency",
    the(lambda f: {x for x in packages(f) if len(f.of(x, NEEDS)) > 1})),
    ("twocond", "which packages are written in c and licensed under mit",
    the(lambda f: f.having(LANGUAGE, "C") & f.having(LICENSE, "MIT"))),
    ("twocond", "packages that depend on both openlock and zipper-lib",
    the(lambda f: f.having(NEEDS, "openlock") & f.having(NEEDS, "zipper-lib"))),
    ("twocond", "rust packages maintained by ingrid olsen",
    the(lambda f: f.having(LANGUAGE, "Rust") & f.having(BY, "Ingrid Olsen"))),
    ("twocond", "sound packages that depend on libcore6",
    the(lambda f: f.having(IN, "sound") & f.having(NEEDS, "libcore6"))),
    ("negation", "which packages depend on nothing",
    any_of(without_needs(packages), without_needs(lambda f: f.heads))),
    ("negation", "which sound packages are not written in c",
    any_of(lambda f: f.having(IN, "sound") - f.having(LANGUAGE, "C"))),
    ("negation", "which of viktor hahn's packages are not under the mit license",
    the(lambda f: f.having(BY, "Viktor Hahn") - f.having(LICENSE, "MIT"))),
    ("twohop", "where does the maintainer of geodata live",
    the(lambda f: f.of("Amina Diallo", "lives in"))),
    ("twohop", "which packages are maintained by someone who lives in japan",
    the(by_people_in("Japan"))),
    ("twohop", "what do the dependencies of tunebox depend on", the(needs_of_needs)),
    ("twohop", "what license does the package that suggests shelly have", of("gitgrove", LICENSE)),
    ("typo", "who maintans mapveiw", of("mapview", BY)),
    ("typo", "licence of pixlforge", of("pixelforge", LICENSE)),
    ("typo", "wich packages depnd on zipper-lib", having(NEEDS, "zipper-lib")),
    ("lang", "wer betreut mapview", any_of(lambda f: f.of("mapview", BY), lambda _: ())),
    ("lang", "que licencia tiene openlock", of("openlock", LICENSE)),
    ("list", "list the packages of kofi mensah", having(BY, "Kofi Mensah")),
    ("list", "name all shells", having(IN, "shells")),
    ("unanswerable", "how many downloads does mailhop have", refused),
    ("unanswerable", "who maintains superchess", refused),
    ("unanswerable", "what is the latest version of openlock", refused),
    ("unanswerable", "is there a bug in webfetch", refused),
    ("unanswerable", "what is the email address of mei tanaka", refused),
    ("unanswerable", "when was geodata last updated", refused),
    ("unanswerable", "what conflicts with tunebox", refused), ("chat", "thanks", refused),
)  # fmt: skip
