"""The questions of helps.py: T-REx's facts in four groups, by what holds them.

| group | text | graph and vectors | store |
|---|---|---|---|
| known | A facts | A and B facts | A facts |
| told | no | no | two thirds of the C facts, in the phrasings that are read |
| unknown | no | no | no: the other third of C |
| outside | no | no: heads that the study has never seen | no |

All are asked in the third phrasing, which occurs in no text and no row of the store. A hash splits
each group in half: one half to fit λ, T, edges, thresholds and calibration, one to measure.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from kptm.evaluation.fusion.fact_probing import make_probes
from kptm.evaluation.fusion.fusion_study import FusionStudy
from kptm.evaluation.fusion.study_facts import choose_asked, draw, read_facts, read_patterns, say

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "trex"
FACTS, PATTERNS = DATA / "facts.jsonl.gz", DATA / "patterns.jsonl.gz"
ASKED = "3"
TOLD = 2 / 3
GROUPS = ("known", "told", "unknown", "outside")


@dataclass(frozen=True)
class Asked:
    """A probe, its group, and whether it belongs to the half that is fitted on."""

    probe: object
    group: str
    fits: bool


@dataclass(frozen=True)
class Setting:
    """What all seeds share: study, questions, texts, and each text's relation and head."""

    study: FusionStudy
    asked: list[Asked]
    told_texts: list
    relation_of: dict


def read(options) -> Setting:
    study = FusionStudy.read(FACTS, PATTERNS, ASKED, steps=options.steps, limit=options.limit)
    phrasings, asked_in = choose_asked(read_patterns(PATTERNS), ASKED)
    told = [fact for fact in study.facts if fact[3] == "C" and is_told(fact)]
    known = [probe for probe in study.probes if probe.split in "AB"]
    groups = {
        "known": sample_by_hash([x for x in known if x.split == "A"], options.known)
        + sample_by_hash([x for x in known if x.split == "B"], options.known),
        "told": [x for x in study.probes if x.split == "C" and is_told((x.head, x.relation))],
        "unknown": [
            x for x in study.probes if x.split == "C" and not is_told((x.head, x.relation))
        ],
        "outside": sample_by_hash(unseen_head_probes(study, asked_in), options.outside),
    }
    asked = [
        Asked(probe, group, draw("half", probe.head, probe.relation) < 0.5)
        for group, probes in groups.items()
        for probe in probes
    ]
    # The told facts are phrased like those of the texts: in all phrasings but the one that is
    # asked in.
    told_texts = say([(*fact[:3], "A") for fact in told], phrasings)
    relation_of = {}
    for fact in study.facts:
        for text in say([(*fact[:3], "A")], phrasings):
            relation_of[text.text] = (fact[1], fact[0])
    return Setting(study, asked, told_texts, relation_of)


def is_told(fact) -> bool:
    """Whether a fact is told: decided by head and relation, so that their objects stay together."""
    return draw("told", fact[0], fact[1]) < TOLD


def sample_by_hash(probes, count):
    """At most `count` of the probes, chosen by hash."""
    order = sorted(probes, key=lambda x: draw("thin", x.head, x.relation, x.answer))
    return order[:count]


def unseen_head_probes(study, patterns):
    """Questions on facts past the limit, with heads new to the study and the study's candidates."""
    seen = {record.key for record in study.entities}
    facts = [
        (head, relation, tail, "O")
        for head, relation, tail, _ in read_facts(FACTS)
        if head not in seen and relation in patterns
    ]
    labels = {end: end for fact in (*study.facts, *facts) for end in (fact[0], fact[2])}
    known = {probe.relation: set() for probe in study.probes}
    for probe in study.probes:
        known[probe.relation].update(probe.candidates)
    # The right value is a candidate only if the study knows it; otherwise only "unknown" is right.
    return [
        replace(probe, candidates=tuple(sorted(known[probe.relation] - {probe.head})))
        for probe in make_probes([*study.facts, *facts], patterns, labels)
        if probe.split == "O" and probe.relation in known
    ]
