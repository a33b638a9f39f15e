"""A pipeline component for spaCy.

    nlp = spacy.blank("en")
    nlp.add_pipe("kptm_linker", config={"graph": "world.db"})

spaCy finds an installed kptm by its entry point; otherwise ``import kptm.linking.export.spacy``
registers the component.
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
    """A pipeline component that sets ``doc.ents`` (key in ``kb_id_``) and ``doc._.kptm``.

    Args:
        link: The function that links texts.
    """

    def __init__(self, link: LinkMany) -> None:
        self._link = link

    def __call__(self, doc: Doc) -> Doc:
        """Link one document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Link a stream of documents; ``batch_size`` is ignored, the linker batches by itself."""
        pairs = ((doc, doc.text) for doc in stream)
        for doc, document in link_pairs(self._link, pairs):
            yield mark_links(doc, document)


class GraphLinker:
    """A linker whose graph is opened once per process, because connections do not survive a fork.

    Args:
        where: The file, database URL or workspace of the graph.

    Raises:
        LinkingError: There is no such graph.
        StoreError: The graph cannot be opened.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._opened: dict[int, tuple[KnowledgeGraph, Linker]] = {}
        self._linker()

    def __reduce__(self) -> tuple[type[GraphLinker], tuple[str]]:
        return GraphLinker, (self._where,)

    def link_many(self, texts: Iterable[str]) -> Iterator[LinkedText]:
        """Link texts in order."""
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
    """The graph to open; it must exist, so that a misspelt path does not create a new one."""
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
    """Create the component ``kptm_linker``.

    Args:
        nlp: The pipeline of the component.
        name: The name of the component in the pipeline.
        graph: The file, database URL or workspace of the graph.

    Raises:
        LinkingError: There is no such graph.
        StoreError: The graph cannot be opened.
    """
    return SpacyLinker(GraphLinker(graph).link_many)


set_extension(LinkedText.from_dict)
