"""Linker: from text to links, with nothing but the graph."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from kg.types import Candidate, LinkCount
from kptm.errors import LinkingError
from kptm.linking.batches import batches, link_batch
from kptm.linking.detection.mention_candidates import entities_of_name
from kptm.linking.disambiguation.conventions import Policy, checked_policy
from kptm.linking.disambiguation.weights import Weights
from kptm.linking.index import index_storage as storage
from kptm.linking.index.index_graph import read_all, read_changed
from kptm.linking.index.overlay_index import Layers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.linking.disambiguation.candidate_scores import Similarity
    from kptm.linking.disambiguation.description_encoder import Encoder
    from kptm.linking.document import LinkedText
    from kptm.linking.index.link_index import LinkIndex

STALE = 0.01
"""The share of entities that may have changed before the index is made anew."""

State: TypeAlias = tuple[int, str, str]
"""Number, kind and note of the newest revision: ``graph.log.state()``."""
NO_STATE: State = (-1, "", "")


class Linker:
    """Links text to the entities of a graph.

    Args:
        graph: Its labels and aliases are the names; its descriptions, types and triples decide.
        weights: The coefficients; by default those that ship with the package for the ``policy``.
        encoder: A sentence encoder for mentions that stay ambiguous, see
            :class:`~kptm.linking.disambiguation.description_encoder.Encoder`.
        folder: Where to keep the index, so that the next process opens it at once; nowhere by
            default.
        policy: What counts as a mention: "names", "all" or "strict", see
            :mod:`kptm.linking.disambiguation.conventions`.
        coreference: Whether pronouns and descriptions ("the company") are linked to what names said
            before; such links are marked.

    Raises:
        LinkingError: There is no such policy, or weights are given beside one: they have a
            convention of their own.

    The graph may change: the next call sees it. What changed is read again, not all of it.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        *,
        weights: Weights | None = None,
        encoder: Encoder | None = None,
        folder: str | Path | None = None,
        policy: str | None = None,
        coreference: bool = False,
    ) -> None:
        self._graph = graph
        self.coreference = coreference
        if weights is not None and policy is not None:
            raise LinkingError(
                "weights have a convention of their own; give them or a policy, not both"
            )
        self.weights = weights or Weights.default(checked_policy(policy or Policy.NAMES))
        self._encoder = encoder
        self._folder = None if folder is None else Path(folder)
        self._base: LinkIndex | None = None
        self._base_state = self._state = NO_STATE
        self._layers: Layers | None = None

    def identity(self) -> str:
        """What its links depend on: the graph as it is now, coefficients, the encoder's vectors."""
        graph = f"{self._graph.fingerprint()} at revision {self._graph.log.last_change()}"
        encoder = "none" if self._encoder is None else self._encoder.fingerprint()
        return f"{graph}, {self.weights}, encoder: {encoder}, coreference: {self.coreference}"

    # ── linking ──────────────────────────────────────────────────────────────────────────────

    def link(
        self, text: str, *, threshold: float | None = None, any_case: bool = False
    ) -> LinkedText:
        """Link one text. A text that names nothing comes back without links.

        Args:
            text: The text.
            threshold: The p from which on a mention is linked, in place of the one that was learnt.
            any_case: Whether "france" may be France, as in a question that somebody types; in
                running text it may not.

        Raises:
            LinkingError: The text holds half of a surrogate pair, which is no character.
        """
        return next(self.link_many([text], threshold=threshold, any_case=any_case))

    def link_many(
        self,
        texts: Iterable[str],
        *,
        n_jobs: int = 1,
        threshold: float | None = None,
        any_case: bool = False,
    ) -> Iterator[LinkedText]:
        """Link texts, streaming, in order; each is decided by itself, whatever its neighbours.

        Args:
            texts: Read a batch at a time.
            n_jobs: Processes; each opens the index by memory map.
            threshold: The p from which on a mention is linked, in place of the one that was learnt.
            any_case: As in :meth:`link`; in one process.

        Raises:
            LinkingError: A text holds half of a surrogate pair, several processes are to share an
                encoder, or the weights know of none.
        """
        layers = self.refresh()
        weights = self.weights if threshold is None else replace(self.weights, threshold=threshold)
        if n_jobs > 1:
            if self._encoder is not None:
                raise LinkingError(
                    "an encoder links in one process, with torch's threads; leave n_jobs at 1"
                )
            from kptm.linking.parallel import link_in_processes

            yield from link_in_processes(layers, weights, texts, n_jobs, self.coreference)
            return
        similarity = self._similarity()
        if similarity is not None and self.weights.encoder is None:
            raise LinkingError(
                "these weights were learnt without an encoder; leave it out, or learn others by fit"
            )
        try:
            for batch in batches(texts):
                yield from link_batch(
                    batch,
                    layers,
                    weights,
                    similarity,
                    any_case=any_case,
                    coreference=self.coreference,
                )
        finally:  # also where the caller takes no more
            if self._encoder is not None:
                self._encoder.keep()

    def _similarity(self) -> Similarity | None:
        """What the encoder adds; None without one."""
        return (
            None
            if self._encoder is None
            else partial(self._encoder.similarity, describe=self.describe)
        )

    def describe(self, keys: Sequence[str]) -> dict[str, str]:
        """What an encoder is told of entities: label and description, or types."""
        return {
            key: f"{entity.label}: {entity.description or ', '.join(entity.types)}"
            for key, entity in self._graph.entities(keys).items()
        }

    def candidates(self, name: str, *, fuzzy: bool = False) -> tuple[Candidate, ...]:
        """What a name may mean without context, best first, with p.

        In any case where none is written so.

        Args:
            name: A name as a person types it.
            fuzzy: Whether a slip of the pen is forgiven where nothing is called so: then what
                ``graph.search`` finds, p falling with its rank.
        """
        layers = self.refresh()
        entities, priors = entities_of_name(layers, name)
        if entities or not fuzzy:
            return tuple(map(Candidate, layers.keys(entities), priors))
        found = self._graph.search(name)
        total = sum(1 / rank for rank in range(1, len(found) + 1))
        return tuple(Candidate(item.key, 1 / rank / total) for rank, item in enumerate(found, 1))

    # ── learning ─────────────────────────────────────────────────────────────────────────────

    def fit(
        self, documents: Sequence[LinkedText], *, within: Sequence[tuple[int, int]] | None = None
    ) -> Weights:
        """Learn the coefficients from gold documents, and use them from now on.

        What is no link in them is held to be none: give documents that are linked throughout.
        Whether articles, possessives and common nouns are marked is learnt as well.

        Args:
            documents: Texts with all links that they have to the graph.
            within: The span of each that was looked at, by default all of it.

        Raises:
            LinkingError: There is no mention to learn from.
        """
        from kptm.linking.training.linker_fitting import Gold, fit

        self.weights = fit([Gold(self.refresh(), documents, within, self._similarity())])
        return self.weights

    def learn(
        self,
        documents: Iterable[LinkedText],
        *,
        source: str,
        within: Sequence[tuple[int, int]] | None = None,
    ) -> int:
        """Count what names meant in linked texts, as said by ``source``; return the new revision.

        The counts are priors of later linking, beside the graph's own; names that are new become
        aliases. ``graph.forget(source=…)`` and ``graph.undo`` take them back. A name without a link
        counts against the name the less, the more such names the documents leave without one.

        Args:
            documents: Texts with links to the graph.
            source: Who says so.
            within: The span of each that was looked at, by default all of it.

        Raises:
            LinkingError: A link names an entity that the graph does not have.
        """
        from kptm.linking.training.link_counts import count_links

        layers = self.refresh()
        linked, unlinked = count_links(documents, layers, self.weights, within)
        known = self._graph.entities({key for key, _ in (*linked, *unlinked)})
        missing = sorted({key for key, _ in linked} - known.keys())
        if missing:
            raise LinkingError(
                f"the graph has no entity {missing[0]!r}; load it before learning from it"
            )
        names = {key: {entity.label, *entity.aliases} for key, entity in known.items()}
        pairs = {pair for pair in unlinked if pair[1] in names[pair[0]]} | linked.keys()
        return self._graph.count_links(
            (
                LinkCount(key, name, linked[key, name], linked[key, name] + unlinked[key, name])
                for key, name in sorted(pairs)
            ),
            source=source,
        )

    # ── the index ────────────────────────────────────────────────────────────────────────────

    def refresh(self, progress: Callable[[int], None] | None = None) -> Layers:
        """Follow the graph; by itself before each call, by hand to have the work done now.

        Args:
            progress: Called with the number of entities read so far, where all are read.
        """
        state = self._graph.log.state()
        if state is None:
            return self._transaction_layers(progress)
        if self._layers is not None and state == self._state:
            return self._layers
        if self._base is not None and not self._still_holds(state[0]):
            self._base = None
        if self._base is None:
            self._open(state[0])
        changed = self._changed_entities()
        if self._base is None or changed is None:
            self._base, self._base_state = read_all(self._graph, progress), state
            changed = set()
            self._keep(state[0])
        self._layers = (
            read_changed(self._graph, self._base, changed) if changed else Layers(self._base)
        )
        self._state = state
        return self._layers

    def _transaction_layers(self, progress: Callable[[int], None] | None) -> Layers:
        """What a transaction sees.

        It may be rolled back and its revision numbers used again, so nothing of it is stored.
        """
        if self._base is None:
            self._open(self._graph.revision())
        changed = self._changed_entities()
        if self._base is None or changed is None:
            return Layers(read_all(self._graph, progress))
        return read_changed(self._graph, self._base, changed) if changed else Layers(self._base)

    def _changed_entities(self) -> set[str] | None:
        """The entities that changed since the index; None without one, or if they are too many."""
        if self._base is None:
            return None
        most = max(1_000, int(STALE * len(self._base)))
        return self._graph.changed_entities(self._base_state[0], most=most)

    def _still_holds(self, newest: int) -> bool:
        """Whether the revision of the index is still the same: a withdrawn number is used again."""
        return self._base_state[0] <= newest and self._base_state == self._graph_state(
            self._base_state[0]
        )

    def _graph_state(self, revision: int) -> State:
        """Number, kind and note of a revision of the graph."""
        rows = self._graph.at(revision).revisions(limit=1)
        return (revision, rows[0].kind, rows[0].note) if rows else (revision, "", "")

    def _keep(self, revision: int) -> None:
        """Store the index for the next process if possible: not on a read-only disk."""
        if self._folder is not None and self._base is not None:
            with suppress(OSError):
                graph = storage.identity(self._graph, revision)
                storage.save(self._base, self._folder, revision, graph)

    def _open(self, newest: int) -> None:
        """Take the index in the folder, where it is of an earlier state of this graph."""
        stored = storage.load(self._folder) if self._folder is not None else None
        if stored is not None:
            index, revision, graph = stored
            if revision <= newest and graph == storage.identity(self._graph, revision):
                self._base, self._base_state = index, self._graph_state(revision)
