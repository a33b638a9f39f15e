"""The linker: links text to the entities of a graph."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from kg.types import Candidate, LinkCount
from kptm.errors import LinkingError
from kptm.linking.detection.mention_candidates import entities_of_name
from kptm.linking.disambiguation.conventions import Policy, checked_policy
from kptm.linking.disambiguation.disambiguation_model import Weights
from kptm.linking.index import index_storage as storage
from kptm.linking.index.index_graph import read_all, read_changed
from kptm.linking.index.overlay_index import Layers
from kptm.linking.link_batch import batches, link_batch
from kptm.linking.snapshot import LinkerSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kg.graph import KnowledgeGraph
    from kptm.linking.disambiguation.description_encoder import Encoder
    from kptm.linking.disambiguation.scoring_passes import Similarity
    from kptm.linking.document import LinkedText
    from kptm.linking.index.link_index import LinkIndex

MAX_CHANGED_SHARE = 0.01
"""The share of changed entities above which the index is rebuilt, if they exceed 1,000."""

State: TypeAlias = tuple[int, str, str]
"""The number, kind and note of a revision, as ``graph.log.state()`` returns them."""
NO_STATE: State = (-1, "", "")


class Linker:
    """Links text to the entities of a graph.

    Args:
        graph: The graph. Labels and aliases are its names; descriptions, types and triples
            disambiguate them.
        weights: The coefficients; by default those of the package for the ``policy``.
        encoder: A sentence encoder for mentions that stay ambiguous, see
            :class:`~kptm.linking.disambiguation.description_encoder.Encoder`.
        folder: The folder where the index is stored, so that the next process opens it at once; by
            default it is not stored.
        policy: What counts as a mention: "names", "all" or "strict", see
            :mod:`kptm.linking.disambiguation.conventions`.
        coreference: Whether pronouns and descriptions ("the company") are linked to entities named
            earlier in the text; such links are marked.

    Raises:
        LinkingError: There is no such policy, or weights and a policy are both given: weights have
            a convention of their own.

    The graph may change. The next call sees the change, and reads only the changed entities again,
    or the whole graph if many have changed.
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
        """A text that identifies the graph's current state, the coefficients and the encoder."""
        graph = f"{self._graph.fingerprint()} at revision {self._graph.log.last_change()}"
        encoder = "none" if self._encoder is None else self._encoder.fingerprint()
        return f"{graph}, {self.weights}, encoder: {encoder}, coreference: {self.coreference}"

    # ── linking ──────────────────────────────────────────────────────────────────────────────

    def link(
        self, text: str, *, threshold: float | None = None, any_case: bool = False
    ) -> LinkedText:
        """Link one text. A text that mentions no entity is returned without links.

        Args:
            text: The text.
            threshold: The minimum p of a link; by default the learnt one.
            any_case: Whether "france" may refer to France, as in a typed question; in running text
                it does not.

        Raises:
            LinkingError: The text contains half of a surrogate pair, which is no character.
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
        """Link a stream of texts, in order. The links of a text do not depend on the other texts.

        Args:
            texts: The texts, read a batch at a time.
            n_jobs: The number of processes; each maps the index into its memory.
            threshold: The minimum p of a link; by default the learnt one.
            any_case: As in :meth:`link`; it has no effect with several processes.

        Raises:
            LinkingError: A text contains half of a surrogate pair, several processes would share an
                encoder, or the weights were learnt without an encoder and one is given.
        """
        if n_jobs > 1:
            from kptm.linking.parallel import link_in_processes

            yield from link_in_processes(self.snapshot(threshold), texts, n_jobs)
            return
        layers = self.refresh()
        weights = self._weights_from(threshold)
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
        finally:  # also if the caller stops early
            if self._encoder is not None:
                self._encoder.keep()

    def snapshot(self, threshold: float | None = None) -> LinkerSnapshot:
        """The index and the coefficients of this moment, for other processes to link with.

        Args:
            threshold: The minimum p of a link; by default the learnt one.

        Raises:
            LinkingError: The linker has an encoder, which several processes would share.
        """
        if self._encoder is not None:
            raise LinkingError(
                "an encoder links in one process, with torch's threads; leave n_jobs at 1"
            )
        return LinkerSnapshot(self.refresh(), self._weights_from(threshold), self.coreference)

    def _weights_from(self, threshold: float | None) -> Weights:
        return self.weights if threshold is None else replace(self.weights, threshold=threshold)

    def _similarity(self) -> Similarity | None:
        """The function that computes the encoder's features; None without an encoder."""
        return (
            None
            if self._encoder is None
            else partial(self._encoder.similarity, describe=self.describe)
        )

    def describe(self, keys: Sequence[str]) -> dict[str, str]:
        """The text that an encoder reads for each entity: label and description, or types."""
        return {
            key: f"{entity.label}: {entity.description or ', '.join(entity.types)}"
            for key, entity in self._graph.entities(keys).items()
        }

    def candidates(self, name: str, *, fuzzy: bool = False) -> tuple[Candidate, ...]:
        """The candidates of a name without context, best first, with p.

        Case is ignored if no entity has the name as it is written.

        Args:
            name: A name as a person types it.
            fuzzy: Whether a misspelt name, which no entity has, gets the results of
                ``graph.search``, with p proportional to 1 / rank.
        """
        layers = self.refresh()
        entities, priors = entities_of_name(layers, name)
        if entities or not fuzzy:
            return tuple(map(Candidate, layers.keys(entities), priors))
        similar = self._graph.search(name)
        total = sum(1 / rank for rank in range(1, len(similar) + 1))
        return tuple(Candidate(item.key, 1 / rank / total) for rank, item in enumerate(similar, 1))

    # ── learning ─────────────────────────────────────────────────────────────────────────────

    def fit(
        self, documents: Sequence[LinkedText], *, within: Sequence[tuple[int, int]] | None = None
    ) -> Weights:
        """Learn the coefficients from gold documents, and use them from now on.

        Every mention without a link is a negative example, so the documents must be linked
        completely. Whether articles, possessives and common nouns are marked is learnt as well.

        Args:
            documents: Texts with all their links to the graph.
            within: The annotated span of each text; by default the whole text.

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
        """Count how often names refer to entities in linked texts; return the new revision.

        The counts become priors of later linking, in addition to the graph's own; new names become
        aliases. ``graph.forget(source=…)`` and ``graph.undo`` remove them. An occurrence without a
        link counts against a name, but less if the documents leave many such names unlinked.

        Args:
            documents: Texts with links to the graph.
            source: The source to which the counts are attributed.
            within: The annotated span of each text; by default the whole text.

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
        """Bring the index up to date with the graph.

        Methods that link or learn do this first; call it directly to do the work in advance.

        Args:
            progress: Called with the number of entities read so far, if all of them are read.
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
        """The index as seen inside a transaction.

        It is not stored: after a rollback, other changes reuse the revision numbers.
        """
        if self._base is None:
            self._open(self._graph.revision())
        changed = self._changed_entities()
        if self._base is None or changed is None:
            return Layers(read_all(self._graph, progress))
        return read_changed(self._graph, self._base, changed) if changed else Layers(self._base)

    def _changed_entities(self) -> set[str] | None:
        """The entities changed since the index was built; None without an index or if too many."""
        if self._base is None:
            return None
        most = max(1_000, int(MAX_CHANGED_SHARE * len(self._base)))
        return self._graph.changed_entities(self._base_state[0], most=most)

    def _still_holds(self, newest: int) -> bool:
        """Whether the index's revision is unchanged: the number of a withdrawn one is reused."""
        return self._base_state[0] <= newest and self._base_state == self._graph_state(
            self._base_state[0]
        )

    def _graph_state(self, revision: int) -> State:
        """The number, kind and note of a revision of the graph."""
        rows = self._graph.at(revision).revisions(limit=1)
        return (revision, rows[0].kind, rows[0].note) if rows else (revision, "", "")

    def _keep(self, revision: int) -> None:
        """Store the index for the next process; a read-only disk is no error."""
        if self._folder is not None and self._base is not None:
            with suppress(OSError):
                graph = storage.identity(self._graph, revision)
                storage.save(self._base, self._folder, revision, graph)

    def _open(self, newest: int) -> None:
        """Load the index from the folder if it is of this graph, now or at an earlier revision."""
        stored = storage.load(self._folder) if self._folder is not None else None
        if stored is not None:
            index, revision, graph = stored
            if revision <= newest and graph == storage.identity(self._graph, revision):
                self._base, self._base_state = index, self._graph_state(revision)
