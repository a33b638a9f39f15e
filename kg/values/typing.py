"""Decides, while a table is read, which relations have values as tails and which have entities.

    items ─► window ─► decisions ─► Block (entities), ValueBlock (values), other lines

A relation is decided when it first occurs in a block, by its rows in a window of that and the
following blocks, so that memory does not grow with the table. Later rows are checked at the end: a
decision that they contradict is an error, which says how to read the table instead.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from itertools import islice
from typing import TYPE_CHECKING

from kg.errors import KGError
from kg.formats.text.blocks import Block, ValueBlock
from kg.types import Triple, Typed
from kg.values import infer
from kg.values.forms import ENTITY, KINDS
from kg.values.infer import TypeDecision
from kg.vocabulary import UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from kg.formats import Line

WINDOW = 4
"""How many blocks are read before the first of them is passed on."""
_UNDERSTOOD = frozenset(UNDERSTOOD)


class DoubtfulTypesError(KGError):
    """Some relations turned out to have no values after all.

    Attributes:
        relations: Their keys. Read the table again with these relations as having entities.
    """

    def __init__(self, relations: Collection[str]) -> None:
        self.relations = tuple(sorted(relations))
        super().__init__(f"no values after all: {', '.join(self.relations)}")


def checked_types(types: Mapping[str, str]) -> dict[str, str]:
    """Check the kinds of values that a user gives for relations, and return them.

    Raises:
        KGError: A kind is unknown.
    """
    for relation, kind in types.items():
        if kind not in KINDS:
            raise KGError(
                f"{relation}={kind}: there is no type {kind!r}; there are {', '.join(KINDS)}"
            )
    return dict(types)


class Typing:
    """Types the tails of one table.

    Args:
        types: The kinds of relations that the user gave, by key in any case; ``entity`` for no
            values.
        guess: Whether the others are decided by the rule of :mod:`kg.values.infer`.
        wide: Whether the relations are columns of a wide table.
        lines: Single lines that make a block.
        entities: How many of some keys are entities of the graph.
        stored: What the graph holds of a relation; None where it has none.
    """

    def __init__(
        self,
        types: Mapping[str, str],
        *,
        guess: bool,
        entities: Callable[[Collection[str]], int],
        stored: Callable[[str], TypeDecision | None],
        wide: bool = False,
        lines: int = 20_000,
    ) -> None:
        self._given = {name.casefold(): infer.user_decision(kind) for name, kind in types.items()}
        self._used: set[str] = set()
        self._guess, self._wide, self._lines = guess, wide, lines
        self._entities, self._stored = entities, stored
        self._decisions: dict[str, TypeDecision] = {}
        self._checked: set[str] = set()

    def stream(self, items: Iterable[Line | Block]) -> Iterator[Line | Block | ValueBlock]:
        """The items with values where they are."""
        blocks = _in_blocks(items, self._lines)
        window = deque(islice(blocks, WINDOW))
        while window:
            item = window.popleft()
            window.extend(islice(blocks, 1))
            if isinstance(item, Block):
                self._decide(item, window)
                yield from self._typed_blocks(item)
            else:
                yield item

    def report(self) -> tuple[Typed, ...]:
        """What was typed, by relation."""
        return tuple(
            Typed(relation, found.kind, found.count, found.strangers, found.example)
            for relation, found in sorted(self._decisions.items())
            if found.is_value and found.count
        )

    def check(self) -> None:
        """See whether the decisions hold for what came after the window.

        Raises:
            DoubtfulTypesError: Some do not.
            KGError: A relation that the user gave a type is not in the table.
        """
        unused = sorted(set(self._given) - self._used)
        if unused:
            raise KGError(
                f"no relation is called {', '.join(unused)}: check the names given a type"
            )
        wrong = [name for name in self._checked if self._fails(self._decisions[name])]
        if wrong:
            raise DoubtfulTypesError(wrong)

    def _fails(self, found: TypeDecision) -> bool:
        if found.forms and found.strangers > (1 - infer.SHARE) * found.count:
            return True
        return self._entities(found.sample) > infer.KEYS * len(found.sample)

    def _decide(self, block: Block, window: Iterable[Line | Block]) -> None:
        """Decide the relations of a block that are new, by what the window shows of them."""
        fresh = set(block.relations) - self._decisions.keys()
        if not fresh:
            return
        for name in sorted(fresh):
            found = ENTITY_DECISION if name in _UNDERSTOOD else self._decided_type(name)
            if found is not None:
                self._decisions[name] = found
        fresh -= self._decisions.keys()
        if not fresh:
            return
        rows = _rows_of(fresh, [block, *(item for item in window if isinstance(item, Block))])
        beside = self._entities_beside(rows)
        for name in sorted(fresh):
            heads, tails = rows[name]
            found = infer.decide(tails, heads, beside, wide=self._wide)
            self._decisions[name] = found
            if found.is_value:
                self._checked.add(name)

    def _decided_type(self, name: str) -> TypeDecision | None:
        """What was decided before: by the user, by the graph, or that nothing is typed."""
        found = self._given.get(name.casefold())
        if found is not None:
            self._used.add(name.casefold())
            return found
        if not self._guess:
            return ENTITY_DECISION
        return self._stored(name)

    def _entities_beside(
        self, rows: Mapping[str, tuple[list[str], Counter[str]]]
    ) -> Callable[[Collection[str]], int]:
        """How many of some tails are entities of the graph, or heads of the window's rows."""
        heads: set[str] = set()

        def count(tails: Collection[str]) -> int:
            if not heads:
                heads.update(head for found, _ in rows.values() for head in found)
            here = [tail for tail in tails if tail in heads]
            return len(here) + self._entities([tail for tail in tails if tail not in heads])

        return count

    def _typed_blocks(self, block: Block) -> Iterator[Block | ValueBlock]:
        valued = {
            name: found
            for name in set(block.relations)
            if (found := self._decisions[name]).is_value
        }
        if not valued:
            yield block
            return
        places: defaultdict[str, list[int]] = defaultdict(list)
        plain: list[int] = []
        for at, name in enumerate(block.relations):
            (places[name] if name in valued else plain).append(at)
        if plain:
            yield _take(block, plain)
        for name, rows in places.items():
            part = _take(block, rows)
            yield ValueBlock(*part, valued[name].values(part.tails))


ENTITY_DECISION = TypeDecision(ENTITY)


def _in_blocks(items: Iterable[Line | Block], most: int) -> Iterator[Line | Block]:
    """The items with plain triples that follow one another as blocks of ``most``."""
    numbers: list[int] = []
    triples: list[Triple] = []
    for item in items:
        is_triple = not isinstance(item, Block) and type(item[1]) is Triple
        if triples and (not is_triple or len(triples) == most):
            yield _block(numbers, triples)
            numbers, triples = [], []
        if isinstance(item, Block) or type(item[1]) is not Triple:
            yield item
        else:
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
    """The heads and the counted tails of some relations."""
    heads: defaultdict[str, list[str]] = defaultdict(list)
    tails: defaultdict[str, list[str]] = defaultdict(list)
    for block in blocks:
        for head, name, tail in zip(block.heads, block.relations, block.tails, strict=True):
            if name in names:
                heads[name].append(head)
                tails[name].append(tail)
    return {name: (heads[name], Counter(tails[name])) for name in names}


def _take(block: Block, places: list[int]) -> Block:
    """Some rows of a block."""
    numbers, heads, names, tails = block
    return Block(
        [numbers[at] for at in places],
        [heads[at] for at in places],
        [names[at] for at in places],
        [tails[at] for at in places],
    )
