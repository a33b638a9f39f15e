"""The collections that teach the coefficients of each policy."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kptm.linking import Linker
from kptm.linking.disambiguation.conventions import CONVENTIONS, Convention, Policy
from kptm.linking.training.linker_fitting import NOTHING, Gold, fit
from linking_parts.corpora import first_words, webnlg_on_freebase
from linking_parts.gold import COMPLETE, teachable, trimmed

if TYPE_CHECKING:
    from kptm.linking.disambiguation.weights import Weights

WEBNLG_SHARE = 15
"""One in so many of WebNLG's training texts teaches the default coefficients."""
PRECISION = 0.9
"""Of what "strict" links, on the documents that teach it."""


def similarity_of(graph, encoder):
    """The features of an encoder over a graph's descriptions; None without one."""
    return (
        None
        if encoder is None
        else partial(encoder.similarity, describe=Linker(graph, weights=NOTHING).describe)
    )


def collections(freebase, layers, names, similarity=None, policy=Policy.NAMES) -> list[Gold]:
    """Sets that teach, each with its own convention, and WebNLG's texts beside them.

    No set marks all that "all" links. The sets of names mark all that "strict" links.
    """
    found = []
    for name in names:
        texts, within, outside = teachable(freebase.gold[name])
        complete = {Policy.ALL: False, Policy.STRICT: True, Policy.NAMES: name in COMPLETE}[policy]
        found.append(Gold(layers, texts, within, similarity, outside, complete))
    return [
        *found,
        webnlg_on_freebase(freebase, layers, similarity),
        first_words(layers, similarity),
    ]


def fit_policy(gold: list[Gold], policy: Policy) -> Weights:
    """Coefficients of a policy; the gold has no articles and no possessives in its mentions."""
    convention = CONVENTIONS[policy]
    precision = PRECISION if policy is Policy.STRICT else 0.0
    found = fit(gold, Convention(common_nouns=convention.common_nouns), precision)
    return replace(found, convention=convention)


def everything(freebase, nlg, example, names, encoder, policy) -> list[Gold]:
    """All documents at hand, of three kinds of graph."""
    layers = Linker(freebase.graph, weights=NOTHING).refresh()
    sets = collections(freebase, layers, names, similarity_of(freebase.graph, encoder), policy)
    texts = [trimmed(document) for document in nlg.train[::WEBNLG_SHARE]]
    for data, documents in ((nlg, texts), (example, example.prose)):
        layers = Linker(data.graph, weights=NOTHING).refresh()
        similarity = similarity_of(data.graph, encoder)
        sets.append(Gold(layers, documents, None, similarity, peoples=data is example))
    return sets
