"""Mentions and their candidate entities, as a table with one row per candidate.

Surface forms come from the graph. A passage adds short forms of the names that it has in full: a
surname beside the full name, an acronym beside its expansion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kg.naming.folding import spellings
from kptm.linking.detection.legal_forms import include_legal_forms
from kptm.linking.detection.lookup import Spans, fitting, longest, matches
from kptm.linking.disambiguation.disambiguation_model import SMOOTHING
from kptm.linking.index.index_build import function_word_hashes, key_hashes, name_weights
from kptm.linking.index.link_index import STATED, ranges
from kptm.linking.names.surface_forms import ANY_CLASS, FIRST_PART, ORGANISATION, PERSON, Kind
from kptm.linking.text.passages import FoldedTexts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kptm.linking.index.overlay_index import Entries, Layers

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

OTHER_SPELLING_FACTOR = 0.2
"""Factor on the weight of a candidate whose name is not written exactly so: "China", "china"."""


class Candidates(NamedTuple):
    """C candidates of M mentions, sorted by mention, then by entity.

    Attributes:
        mentions: The spans of the mentions, M of them, each with at least one candidate.
        passage: M, the index of each mention's passage.
        first: M + 1, the index of the first candidate of each mention.
        common: M, log(1 + number of descriptions that contain the mention in lowercase).
        linked: M, the log-odds that the mention is a link, from counts; 0 without counts.
        of: C, the index of each candidate's mention.
        entity: C, the number of the entity.
        kind: C, the best :class:`~kptm.linking.names.surface_forms.Kind` of surface form by which
            the mention matches the entity; -1 for its label.
        exact: C, whether the mention is written exactly as the name.
        prior: C, p(entity | mention) from stated priors and degrees.
        by_degree: C, the same from degrees alone: equal to ``prior`` without stated priors.
        links: C, the number of counted links from this name to the entity.
        named_in_full: C, whether the mention is a short form of a full name in the same passage.
    """

    mentions: Spans
    passage: Ints
    first: Ints
    common: Floats
    linked: Floats
    of: Ints
    entity: Ints
    kind: Ints
    exact: Bools
    prior: Floats
    by_degree: Floats
    links: Floats
    named_in_full: Bools


class _Rows(NamedTuple):
    """Matches of spans and entities, one row each; several rows may have the same pair."""

    start: Ints
    end: Ints
    hash: NDArray[np.uint64]
    entity: Ints
    kind: Ints
    exact: Bools
    weight: Floats
    links: Floats
    seen: Floats
    common: Floats
    named_in_full: Bools
    stated: Bools


def candidates_of(
    passages: FoldedTexts, layers: Layers, *, any_case: bool = False, plurals: bool = False
) -> Candidates:
    """All mentions in the passages, each with its candidates.

    Args:
        passages: The passages.
        layers: The index of the graph.
        any_case: Whether whole names match in any case, as users type questions.
        plurals: Whether the plural of a common noun matches it.
    """
    graph_names = _graph_names(passages, layers, any_case=any_case, plurals=plurals)
    short_forms = _short_forms(passages, layers, graph_names)
    rows = _Rows(*(np.concatenate(pair) for pair in zip(graph_names, short_forms, strict=True)))
    return _table(passages, layers, rows)


def _graph_names(passages: FoldedTexts, layers: Layers, *, any_case: bool, plurals: bool) -> _Rows:
    """The matches of the graph's surface forms."""
    spans = matches(passages, layers)
    entries = layers.entries(spans.hash)
    plural = entries.kind == Kind.PLURAL
    entries = entries._replace(kind=np.where(plural, int(Kind.ALIAS), entries.kind))
    fits = fitting(passages, spans, entries)
    if any_case:  # only whole names: function words and parts of names would match too often
        function = np.isin(spans.hash, function_word_hashes())[entries.of]
        fits |= ~function & (entries.kind < FIRST_PART)
    if not plurals:
        fits &= ~plural
    possible = np.unique(entries.of[fits])
    chosen = np.zeros(len(spans.start), np.bool_)
    chosen[possible[longest(spans.take(possible))]] = True
    selected = fits & chosen[entries.of]
    start, end, hashes = spans.take(entries.of[selected])
    rows = _Rows(
        start,
        end,
        hashes,
        entries.entity[selected],
        entries.kind[selected],
        passages.exact_hashes(start, end) == entries.exact[selected],
        entries.weight[selected],
        entries.links[selected],
        entries.seen[selected],
        entries.common[selected],
        np.zeros(len(start), np.bool_),
        (entries.case[selected] & STATED) != 0,
    )
    classes = layers.classes(rows.entity)
    company = ((classes & ORGANISATION) != 0) | ((classes & ANY_CLASS) == 0)
    end, not_excluded = include_legal_forms(passages, rows.start, rows.end, company)
    extended = rows._replace(end=end)
    return _Rows(*(column[not_excluded] for column in extended))  # type: ignore[arg-type]  # column by column


def _short_forms(passages: FoldedTexts, layers: Layers, rows: _Rows) -> _Rows:
    """The matches of short forms: words and initials of the full names in the same passage."""
    tokens = passages.tokens
    full = np.flatnonzero((rows.kind < FIRST_PART) & passages.has_space(rows.start, rows.end))
    begin = np.searchsorted(tokens.start, rows.start[full])
    stop = np.searchsorted(tokens.start, rows.end[full])
    # One row for each word of each full name: ``token`` is the word, ``of`` the name.
    token, of = ranges(begin, stop - begin)
    long = tokens.capital[token] & (tokens.end[token] - tokens.start[token] > 2)
    token, of = token[long], full[of[long]]
    parts = join(
        _key(tokens.passage, tokens.hash),
        _key(tokens.passage[token], tokens.hash[token]),
        rows.entity[of],
    )
    short, expanded = _acronyms(passages, rows, full)
    acronyms = join(
        _key(tokens.passage, passages.exact_hashes(tokens.start, tokens.end)),
        _key(passages.passage_of(rows.start[expanded]), short),
        rows.entity[expanded],
    )
    token_of_row, entity = (np.concatenate(pair) for pair in zip(parts, acronyms, strict=True))
    person = (layers.classes(entity) & PERSON) != 0
    kind = np.where(person, int(Kind.LAST), int(Kind.LAST_WORD))
    # ``token_of_row`` holds the parts first, then the acronyms.
    kind[len(parts[0]) :] = Kind.ACRONYM
    free = tokens.capital[token_of_row] & _free(
        rows, tokens.start[token_of_row], tokens.end[token_of_row]
    )
    token_of_row, entity, kind = token_of_row[free], entity[free], kind[free]
    nothing = np.zeros(len(token_of_row))
    return _Rows(
        tokens.start[token_of_row],
        tokens.end[token_of_row],
        tokens.hash[token_of_row],
        entity,
        kind,
        np.ones(len(token_of_row), np.bool_),
        name_weights(1 + layers.degrees(entity), kind).astype(np.float64),
        nothing,
        nothing,
        nothing,
        np.ones(len(token_of_row), np.bool_),
        np.zeros(len(token_of_row), np.bool_),
    )


def _free(rows: _Rows, start: Ints, end: Ints) -> Bools:
    """Whether each span overlaps no mention, or equals one."""
    if not len(rows.start):
        return np.ones(len(start), np.bool_)
    order = np.argsort(rows.start, kind="stable")
    starts, ends = rows.start[order], rows.end[order]
    # The last mention that begins at or before the span. Mentions do not overlap, so no earlier
    # one can reach into the span.
    before = np.searchsorted(starts, start, "right") - 1
    last = np.maximum(before, 0)
    same = (before >= 0) & (starts[last] == start) & (ends[last] == end)
    after = np.minimum(before + 1, len(starts) - 1)
    clear = (before < 0) | (ends[last] <= start)
    clear &= (before + 1 >= len(starts)) | (starts[after] >= end)
    return same | clear


def _acronyms(passages: FoldedTexts, rows: _Rows, full: Ints) -> tuple[NDArray[np.uint64], Ints]:
    """Hashes of the initials of names with two or more capitalised words, and the rows of these."""
    names: list[str] = []
    rows_of_names: list[int] = []
    spans = passages.text_spans(rows.start[full], rows.end[full])
    for row, (passage, start, end) in zip(full.tolist(), spans, strict=True):
        words = passages.texts[passage][start:end].split()
        capitals = "".join(word[0] for word in words if word[0].isupper())
        if len(capitals) > 1:
            names.append(capitals)
            rows_of_names.append(row)
    return key_hashes(names), np.array(rows_of_names, np.int64)


def _key(passage: Ints, hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One key for passage and hash, so that only words of the same passage are joined."""
    return hashes ^ (passage.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))


def join(
    wanted_keys: NDArray[np.uint64], keys: NDArray[np.uint64], values: Ints
) -> tuple[Ints, Ints]:
    """All pairs (index in ``wanted_keys``, value) with the same key, each once."""
    # After sorting by key and value, duplicates are adjacent; only the first of each is retained.
    order = np.lexsort((values, keys))
    keys, values = keys[order], values[order]
    new = np.ones(len(keys), np.bool_)
    new[1:] = (keys[1:] != keys[:-1]) | (values[1:] != values[:-1])
    keys, values = keys[new], values[new]
    low, high = (
        np.searchsorted(keys, wanted_keys, "left"),
        np.searchsorted(keys, wanted_keys, "right"),
    )
    index, of = ranges(low, high - low)
    return of, values[index]


def _table(passages: FoldedTexts, layers: Layers, rows: _Rows) -> Candidates:
    """Merge the rows of each (mention, entity): the best kind, the highest weight, summed links."""
    order = np.lexsort((rows.entity, rows.start))
    rows = _Rows(*(column[order] for column in rows))  # type: ignore[arg-type]  # column by column
    starts, first_row = np.unique(rows.start, return_index=True)
    of = np.searchsorted(starts, rows.start)
    new = np.ones(len(of), np.bool_)
    new[1:] = (of[1:] != of[:-1]) | (rows.entity[1:] != rows.entity[:-1])
    first_rows = np.flatnonzero(new)
    first = np.searchsorted(of[first_rows], np.arange(len(starts) + 1))
    # A candidate whose name is written differently weighs less than one with an exact match.
    written = np.where(rows.exact, 1.0, OTHER_SPELLING_FACTOR)
    plain = name_weights(1 + layers.degrees(rows.entity), rows.kind).astype(np.float64)
    mentions = Spans(starts, rows.end[first_row], rows.hash[first_row])
    links, seen = (
        _reduce(np.add, rows.links, first_rows),
        _reduce(np.maximum, rows.seen, first_rows),
    )
    plain = _reduce(np.maximum, written * plain, first_rows)
    stated = _reduce(np.maximum, rows.stated, first_rows)
    weight = np.where(stated, _reduce(np.maximum, written * rows.weight, first_rows), plain)
    weight = _in_one_unit(weight, plain, stated, first, of[first_rows])
    return Candidates(
        mentions=mentions,
        passage=passages.passage_of(starts),
        first=first,
        common=_reduce(np.maximum, rows.common, first_row),
        linked=_link_log_odds(links, seen, first),
        of=of[first_rows],
        entity=rows.entity[first_rows],
        kind=_reduce(np.minimum, np.where(rows.kind == Kind.LABEL, -1, rows.kind), first_rows),
        exact=_reduce(np.maximum, rows.exact, first_rows),
        prior=_prior(weight, np.zeros(len(first_rows)), first, of[first_rows]),
        by_degree=_prior(plain, np.zeros(len(first_rows)), first, of[first_rows]),
        links=links,
        named_in_full=_reduce(np.maximum, rows.named_in_full, first_rows),
    )


def _reduce(how: np.ufunc, values: NDArray[Any], starts: Ints) -> NDArray[Any]:
    return how.reduceat(values, starts) if len(starts) else values


def _prior(weight: Floats, links: Floats, first: Ints, of: Ints) -> Floats:
    """p(entity | mention), C: link counts, smoothed by the weights as a Dirichlet prior."""
    base = weight / _reduce(np.add, weight, first[:-1])[of] if len(of) else weight
    total = _reduce(np.add, links, first[:-1])[of] if len(of) else weight
    return (links + SMOOTHING * base) / (total + SMOOTHING)


def _in_one_unit(weight: Floats, plain: Floats, stated: Bools, first: Ints, of: Ints) -> Floats:
    """Weights with stated priors converted to the unit of degrees, C.

    The unit of a stated prior is unknown, so stated priors are compared only with each other. The
    candidates of a mention with a stated prior keep the total weight that their degrees give them,
    and divide it in proportion to their priors.
    """
    if not stated.any():
        return weight
    own = np.add.reduceat(np.where(stated, weight, 0.0), first[:-1])[of]
    by_degree = np.add.reduceat(np.where(stated, plain, 0.0), first[:-1])[of]
    return np.where(stated, weight * by_degree / np.where(own > 0, own, 1.0), plain)


def _link_log_odds(links: Floats, seen: Floats, first: Ints) -> Floats:
    """log((links + S) / (occurrences without a link + S)) of each mention, M; 0 without counts.

    A few occurrences without a link are weak evidence, since annotators may have missed them.
    """
    total = _reduce(np.add, links, first[:-1])
    had = np.maximum(_reduce(np.maximum, seen, first[:-1]), total)
    odds = np.log((total + SMOOTHING) / (had - total + SMOOTHING))
    return np.where(had > 0, odds, 0.0)


def _entries(layers: Layers, name: str) -> tuple[Entries, Bools]:
    """The index entries of a name without context, and which of them match a whole name."""
    folded = FoldedTexts([name])
    whole = np.array([len(folded.folded.codes) - 1])
    entries = layers.entries(folded.hashes(np.zeros(1, np.int64), whole))
    return entries, entries.kind < FIRST_PART


def entities_of_name(layers: Layers, name: str) -> tuple[list[int], list[float]]:
    """The entities of a name without context, best first, and p of each.

    Without an exact match, the entities whose names match in any case.
    """
    # Canonically equivalent Unicode texts are the same name.
    forms = spellings(name.strip())
    entries, whole_names = _entries(layers, forms[0])
    for form in forms[1:]:
        if not whole_names.any():
            entries, whole_names = _entries(layers, form)
    exact = whole_names & np.isin(entries.exact, key_hashes(forms))
    chosen = exact if exact.any() else whole_names
    entity, inverse = np.unique(entries.entity[chosen], return_inverse=True)
    weight, links = np.zeros(len(entity)), np.zeros(len(entity))
    np.maximum.at(weight, inverse, entries.weight[chosen])
    np.add.at(links, inverse, entries.links[chosen])
    first = np.array([0, len(entity)])
    prior = _prior(weight, links, first, np.zeros(len(entity), np.int64)) if len(entity) else weight
    order = np.lexsort((entity, -prior))
    return entity[order].tolist(), prior[order].tolist()
