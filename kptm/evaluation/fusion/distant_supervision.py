"""A fusion study on a user's graph and texts, by distant supervision.

A sentence that links two entities with a triple between them probably states the triple (Mintz et
al. 2009). A hash of the two entities assigns all facts between them to one split: A (in texts and
graph), B (in the graph only) or C (in neither). Sentences that mention a B or C pair, linked or
not, are left out of the texts, and all triples of a C pair out of the graph. Each fact is asked in
a sentence that states it, with the mentions of its object replaced by blanks.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import combinations
from typing import TYPE_CHECKING

from kg.types import EntityRecord, Triple
from kptm.data.phrasings import MAX_LENGTH
from kptm.data.sentences import sentences
from kptm.data.verbalisation import verbalise
from kptm.errors import ConfigError
from kptm.evaluation.fusion.fact_probing import Probe
from kptm.evaluation.fusion.fusion_study import Study
from kptm.evaluation.fusion.study_data import MAX_TOKENS, standard_embedding
from kptm.evaluation.fusion.study_facts import apply_edits, choose_edits, draw, split_of
from kptm.evaluation.fusion.study_links import DEFAULT_NOISE
from kptm.modeledge.encode.encode_texts import clozes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kg.embedding import KGEConfig
    from kg.graph import KnowledgeGraph
    from kptm.evaluation.fusion.fact_probing import SplitFact
    from kptm.linking import LinkedText

    Fact = tuple[str, str, str]
    Pair = tuple[str, str]
    Places = Mapping[Pair, Sequence[int]]


class DistantSupervisionStudy(Study):
    """A study on a graph and linked texts."""

    __slots__ = ()

    @classmethod
    def from_graph(
        cls,
        graph: KnowledgeGraph,
        documents: Iterable[LinkedText],
        *,
        embedding: KGEConfig | None = None,
        steps: int = 1_500,
        learning_rate: float = 3e-3,
        limit: int | None = None,
        noise: float = DEFAULT_NOISE,
        stated: int = 0,
    ) -> DistantSupervisionStudy:
        """Build the study from the sentences that state facts of the graph.

        Args:
            graph: The graph; it is copied without the C facts, and not changed.
            documents: Linked texts, which are split into sentences.
            embedding: The configuration of the embeddings.
            steps: Training steps per arm.
            learning_rate: The peak learning rate.
            limit: The maximum number of facts to ask per relation, chosen by hash; the others stay
                in graph and texts.
            noise: The share of wrong links in the arm "noisy".
            stated: How often each A triple is added to the texts of every arm as a sentence "head
                relation tail.", so that relations that few sentences state are learnt too.

        Raises:
            ConfigError: No sentence states a fact of the graph, or none is left to train on.
        """
        stating = _once(part for item in documents for part in sentences(item))
        triples = sorted({(x.head, x.relation, x.tail) for x in graph.match()})
        positions = _places(stating, triples)
        asked_facts = _facts_to_ask(triples, positions, stating, limit)
        if not asked_facts:
            reason = (
                f"none of {len(stating):,} sentences mentions two entities that one relation joins"
            )
            raise ConfigError(f"{reason}; link the texts to this graph, or give more of them")
        read, held_out, probed = _share_out(asked_facts, positions, stating)
        if not read:
            raise ConfigError("every sentence mentions a B or C fact; give more texts to train on")
        facts = [(*fact, _split(fact, positions, read)) for fact in asked_facts]
        outside = {_pair(fact) for fact in asked_facts if split_of(fact[0], fact[2]) == "C"}
        facts, edits = choose_edits(facts, among=triples)
        asked_now = set(asked_facts)
        texts = [item for item in _triple_sentences(graph, triples, facts) for _ in range(stated)]
        return cls(
            facts=facts,
            edits=edits,
            documents=[stating[number] for number in sorted(read)] + texts,
            held_out=[stating[number] for number in sorted(held_out)],
            probes=_probes(facts, apply_edits(facts, edits), triples, [stating[x] for x in probed]),
            entities=_entity_records(
                graph, {key for item in stating for key in item.entities()}, triples
            ),
            background=[x for x in triples if x not in asked_now and _pair(x) not in outside],
            steps=steps,
            learning_rate=learning_rate,
            noise=noise,
            embedding=embedding or standard_embedding(),
            found_links=False,
            max_length=2 * MAX_TOKENS,
        )


def _triple_sentences(
    graph: KnowledgeGraph, triples: Sequence[Fact], facts: Sequence[SplitFact]
) -> list[LinkedText]:
    """The triples as sentences, except for pairs of entities in a B or C fact."""
    untold = {_pair(fact[:3]) for fact in facts if fact[3] != "A"}
    known = graph.entities({end for pair in untold for end in pair})
    names = {frozenset(known[end].label for end in pair) for pair in untold}
    apart = [Triple(*fact) for fact in triples if fact[0] != fact[2]]
    sentences = verbalise(graph, among=apart)
    return [
        item for item in sentences if frozenset(link.surface for link in item.links) not in names
    ]


def _once(sentences: Iterable[LinkedText]) -> list[LinkedText]:
    """Each sentence once, in the version with the most links.

    Otherwise one version might be used for training and another for a probe.
    """
    longest: dict[str, LinkedText] = {}
    for item in sentences:
        if item.text not in longest or len(item.links) > len(longest[item.text].links):
            longest[item.text] = item
    return list(longest.values())


def _entity_records(
    graph: KnowledgeGraph, mentioned: set[str], triples: Iterable[Fact]
) -> list[EntityRecord]:
    """The entities in the texts and triples, with their labels."""
    keys = sorted(mentioned | {end for head, _, tail in triples for end in (head, tail)})
    known = graph.entities(keys)
    return [EntityRecord(key=key, label=known[key].label if key in known else key) for key in keys]


def _pair(fact: Fact) -> Pair:
    """The two entities, sorted, because mentions in a sentence have no direction."""
    return (fact[0], fact[2]) if fact[0] < fact[2] else (fact[2], fact[0])


def _places(sentences: Sequence[LinkedText], triples: Iterable[Fact]) -> dict[Pair, list[int]]:
    """By pair with a triple: the numbers of the sentences that mention both entities."""
    joined = {_pair(fact) for fact in triples if fact[0] != fact[2]}
    positions: dict[Pair, list[int]] = defaultdict(list)
    for number, item in enumerate(sentences):
        for pair in combinations(sorted(item.entities()), 2):
            if pair in joined:
                positions[pair].append(number)
    return dict(positions)


def _facts_to_ask(
    triples: Sequence[Fact], places: Places, sentences: Sequence[LinkedText], limit: int | None
) -> list[Fact]:
    """Facts to ask: a short sentence mentions both entities, and only one relation joins them."""
    joins = Counter((head, tail) for head, _, tail in triples)
    by_relation: dict[str, list[Fact]] = defaultdict(list)
    for fact in triples:
        alone = joins[fact[0], fact[2]] == 1
        if alone and any(
            len(sentences[number].text) <= MAX_LENGTH for number in places.get(_pair(fact), ())
        ):
            by_relation[fact[1]].append(fact)
    return [
        fact
        for relation in sorted(by_relation)
        for fact in sorted(by_relation[relation], key=lambda fact: (draw(*fact), fact))[:limit]
    ]


def _share_out(
    asked_facts: Sequence[Fact], places: Places, sentences: Sequence[LinkedText]
) -> tuple[set[int], set[int], list[int]]:
    """Split the sentences into training and held-out ones, and choose one to ask each fact in.

    An A fact is asked in a held-out sentence if every A pair in it is stated in some training
    sentence too; otherwise it is asked in a training sentence.
    """
    pairs = {_pair(fact) for fact in asked_facts}
    kinds = {pair: split_of(*pair) for pair in pairs}
    read = set(range(len(sentences)))
    not_in_texts = sorted(pair for pair in pairs if kinds[pair] != "A")
    for pair in not_in_texts:
        read.difference_update(places[pair])
    read.difference_update(_naming_both(not_in_texts, sentences, read))
    readable_count = {pair: len(read.intersection(places[pair])) for pair in pairs}
    inside: dict[int, list[Pair]] = defaultdict(list)
    for pair in sorted(pairs):
        for number in places[pair]:
            inside[number].append(pair)
    held_out: set[int] = set()
    probed: list[int] = []
    for fact in asked_facts:
        pair = _pair(fact)
        order = [number for number in places[pair] if len(sentences[number].text) <= MAX_LENGTH]
        order.sort(key=lambda number: (draw("ask", sentences[number].text), number))
        readable = [number for number in order if number in read]
        spare = [x for x in readable if all(readable_count[other] > 1 for other in inside[x])]
        ready = [number for number in order if number in held_out]
        if kinds[pair] == "A" and readable_count[pair] and not ready and spare:
            ready = spare[:1]
            read.discard(spare[0])
            held_out.add(spare[0])
            for other in inside[spare[0]]:
                readable_count[other] -= 1
        probed.append((ready or readable or order)[0])
    return read, held_out, probed


def _naming_both(
    pairs: Iterable[Pair], sentences: Sequence[LinkedText], among: set[int]
) -> set[int]:
    """Sentences with names of both entities of a pair; the linker may have missed one."""
    names: dict[str, set[str]] = defaultdict(set)
    for item in sentences:
        for link in item.links:
            names[link.entity].add(link.surface)
    holding: dict[str, set[int]] = {}

    def with_name(key: str) -> set[int]:
        if key not in holding:
            named = re.compile("|".join(map(_alone, sorted(names[key]))))
            holding[key] = {number for number in among if named.search(sentences[number].text)}
        return holding[key]

    return {number for first, second in pairs for number in with_name(first) & with_name(second)}


def _alone(name: str) -> str:
    """A pattern for a name as whole words, in scripts that separate words."""
    before = r"(?<![A-Za-z0-9])" if name[:1].isascii() else ""
    behind = r"(?![A-Za-z0-9])" if name[-1:].isascii() else ""
    return before + re.escape(name) + behind


def _split(fact: Fact, places: Places, read: set[int]) -> str:
    """A fact's split; an A fact without any training sentence left is B."""
    kind = split_of(fact[0], fact[2])
    return "B" if kind == "A" and read.isdisjoint(places[_pair(fact)]) else kind


def _probes(
    facts: Sequence[SplitFact],
    now: Sequence[SplitFact],
    triples: Iterable[Fact],
    sentences_of: Sequence[LinkedText],
) -> list[Probe]:
    """Make a probe of each fact from its sentence; a D (edited) fact asks for its new tail.

    Candidates are the objects of the relation without other true ones.
    """
    true: dict[tuple[str, str], set[str]] = defaultdict(set)
    tails: dict[str, set[str]] = defaultdict(set)
    for head, relation, tail in triples:
        true[head, relation].add(tail)
        tails[relation].add(tail)
    probes = []
    for (head, relation, old, split), (*_, answer, _), sentence in zip(
        facts, now, sentences_of, strict=True
    ):
        cloze = next(item.document for item in clozes(sentence) if item.value == old)
        others = tails[relation] - true[head, relation] - {head}
        candidates = tuple(sorted(others | {old, answer}))
        probes.append(
            Probe(head=head, relation=relation, answer=answer, split=split, cloze=cloze,
                  candidates=candidates)
        )  # fmt: skip
    return probes
