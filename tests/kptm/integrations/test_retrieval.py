"""Facts and passages for a query, whatever the framework."""

import threading

import pytest

from kptm.errors import ConfigError
from kptm.integrations.retrieval import RANK_OFFSET, retrieve

WHERE = "Khartoum lies where the White Nile and the Blue Nile meet."


def test_the_fact_that_answers_a_question_comes_first(ws):
    found = retrieve(ws, "What is the capital of Chad?", 20)
    first = found[0]
    assert (first.text, first.keys) == ("Chad | capital | N'Djamena", ("Chad", "N'Djamena"))
    assert (first.kind, first.relation, first.sources) == ("fact", "capital", ("facts.tsv",))
    assert first.revision == 1
    # It is first as the answer and first by its words; no ranking of passages has it.
    assert first.score == pytest.approx(2 / (RANK_OFFSET + 1))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len({one.id for one in found}) == len(found)


def test_all_facts_of_the_named_entity_and_no_others(ws):
    found = retrieve(ws, "Tell me about Chad", 50, kinds=["fact"])
    named = {(d.head, d.relation, d.tail) for d in ws.graph.match() if "Chad" in d}
    assert {one.text for one in found} == {" | ".join(fact) for fact in named} | {
        "Chad | area | 1284000"
    }


def test_passages_have_their_source_and_the_keys_of_their_links(ws):
    found = retrieve(ws, "Khartoum", 10, kinds=["passage"])
    assert [one.text for one in found] == [
        "Khartoum lies where the White Nile and the Blue Nile meet."
    ]
    assert found[0].keys == ("Khartoum",)
    assert found[0].sources[0].endswith("texts.txt")
    assert found[0].revision is None


def test_without_a_name_the_words_decide(ws):
    [found] = retrieve(ws, "why does bread rise with yeast", 5)
    assert found.text == "Bread rises because yeast makes gas."
    assert retrieve(ws, "zzz", 5) == []
    assert retrieve(ws, "", 5) == []
    assert retrieve(ws, "Chad " * 2_000, 3) != []  # too long for a question, and no error


@pytest.mark.parametrize(("k", "kinds"), [(0, ["fact"]), (3, []), (3, ["fact", "vector"])])
def test_what_cannot_be_retrieved_is_refused(ws, k, kinds):
    with pytest.raises(ConfigError, match=r"retrieve|kinds"):
        retrieve(ws, "Chad", k, kinds)


def test_threads_take_turns(ws):
    """Frameworks retrieve in several threads, but the linker serves one at a time."""
    wanted = retrieve(ws, "What is the capital of Sudan?", 5)
    found = []

    def work():
        found.append(retrieve(ws, "What is the capital of Sudan?", 5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [wanted] * 4
