"""Learning the words of relations from questions with answers, and nothing else.

For each pair, the relations that lead from a linked entity to an answer in one hop are taken as what the
question's words mean (weak supervision by the graph).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import TripleFormatError
from kg.formats.files import open_bytes
from kg.formats.lines import text_lines
from kptm.answering.relations import question_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.graph import KnowledgeGraph
    from kptm.answering.questions import QuestionReader
    from kptm.linking import Linker


def learn(reader: QuestionReader, graph: KnowledgeGraph, linker: Linker, path: str | Path) -> int:
    """Read ``question⇥answer|answer`` lines; return how many taught something.

    Answers may be keys, labels or aliases.

    Raises:
        TripleFormatError: The file cannot be read, or a line is not of that form.
    """
    used = 0
    for question, answers in read_questions(graph, linker, path):
        used += _learn_one(reader, graph, question, answers)
    reader.relations.settle()
    return used


def read_questions(
    graph: KnowledgeGraph, linker: Linker, path: str | Path
) -> Iterator[tuple[str, set[str]]]:
    """Each line's question and the entities that its answers may mean.

    Raises:
        TripleFormatError: The file cannot be read, or a line is not ``question⇥answer|answer``.
    """
    path = Path(path)
    with open_bytes(path) as stream:
        for number, text in text_lines(stream, path):
            if isinstance(text, TripleFormatError):
                raise text
            question, tab, rest = text.partition("\t")
            if not tab or not question.strip():
                raise TripleFormatError(path, number, "expected question⇥answer|answer", text)
            names = rest.split("\t")[0].split("|")
            meant = {candidate.entity for name in names for candidate in linker.candidates(name)}
            yield question, meant | set(graph.entities(names))


def _learn_one(
    reader: QuestionReader, graph: KnowledgeGraph, question: str, answers: set[str]
) -> bool:
    helped = False
    for link in reader.link(question).links:
        found = {
            triple.relation
            for triple in graph.touching([link.entity])
            if (triple.tail if triple.head == link.entity else triple.head) in answers
        }
        rest = f"{question[: link.start]} {question[link.end :]}"
        for relation in sorted(found):
            reader.relations.learn(relation, question_words(rest))
            helped = True
    return helped
