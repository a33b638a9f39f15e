"""Converts triples to and from NetworkX graphs and data frames of pandas and Polars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import InvalidNameError, KGError
from kg.types import EntityRecord, Triple, readable_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import networkx as nx  # type: ignore[import-untyped, unused-ignore]  # stubs are optional
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]
    import polars as pl  # type: ignore[import-not-found, unused-ignore]  # an extra

    from kg.types import Entity

COLUMNS = ("head", "relation", "tail")


def from_networkx(
    graph: nx.Graph[str], *, relation: str | None = None
) -> Iterator[Triple | EntityRecord]:
    """The triples of a NetworkX graph, and the labels of its nodes, for ``graph.add``.

    An undirected edge is read in the direction in which NetworkX lists it.

    Args:
        graph: A graph whose nodes are keys, as text.
        relation: The edge attribute with the relation; by default "relation", else the edge key of
            a multigraph, else "label".

    Raises:
        InvalidNameError: A node is not text, or an edge has no relation.
    """
    for node, label in graph.nodes(data="label"):
        if isinstance(label, str) and isinstance(node, str) and label != readable_label(node):
            yield EntityRecord(key=node, label=label)
    names = ("relation",) if relation is None else (relation,)
    if graph.is_multigraph():
        for head, tail, key, data in graph.edges(keys=True, data=True):
            yield _edge(head, tail, [*map(data.get, names), key])
    else:
        for head, tail, data in graph.edges(data=True):
            yield _edge(head, tail, [*map(data.get, names), data.get("label")])


def to_networkx(
    triples: Iterable[Triple], entities: Callable[[Iterable[str]], Mapping[str, Entity]]
) -> nx.MultiDiGraph[str]:
    """Convert triples to a MultiDiGraph: relations are edge keys, labels are node attributes.

    Args:
        triples: The edges.
        entities: Returns the entities of keys.
    """
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_edges_from((item.head, item.tail, item.relation, {}) for item in triples)
    labels = {key: entity.label for key, entity in entities(list(graph.nodes)).items()}
    nx.set_node_attributes(graph, labels, "label")
    return graph


def _edge(head: object, tail: object, names: Sequence[object]) -> Triple:
    name = next((name for name in names if isinstance(name, str) and name), None)
    if name is None:
        raise InvalidNameError("an edge has no relation; name the attribute that holds it",
                               f"{head} – {tail}")  # fmt: skip
    if not isinstance(head, str) or not isinstance(tail, str):
        raise InvalidNameError("a node must be text, its key", f"{head!r} – {tail!r}")
    return Triple(head, name, tail)


def from_pandas(frame: pd.DataFrame, *, columns: Sequence[str] = COLUMNS) -> Iterator[Triple]:
    """The triples of a DataFrame, for ``graph.add``.

    Args:
        frame: A data frame with one triple per row.
        columns: The names of its columns of heads, relations and tails.

    Raises:
        InvalidNameError: A column is missing, or a cell is not text.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing or len(columns) != len(COLUMNS):
        known = ", ".join(map(str, frame.columns))
        raise InvalidNameError(
            f"the frame has no columns {missing or list(columns)}; it has {known}"
        )
    for parts in frame[list(columns)].itertuples(index=False, name=None):
        if not all(isinstance(part, str) for part in parts):
            raise InvalidNameError("a cell must be text", repr(parts))
        yield Triple(*parts)


def to_pandas(triples: Iterable[Triple]) -> pd.DataFrame:
    """Convert triples to a DataFrame with the columns head, relation and tail."""
    import pandas as pd

    return pd.DataFrame.from_records(list(triples), columns=list(COLUMNS))


def to_polars(triples: Iterable[Triple]) -> pl.DataFrame:
    """Convert triples to a DataFrame of Polars with the columns head, relation and tail.

    Raises:
        KGError: Polars is not installed.
    """
    try:
        import polars as pl
    except ModuleNotFoundError as error:
        raise KGError('this needs Polars: pip install "kptm[polars]"') from error

    return pl.DataFrame(list(triples), schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
