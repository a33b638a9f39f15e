"""Decides, while a table is read, which relations have values as tails and which have entities.

    lines ─► blocks ─► window of blocks ─► Block (entities), ValueBlock (values), other lines

A relation is decided when it first occurs in a block, by its rows in a window of this block and the
next ones, so that memory does not grow with the table. If the rows after the window contradict the
decision, :meth:`TailTyping.check` raises an error, and the table has to be read again.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from itertools import islice
from typing import TYPE_CHECKING

from kg.errors import KGError
from kg.formats.text.blocks import Block, ValueBlock
from kg.types import Triple, Typed
from kg.values import infer
from kg.values.infer import TypeDecision
from kg.values.value_forms import ENTITY, KINDS
from kg.vocabulary import UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from kg.formats import Line

BLOCKS_READ_AHEAD = 4
"""The number of blocks that are read before the first of them is passed on."""
ENTITY_DECISION = TypeDecision(ENTITY)


class DoubtfulTypesError(KGError):
    """Tails that were taken for values by the first rows are entities by the later ones.

    Attributes:
        relations: The keys of their relations, sorted. The table must be read again, with these
            tails as entities.
    """

    def __init__(self, relations: Collection[str]) -> None:
        self.relations = tuple(sorted(relations))
        kinds = ", ".join(f"{relation}=entity" for relation in self.relations)
        super().__init__(
            f"the first rows of {', '.join(self.relations)} have values, but the later ones have"
            f" entities; load the table again with these kinds stated in types: {kinds}"
        )


def checked_types(types: Mapping[str, str]) -> dict[str, str]:
    """Return the kinds of values that a user states for relations, if they are valid.

    Raises:
        KGError: A kind is unknown, or the relation is one of
            :data:`kg.vocabulary.UNDERSTOOD`, whose tails have a fixed kind.
    """
    for relation, kind in types.items():
        if relation in UNDERSTOOD:
            raise KGError(
                f"{relation}={kind}: the kind of this relation's tails is fixed, because it"
                " describes entities; leave it out of types"
            )
        if kind not in KINDS:
            raise KGError(
                f"{relation}={kind}: there is no type {kind!r}; there are {', '.join(KINDS)}"
            )
    return dict(types)


class TailTyping:
    """Decides the types of one table's tails.

    Args:
        types: The kinds that the user stated, by the key of the relation in any case; "entity"
            means that the tails are no values.
        defaults: The kinds of other relations, by key in any case; the table need not have them.
        guess: Whether the other relations are decided by the rule of :mod:`kg.values.infer`; if
            not, their tails are entities.
        wide: Whether the relations are columns of a wide table.
        lines: The maximum size of the blocks to which single triples are joined.
        entities: Counts the entities of the graph among some keys.
        stored: Returns the type of a relation's tails in the graph; None for a new relation.
    """

    def __init__(
        self,
        types: Mapping[str, str],
        *,
        guess: bool,
        entities: Callable[[Collection[str]], int],
        stored: Callable[[str], TypeDecision | None],
        defaults: Mapping[str, str] | None = None,
        wide: bool = False,
        lines: int = 20_000,
    ) -> None:
        self._stated = {name.casefold(): infer.user_decision(kind) for name, kind in types.items()}
        self._defaults = {
            name.casefold(): infer.user_decision(kind) for name, kind in (defaults or {}).items()
        }
        self._used: set[str] = set()
        self._guess, self._wide, self._lines = guess, wide, lines
        self._entities, self._stored = entities, stored
        self._decisions: dict[str, TypeDecision] = {}
        self._guessed: set[str] = set()

    def stream(self, items: Iterable[Line | Block]) -> Iterator[Line | Block | ValueBlock]:
        """Yield the items in order, with a :class:`ValueBlock` in place of rows with values.

        Call :meth:`check` after the last one.
        """
        blocks = _in_blocks(items, self._lines)
        window = deque(islice(blocks, BLOCKS_READ_AHEAD))
        while window:
            item = window.popleft()
            window.extend(islice(blocks, 1))
            if isinstance(item, Block):
                self._decide(item, window)
                yield from self._typed_blocks(item)
            else:
                yield item

    def report(self) -> tuple[Typed, ...]:
        """The relations that have values, with their types and counts."""
        return tuple(
            Typed(relation, decision.kind, decision.count, decision.untyped, decision.example)
            for relation, decision in sorted(self._decisions.items())
            if decision.is_value and decision.count
        )

    def check(self) -> None:
        """Check that the rows after the window agree with the decisions.

        Raises:
            DoubtfulTypesError: The rows of some relations do not agree.
            KGError: The user stated the kind of a relation that is not in the table.
        """
        unused = sorted(set(self._stated) - self._used)
        if unused:
            raise KGError(f"no relation is called {', '.join(unused)}; check the names in types")
        wrong = [name for name in self._guessed if self._is_contradicted(self._decisions[name])]
        if wrong:
            raise DoubtfulTypesError(wrong)

    def _is_contradicted(self, decision: TypeDecision) -> bool:
        """Whether too many tails lack the form of a value, or have become entities since."""
        if decision.forms and decision.untyped > (1 - infer.MIN_SHARE_OF_FORM) * decision.count:
            return True
        return self._entities(decision.sample) > infer.MAX_DISTINCT_KEYS * len(decision.sample)

    def _decide(self, block: Block, window: Iterable[Line | Block]) -> None:
        """Decide the new relations of a block by their rows in the window."""
        new = set(block.relations) - self._decisions.keys()
        for name in sorted(new):
            decision = self._prior_decision(name)
            if decision is not None:
                self._decisions[name] = decision
        undecided = new - self._decisions.keys()
        if not undecided:
            return
        blocks = [block, *(item for item in window if isinstance(item, Block))]
        rows = _rows_of(undecided, blocks)
        count_entities = self._entity_counter(rows)
        for name in sorted(undecided):
            heads, tails = rows[name]
            decision = infer.decide(tails, heads, count_entities, wide=self._wide)
            self._decisions[name] = decision
            if decision.is_value:
                self._guessed.add(name)

    def _prior_decision(self, name: str) -> TypeDecision | None:
        """The type that is known without the rows; None if they must decide."""
        if name in UNDERSTOOD:
            return ENTITY_DECISION
        decision = self._stated.get(name.casefold())
        if decision is not None:
            self._used.add(name.casefold())
            return decision
        decision = self._defaults.get(name.casefold())
        if decision is not None:
            return decision
        if not self._guess:
            return ENTITY_DECISION
        return self._stored(name)

    def _entity_counter(
        self, rows: Mapping[str, tuple[list[str], Counter[str]]]
    ) -> Callable[[Collection[str]], int]:
        """A function that counts the tails that are entities of the graph or heads in ``rows``."""
        heads: set[str] = set()

        def count(tails: Collection[str]) -> int:
            if not heads:  # collected on the first call, because few relations need it
                heads.update(head for heads_of_one, _ in rows.values() for head in heads_of_one)
            in_window = [tail for tail in tails if tail in heads]
            return len(in_window) + self._entities([tail for tail in tails if tail not in heads])

        return count

    def _typed_blocks(self, block: Block) -> Iterator[Block | ValueBlock]:
        """Split a block: the rows that end in entities, then each relation's rows with values."""
        decisions = {
            name: decision
            for name in set(block.relations)
            if (decision := self._decisions[name]).is_value
        }
        if not decisions:
            yield block
            return
        value_rows: defaultdict[str, list[int]] = defaultdict(list)
        entity_rows: list[int] = []
        for row, name in enumerate(block.relations):
            (value_rows[name] if name in decisions else entity_rows).append(row)
        if entity_rows:
            yield _take(block, entity_rows)
        for name, rows in value_rows.items():
            part = _take(block, rows)
            yield ValueBlock(*part, decisions[name].values(part.tails))


def _in_blocks(items: Iterable[Line | Block], most: int) -> Iterator[Line | Block]:
    """Yield the items, with consecutive plain triples joined to blocks of at most ``most``."""
    numbers: list[int] = []
    triples: list[Triple] = []
    for item in items:
        if isinstance(item, Block) or type(item[1]) is not Triple:
            if triples:
                yield _block(numbers, triples)
                numbers, triples = [], []
            yield item
            continue
        if len(triples) == most:
            yield _block(numbers, triples)
            numbers, triples = [], []
        numbers.append(item[0])
        triples.append(item[1])
    if triples:
        yield _block(numbers, triples)


def _block(numbers: list[int], triples: list[Triple]) -> Block:
    heads, names, tails = zip(*triples, strict=True)
    return Block(numbers, list(heads), list(names), list(tails))


def _rows_of(
    names: Collection[str], blocks: Iterable[Block]
) -> dict[str, tuple[list[str], Counter[str]]]:
    """The heads of each of some relations, and its tails with their frequencies."""
    heads: defaultdict[str, list[str]] = defaultdict(list)
    tails: defaultdict[str, list[str]] = defaultdict(list)
    for block in blocks:
        for head, name, tail in zip(block.heads, block.relations, block.tails, strict=True):
            if name in names:
                heads[name].append(head)
                tails[name].append(tail)
    return {name: (heads[name], Counter(tails[name])) for name in names}


def _take(block: Block, rows: list[int]) -> Block:
    """The given rows of a block."""
    numbers, heads, names, tails = block
    return Block(
        [numbers[row] for row in rows],
        [heads[row] for row in rows],
        [names[row] for row in rows],
        [tails[row] for row in rows],
    )
