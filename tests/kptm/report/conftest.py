import math
import random
from html.parser import HTMLParser

import pytest

from kg.types import Candidate
from kptm.linking.document import LinkedText
from kptm.linking.link import Link
from kptm.pretraining.pretrain_report import LossPoint
from kptm.report import AnswerView, Estimate, MapPoint, Neighbourhood, Report

ARMS = {"aligned": 0.62, "permuted": 0.12, "random": 0.11, "zero": 0.13, "no knowledge": 0.12}
GROUPS = (
    "city",
    "country",
    "river",
    "person",
    "mountain",
    "language",
    "album",
    "company",
    "lake",
    "island",
    "band",
    "animal",
)
TEXTS = """\
The night train left [Atlanta|Atlanta] and crossed the red [clay|Clay] of \
[Georgia|Georgia_(U.S._state)] before anyone thought of sleeping.
In the courtyards of [Tbilisi|Tbilisi] they will tell you that [Georgia|Georgia_(country)] \
was making wine in [clay|Clay] jars eight thousand years ago.
[Paris|Paris] is dear to anyone who has read [Homer|Homer]; [Paris|Paris_(Trojan)] of \
[Troy|Troy], who carried off a queen, is not.
عاصمة [جورجيا|Georgia_(country)] هي [تبليسي|Tbilisi].
The [Jordan|Jordan_(river)] forms the border of [Jordan|Jordan] before it ends in the \
[Dead Sea|Dead_Sea].
Nothing in this sentence is known.""".splitlines()
LABELS = {
    "Atlanta": "Atlanta — capital and largest city of Georgia in the United States",
    "Clay": "clay — soft earth that hardens in fire",
    "Georgia_(U.S._state)": "Georgia — state in the south of the United States",
    "Georgia_(country)": "Georgia — country in the Caucasus",
    "Tbilisi": "Tbilisi — capital of Georgia",
    "Paris": "Paris — capital of France",
    "Paris_(Trojan)": "Paris — prince of Troy, son of Priam",
    "Homer": "Homer — Greek poet",
    "Jordan": "Jordan — kingdom in the Middle East",
    "Jordan_(river)": "Jordan — river that flows into the Dead Sea",
    "Dead_Sea": "Dead Sea — salt lake, the lowest on Earth",
}
FACTS = """Georgia|capital|Tbilisi;Georgia|largest city|Tbilisi;Georgia|shares border with|Turkey
Turkey|shares border with|Georgia;Georgia|shares border with|Russia
Georgia|shares border with|Armenia;Georgia|shares border with|Azerbaijan
Georgia|currency|Georgian lari;Georgia|official language|Georgian;Georgia|driving side|right
Georgia|highest point|Shkhara;Shkhara|part of|Caucasus;Georgia|member of|Council of Europe
Georgia|member of|United Nations;Joseph Stalin|born in|Georgia;Tbilisi|located in|Georgia
Kura|flows through|Georgia;Kura|flows into|Caspian Sea;Kura|flows through|Tbilisi
Armenia|capital|Yerevan;Turkey|capital|Ankara;Azerbaijan|capital|Baku;Russia|capital|Moscow
Baku|located in|Azerbaijan;Azerbaijan|shares border with|Caspian Sea;Elbrus|part of|Caucasus
Russia|highest point|Elbrus;Armenia|shares border with|Turkey;Russia|member of|United Nations
Georgia|continent|Asia;Azerbaijan|continent|Asia;Armenia|continent|Asia;Batumi|country|Georgia
Kutaisi|country|Georgia;Georgia|named after|Saint George;Turkey|currency|Turkish lira"""


def _linked(marked):
    text, links = "", []
    for i, part in enumerate(marked.replace("]", "[").split("[")):
        surface, _, entity = part.partition("|")
        if i % 2:
            others = (Candidate(entity, 0.8), Candidate("Homer", 0.1))
            start = len(text)
            score = 0.99 - 0.07 * len(links)
            links.append(Link(start, start + len(surface), surface, entity, score, others))
        text += surface
    return LinkedText(text, tuple(links))


def _curve(gain, seed):
    noise = random.Random(seed)
    points = []
    for step in range(10, 1001, 10):
        fall = math.exp(-step / 260)
        words = 2.1 + 4.9 * fall + noise.gauss(0, 0.05)
        entity = 5.2 - gain * 4.5 + (2.2 + gain * 4.5) * fall + noise.gauss(0, 0.07)
        points.append(LossPoint(step, words + entity, words, entity))
    return tuple(points)


def _points():
    noise = random.Random(5)
    points = []
    for i, group in enumerate(GROUPS):
        for island in range(1 + i % 2):
            x, y = 40 * math.cos(i * 2.4 + island), 40 * math.sin(i * 2.4 + island * 2)
            for k in range(90 // (i + 1) + 16):
                label = f"{group.title()} {'abcdefghij'[k % 10] * (k % 7 + 1)} {k}"
                spot = noise.gauss(x, 6), noise.gauss(y, 6)
                points.append(MapPoint(label=label, group=group, x=spot[0], y=spot[1]))
    return points


def _estimates(best):
    shares = {"A": best + 0.25, "B": best, "C": 0.1 + best / 5, "D": best * 0.9}
    return {
        split: Estimate(mean=mean, low=mean - 0.03, high=mean + 0.035, count=5)
        for split, mean in shares.items()
    }


@pytest.fixture
def report():
    before = AnswerView(
        question="The capital of Kazakhstan is [MASK].",
        answer="Astana",
        score=0.91,
        evidence=("Kazakhstan — capital — Astana", "p = 0.88 from the model"),
    )
    after = AnswerView(
        question="The capital of Kazakhstan is [MASK].",
        answer="Almaty",
        score=0.97,
        evidence=("Kazakhstan — capital — Almaty (edited)",),
    )
    return Report(
        title="A graph that a model can read",
        intro="2,115 things and 5,470 facts, learnt as vectors, fused into a small Transformer, "
        "and asked about on one processor core.",
        stats={
            "entities": 2115,
            "relations": 37,
            "facts": 5470,
            "sentences": 11003,
            "links": 31877,
            "modeledge records": 24310,
        },
        stages=(
            ("load", 0.62),
            ("embed", 31.4),
            ("link", 2.3),
            ("pretrain", 148.0),
            ("index", 9.1),
            ("evaluate", 44.0),
            ("ask", 1.9),
        ),
        linked=tuple(map(_linked, TEXTS)),
        labels=LABELS,
        curves={arm: _curve(best, i) for i, (arm, best) in enumerate(ARMS.items())},
        embedding_losses=tuple(0.4 + 5 * math.exp(-i / 12) for i in range(80)),
        arms={arm: _estimates(best) for arm, best in ARMS.items()},
        splits={
            "A": "in the text and in the graph",
            "B": "in the graph only",
            "C": "in neither",
            "D": "edited in the graph after training",
        },
        points=_points(),
        neighbourhood=Neighbourhood(
            centre="Georgia",
            triples=tuple(tuple(fact.split("|")) for fact in FACTS.replace("\n", ";").split(";")),
        ),
        answers=(
            AnswerView(
                question="Georgia, the country in the Caucasus, is governed from [MASK].",
                answer="Tbilisi",
                score=0.94,
                evidence=(
                    "Georgia — capital — Tbilisi, from triples.tsv line 1,204",
                    "“Tbilisi, the capital of Georgia, is the seat of its government.”",
                    "link prediction ranks Tbilisi 1st of 2,115",
                ),
            ),
            AnswerView(
                question="Which countries border Armenia?",
                answer="Turkey, Georgia, Azerbaijan, Iran",
                score=0.78,
                evidence=("Armenia — shares border with — Turkey", "and 3 more facts"),
            ),
            AnswerView(
                question="Who was the first person on Mars?",
                answer="unknown",
                score=None,
                evidence=(),
            ),
            AnswerView(
                question="The Niger reaches the sea in the [MASK].",
                answer="Gulf of Guinea",
                score=0.66,
                evidence=("Niger — flows into — Gulf of Guinea",),
            ),
        ),
        edit=(before, after),
        edit_note="Kazakhstan — capital — Astana becomes Kazakhstan — capital — Almaty",
    )


class Page(HTMLParser):
    """Elements as (tag, attributes, text inside), and whether tags are balanced."""

    VOID = frozenset({"meta", "link"})

    def __init__(self, source):
        super().__init__()
        self.open, self.elements, self.errors = [], [], []
        self.feed(source)
        self.close()
        self.errors += [f"<{tag}> is not closed" for tag, _, _ in self.open]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.errors.append(f"<{tag}> repeats an attribute")
        element = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in self.VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.errors.append(f"</{tag}> closes {self.open[-1:]}")
        else:
            self.open.pop()

    def handle_data(self, data):
        for _, _, inside in self.open:
            inside.append(data)

    def find(self, tag, kind=""):
        return [
            (attributes, "".join(inside))
            for name, attributes, inside in self.elements
            if name == tag and (not kind or kind in attributes.get("class", "").split())
        ]

    @property
    def said(self):
        """All words of the page, in text and in attributes."""
        texts = ["".join(inside) for tag, _, inside in self.elements if tag in {"body", "title"}]
        values = [v for _, attributes, _ in self.elements for v in attributes.values() if v]
        return "\n".join([*texts, *values])


@pytest.fixture
def parse():
    return Page
