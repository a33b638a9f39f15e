"""Whether a question names the head or the tail of a relation, for each form of a label."""

import pytest

from kptm.answering.questions.word_order import Form, names_head, relation_form

FORMS = {
    "capital": Form.NOUN,
    "national animal": Form.NOUN,
    "year of discovery": Form.NOUN,
    "mother of": Form.NOUN_OF,
    "partOf": Form.NOUN_OF,
    "discovered by": Form.PASSIVE,
    "written_by": Form.PASSIVE,
    "invaded": Form.VERB,
    "borders": Form.VERB,
    "flows into": Form.VERB,
    "": Form.NOUN,
}
SIDES = [
    # question, name, label of the relation, whether the name is the head
    ("who invaded Germany", "Germany", "invaded", False),
    ("who did Germany invade", "Germany", "invaded", True),
    ("which countries did Germany invade", "Germany", "invaded", True),
    ("who was Poland invaded by", "Poland", "invaded", False),
    ("who was invaded by Germany", "Germany", "invaded", True),
    ("what does curl suggest", "curl", "suggests", True),
    ("what suggests curl", "curl", "suggests", False),
    ("what does Lake Chad flow into", "Lake Chad", "flows into", True),
    ("what flows into Lake Chad", "Lake Chad", "flows into", False),
    ("which packages conflict with exim4", "exim4", "conflicts with", False),
    ("who is the mother of Eve", "Eve", "mother of", False),
    ("who is Eve the mother of", "Eve", "mother of", True),
    ("who is the mother of Ann", "Ann", "mother", True),
    ("who is Eve the mother of", "Eve", "mother", False),
    ("who discovered Oxygen", "Oxygen", "discovered by", True),
    ("what did Priestley discover", "Priestley", "discovered by", False),
    ("what was discovered by Priestley", "Priestley", "discovered by", False),
    ("where was Oxygen discovered", "Oxygen", "discovered in", True),
    ("who directed Alien", "Alien", "director", True),
    ("what did Scott direct", "Scott", "director", False),
    ("what is the capital of Peru", "Peru", "capital", True),
    ("Peru's capital", "Peru", "capital", True),
    ("Peru capital", "Peru", "capital", True),
    ("Lima is the capital of which country", "Lima", "capital", False),
    ("which subregion is Japan in", "Japan", "subregion", True),
    ("what provinces does Canada have", "Canada", "province", True),
    ("the country whose capital is Vienna", "Vienna", "capital", False),
    ("which country has the calling code 81", "81", "calling code", False),
    ("which elements that Curie discovered", "Curie", "discovered by", False),
    ("Curie, the chemist, discovered the element", "Curie", "discovered by", False),
    ("who wrote the films that Scott directed", "Scott", "directed by", False),
    ("who is the writer of the films that Scott directed", "Scott", "directed by", False),
    ("who is listed as writer of Scott directed films", "Scott", "directed by", False),
    ("Scott directed movies together with whom", "Scott", "directed by", False),
    ("Priestley discovered gases in which year", "Priestley", "discovered by", False),
    ("Oxygen discovered when", "Oxygen", "discovered by", True),
    ("by whom was the element Oxygen discovered", "Oxygen", "discovered by", True),
    ("who was the film Alien directed by", "Alien", "directed by", True),
    ("of which elements was Ramsay the discoverer", "Ramsay", "discovered by", False),
    ("what has Scott directed", "Scott", "director", False),
    ("Jupiter is orbited by which moons", "Jupiter", "orbits", False),
    ("Jordan lies in the region of which", "Jordan", "region", True),
    ("Cadiz in Spain is the capital of which region", "Cadiz in Spain", "capital", False),
    ("which country has Guarani as an official language", "Guarani", "official language", False),
    ("who likes Peru", "Peru", "capital", None),
    ("which language is spoken in Peru", "Peru", "language", None),
]


@pytest.mark.parametrize(("label", "form"), FORMS.items())
def test_a_label_has_a_form(label, form):
    assert relation_form(label).form is form


@pytest.mark.parametrize(("question", "name", "label", "head"), SIDES)
def test_word_order_decides_between_head_and_tail(question, name, label, head):
    start = question.index(name)
    assert names_head(question, start, start + len(name), label) is head
