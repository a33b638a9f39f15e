"""Lengths of time between two dates, and sums over groups; expected values are computed here."""

from datetime import date

import pytest

STAYS = {
    # patient: (ward, admitted on, discharged on, cost)
    "Mrs Abel": ("East", "2023-01-10", "2023-01-19", 900),
    "Mr Bohm": ("East", "2023-02-01", "2023-03-18", 4100),
    "Ms Cruz": ("West", "2023-01-15", "2023-01-17", 350),
    "Mr Dunn": ("West", "2022-12-20", "2023-01-29", 2900),
    "Ms Egan": ("North", "2023-03-03", "2023-03-08", 500),
}
COLUMNS = ("Ward", "Admitted on", "Discharged on", "Cost (EUR)")


def _days(name):
    _, start, end, _ = STAYS[name]
    return (date.fromisoformat(end) - date.fromisoformat(start)).days


def _by_ward(function):
    wards = {}
    for ward, _, _, cost in STAYS.values():
        wards.setdefault(ward, []).append(cost)
    return {ward: function(costs) for ward, costs in wards.items()}


@pytest.fixture(scope="module")
def asks(table, tmp_path_factory):
    return table(tmp_path_factory.mktemp("stays"), "Patient", COLUMNS, STAYS)


@pytest.mark.parametrize("name", STAYS)
@pytest.mark.parametrize("question", ["how long was {} admitted", "how many days was {} admitted"])
def test_a_length_is_the_days_between_two_dates(asks, name, question):
    answer = asks.ask(question.format(name.lower()))
    assert [item.text for item in answer.answers] == [f"{_days(name)} days"]


def test_the_longest_stay_lasted_the_most_days(asks):
    answer = asks.ask("which patient was admitted the longest")
    assert answer.entity == max(STAYS, key=_days)
    assert asks.ask("which patient was admitted the shortest").entity == min(STAYS, key=_days)


def test_stays_are_compared_with_a_number_of_days(asks):
    answer = asks.ask("which patients were admitted longer than 20 days")
    assert {item.entity for item in answer.answers} == {x for x in STAYS if _days(x) > 20}


def test_both_dates_are_the_evidence_of_a_length(asks):
    answer = asks.ask("how many days was mr bohm admitted")
    stated = {item.triple.tail.literal.value for item in answer.evidence if item.kind == "triple"}
    assert stated == set(STAYS["Mr Bohm"][1:3])
    assert answer.sentence == (
        'The time between "admitted on" and "discharged on" of Mr Bohm is 45 days.'
    )


def test_the_ward_with_the_most_cost_has_the_greatest_sum(asks):
    totals = _by_ward(sum)
    answer = asks.ask("which ward has the most cost")
    assert answer.entity == max(totals, key=totals.get)
    assert answer.sentence == "The one with the greatest total cost is East (5000)."
    worst = asks.ask("which ward has the lowest total cost")
    assert worst.entity == min(totals, key=totals.get)


def test_the_ward_with_the_highest_average_cost_has_the_greatest_mean(asks):
    means = _by_ward(lambda costs: sum(costs) / len(costs))
    answer = asks.ask("which ward has the highest average cost")
    assert answer.entity == max(means, key=means.get)


def test_a_total_without_a_noun_adds_up_the_only_number(asks):
    answer = asks.ask("total for the east ward")
    assert [item.text for item in answer.answers] == [f"{_by_ward(sum)['East']}"]


def test_how_much_more_is_the_difference_of_the_only_number(asks):
    answer = asks.ask("how much more was mr bohm than mr dunn")
    assert [item.text for item in answer.answers] == [str(STAYS["Mr Bohm"][3] - 2900)]


YEARS = {
    # label: (ruled, reigned from, reigned until)
    "Ana I": ("Lorn", 1201, 1230), "Bero II": ("Lorn", 1230, 1241), "Cato": ("Vesk", 1199, 1250),
    "Dora": ("Vesk", 1250, 1262),
}  # fmt: skip


@pytest.fixture(scope="module")
def rulers(table, tmp_path_factory):
    columns = ("ruled", "reigned from", "reigned until")
    return table(tmp_path_factory.mktemp("rulers"), "Ruler", columns, YEARS)


@pytest.mark.parametrize("name", YEARS)
def test_a_reign_lasts_the_years_between_its_ends(rulers, name):
    _, start, end = YEARS[name]
    for question in ("how long did {} reign", "how many years did {} reign"):
        answer = rulers.ask(question.format(name.lower()))
        assert [item.text for item in answer.answers] == [f"{end - start} years"]


def test_years_are_no_days(rulers):
    assert not rulers.ask("how many days did cato reign").found


def test_reigns_are_compared_with_a_number_of_years(rulers):
    answer = rulers.ask("which rulers reigned longer than 20 years")
    assert {item.entity for item in answer.answers} == {"Ana I", "Cato"}
    assert rulers.ask("which ruler of lorn had the longest reign").entity == "Ana I"
