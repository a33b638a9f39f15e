"""Writes statements, one or ten million: looks up ids, sorts them, and writes blocks.

    records of a batch ─► names ─► ids ─► ExternalSort ─► blocks ─► triple, triple_source

Memory does not grow with the size of the load.
"""

from __future__ import annotations

from array import array
from itertools import chain
from typing import TYPE_CHECKING

from kg.errors import InvalidNameError
from kg.store.read import triples
from kg.store.rows import dictionary, name_index, quantity_rows, sources
from kg.store.rows.schema import FIRST_RELATION
from kg.store.write import liveness, restated
from kg.store.write.deferred_indexes import DeferredIndexes
from kg.store.write.external_sort import ExternalSort, as_rows, unique
from kg.store.write.load_keys import Keys
from kg.store.write.restated import Ended
from kg.store.write.triple_blocks import write_block
from kg.types import Attribute, Literal, Statement, Triple
from kg.vocabulary import IRI, NAMES, TYPE, UNDERSTOOD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kg.sql.cursor import Sql
    from kg.store.rows.sources import LoadSource
    from kg.store.write.restated import Row

    Refuse = Callable[[int, Triple | Attribute, InvalidNameError], None]

_UNDERSTOOD = frozenset(UNDERSTOOD)
_NAMES = frozenset(NAMES)


class Writer:
    """Writes the statements of one revision. Close it, since it may hold temporary files.

    Args:
        sql: A writing transaction.
        revision: The number of the revision.
        load_source: The source and document of statements that do not name a source.
        create_entities: Whether a statement may name an entity that the graph does not have.
        refuse: Called with the line, the fact and the error of a refused statement; it may raise.
    """

    def __init__(
        self,
        sql: Sql,
        revision: int,
        load_source: LoadSource,
        *,
        create_entities: bool = True,
        refuse: Refuse | None = None,
    ) -> None:
        self._sql, self.revision = sql, revision
        self._create = create_entities
        self._refuse = refuse or _raise
        self._entities = Keys(sql, "entity")
        self._relations = Keys(sql, "relation", FIRST_RELATION)
        row = (
            sources.of_file(sql, load_source.name, load_source.document)
            if load_source.is_path
            else sources.get_or_create(sql, load_source.name, load_source.document)
        )
        self.source, self._document = row.id, load_source.document
        self.replaced = sources.replaced_by(sql, load_source, row)
        if self.replaced:
            restated.begin(sql)
        self.has_new_key_column = sources.store_key_column(
            sql, row, load_source, adds=not self.replaced
        )
        self.has_merged_keys = self._entities.has_merged
        self._graphs: dict[str, int] = {}
        self._runs = ExternalSort()
        name_index.expect_many(sql)
        self.added = self.moved = 0
        self.changed = False

    def close(self) -> None:
        """Discard statements that are not written yet, and the temporary files."""
        self._runs.close()

    def later(self, lines: Sequence[int], facts: Sequence[Triple | Attribute]) -> None:
        """Queue facts, each with its line (0: none); :meth:`finish` writes them."""
        columns = self._columns(lines, facts, [self.source] * len(lines))
        if columns is not None:
            self._runs.add(columns)

    def triples_later(
        self, lines: Sequence[int], heads: Sequence[str], names: Sequence[str], tails: Sequence[str]
    ) -> None:
        """Queue triples as columns, without a Python step per triple unless some are refused."""
        columns = self._plain(lines, heads, names, tails)
        if columns is not None:
            self._runs.add(columns)
        else:
            self.later(lines, list(map(Triple, heads, names, tails)))

    def values_later(
        self,
        lines: Sequence[int],
        heads: Sequence[str],
        names: Sequence[str],
        tails: Sequence[str],
        values: Mapping[str, Literal],
    ) -> None:
        """Queue facts whose tails are values; ``values`` maps each distinct tail to its value."""
        relations, bad = self._relations.ids(dict.fromkeys(names))
        entities: dict[str, int] = {}
        if self._create and not bad and _UNDERSTOOD.isdisjoint(names):
            entities, bad = self._entities.ids(dict.fromkeys(heads))
        if bad or not entities:
            literals = map(values.__getitem__, tails)
            self.later(lines, list(map(Attribute, heads, names, literals)))
            return
        ids = dictionary.literal_ids(self._sql, values.values())
        number = {tail: ids[value] for tail, value in values.items()}
        self._runs.add(
            (
                array("q", map(entities.__getitem__, heads)),
                array("q", map(relations.__getitem__, names)),
                array("q", map(number.__getitem__, tails)),
                array("q", [self.source]) * len(lines),
                array("q", lines),
            )
        )

    def _plain(
        self, lines: Sequence[int], heads: Sequence[str], names: Sequence[str], tails: Sequence[str]
    ) -> tuple[array[int], ...] | None:
        """Like :meth:`_columns`; None if a triple needs more than the usual checks."""
        if not self._create:
            return None
        relations, bad = self._relations.ids(dict.fromkeys(names))
        if bad or not _UNDERSTOOD.isdisjoint(names):
            return None
        ends = dict.fromkeys(chain.from_iterable(zip(heads, tails, strict=True)))
        entities, bad = self._entities.ids(ends)
        if bad:
            return None
        return (
            array("q", map(entities.__getitem__, heads)),
            array("q", map(relations.__getitem__, names)),
            array("q", map(entities.__getitem__, tails)),
            array("q", [self.source]) * len(lines),
            array("q", lines),
        )

    def now(
        self,
        lines: Sequence[int],
        facts: Sequence[Triple | Attribute],
        sources: Sequence[int] | None = None,
        *,
        attest: bool = True,
    ) -> tuple[list[int], int]:
        """Write facts at once; return the id of each triple, and how many were not live before.

        Raises:
            InvalidNameError: A fact is refused.
        """
        columns = self._columns(lines, facts, sources or [self.source] * len(lines))
        if columns is None or not len(columns[0]):
            return [], 0
        rows = as_rows(columns)
        block = unique(rows)
        newest = triples.newest(self._sql)
        written = write_block(
            self._sql, self.revision, block, attest=attest, note_restated=bool(self.replaced)
        )
        valued = (block[:, 2] < 0) & (block[:, 1] >= FIRST_RELATION) & (written.ids > newest)
        quantity_rows.add_measures_of(self._sql, written.ids[valued].tolist())
        self.changed |= written.attested > 0
        self.moved += written.moved
        keys = map(tuple, block[:, :4].tolist())
        number = dict(zip(keys, written.ids.tolist(), strict=True))
        return [number[tuple(row)] for row in rows[:, :4].tolist()], written.added

    def finish(self) -> None:
        """Write the queued facts."""
        runs, self._runs = self._runs, ExternalSort()
        for keys in (self._entities, self._relations):  # frees memory for sorting and indexing
            keys.forget()
        indexes, newest = DeferredIndexes(self._sql, runs.total), triples.newest(self._sql)
        for block in runs.blocks():
            written = write_block(
                self._sql,
                self.revision,
                block,
                nothing_stored=indexes.nothing_stored,
                note_restated=bool(self.replaced),
            )
            self.added += written.added
            self.changed |= written.attested > 0
            self.moved += written.moved
        indexes.make()
        quantity_rows.add_measures(self._sql, newest)
        runs.close()

    def note_restated(self, rows: Sequence[tuple[Row, int]]) -> None:
        """Note statements that the file repeats, each with its present line."""
        self.moved += restated.move(self._sql, rows)
        if self.replaced:
            restated.note(self._sql, [row for row, _ in rows])

    def end_rest(self) -> Ended:
        """End the earlier statements of the source that it did not make again.

        Call it after :meth:`finish`.
        """
        if not self.replaced:
            return Ended()
        ended = restated.end_rest(self._sql, self.replaced, self.revision)
        self.changed |= ended != Ended()
        return ended

    def count_rest(self) -> int:
        """The number of facts whose statements :meth:`end_rest` would end."""
        if not self.replaced:
            return 0
        return restated.count_rest(self._sql, self.replaced, self.revision)

    def retract(self, facts: Iterable[Attribute]) -> None:
        """Retract these attributes in all sources."""
        facts = list(facts)
        entities = self._entities.find_ids(fact.head for fact in facts)
        relations = self._relations.find_ids(fact.relation for fact in facts)
        literals = dictionary.known_literals(self._sql, (fact.value for fact in facts))
        rows = [
            (entities[fact.head], relations[fact.relation], literals[fact.value])
            for fact in facts
            if fact.value in literals
        ]
        self.changed |= liveness.retract(self._sql, rows, self.revision) > 0

    def source_of(self, name: str | None) -> int:
        """The id of a statement's source; None means that of the writer's ``load_source``."""
        if name is None:
            return self.source
        if name not in self._graphs:
            graph = sources.get_or_create(self._sql, name, self._document, is_graph=True)
            self._graphs[name] = graph.id
        return self._graphs[name]

    def refuse_new_entities(
        self, items: Sequence[tuple[int, Statement]]
    ) -> list[tuple[int, Statement]]:
        """Refuse statements that name a new entity if none may be created; return the others."""
        if self._create:
            return list(items)
        bad = self._unknown_entities(
            dict.fromkeys(end for _, item in items for end in _ends(item.fact))
        )
        good = []
        for line, item in items:
            error = next((bad[end] for end in _ends(item.fact) if end in bad), None)
            if error is None:
                good.append((line, item))
            else:
                self._refuse(line, item.fact, error)
        return good

    def relation_ids(self, keys: Iterable[str]) -> dict[str, int]:
        """The ids of relations; new relations get one.

        Raises:
            InvalidNameError: A key cannot be stored.
        """
        id_of, bad = self._relations.ids(dict.fromkeys(keys))
        for error in bad.values():
            raise error
        return dict(id_of)

    def entity_ids(self, keys: Iterable[str]) -> dict[str, int]:
        """The ids of entities; new entities get one.

        Raises:
            InvalidNameError: A key cannot be stored.
        """
        id_of, bad = self._entities.ids(dict.fromkeys(keys))
        for error in bad.values():
            raise error
        return dict(id_of)

    def _columns(
        self, lines: Sequence[int], facts: Sequence[Triple | Attribute], sources: Sequence[int]
    ) -> tuple[array[int], ...] | None:
        """The facts as columns of ids, without refused facts; None if none is left."""
        names = [fact[1] for fact in facts]
        relations, bad = self._relations.ids(dict.fromkeys(names))
        ends = dict.fromkeys(end for fact in facts for end in _ends(fact))
        if not self._create:
            bad = {**bad, **self._unknown_entities(ends)}
            ends = {end: None for end in ends if end not in bad}
        entities, bad_ends = self._entities.ids(ends)
        if bad or bad_ends:
            return self._without(lines, facts, sources, {**bad, **bad_ends})
        return (  # heads, relations, tails, sources, lines
            array("q", [entities[fact[0]] for fact in facts]),
            array("q", [relations[name] for name in names]),
            self._tails(facts, entities),
            array("q", sources),
            array("q", lines),
        )

    def _without(
        self,
        lines: Sequence[int],
        facts: Sequence[Triple | Attribute],
        sources: Sequence[int],
        bad: Mapping[str, InvalidNameError],
    ) -> tuple[array[int], ...] | None:
        """The facts without the keys in ``bad``, as columns of ids; None if none is left."""
        good = []
        for line, fact, source in zip(lines, facts, sources, strict=True):
            error = next((bad[name] for name in (fact[1], *_ends(fact)) if name in bad), None)
            if error is None:
                good.append((line, fact, source))
            else:
                self._refuse(line, fact, error)
        if not good:
            return None
        good_lines, good_facts, good_sources = zip(*good, strict=True)
        return self._columns(good_lines, good_facts, good_sources)

    def _tails(
        self, facts: Sequence[Triple | Attribute], entities: Mapping[str, int]
    ) -> array[int]:
        """The ids of the tails, some of which are values."""
        values = [_value(fact) for fact in facts]
        literals = dictionary.literal_ids(self._sql, [item for item in values if item is not None])
        name_index.add_names(
            self._sql,
            (
                (literals[value], value.value)
                for fact, value in zip(facts, values, strict=True)
                if value is not None and fact[1] in _NAMES
            ),
        )
        return array(
            "q",
            [
                entities[fact[2]] if value is None else literals[value]  # type: ignore[index]  # a triple
                for fact, value in zip(facts, values, strict=True)
            ],
        )

    def _unknown_entities(self, keys: Iterable[str]) -> dict[str, InvalidNameError]:
        """The errors of ``keys`` that name no entity of the graph, if none may be created."""
        known = liveness.living(self._sql, self._entities.find_ids(keys))
        reason = "the graph has no such entity, and none is to be created"
        return {key: InvalidNameError(reason, str(key)) for key in keys if key not in known}


def _value(fact: Triple | Attribute) -> Literal | None:
    """The value at the end of a fact; None if its tail is an entity."""
    if isinstance(fact, Attribute):
        return fact.value
    if fact.relation in _UNDERSTOOD:
        return Literal(fact.tail, IRI if fact.relation == TYPE else "")
    return None


def _ends(fact: Triple | Attribute) -> tuple[str, ...]:
    """The entities that a fact names."""
    return (fact[0],) if _value(fact) is not None else (fact[0], str(fact[2]))


def _raise(_line: int, _fact: Triple | Attribute, error: InvalidNameError) -> None:
    raise error
