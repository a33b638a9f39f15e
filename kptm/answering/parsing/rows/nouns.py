"""Finds nouns for the rows of an untyped graph, in the names of files, columns and classes.

The rows of "elements.csv" are elements, and those of a table with the key column "Patient" are
patients. An entity whose "class" is "mammal" is a mammal. An entity that has "tracks" is an album.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from kg.programs import Follow, Having, Named, Union
from kg.types import Step
from kg.values.value_forms import NUMERIC
from kptm.answering.answer_kinds import describes_people
from kptm.answering.lexicon.columns.column_names import (
    ENGLISH,
    spell_out,
    split_words,
    without_unit,
)
from kptm.answering.lexicon.columns.relation_keys import is_path
from kptm.answering.lexicon.columns.relation_nouns import ROW, doers, row_nouns
from kptm.answering.lexicon.synonyms import expand
from kptm.answering.parsing.rows.class_nouns import (
    MAX_CLASSES,
    MIN_NOUN_LETTERS,
    is_class,
    nouns_of_classes,
    spoken_name,
)
from kptm.answering.parsing.rows.label_nouns import nouns_of_labels
from kptm.answering.parsing.rows.row_kinds import RowKind, find_row_kinds, kind_with
from kptm.answering.questions.word_order import Form, relation_form
from kptm.linking.names.english_lexicon import frequent_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from kg.graph import KnowledgeGraph
    from kg.programs import Evaluator, Program

MAX_FILES = 8
"""The most files whose names are read."""
NO_KINDS = frozenset(
    "data dataset dev dump export fact facts file graph input kb knowledge list main output"
    " rows sample sheet statements table test train triple triples tsv csv valid".split()
)
"""Words in the names of files that do not describe their content."""
NAMES_OF_KEYS = frozenset(
    "code description entity id identifier item key label name nr no num number object row subject"
    " tag title".split()
)
"""Words at the end of the names of key columns that do not say what the rows are: "film title"."""
THINGS = (["item"], ["object"])
"""Names of key columns that people use for the rows, too: "the cheapest item"."""
SAMPLED_ROWS, MIN_SHARED_RELATIONS = 60, 1 / 3
"""A file's classes are things of different kinds if the relations of their first
``SAMPLED_ROWS`` rows have a Jaccard index below ``MIN_SHARED_RELATIONS``.
"""
MAX_GRAPH_FACTS = 50_000
"""Kinds of rows are only looked for in graphs of at most this many facts."""
MIN_ROW_TAILS, MIN_COVERED_ROWS = 0.8, 0.7
"""The least share of a relation's tails that are rows of a kind, and of its rows that are tails. Of
employees few are bakers, so that "baker" is no noun for them.
"""
PLURALS = (("ies", "y"), ("oes", "o"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"))
"""Endings of plurals, with what stands for them in the singular; others only add "s"."""


class Nouns:
    """Finds the nouns for the rows of an untyped graph.

    Args:
        graph: The graph.
        evaluator: Evaluates programs on it.

    Attributes:
        doubtful: The nouns of the last :meth:`find` that may be wrong for the rows: those that only
            a relation implies ("album" by "tracks"), singular names of files ("nursery.tsv"), and
            ``ROW``.
        kinds: The kinds of rows of the last :meth:`find`; empty if there is only one.
        is_table: Whether the graph had few enough facts to look for kinds of rows.
        people: The program for the only kind of rows that are people and have no noun, or None.
    """

    def __init__(self, graph: KnowledgeGraph, evaluator: Evaluator) -> None:
        self._graph, self._evaluator = graph, evaluator
        self._main_of_file: dict[int, str | None] = {}
        self.kinds: list[RowKind] = []
        self.is_table = True
        self.people: Program | None = None
        self.doubtful: frozenset[str] = frozenset()

    def find(self) -> dict[str, Program]:
        """By noun: the program that denotes its rows.

        If several sources give the same noun, the first of these counts:

        1. the key column of a table: "patient";
        2. a class, such as "volcano";
        3. the name of a file, such as "mountains.csv";
        4. a relation to rows of one kind: "painter", if the painters are rows, too;
        5. the labels of rows: "Battle of Hastings";
        6. the last word of classes ("fold mountain"), which may cover only some of the rows;
        7. a relation that implies the noun.

        The rows to which no relation leads have no noun of their own; they are called ``ROW``.

        If a file has things of several kinds, its name denotes the class with that name or a
        synonym, if there is one: the video games of "games.tsv", not its studios.
        """
        relations_of = self._evaluator.relations_of_heads(MAX_GRAPH_FACTS)
        self.is_table = bool(relations_of)
        self.kinds = find_row_kinds(relations_of)
        classes, heads, typed = nouns_of_classes(self._graph, self._evaluator)
        classes |= dict(self._of_key_columns())
        singular = {_singular(noun) for noun in classes}
        of_relations = dict(self._of_relations())
        labelled = dict(nouns_of_labels(self._graph, relations_of, self.kinds))
        some = {noun: item for noun, item in labelled.items() if isinstance(item, Named)}
        whole = {noun: item for noun, item in labelled.items() if noun not in some}
        files: dict[str, Program] = {}
        for noun, relation in self._of_files():
            if _singular(noun) in singular:
                continue
            kind = self._kind_called(noun, classes | heads) if self._is_mixed(relation) else None
            if kind is None and self.kinds:
                kind = of_relations.get(_singular(noun)) or whole.get(_singular(noun))
            files[noun] = kind or Having(Step(relation))
        singular |= {_singular(noun) for noun in files}
        tails = list(self._of_tails())
        ends = {noun: program for noun, program in tails if _singular(noun) not in singular}
        singular |= {_singular(noun) for noun in ends}
        of_labels = {noun: item for noun, item in whole.items() if _singular(noun) not in singular}
        singular |= {_singular(noun) for noun in of_labels}
        last_words = {
            noun: program for noun, program in heads.items() if _singular(noun) not in singular
        }
        singular |= {_singular(noun) for noun in last_words}
        implied = {
            noun: program
            for noun, program in of_relations.items()
            if _singular(noun) not in singular
        }
        singular |= {_singular(noun) for noun in implied}
        some = {noun: item for noun, item in some.items() if _singular(noun) not in singular}
        known = singular | {_singular(noun) for noun in some}
        singular = {noun for noun in files if not noun.endswith("s") or noun.endswith("ss")}
        typed = {noun: item for noun, item in typed.items() if _singular(noun) not in known}
        self.doubtful = frozenset({*implied, *typed, *singular, ROW})
        named = {program for _, program in tails} | {*classes.values(), *of_labels.values()}
        # "Discoverers" may be astronomers, but "captains" are no stewards.
        agent_nouns = {
            noun for item in self._graph.relations() for noun in doers(spoken_name(item.label))
        }
        called = {program for noun, program in tails if noun not in agent_nouns}
        self.people = self._people({*classes.values(), *files.values(), *called})
        nameless = self._nameless(named)
        own = {**implied, **last_words, **of_labels, **ends, **files, **classes}
        return {**nameless, **typed, **some, **own}

    def _people(self, named: Collection[Program]) -> Program | None:
        """The only kind of rows with a relation that only people have, if it has no better noun.

        In a table of planets and astronomers, those with a place of birth are people.

        Args:
            named: The programs that have a noun.
        """
        kinds = [
            kind
            for kind in self.kinds
            if any(describes_people(self._graph.relation(key).label) for key in kind.relations)
        ]
        return kinds[0].program if len(kinds) == 1 and self._without_noun(kinds, named) else None

    def _nameless(self, named: Collection[Program]) -> dict[str, Program]:
        """The kind of rows that has no noun; if there are several, the one with the most links.

        Args:
            named: The programs that have a noun.
        """
        rows = frozenset().union(*(kind.rows for kind in self.kinds))
        kinds = self._without_noun(self.kinds, named)
        links = [len(self._links_from(kind, rows)) for kind in kinds]
        most = max(links, default=0)
        return {ROW: kinds[links.index(most)].program} if links.count(most) == 1 else {}

    def _without_noun(self, kinds: Iterable[RowKind], named: Collection[Program]) -> list[RowKind]:
        """The kinds whose rows mostly have none of the programs with a noun."""
        sets = [frozenset(self._evaluator.evaluate(program).nodes) for program in named]
        return [
            kind
            for kind in kinds
            if not any(len(kind.rows & nodes) > MIN_ROW_TAILS * len(kind.rows) for nodes in sets)
        ]

    def _links_from(self, kind: RowKind, rows: frozenset[str]) -> frozenset[str]:
        """The relations that lead from rows of a kind to rows of any kind."""
        some = tuple(sorted(kind.rows)[:SAMPLED_ROWS])
        return frozenset(
            relation
            for relation in kind.relations
            if not rows.isdisjoint(
                self._evaluator.evaluate(Follow(Named(some), Step(relation))).nodes
            )
        )

    def _is_mixed(self, relation: str) -> bool:
        """Whether a file's main relation has classes whose rows share few relations.

        Only the two largest classes are compared.
        """
        if not is_class(self._graph.relation(relation).label):
            return False
        back = Step(relation, False)
        classes = []
        for node in self._evaluator.evaluate(Having(back)).nodes[:MAX_CLASSES]:
            rows = self._evaluator.evaluate(Follow(Named((node,)), back)).nodes
            steps = self._evaluator.steps(rows[:SAMPLED_ROWS])
            classes.append((-len(rows), {step.relation for step in steps if step.forward}))
        largest = [
            relations - {relation} for _, relations in sorted(classes, key=lambda x: x[0])[:2]
        ]
        if len(largest) < 2:
            return False
        return len(largest[0] & largest[1]) < MIN_SHARED_RELATIONS * len(largest[0] | largest[1])

    def _kind_called(self, noun: str, classes: Mapping[str, Program]) -> Program | None:
        """The largest class that a noun or its synonym names: the class "vessel" for "boats"."""
        names = [_singular(noun), *(word for word, _ in expand(_singular(noun), ENGLISH))]
        singular = {_singular(name): program for name, program in sorted(classes.items())}
        programs = [singular[name] for name in dict.fromkeys(names) if name in singular]
        return max(
            programs, key=lambda program: self._evaluator.evaluate(program).size, default=None
        )

    def _of_key_columns(self) -> Iterator[tuple[str, Program]]:
        """Yield (name, program) for the key columns of tables, and for the last word of the name.

        "Patient" denotes the rows of its table, and so does "host" for a column "Host name".
        """
        for number, _, key in self._evaluator.files()[:MAX_FILES]:
            words = split_words(spell_out(key)).lower().split()
            while len(words) > (words[:1] in THINGS) and words[-1] in NAMES_OF_KEYS:
                words.pop()
            relation = self._main_relation(number) if words else None
            if relation is not None:
                for noun in dict.fromkeys((" ".join(words), words[-1])):
                    yield noun, Having(Step(relation))

    def _of_files(self) -> Iterator[tuple[str, str]]:
        """Yield (last word of a file's name, main relation of the file)."""
        seen = set()
        for number, path, _ in self._evaluator.files()[:MAX_FILES]:
            words = re.findall(r"[^\W\d_]+", Path(path).name.split(".")[0])
            noun = _last_part(words[-1].lower()) if words else ""
            if len(noun) < MIN_NOUN_LETTERS or noun in NO_KINDS or noun in seen:
                continue
            relation = self._main_relation(number)
            if relation is not None:
                seen.add(noun)
                yield noun, relation

    def _main_relation(self, number: int) -> str | None:
        """The main relation of a file, computed only once, because edits rarely change it."""
        if number not in self._main_of_file:
            self._main_of_file[number] = self._evaluator.main_relation_of_file(number)
        return self._main_of_file[number]

    def _of_relations(self) -> Iterator[tuple[str, Program]]:
        """Yield (noun, program) for nouns that relations imply: "album" for what has "tracks"."""
        names = {
            split_words(without_unit(spell_out(item.label))).lower().replace("-", " "): item.key
            for item in self._graph.relations()
            if not is_path(item.key)
        }
        for noun, relations in row_nouns(names):
            columns = [names[name] for name in (noun, f"{noun}s") if name in names]
            if any(map(self._has_numbers, columns)):
                continue  # "how many bottles" asks for the numbers of a column "bottles"
            kind = kind_with(relations, self.kinds)
            sets: list[Program] = [Having(Step(relation)) for relation in relations]
            yield noun, reduce(Union, sets) if kind is None else kind.program

    def _has_numbers(self, relation: str) -> bool:
        """Whether the first value of a relation is a number."""
        first = next(iter(self._graph.attributes(relation=relation)), None)
        return first is not None and first.value.datatype in NUMERIC

    def _of_tails(self) -> Iterator[tuple[str, Program]]:
        """Yield (noun, program) for relations whose tails are rows of one kind: "booked room".

        The rows to which "designed by" leads are designers.

        Several relations may lead to them: ports of loading and of discharge are ports.
        """
        tails: dict[str, set[str]] = defaultdict(set)
        for relation in self._graph.relations() if self.kinds else ():
            name = spoken_name(relation.label)
            nouns = doers(name)
            if relation_form(name).form is Form.NOUN:
                nouns = [name, name.split()[-1], name.split(" of ")[0]]
            if nouns:
                ends = self._evaluator.evaluate(Having(Step(relation.key, False))).nodes
                for noun in dict.fromkeys(nouns):
                    tails[noun].update(ends)
        for noun, ends_of_noun in tails.items():
            for kind in self.kinds:
                shared = len(kind.rows & ends_of_noun)
                if shared >= max(
                    1, MIN_ROW_TAILS * len(ends_of_noun), MIN_COVERED_ROWS * len(kind.rows)
                ):
                    yield noun, kind.program


def _last_part(word: str) -> str:
    """The plural at the end of a word that joins two: "trees" of "citytrees"; else the word."""
    known = frequent_words()
    if word in known or word.endswith("ss"):
        return word
    ends = range(MIN_NOUN_LETTERS, len(word) - MIN_NOUN_LETTERS + 1)
    parts = (word[at:] for at in ends if word[:at] in known and word[at:] in known)
    return next((part for part in parts if part.endswith("s")), word)


def _singular(noun: str) -> str:
    """The singular of a noun, or a stem that its forms share."""
    for plural, ending in PLURALS:
        if noun.endswith(plural):
            return noun.removesuffix(plural) + ending
    return noun.removesuffix("s")
