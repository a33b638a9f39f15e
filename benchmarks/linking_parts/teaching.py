"""The collections that teach the coefficients of each policy."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kptm.linking import Linker
from kptm.linking.disambiguation.conventions import CONVENTIONS, Convention, Policy
from kptm.linking.disambiguation.description_encoder import Encoder
from kptm.linking.training.linker_fitting import NOTHING, Gold, fit_labelled, label
from linking_parts.corpora import first_words, webnlg_on_freebase
from linking_parts.gold import COMPLETE, SETS, teachable, trimmed
from linking_parts.short_names import shortened

if TYPE_CHECKING:
    from kptm.linking.disambiguation.disambiguation_model import Weights
    from kptm.linking.training.linker_fitting import LabelledCollection

WEBNLG_SHARE = 15
"""One in so many of WebNLG's training texts teaches the default coefficients."""
PRECISION = 0.9
"""Of what "strict" links, on the documents that teach it."""


class RememberingEncoder(Encoder):
    """An encoder that encodes each text once: most are the same whichever set is left out."""

    def __init__(self, path) -> None:
        super().__init__(path)
        self._known: dict[str, object] = {}

    def _encode_texts(self, texts):
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, super()._encode_texts(new), strict=True))
        return [self._known[text] for text in texts]


def similarity_of(graph, encoder):
    """The features of an encoder over a graph's descriptions; None without one."""
    return (
        None
        if encoder is None
        else partial(encoder.similarity, describe=Linker(graph, weights=NOTHING).describe)
    )


def collections(freebase, layers, names, similarity=None, policy=Policy.NAMES) -> list[Gold]:
    """Sets that teach, each with its own convention, and WebNLG's texts beside them."""
    sets = [set_of(freebase, layers, name, similarity, policy) for name in names]
    return [*sets, *map(shortened, sets), *beside_sets(freebase, layers, similarity)]


def set_of(freebase, layers, name, similarity=None, policy=Policy.NAMES) -> Gold:
    """A set that teaches.

    No set marks all that "all" links. The sets of names mark all that "strict" links.
    """
    texts, within, outside = teachable(freebase.gold[name])
    complete = {Policy.ALL: False, Policy.STRICT: True, Policy.NAMES: name in COMPLETE}[policy]
    # "American" without a link may be one that annotators left out, or the people, whom the graph
    # lacks; only a complete set shows which names of peoples are links.
    peoples = complete or name in COMPLETE
    return Gold(layers, texts, within, similarity, outside, complete, peoples=peoples)


def beside_sets(freebase, layers, similarity=None) -> list[Gold]:
    """What teaches the coefficients of every graph of names, whichever set is left out."""
    texts = webnlg_on_freebase(freebase, layers, similarity)
    return [texts, shortened(texts), first_words(layers, similarity)]


def left_out(freebase, layers, names=SETS, similarity=None, policy=Policy.NAMES):
    """Each set with coefficients that were learnt on the others, whose features are read once."""
    convention = taught_convention(policy)
    sets = {}
    for name in SETS:
        gold = set_of(freebase, layers, name, similarity, policy)
        sets[name] = [label(item, convention) for item in (gold, shortened(gold))]
    beside = [label(gold, convention) for gold in beside_sets(freebase, layers, similarity)]
    for name in names:
        others = [labelled for other, both in sets.items() if other != name for labelled in both]
        yield name, fit_policy_to([*others, *beside], policy)


def taught_convention(policy: Policy) -> Convention:
    """What a mention is in gold documents that have no articles and no possessives in theirs."""
    return Convention(common_nouns=CONVENTIONS[policy].common_nouns)


def fit_policy(gold: list[Gold], policy: Policy) -> Weights:
    """Coefficients of a policy."""
    return fit_policy_to([label(item, taught_convention(policy)) for item in gold], policy)


def fit_policy_to(labelled: list[LabelledCollection], policy: Policy) -> Weights:
    """Coefficients of a policy, of collections whose features were read."""
    precision = PRECISION if policy is Policy.STRICT else 0.0
    weights = fit_labelled(labelled, taught_convention(policy), precision)
    return replace(weights, convention=CONVENTIONS[policy])


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
