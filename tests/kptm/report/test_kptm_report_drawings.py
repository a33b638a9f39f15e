import re
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from kptm.linking.document import LinkedText
from kptm.report import Estimate, MapPoint, Neighbourhood, project
from kptm.report.drawings.bars import arm_bars
from kptm.report.drawings.figure import arm_figure
from kptm.report.drawings.label_placement import apart
from kptm.report.drawings.loss_curves import line_chart
from kptm.report.drawings.network import layout, nearest, network
from kptm.report.drawings.palette import DARK, DARK_SLOTS, GREY, LIGHT, LIGHT_SLOTS, slots
from kptm.report.drawings.scale import ticks
from kptm.report.drawings.vector_map import dots, group_slots, scatter
from kptm.report.opening import duration, timeline
from kptm.report.text_section import entity_slots

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(colour):
    part = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def contrast(one, two):
    """WCAG 2.2: relative luminances with 0.05 of stray light."""
    dark, light = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, two))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb):
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(("tones", "colours"), [(LIGHT, LIGHT_SLOTS), (DARK, DARK_SLOTS)])
def test_contrast(tones, colours):
    for paper in (tones["paper"], tones["card"]):
        assert min(contrast(colour, paper) for colour in colours) >= 3
        assert contrast(tones["muted"], paper) >= 4.5
        assert contrast(tones["ink"], paper) >= 7


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("colours", [LIGHT_SLOTS, DARK_SLOTS])
def test_colours_can_be_told_apart(colours, blindness):
    seen = [lab(BLINDNESS[blindness] @ linear(colour)) for colour in colours]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 12
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen[:5], 2)) > 20


def test_slots_after_the_ninth_are_grey():
    assert list(slots("abcdefghijk").values()) == [0, 1, 2, 3, 4, 5, 6, 7, 8, GREY, GREY]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (0.1, 0.93, [0, 0.25, 0.5, 0.75, 1]),
        (2.1, 14.2, [0, 5, 10, 15]),
        (3, 3, [2.5, 2.75, 3, 3.25, 3.5]),
    ],
)
def test_ticks(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected)


def test_bars_are_as_long_as_their_values(report, parse):
    page = parse(arm_bars(report.arms, report.splits, slots(report.arms)))
    widths = [float(attributes["width"]) for attributes, _ in page.find("rect", "bar")]
    means = [report.arms[arm][split].mean for split in report.splits for arm in report.arms]
    assert widths == pytest.approx([m * widths[0] / means[0] for m in means], abs=0.02)
    unit = widths[0] / means[0]
    for attributes, _ in page.find("path", "whisker"):
        start, _, end = map(float, re.match(r"M(\S+) (\S+)H([\d.]+)", attributes["d"]).groups())
        assert (end - start) / unit == pytest.approx(0.065, abs=0.15 / unit * 2)


def test_a_figure_stands_alone(report):
    drawn = ET.fromstring(arm_figure(report.arms, report.splits, slots(report.arms)))
    name = "{http://www.w3.org/2000/svg}"
    assert drawn.tag == f"{name}svg"
    bars = [x for x in drawn.iter(f"{name}rect") if x.get("class") == "bar"]
    page = arm_bars(report.arms, report.splits, slots(report.arms))
    assert [bar.get("width") for bar in bars] == re.findall(r'class="bar".*?width="(.*?)"', page)
    assert len(bars) == len(report.arms) * len(report.splits)
    ends = [float(x.get("transform").split()[1][:-1]) for x in drawn.iter(f"{name}g")
            if x.get("transform")]  # fmt: skip
    assert ends == sorted(ends)
    assert ends[-1] < float(drawn.get("height"))
    text = ET.tostring(drawn, encoding="unicode")
    assert not re.search(r"href|url\(|<script", text)
    for used in set(re.findall(r"var\(--([a-z0-9]+)\)", text)):
        assert f"--{used}:" in text
    assert arm_figure({}, {}, {}) == ""


def test_bold_only_where_the_interval_is_clear_of_all_others(parse):
    def bold(*intervals):
        arms = {
            str(i): {"A": Estimate(mean=(low + high) / 2, low=low, high=high, count=5)}
            for i, (low, high) in enumerate(intervals)
        }
        return len(parse(arm_bars(arms, {}, slots(arms))).find("text", "clear"))

    assert bold((0.5, 0.6), (0.1, 0.2)) == 1
    assert bold((0.5, 0.6), (0.1, 0.51)) == 0
    assert bold((0.5, 0.6)) == 0


def test_lines_follow_their_values(parse):
    series = {"a": [(0, 0.0), (5, 10.0), (10, 5.0)], "b": [(0, 10.0), (10, 0.0)]}
    page = parse(line_chart("loss", series, slots(series), "step"))
    paths = [a["d"] for a, _ in page.find("path", "curve")]
    a, b = ([tuple(map(float, p.split())) for p in d[1:].split("L")] for d in paths)
    assert a[0][1] == b[1][1] > a[2][1] > a[1][1] == b[0][1]
    assert a[2][1] == pytest.approx((a[0][1] + a[1][1]) / 2, abs=0.1)
    assert a[1][0] == pytest.approx((a[0][0] + a[2][0]) / 2, abs=0.1)


def test_labels_at_line_ends_keep_apart():
    placed = apart({"a": 100, "b": 101, "c": 101, "d": 235}, 15, 10, 236)
    heights = [placed[name] for name in "abcd"]
    assert heights == sorted(heights)
    assert min(b - a for a, b in pairwise(heights)) > 14.9
    assert apart({}, 15, 10, 236) == {}


def test_dots_keep_proportions():
    points = [MapPoint(label=str(i), group="g", x=x, y=y) for i, (x, y) in enumerate(GRID)]
    placed = {dot.label: dot for dot in dots(points, 400, 200)}
    assert [placed[str(i)].x for i in range(3)] == pytest.approx([14, 200, 386])
    assert [placed[str(i)].y for i in range(3)] == pytest.approx([186, 14, 57])


GRID = [(-2.0, 0.0), (0.0, 4.0), (2.0, 3.0)]


def test_large_groups_have_colours_and_the_rest_is_grey(report, parse):
    sizes = {g: sum(p.group == g for p in report.points) for g in group_slots(report.points)}
    left = {p.group for p in report.points} - set(sizes)
    assert len(sizes) == 9
    assert max(sum(p.group == g for p in report.points) for g in left) <= min(sizes.values())
    page = parse(scatter(report.points))
    assert len(page.find("g", "dot")) == len(report.points)
    assert len(page.find("g", "c9")) == sum(p.group in left for p in report.points)
    assert len(page.find("li", "key")) == 10


def test_the_legend_has_the_colours_of_the_dots_if_a_point_is_not_finite(parse):
    groups = ["lost", "lost", "lost", "large", "large", "small"]  # "lost" has no dot
    points = [
        MapPoint(label=str(i), group=group, x=float("nan") if group == "lost" else i, y=i % 2)
        for i, group in enumerate(groups)
    ]
    page = parse(scatter(points))
    entries = {name: attributes["class"].split()[1] for attributes, name in page.find("li", "key")}
    marks = {
        name.split(" — ")[1]: attributes["class"].split()[2]
        for attributes, name in page.find("g", "dot")
    }
    assert entries == marks == {"large": "c0", "small": "c1"}


def test_map_labels_do_not_overlap(report, parse):
    spots = []
    for attributes, label in parse(scatter(report.points)).find("text", "place"):
        x, y, width = float(attributes["x"]), float(attributes["y"]), 7.5 * len(label)
        left = {"start": x, "middle": x - width / 2, "end": x - width}[attributes["text-anchor"]]
        spots.append((left, left + width, y))
    assert 9 <= len(spots) <= 30
    for one, two in combinations(spots, 2):
        assert one[1] <= two[0] or two[1] <= one[0] or abs(one[2] - two[2]) >= 14


def test_projection_keeps_clusters_and_repeats():
    noise = np.random.default_rng(3)
    centres = noise.normal(size=(4, 24))
    table = np.repeat(centres, 15, 0) + noise.normal(size=(60, 24)) * 0.1
    places = project(table.astype("float32"), seed=1)
    assert places == project(table.astype("float32"), seed=1)
    xy = np.array(places).reshape(4, 15, 2)
    inside = np.linalg.norm(xy - xy.mean(1, keepdims=True), axis=-1).max()
    middles = xy.mean(1)
    assert min(np.linalg.norm(a - b) for a, b in combinations(middles, 2)) > inside


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (2, 4), (5, 1), (9, 2), (12, 3)])
def test_projection_of_small_tables(shape):
    table = np.random.default_rng(0).normal(size=shape)
    assert np.isfinite(np.array(project(table))).all()
    assert len(project(np.ones(shape))) == len(project(np.zeros(shape))) == shape[0]
    assert len(project(np.full(shape, np.nan))) == shape[0]


@pytest.mark.parametrize("width", [960.0, 400.0])
def test_names_in_the_network_do_not_overlap(report, width):
    here = report.neighbourhood
    boxes, height = layout(here.centre, nearest(here.centre, here.triples, 20), width)
    assert not [pair for pair in combinations(boxes.values(), 2) if pair[0].hits(pair[1])]
    assert all(box.within(width, height) for box in boxes.values())


def test_nearest_moves_step_by_step():
    triples = [("c", "r", "d"), ("a", "r", "b"), ("b", "r", "c"), ("x", "r", "y"), ("a", "s", "b")]
    assert nearest("a", triples, 2) == [("a", "r", "b"), ("a", "s", "b")]
    assert nearest("a", triples, 3) == [("a", "r", "b"), ("b", "r", "c"), ("a", "s", "b")]
    assert nearest("a", triples, 99) == triples


def test_a_network_shows_every_fact_and_merges_both_directions(parse):
    triples = (("a", "r", "b"), ("b", "s", "a"), ("a", "t", "a"), ("a", "r", "b"))
    page = parse(network(Neighbourhood(centre="a", triples=triples)))
    said = [title for _, title in page.find("title")]
    assert said.count("a — r — b; b — s — a") == 2  # wide and narrow
    assert [text for _, text in page.find("td")] == ["a", "r", "b", "b", "s", "a", "a", "t", "a"]


def test_entities_of_one_name_or_one_text_differ_in_colour(report):
    found = entity_slots(report.linked)
    assert found["Georgia_(country)"] != found["Georgia_(U.S._state)"]
    for document in report.linked:
        here = document.entities()
        assert len({found[entity] for entity in here}) == len(here)
    many = LinkedText.from_spans("abcdefghijklm", [(i, i + 1, f"e{i}") for i in range(13)])
    assert set(entity_slots([many]).values()) == set(range(9))


def test_timeline_adds_up(parse):
    stages = [("a", 1.0), ("b", 3.0), ("c", 0.0)]
    styles = [attributes["style"] for attributes, _ in parse(timeline(stages)).find("i")]
    assert styles == [
        "left:0.00%;width:25.00%",
        "left:25.00%;width:75.00%",
        "left:100.00%;width:0.00%",
    ]
    assert "left:0.00%;width:0.00%" in timeline([("none", 0.0)])


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.42, "0.42 s"), (9.96, "10 s"), (37.2, "37 s"), (125.4, "2 min 5 s"), (0, "0 s")],
)
def test_duration(seconds, said):
    assert duration(seconds) == said
