"""Questions over a table of bikes and their stations; the answers are computed by hand."""

import pytest

from kg import KnowledgeGraph
from kptm import Linker, Predictor

BIKES = {
    # name: (station, model, range in km, load, battery in kWh, bought, pickup, mechanics, insured)
    "EB-01": ("Dock Two", "Volta", 80, 120, 0.5, "19/03/2021", "08:30", ("Kim Vo",), "yes"),
    "EB-02": (
        "Dock Two",
        "Volta",
        95,
        150,
        0.6,
        "05/06/2021",
        "09:15",
        ("Kim Vo", "Ada Brin"),
        "no",
    ),
    "EB-03": ("Mill Gate", "Cargo One", 60, 150, 0.9, "05/06/2022", "10:00", ("Kim Vo",), "no"),
    "EB-04": ("Mill Gate", "Swift", 110, 120, 0.5, "28/11/2019", "07:45", ("Ada Brin",), "yes"),
    "EB-05": ("North Rank", "Swift", 70, 120, 0.5, "11/12/2018", "06:30", ("Ada Brin",), "no"),
}
BASKETS = {"EB-02": "front", "EB-03": "rear"}
STATIONS = {
    # name: (borough, telephone, grid connection)
    "Dock Two": ("Harbour", "555-0142", "2018"),
    "Mill Gate": ("Old Town", "555-0199", "2011"),
    "North Rank": ("Harbour", "555-0107", "2020"),
}


@pytest.fixture(scope="module")
def asks(tmp_path_factory):
    rows = []
    for name, (
        station,
        model,
        reach,
        load,
        energy,
        bought,
        pickup,
        mechanics,
        insured,
    ) in BIKES.items():
        rows += [(name, "station", station), (name, "model", model), (name, "range_km", reach)]
        rows += [(name, "load", load), (name, "battery_kWh", energy), (name, "bought", bought)]
        rows += [(name, "insured", insured)]
        rows += [(name, "pickup", pickup), *((name, "mechanic", one) for one in mechanics)]
    rows += [(name, "basket", side) for name, side in BASKETS.items()]
    for name, (borough, telephone, since) in STATIONS.items():
        rows += [(name, "borough", borough), (name, "tel.", telephone), (name, "grid conn.", since)]
    folder = tmp_path_factory.mktemp("fleet")
    path = folder / "citybikes.tsv"
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    graph = KnowledgeGraph.open(folder / "graph.db")
    graph.load(path)
    yield Predictor(graph, Linker(graph))
    graph.close()


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("how many bikes are there in total", {"5"}),  # the file is called citybikes
        ("how many different models do we rent", {"3"}),  # the verb of the owners
        ("how many different models are in our fleet", {"3"}),
        ("bikes with a range of 95 km or more", {"EB-02", "EB-04"}),
        ("count the bikes with a load of 150 kg", {"2"}),  # the column has no unit
        ("which bikes were bought on 19/03/2021", {"EB-01"}),
        ("bikes bought on 05/06/2021", {"EB-02"}),  # 5 June as in the table, not May 6
        ("bikes bought after 28/11/2019 and before 01/01/2022", {"EB-01", "EB-02"}),
        ("in which borough is EB-03", {"Old Town"}),  # only stations have a borough
        ("how often was kim vo the mechanic", {"3"}),
        ("total battery at dock two", {"1.1"}),
        ("when is eb-02 picked up", {"09:15"}),  # a pickup
        ("whose telephone is 555-0199", {"Mill Gate"}),
        ("oldest station by grid connection", {"Mill Gate"}),
        ("newest bike we have", {"EB-03"}),
        ("bikes with a range between 90 and 100 km", {"EB-02"}),
        ("oldest statoin by grid connection", {"Mill Gate"}),  # a slip in the noun
        ("average load", {"132"}),
        ("average range", {"83"}),
        ("average range of the volta bikes", {"87.5"}),
        ("average range of the swift bikes", {"90"}),
        ("mean range of dock two's bikes", {"87.5"}),
        ("have we got any swift bikes", {"yes"}),
        ("are there any volta bikes at mill gate", {"no"}),
        ("which is deeper, dock two or mill gate", set()),  # nothing is known of depths
        ("bikes bought since 5 june 2021", {"EB-02", "EB-03"}),
        ("how many bikes are in the old town", {"2"}),  # the bikes of the station there
        ("bikes in harbour", {"EB-01", "EB-02", "EB-05"}),
        ("which volta bikes are insured", {"EB-01"}),  # "no" is no fact about insured bikes
        ("how many bikes have a basket", {"2"}),
        ("bikes without a basket", {"EB-01", "EB-04", "EB-05"}),
        ("how many bikes have a sponsor", set()),
        ("bikes whose station is in old town", {"EB-03", "EB-04"}),
        ("how many kilometers longer is the range of eb-04 than of eb-03", {"50"}),
    ],
)
def test_what_people_ask_about_a_fleet(asks, question, answers):
    found = {answer.text for answer in asks.ask(question).answers}
    assert found == answers


def test_a_date_that_may_be_two_days_is_the_one_in_the_table(asks):
    # 5 June 2022 is a value and 6 May is not: nothing was bought after it.
    assert not asks.ask("bikes bought after 05/06/2022").answers
    # Neither 7 August nor 8 July is a value, so that nobody knows which day is meant.
    assert not asks.ask("bikes bought after 07/08/2020").answers
    assert {x.text for x in asks.ask("bikes bought after 17/08/2021").answers} == {"EB-03"}
