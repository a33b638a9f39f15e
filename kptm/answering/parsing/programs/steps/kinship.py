"""Rules for relatives that no relation names: grandparents are the parents' parents."""

from __future__ import annotations

import tomllib
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kg.programs import Difference, Follow, Intersection, Named, Union
from kg.types import Step
from kptm.answering.lexicon import load
from kptm.answering.parsing.programs.builder import is_value
from kptm.answering.parsing.question.question_spans import span_mask
from kptm.answering.questions.word_order import Form, relation_form

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kg.programs import Program
    from kptm.answering.parsing.derivation import Derivation
    from kptm.answering.parsing.programs.builder import Builder

TERMS = Path(__file__).with_name("kinship.toml")
"""The words for relatives, and the names of relations for each role."""
SEXES = "male", "female"
"""The values of a relation for the sex, in lower case."""


class _Term(NamedTuple):
    """A word for relatives in a question.

    Attributes:
        mask: Bit mask of its tokens.
        roles: The path of roles from a person, with a sex at the end if the word tells it.
    """

    mask: int
    roles: tuple[str, ...]


class Kinship:
    """The rules for relatives of a person.

    Args:
        builder: Builds derivations.
    """

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def relatives(self, part: Derivation) -> Iterator[Derivation]:
        """The relatives of people, for each word for them that no relation has as its name."""
        for term in self._terms if part.names and not is_value(part.nodes) else ():
            program = None if term.mask & part.mask else self._follow(part.program, term.roles)
            if program is not None:
                yield self._builder.extend(
                    program, (part,), mask=term.mask,
                    features={"name": 1.0, "named_fully": 1.0, "hops": 1.0, "side": 1.0},
                )  # fmt: skip

    @cached_property
    def _terms(self) -> list[_Term]:
        """The words for relatives in an English question; of those that overlap, the longest."""
        question, schema = self._builder.question, self._builder.schema
        stems = tuple(token.stem for token in question.tokens)
        terms: list[_Term] = []
        for words, roles in _terms() if question.language == "en" else ():
            places = [at for at, stem in enumerate(stems) if stem == words[0]]
            for at in places:
                mask = span_mask(at, at + len(words))
                overlaps = any(mask & term.mask for term in terms)
                here = stems[at : at + len(words)] == words and not overlaps
                if here and not schema.relations_named(words):
                    terms.append(_Term(mask, roles))
        return terms

    @cached_property
    def _roles(self) -> Mapping[str, Sequence[Step]]:
        """By role: the steps that lead to it from a person. The key "sex" leads to male or female.

        A role without a relation of its own is left out.
        """
        named = {
            role: [key for name in names for key in self._builder.schema.relations_named(name)]
            for role, names in self._names().items()
        }
        # "Child of" and "father of" describe their heads, so the way to the role is backward.
        forward = {
            role: [Step(key, not self._is_of(key)) for key in keys] for role, keys in named.items()
        }
        back = {role: [step.reverse() for step in steps] for role, steps in forward.items()}
        either = ("father", "mother")
        steps = {
            "parent": [*forward["parent"], *(x for role in either for x in forward[role])]
            + back["child"],
            "child": forward["child"]
            + [*back["parent"], *(x for role in either for x in back[role])],
            "spouse": forward["spouse"] + back["spouse"],
            "sibling": forward["sibling"] + back["sibling"],
            **{role: forward[role] for role in (*either, "sex")},
        }
        return {role: list(dict.fromkeys(ways)) for role, ways in steps.items() if ways}

    def _is_of(self, relation: str) -> bool:
        """Whether the noun of a relation's name is its head: "mother of"."""
        name = self._builder.schema.relations[relation].name
        return relation_form(name).form is Form.NOUN_OF

    def _names(self) -> Mapping[str, Sequence[tuple[str, ...]]]:
        """The stems of the names of relations for each role."""
        schema = self._builder.schema
        return {role: [schema.stems(name) for name in names] for role, names in _names().items()}

    def _follow(self, program: Program, roles: Sequence[str]) -> Program | None:
        """The relatives along a path of roles; None if the graph states none."""
        people: Program | None = program
        for role in roles:
            if people is None:
                return None
            people = self._of_sex(people, role) if role in SEXES else self._relatives(people, role)
        return people

    def _relatives(self, program: Program, role: str) -> Program | None:
        """The people in a role to others, along the relations that these people have.

        Without a relation for siblings, they are the parents' children. None if there are none.
        """
        steps = self._roles.get(role, ())
        if not steps and role == "sibling":
            children = self._follow(program, ("parent", "child"))
            return None if children is None else Difference(children, program)
        knowledge = self._builder.knowledge
        stated = knowledge.steps(knowledge.evaluate(program).nodes)
        people: Program | None = None
        for step in (step for step in steps if step in stated):
            ends = Follow(program, step)
            people = ends if people is None else Union(people, ends)
        return people

    def _of_sex(self, program: Program, sex: str) -> Program | None:
        """The people of a sex; None if the graph does not state it."""
        for step in self._roles.get("sex", ()):
            values = self._builder.knowledge.evaluate(Follow(program, step)).nodes
            same = tuple(value for value in values if str(value).lower() == sex)
            if same:
                return Intersection(program, Follow(Named(same), step.reverse()))
        return None


@cache
def _terms() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The words for relatives, as stems, with their roles; the longest first."""
    terms = tomllib.loads(TERMS.read_text(encoding="utf-8"))["terms"]
    paths = [
        (tuple(token.stem for token in load().tokens(words)), tuple(roles.split()))
        for entry, roles in terms.items()
        for words in entry.split(", ")
    ]
    return sorted(paths, key=lambda item: -len(item[0]))


@cache
def _names() -> dict[str, list[str]]:
    """The names of relations for each role."""
    names = tomllib.loads(TERMS.read_text(encoding="utf-8"))["relations"]
    return {role: text.split(", ") for role, text in names.items()}
