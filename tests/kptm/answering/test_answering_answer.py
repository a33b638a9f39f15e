"""The properties of an answer, and its JSON form."""

import json

from kg.programs import Follow, Named
from kg.types import Step
from kptm.answering import Answer, NearReading, WordMeaning

PROGRAM = Follow(Named(("state:texas",)), Step("P36"))
LABELS = {"state:texas": "Texas", "P36": "capital"}


def test_an_expression_is_the_program_with_labels():
    answer = Answer(question="capital of texas", labels=LABELS, program=PROGRAM)
    assert answer.expression == "Texas.capital"
    assert Answer(question="?").expression == ""


def test_programs_are_expressions_in_json():
    answer = Answer(
        question="capital of texas now",
        labels=LABELS,
        readings=(NearReading(PROGRAM, 0.4, ("now",)),),
        unexplained=("now",),
        meanings=(WordMeaning(11, 16, "texas", "entity", "state:texas"),),
    )
    found = json.loads(json.dumps(answer.to_dict()))
    assert found["readings"] == [
        {"expression": "Texas.capital", "score": 0.4, "unexplained": ["now"]}
    ]
    assert found["unexplained"] == ["now"]
    assert found["expression"] == ""
    assert "program" not in found
    assert found["meanings"][0]["means"] == "state:texas"
