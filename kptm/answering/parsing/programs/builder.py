"""Makes derivations of parts for one question: what they explain, features, scores."""

from __future__ import annotations

from itertools import chain
from math import log
from typing import TYPE_CHECKING

from kg.programs import Follow, Having, Union, parts
from kg.values import ValueKey
from kptm.answering.parsing.derivation import Derivation
from kptm.answering.parsing.question.question import LITTLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.programs import Program
    from kptm.answering.lexicon import Match
    from kptm.answering.parsing.knowledge import Knowledge
    from kptm.answering.parsing.model import Lexical
    from kptm.answering.parsing.question.question import Question
    from kptm.answering.parsing.question.question_spans import Mention
    from kptm.answering.parsing.question.schema_words import RelationWords, Schema

CHANGING = frozenset(
    "count superlative comparison negation and or both difference number time ordinal sum mean"
    " yesno".split()
)
"""Operators that ask for more than steps from a name."""


class Builder:
    """Makes derivations of parts, for one question.

    Args:
        question: The question.
        knowledge: Evaluates programs, and says what leads from a set.
        lexical: The weights of a model, for this question.
        schema: What relations and types are called.
        floating: Steps of a program that no word says.
    """

    def __init__(
        self,
        question: Question,
        knowledge: Knowledge,
        lexical: Lexical,
        schema: Schema,
        *,
        floating: int = 1,
    ) -> None:
        self.floating = floating
        self.question = question
        self.knowledge = knowledge
        self.lexical = lexical
        self.schema = schema
        used = 0
        for match in question.operators:
            used |= bits(match) if match.kind in CHANGING | {"ask"} else 0
        self.free = ~used
        self.light = sum(
            1 << at for at, weight in enumerate(question.importance) if weight <= LITTLE
        )
        self.type_words = question.unknown_noun
        for item in question.types:
            self.type_words |= item.mask if item.type is not None else 0

    def extend(
        self,
        program: Program,
        parts: Sequence[Derivation],
        *,
        mask: int = 0,
        names: int = 0,
        operators: int = 0,
        features: dict[str, float] | None = None,
        floating: int = 0,
        mention: Mention | None = None,
    ) -> Derivation:
        """A derivation of some parts and what is new in it."""
        before = 0
        for part in parts:
            before |= part.mask
        own = [(name, value) for name, value in (features or {}).items() if value]
        if parts:
            gap = self.holes(mask | before) - sum(self.holes(part.mask) for part in parts)
            own.append(("gap", max(gap, 0.0)))
        score = sum(part.score for part in parts)
        # What two parts explain together counts once.
        score -= self.lexical.cover * self.overlap(parts)
        score += self.lexical.score(own)
        score += self.lexical.cover * self.question.weight(mask & ~before)
        everything = mask | before
        for part in parts:
            names |= part.names
            operators |= part.operators
        return Derivation(
            program=program,
            mask=everything,
            names=names,
            operators=operators,
            features=(*chain(*(part.features for part in parts)), *own),
            score=score,
            size=sum(part.size for part in parts) + bool(parts),
            floating=sum(part.floating for part in parts) + floating,
            mention=mention,
        )

    def holes(self, mask: int) -> float:
        """The weight of tokens between those of a mask: the words of a phrase stand together."""
        if not mask:
            return 0.0
        inside = (1 << mask.bit_length()) - (mask & -mask)
        return self.question.weight(inside & ~mask)

    def overlap(self, parts: Sequence[Derivation]) -> float:
        """What the tokens weigh that two parts explain."""
        if len(parts) < 2:
            return 0.0
        return self.question.weight(parts[0].mask & parts[1].mask)

    def is_complete(self, part: Derivation) -> bool:
        """Whether a program explains the whole question, so that no larger one will be meant."""
        return not part.floating and self.question.weight(~part.mask) <= LITTLE

    @property
    def asks_yes_or_no(self) -> bool:
        """Whether a question asks if something is so."""
        return any(match.kind == "yesno" for match in self.question.operators)

    @property
    def is_plain(self) -> bool:
        """Whether no operator of a question asks for more than steps from a name."""
        return not any(match.kind in CHANGING for match in self.question.operators)

    def of_mention(self, mention: Mention, mask: int = 0) -> dict[str, float]:
        """What speaks for a span being a name, and for its sense."""
        mask |= mention.mask
        length = mask.bit_count()
        longer = any(
            other.mask & mask == mask and other.mask != mask and other.kind in ("label", "alias")
            for other in self.question.mentions
        )  # fmt: skip
        function = self.question.weight(mention.mask) == 0 and not mention.exact
        return {
            "prior": log(max(mention.prior, 1e-4)),
            f"mention_{mention.kind}": 1.0,
            "exact": float(mention.exact),
            "length": float(min(length, 4) - 1),
            "within": float(longer),
            "function": float(function),
            "operator": float(mention.kind != "value" and not mention.mask & self.free),
        }

    def hint(self, match: Match, words: RelationWords) -> float:
        """How strongly an operator suggests a relation, by the words of its name, from 0 to 1."""
        label = set(self.schema.stems(words.label))
        for hint, rank in self.schema.rank_hints(match.hints):
            stems = self.schema.stems(hint)
            if stems and set(stems) <= label:
                whole = frozenset(stems) in words.names or len(label) == len(stems)
                return 1.0 / (1 + 0.25 * rank) * (1.0 if whole else 0.8)
        return 0.0


def bits(match: Match) -> int:
    """The tokens of an operator."""
    return (1 << match.end) - (1 << match.start)


def lowest(mask: int) -> int:
    """The first token of a mask, -1 of none."""
    return (mask & -mask).bit_length() - 1


def is_list_of_names(program: Program) -> bool:
    """Whether a set is several names alone: "a lake or a river", "both A and B"."""
    return isinstance(program, Union) and not any(
        isinstance(part, (Follow, Having)) for part in parts(program)
    )


def is_value(nodes: Sequence[str]) -> bool:
    """Whether nodes are values."""
    return bool(nodes) and all(isinstance(node, ValueKey) for node in nodes[:3])
