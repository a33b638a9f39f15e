"""Legal forms belong to the name of an organisation: "General Electric Co." is one mention."""

import numpy as np
import pytest

from kg import EntityRecord
from kptm.linking import Linker
from kptm.linking.detection.legal_forms import include_legal_forms
from kptm.linking.names.surface_forms import Kind, class_of, forms_of
from kptm.linking.text.passages import FoldedTexts

RECORDS = [
    EntityRecord(key="GE", label="General Electric", description="maker of turbines, a company"),
    EntityRecord(key="SHOP", label="Amazon", description="company"),
    EntityRecord(key="RIVER", label="Amazon", description="river in Brazil"),
    EntityRecord(key="WMT", label="Walmart", aliases=("Wal-Mart Stores, Inc.",)),
    EntityRecord(key="GA", label="Georgia", description="state"),
    EntityRecord(key="CORP", label="corporation", aliases=("Inc.", "Co."), description="firm"),
]


@pytest.fixture
def linker(new_graph):
    graph = new_graph()
    graph.add([*RECORDS, ("GE", "in", "GA"), ("SHOP", "in", "GA"), ("WMT", "in", "GA")])
    return Linker(graph)


@pytest.mark.parametrize(
    ("text", "surface", "key"),
    [
        ("He left General Electric Co., where he had been.", "General Electric Co.", "GE"),
        ("She joined General Electric Co.", "General Electric Co.", "GE"),
        ("General Electric Corp.’s turbines", "General Electric Corp.", "GE"),
        ("He owns General Electric Company.", "General Electric Company", "GE"),
        ("Shares of Amazon, Inc. fell.", "Amazon, Inc.", "SHOP"),
        ("Shares of Amazon Co., Ltd. fell.", "Amazon Co., Ltd.", "SHOP"),
        ("She works for Amazon plc in Leeds.", "Amazon plc", "SHOP"),
        ("While Wal-Mart Stores Inc. rose, others fell.", "Wal-Mart Stores Inc.", "WMT"),
    ],
)
def test_a_company_is_linked_with_its_legal_form(linker, text, surface, key):
    found = linker.link(text).links
    assert [(link.surface, link.entity) for link in found] == [(surface, key)]
    assert [item.entity for item in found[0].candidates] == [key]


@pytest.mark.parametrize(
    "text",
    [
        "Amazon company cars are red.",  # a common noun in lower case
        "He saw Amazon.\nInc. is short for it.",  # another sentence
        "He saw Amazon\nCo. and left.",  # another line
        "Georgia Inc. is what they call the state.",  # a state has no legal form
        "Amazon (Inc.) fell.",
    ],
)
def test_other_words_stay_outside(linker, text):
    surfaces = {link.surface for link in linker.link(text, threshold=0.0).links}
    assert surfaces & {"Amazon", "Georgia"}


def test_only_companies_are_extended_and_nothing_within_the_form_is_kept():
    """Offsets by hand: "Amazon Inc. met Georgia Inc."."""
    passages = FoldedTexts(["Amazon Inc. met Georgia Inc."])
    start = np.array([0, 0, 7, 16, 24])  # Amazon (company), Amazon (river), Inc., Georgia, Inc.
    end = np.array([6, 6, 11, 23, 28])
    company = np.array([True, False, True, False, True])
    ends, kept = include_legal_forms(passages, start, end, company)
    assert kept.tolist() == [True, False, False, True, True]
    assert ends[kept].tolist() == [11, 23, 28]


def test_the_spans_of_a_passage_do_not_reach_into_the_next():
    passages = FoldedTexts(["We like Amazon", "Inc. is short."])
    ends, kept = include_legal_forms(passages, np.array([8]), np.array([14]), np.array([True]))
    assert (ends.tolist(), kept.tolist()) == ([14], [True])


def test_an_alias_is_known_without_its_legal_form():
    forms = dict(forms_of(RECORDS[3], class_of(RECORDS[3])))
    assert forms["Wal-Mart Stores"] == Kind.ALIAS
    bank = EntityRecord(key="JPM", label="JPMorgan Chase & Co.", description="bank")
    assert dict(forms_of(bank, class_of(bank)))["JPMorgan Chase"] == Kind.ALIAS
    shop = EntityRecord(key="L", label="L Brands", aliases=("The Limited",), description="company")
    assert "The" not in dict(forms_of(shop, class_of(shop)))
    county = EntityRecord(
        key="C", label="Marshall County", aliases=("Marshall Co.",), description="county of Alabama"
    )
    assert "Marshall" not in {
        form for form, kind in forms_of(county, class_of(county)) if kind == Kind.ALIAS
    }


def test_a_campus_is_known_however_its_place_is_joined():
    campus = EntityRecord(key="UCSD", label="University of California, San Diego")
    forms = {form for form, _ in forms_of(campus, class_of(campus))}
    assert {
        "University of California at San Diego",
        "University of California San Diego",
        "University of California-San Diego",
    } <= forms
    town = EntityRecord(key="A", label="Athens, Ohio")
    assert "Athens Ohio" not in {form for form, _ in forms_of(town, class_of(town))}
