"""The benchmark of typed questions: gold, folds and figures against values by hand."""

import json
from collections import Counter

import numpy as np
import pytest

from benchmarks.answers_parts.real import SHARED, cases, failures, figures
from benchmarks.answers_parts.real.asking import Outcome, ask, learn
from benchmarks.answers_parts.real.domains import domain
from benchmarks.answers_parts.real.gold import Gold, Item, items_of, same_text
from benchmarks.answers_parts.real.newcomer import RULES, Facts, rule_of
from benchmarks.answers_parts.real.report import Report
from benchmarks.answers_parts.real.sections import SECTIONS, cases_of
from kptm import Workspace


def outcome(right, p=0.5, *, found=True, answerable=True, question="q", why=""):
    return Outcome(
        question=question, group="g", gold="x", answers=("a",), count=1, p=p, found=found,
        right=right, exact=right, answerable=answerable, ms=1.0, cpu_ms=1.0, why=why, reason="",
        reading="",
    )  # fmt: skip


def texts(*values):
    return [Item("", (value,)) for value in values]


@pytest.mark.parametrize(
    ("gold", "text", "same"),
    [
        ("austin", "Austin", True),
        ("266807.0", "266807", True),
        ("11400000", "11400001", False),
        ("4415590.666666667", "4415591.1", True),
        ("53.33068472716233", "53.33", True),
        ("53.33068472716233", "53.4", False),
        ("3", "3 states", False),
        ("nan", "1", False),
    ],
)
def test_texts_are_equal_in_lower_case_and_numbers_by_value(gold, text, same):
    assert same_text(gold, text) is same


def test_the_first_answer_and_the_whole_set_are_judged():
    gold = Gold.of(["texas", "ohio"])
    assert gold.hits(texts("Ohio", "Utah"))
    assert not gold.hits(texts("Utah", "Ohio"))
    assert not gold.is_exact(texts("Ohio"))
    assert gold.is_exact(texts("Ohio", "Texas", "Texas"))  # two cities with the same name
    assert not gold.hits([])
    assert not gold.is_exact([])


def test_no_gold_means_that_refusing_is_right():
    gold = Gold.of([])
    assert gold.hits([])
    assert gold.is_exact([])
    assert not gold.hits(texts("Texas"))


def test_an_ambiguous_question_has_several_right_sets():
    gold = Gold((frozenset({"a", "b"}), frozenset({"c"})))
    assert gold.is_exact(texts("c"))
    assert gold.is_exact(texts("b", "a"))
    assert not gold.is_exact(texts("a", "c"))


def test_some_of_a_set_may_be_enough():
    gold = Gold((frozenset("abcd"),), some=2)
    assert gold.is_exact(texts("a", "d"))
    assert not gold.is_exact(texts("a"))
    assert not gold.is_exact(texts("a", "d", "e"))


def test_each_question_is_asked_in_one_fold_and_taught_in_the_others():
    every = [cases.Case(f"q{n % 20}", Gold.of(["a"])) for n in range(43)]
    asked = Counter()
    for train, test in cases.folds(every, seed=1):
        assert len(train) + len(test) == len(every)
        assert not {x.question for x in train} & {x.question for x in test}
        asked.update(x.question for x in test)
    assert asked == Counter(x.question for x in every)


def test_folds_and_order_depend_only_on_the_seed():
    every = [cases.Case(f"q{n}", Gold.of(["a"])) for n in range(30)]
    assert cases.in_order(every, 0) == cases.in_order(every[::-1], 0)
    assert cases.in_order(every, 0) != cases.in_order(every, 1)
    assert list(cases.folds(every, 0)) == list(cases.folds(every, 0))


def test_names_are_capitalised_as_the_graph_writes_them():
    change = cases.capitaliser(["New York", "York", "Who", "The", "iPod", "usa"])
    case = cases.Case("who is from new york in the usa, not yorkshire", Gold.of(["a"]))
    assert change(case).question == "who is from New York in the usa, not yorkshire"


def test_a_blank_stays_in_lower_case():
    case = cases.Case("The capital of [MASK] is Paris.", Gold.of(["a"]))
    assert cases.lower_case(case).question == "the capital of [MASK] is paris."


def test_lessons_that_do_not_fit_on_a_line_are_refused():
    good, bad = (cases.Case("q", Gold.of([x]), answers=(x, "c")) for x in ("a", "a|b"))
    assert list(cases.lesson_lines([good])) == ["q\ta|c\n"]
    with pytest.raises(ValueError, match="'q'"):
        list(cases.lesson_lines([bad]))


def test_a_table_is_sets():
    facts = Facts([("A", "borders", "B"), ("B", "borders", "A"), ("C", "population", "7"),
    ("A", "population", "7"), ("B", "population", "3")])  # fmt: skip
    assert facts.of("A", "borders") == {"B"}
    assert facts.having("borders", "A") == {"B"}
    assert facts.of("C", "borders") == set()
    assert facts.most("population", facts.heads) == {"A", "C"}
    assert facts.fewest("population") == {"B"}
    assert facts.most_neighbours() == {"A", "B"}


def test_each_rule_belongs_to_one_question():
    assert len(RULES) == 91
    with pytest.raises(KeyError):
        rule_of("a question that the file has not")


def test_each_list_of_a_newcomer_has_gold():
    folder = SHARED / "cases/newcomer"
    if not folder.is_dir():
        pytest.skip("no newcomer's questions there")
    found = {section.title: cases_of(folder, section) for section in SECTIONS}
    gold = {case.question: case.gold for case in found["q2-confident"]}
    assert sum(len(part) for part in found.values()) == 164
    about_both = [str(x) for text, x in gold.items() if text.endswith("France and Germany")]
    assert about_both == ["Belgium", "Berlin, Paris"]
    untaught = {case.question: case.gold for case in found["q4-untaught after learn-300"]}
    assert str(untaught["national animal of Chile"]) == "Condor"
    rules = [case.gold for part in found.values() for case in part]
    assert all(rule.readings or rule.refusal for rule in rules)


def test_verdicts_tell_refusals_from_errors():
    four = [outcome(True), outcome(False), outcome(True, found=False, answerable=False),
    outcome(False, found=False)]  # fmt: skip
    assert [x.verdict for x in four] == ["right", "wrong", "rightly refused", "wrongly refused"]
    assert figures.verdicts("s", four) == (
        "s: 1 right, 1 rightly refused, 1 wrongly refused, 1 wrong of 4"
    )


def test_a_row_has_the_shares_that_are_counted_by_hand():
    rows = [outcome(True, 0.95), outcome(False, 0.9), outcome(True, 0.5),
    outcome(False, found=False), outcome(True, found=False, answerable=False)]  # fmt: skip
    cells = figures.line("s", rows).strip("| ").split(" | ")
    assert cells[:2] == ["s", "5"]
    assert cells[2].startswith(".500 [")  # of 4 that have an answer
    assert cells[3:6] == [".500", ".600", ".667"]
    assert cells[6].startswith("1.000 [")
    assert cells[7] == "2"
    assert cells[8].startswith(".500 [")
    assert cells[9] == ".900"
    # Each is in a bin of its own.
    assert float(cells[10]) == pytest.approx(np.mean([0.05, 0.9, 0.5]), abs=2e-3)


def test_the_surest_come_first_at_each_coverage():
    rows = [outcome(n < 5, 1 - n / 10) for n in range(10)]
    cells = figures.risk_line("s", rows).strip("| ").split(" | ")[1:]
    assert cells[:5] == ["1.000"] * 5
    assert cells[5] == ".833"
    assert cells[9] == ".500"


def test_what_a_run_wrote_is_read_again(tmp_path, capsys):
    report = Report()
    report.add("s, before", [outcome(True), outcome(False, found=False)])
    (tmp_path / "run.json").write_text(json.dumps(report.to_dict([])))
    assert Report.read([tmp_path / "run.json"]).parts == report.parts
    assert figures.line("s, before", report.parts["s, before"]) in capsys.readouterr().out


def test_a_workspace_is_asked_taught_and_judged(tmp_path):
    (tmp_path / "facts.tsv").write_text("France\tcapital\tParis\nPeru\tcapital\tLima\n")
    asked = [
        cases.Case("What is the capital of France?", Gold.of(["paris"]), answers=("Paris",)),
        cases.Case("What is the capital of Peru?", Gold.of(["quito"]), answers=("Quito",)),
        cases.Case("Who is the mayor of Atlantis?", Gold.of([])),
    ]
    with Workspace.open(tmp_path / "ws") as ws:
        ws.load(tmp_path / "facts.tsv")
        found = ask(ws, asked)
        answer = ws.ask("What is the capital of France?")
        said, seconds = learn(ws, asked[:1])
    assert [x.verdict for x in found] == ["right", "wrong", "rightly refused"]
    assert items_of(answer) == [Item("Paris", ("Paris",))]
    assert said
    assert seconds > 0
    failures.write(tmp_path / "out/f.txt", found, {})
    text = (tmp_path / "out/f.txt").read_text()
    assert text.startswith("1 of 3 failed")
    assert "gold:  quito" in text
    assert "said:  Lima" in text


@pytest.mark.parametrize(("name", "count"), [("elements", 77), ("packages", 79)])
def test_each_domain_has_gold_for_its_questions(name, count):
    asked = domain(name)
    assert len({case.question for case in asked}) == len(asked) == count
    assert all(case.question == case.question.lower() for case in asked)
    assert all(case.gold.readings or case.gold.refusal for case in asked)
    assert sum(case.gold == Gold(refusal=True) for case in asked) >= 8


def test_the_gold_of_domains_is_what_the_tables_say():
    gold = {case.question: str(case.gold) for name in ("elements",
    "packages") for case in domain(name)}  # fmt: skip
    assert gold["second heaviest halogen"] == "Bromine"
    assert gold["how many noble gases are there"] == "5"
    assert gold["how much hotter than gold does iron melt"] == "473.67"
    assert gold["which halogens are not gases"] == "Bromine, Iodine"
    assert gold["when was gold discovered"] == "no answer"
    assert gold["which package do most packages depend on"] == "libcore6"
    assert gold["packages released between 1996 and 1999"] == (
        "exmail, libcore6, openlock, webfetch OR libcore6, webfetch"
    )
    assert gold["what depends on gitgrove"] == "no answer"
    assert gold["newest package written in c"] == "jsonpeek"
