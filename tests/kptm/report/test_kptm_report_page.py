import re
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace

import pytest

from kg.types import Candidate
from kptm.linking.document import LinkedText
from kptm.linking.link import Link
from kptm.pretraining.pretrain_report import LossPoint
from kptm.report import AnswerView, Estimate, MapPoint, Neighbourhood, Report, render, write

EVIL = "<script>alert('x')</script>\"' onload=\"alert(1)&lt;--></style></title>"
EMPTY = Report(
    title="",
    intro="",
    stats={},
    stages=(),
    linked=(),
    labels={},
    curves={},
    embedding_losses=(),
    arms={},
    splits={},
    points=(),
    neighbourhood=Neighbourhood(centre="", triples=()),
    answers=(),
    edit=None,
    edit_note="",
)


def hostile():
    """A report in which every string is hostile and names its own place."""

    def evil(place):
        return f"{EVIL}{place}"

    def answer(place):
        return AnswerView(
            question=evil(place) + " [MASK]",
            answer=evil(f"{place}-answer"),
            score=0.5,
            evidence=(evil(f"{place}-evidence"),),
        )

    surface = evil("surface")
    link = Link(0, len(surface), surface, evil("key"), 0.5, (Candidate(evil("candidate"), 0.5),))
    unlabelled = Link(0, 1, "x", evil("bare-key"))
    estimate = Estimate(mean=0.5, low=0.4, high=0.6, count=3)
    points = (LossPoint(1, 2.0, 1.0, 1.0), LossPoint(2, 1.0, 0.5, 0.5))
    return Report(
        title=evil("title"),
        intro=evil("intro"),
        stats={evil("stat"): 3},
        stages=((evil("stage"), 1.5),),
        linked=(
            LinkedText(surface + evil("rest"), (link,)),
            LinkedText("x", (unlabelled,)),
        ),
        labels={evil("key"): f"{evil('label')} — {evil('description')}"},
        curves={evil("arm"): points, evil("arm2"): points},
        embedding_losses=(2.0, 1.0),
        arms={evil("arm"): {evil("split"): estimate}},
        splits={evil("split"): evil("meaning")},
        points=tuple(
            MapPoint(label=evil(f"point{i}"), group=evil(f"group{i % 2}"), x=i, y=i * i)
            for i in range(9)
        ),
        neighbourhood=Neighbourhood(
            centre=evil("centre"), triples=((evil("centre"), evil("relation"), evil("tail")),)
        ),
        answers=(answer("question"),),
        edit=(answer("before"), answer("after")),
        edit_note=evil("note"),
    )


def test_page_is_balanced(report, parse):
    assert parse(render(report)).errors == []


def test_hostile_strings_stay_text(parse):
    page = parse(render(hostile()))
    assert page.errors == []
    assert not page.find("script")
    assert not [a for _, attributes, _ in page.elements for a in attributes if a.startswith("on")]
    places = (
        "title intro stat stage surface rest label description candidate bare-key arm arm2 split "
        "meaning point0 group0 group1 centre relation tail question question-answer "
        "question-evidence before before-answer after after-evidence note"
    )
    for place in places.split():
        assert EVIL + place in page.said, place


def test_same_elements_whatever_the_words(parse):
    """Hostile strings add no element: the page has the tags it has with harmless ones."""

    def harmless(value):
        if isinstance(value, str):
            return value.replace(EVIL, "e" * len(EVIL))
        if isinstance(value, tuple):
            return tuple(map(harmless, value))
        if isinstance(value, dict):
            return {harmless(key): harmless(inner) for key, inner in value.items()}
        if is_dataclass(value):
            return type(value)(**{f.name: harmless(getattr(value, f.name)) for f in fields(value)})
        return value

    pages = [parse(render(report)) for report in (hostile(), harmless(hostile()))]
    # How many words fit into a drawing depends on their width.
    one, two = ([e[0] for e in page.elements if e[0] != "text"] for page in pages)
    assert one == two


def test_every_field_appears(report, parse):
    said = parse(render(report)).said
    expected = [report.title, report.intro, report.edit_note, report.neighbourhood.centre]
    expected += [*report.stats, *(f"{value:,}" for value in report.stats.values())]
    expected += [name for name, _ in report.stages] + ["0.62 s", "2 min 28 s"]
    expected += [document.text for document in report.linked]
    expected += [link.surface for document in report.linked for link in document.links]
    expected += [part for label in report.labels.values() for part in label.split(" — ")]
    expected += [*report.curves, *report.arms, *report.splits, *report.splits.values()]
    expected += ["95%: 59.0% to 65.5%, n = 5", "62.0%"]
    expected += [f"{p.label} — {p.group}" for p in report.points]
    expected += [part for triple in report.neighbourhood.triples for part in triple]
    for view in (*report.answers, *report.edit):
        expected += [view.question, view.answer, *view.evidence]
        expected += [f"{view.score:.2f}"] if view.score is not None else []
    assert [text for text in expected if text not in said] == []
    assert len(parse(render(report)).find("path", "curve")) > len(report.curves) * 3


def test_nothing_is_fetched(report, parse):
    source = render(report)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", source)
    for tag, attributes, _ in parse(source).elements:
        assert tag not in {"script", "img", "iframe", "object", "embed", "base", "form"}
        assert "src" not in attributes
        assert attributes.get("href", "data:,") == "data:,"


def test_same_report_same_bytes(report):
    assert render(report) == render(replace(report))


@pytest.mark.usefixtures("separate_process")
def test_same_bytes_in_another_process(report, tmp_path):
    """The page does not depend on the order of sets, which differs between processes."""
    code = (
        "import hashlib; from kptm.report import *; from kptm.report.drawings.network import"
        " network; facts = tuple((f'e{i}', f'r{i % 7}', f'e{i * i % 11}') for i in range(25)); "
        "n = network(Neighbourhood(centre='e1', triples=facts)); "
        "print(hashlib.sha256(n.encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_empty_report(parse):
    page = parse(render(EMPTY))
    assert page.errors == []
    assert not page.find("section")


@pytest.mark.usefixtures("many_inputs")
@pytest.mark.parametrize("field", [f.name for f in fields(Report) if f.name not in {"title"}])
def test_any_part_may_be_empty(report, parse, field):
    assert parse(render(replace(report, **{field: getattr(EMPTY, field)}))).errors == []


def test_values_that_are_not_finite(report, parse):
    nan, inf = float("nan"), float("inf")
    page = render(
        replace(
            report,
            curves={"a": (LossPoint(1, nan, nan, 1.0), LossPoint(2, inf, 1.0, nan)), "b": ()},
            embedding_losses=(nan, 1.0, inf),
            arms={
                "a": {"A": Estimate(mean=nan, low=nan, high=nan, count=0)},
                "b": {"A": Estimate(mean=0.2, low=nan, high=inf, count=1)},
            },
            points=(MapPoint(label="lost", group="g", x=nan, y=0), *report.points[:3]),
            answers=(replace(report.answers[0], score=nan),),
        )
    )
    assert parse(page).errors == []
    drawn = re.findall(r' (?:d|x|y|cx|cy|width|height|viewBox)="([^"]*)"', page)
    assert not [value for value in drawn if "nan" in value or "inf" in value]


def test_write_leaves_the_whole_page_or_nothing(report, tmp_path, monkeypatch):
    path = tmp_path / "new" / "report.html"
    assert write(report, str(path)) == path
    assert path.read_text(encoding="utf-8") == render(report)
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError))
    with pytest.raises(OSError):  # noqa: PT011
        write(EMPTY, path)
    assert path.read_text(encoding="utf-8") == render(report)
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_write_survives_lone_surrogates(tmp_path):
    path = write(replace(EMPTY, title="half \ud83d"), tmp_path / "r.html")
    assert "half &#55357;" in path.read_text(encoding="utf-8")


def test_import_is_light():
    code = (
        "import sys, kptm.report; "
        "print([m for m in ('torch', 'sklearn', 'networkx', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
