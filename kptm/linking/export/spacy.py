"""A component for spaCy's pipelines.

    nlp = spacy.blank("en")
    nlp.add_pipe("kptm_linker", config={"graph": "world.db"})

An installed kptm is found by its entry point; otherwise ``import kptm.linking.export.spacy`` makes
the name known.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from spacy.language import Language

from kptm.errors import LinkingError
from kptm.linking.document import LinkedText
from kptm.linking.export.spacy_doc import mark_links, set_extension
from kptm.linking.pairs import link_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spacy.tokens import Doc

    from kg.graph import KnowledgeGraph
    from kptm.linking.linker import Linker
    from kptm.linking.pairs import LinkMany


class SpacyLinker:
    """A component of a pipeline: sets ``doc.ents`` (key in ``kb_id_``) and ``doc._.kptm``.

    Args:
        link: Where the links come from.
    """

    def __init__(self, link: LinkMany) -> None:
        self._link = link

    def __call__(self, doc: Doc) -> Doc:
        """Link one document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Link documents in a stream; the linker itself decides how many at a time."""
        pairs = ((doc, doc.text) for doc in stream)
        for doc, document in link_pairs(self._link, pairs):
            yield mark_links(doc, document)


class GraphLinker:
    """The linker of a graph that is opened once in each process: connections do not survive a fork.

    Args:
        where: The file, database URL or workspace of the graph.

    Raises:
        LinkingError: There is no such graph.
        StoreError: It cannot be opened.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._opened: dict[int, tuple[KnowledgeGraph, Linker]] = {}
        self._linker()

    def __reduce__(self) -> tuple[type[GraphLinker], tuple[str]]:
        return GraphLinker, (self._where,)

    def link_many(self, texts: Iterable[str]) -> Iterator[LinkedText]:
        """Link texts in their order."""
        return self._linker().link_many(texts)

    def _linker(self) -> Linker:
        if os.getpid() not in self._opened:
            from kg.graph import KnowledgeGraph
            from kptm.linking.linker import Linker

            graph = KnowledgeGraph.open(_place(self._where))
            weakref.finalize(self, graph.close)
            self._opened[os.getpid()] = graph, Linker(graph)
        return self._opened[os.getpid()][1]


def _place(where: str) -> str | Path:
    """What to open; a slip of the pen makes no new graph."""
    if "://" in where:
        return where
    path = Path(where)
    path = path / "graph.db" if path.is_dir() else path
    if not where or not path.is_file():
        raise LinkingError(
            f"kptm_linker: there is no graph at {where!r}; say which, as in"
            ' nlp.add_pipe("kptm_linker", config={"graph": "world.db"})'
        )
    return path


@Language.factory(
    "kptm_linker",
    default_config={"graph": ""},
    assigns=["doc.ents", "doc._.kptm", "token.ent_iob", "token.ent_type", "token.ent_kb_id"],
)
def make_linker(nlp: Language, name: str, graph: str) -> SpacyLinker:
    """The component ``kptm_linker``.

    Args:
        nlp: The pipeline it will stand in.
        name: Its name there.
        graph: The file, database URL or workspace whose entities are linked to.

    Raises:
        LinkingError: There is no such graph.
        StoreError: It cannot be opened.
    """
    return SpacyLinker(GraphLinker(graph).link_many)


set_extension(LinkedText.from_dict)
