"""The map on the page: drawn, walked by keys, saved as files; and views that the user saves."""

import struct
import zlib
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from benchmarks.answers_parts.load import serve_workspace
from kg import EntityRecord
from kptm import Workspace

expect = pytest.importorskip("playwright.sync_api").expect
SVG = "{http://www.w3.org/2000/svg}"
NODES = 300


@pytest.fixture(scope="module")
def tree_url(tmp_path_factory):
    """A server of a tree of 300 nodes, in which each node has three children."""
    folder = tmp_path_factory.mktemp("map") / "tree"
    with Workspace.init(folder) as ws:
        ws.graph.add(EntityRecord(key=f"n{at}", label=f"Node {at}") for at in range(NODES))
        ws.graph.add([(f"n{at}", "child of", f"n{(at - 1) // 3}") for at in range(1, NODES)])
    with serve_workspace(folder) as found:
        yield found


def settled(page):
    canvas = page.locator("canvas[data-settled]")
    canvas.wait_for()
    return canvas


def saved_file(page, name, folder):
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_arrow_keys_walk_and_enter_puts_a_node_in_the_middle(look, tree_url):
    with look(tree_url, "graph", key="n1", hops="map") as page:
        canvas = settled(page)
        expect(page.get_by_role("status").filter(has_text="300 nodes, 299 facts.")).to_be_visible()
        canvas.focus()
        page.keyboard.press("ArrowRight")  # nothing is selected yet, so that the middle is
        expect(page.locator("#map-status")).to_have_text("Node 1: 4 facts")
        page.keyboard.press("ArrowRight")
        expect(page.locator("#map-status")).not_to_contain_text("Node 1:")
        there = page.locator("#map-status").inner_text().partition(":")[0]
        expect(page.locator(".map-beside").get_by_role("heading", name=there)).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("#graph-picker-input")).to_have_value(there)
        assert f"key={there.replace('Node ', 'n')}&hops=map" in page.url


def test_the_svg_file_has_every_node_and_the_same_places_each_time(look, tree_url, tmp_path):
    files = []
    for at in range(2):
        with look(tree_url, "graph", hops="map") as page:
            settled(page)
            folder = tmp_path / str(at)
            folder.mkdir()
            files.append(saved_file(page, "Save as SVG", folder).read_bytes())
    assert files[0] == files[1]
    picture = ET.fromstring(files[0])
    titles = Counter(node.findtext(f"{SVG}title") for node in picture.iter(f"{SVG}circle"))
    assert titles == Counter(f"Node {at}" for at in range(NODES))
    lines = "".join(path.get("d") for path in picture.iter(f"{SVG}path"))
    assert lines.count("M") == NODES - 1


def pixels(path):
    """The size of a PNG file, and whether its rows have more than one colour."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    size = struct.unpack(">II", data[16:24])
    rows, at = b"", 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            rows += data[at + 8 : at + 8 + length]
        at += 12 + length
    return size, len(set(zlib.decompress(rows))) > 10


@pytest.mark.parametrize("hops", ["", "map"])
def test_the_png_file_is_a_picture_of_twice_the_size(look, tree_url, tmp_path, hops):
    with look(tree_url, "graph", key="n1", hops=hops) as page:
        frame = settled(page) if hops else page.locator(".frame svg")
        frame.wait_for()
        box = frame.bounding_box()
        path = saved_file(page, "Save as PNG", tmp_path)
    assert path.name == "Node-1.png"
    size, drawn = pixels(path)
    assert size == (pytest.approx(2 * box["width"], abs=3), pytest.approx(2 * box["height"], abs=3))
    assert drawn


def test_the_svg_file_of_a_neighbourhood_needs_no_stylesheet(look, tree_url, tmp_path):
    with look(tree_url, "graph", key="n1") as page:
        page.locator(".frame svg").wait_for()
        path = saved_file(page, "Save as SVG", tmp_path)
    picture = ET.parse(path).getroot()
    texts = {"".join(node.itertext()) for node in picture.iter(f"{SVG}text")}
    assert {"Node 0", "Node 1", "Node 4", "Node 5", "Node 6"} <= texts
    assert all(node.get("fill").startswith("rgb") for node in picture.iter(f"{SVG}text"))
    assert not any(node.get("class") for node in picture.iter())


def test_a_saved_view_is_there_after_a_reload_until_it_is_removed(look, tree_url):
    with look(tree_url, "graph", key="n2", hops="2") as page:
        saved = page.locator("#saved")
        saved.locator("summary").click()
        page.get_by_label("Name of this view").fill("Second <b>node</b>")
        page.get_by_role("button", name="Save this view").click()
        expect(saved.get_by_role("status")).to_contain_text("Saved: Second <b>node</b>")
        page.goto(f"{tree_url}#/ask")
        page.reload()
        saved.locator("summary").click()
        saved.get_by_role("link", name="Second <b>node</b>").click()
        expect(page.locator("#graph-picker-input")).to_have_value("Node 2")
        expect(page.get_by_label("2 hops")).to_be_checked()
        expect(page.locator("#saved-list")).to_be_hidden()
        saved.locator("summary").click()
        page.get_by_role("button", name="Remove Second").click()
        expect(saved).to_contain_text("No view has been saved yet.")
        page.keyboard.press("Escape")
        expect(saved.locator("summary")).to_be_focused()


def test_views_are_listed_if_the_menu_is_opened_before_its_script_is_loaded(look, tree_url):
    with look(tree_url, "ask") as page:
        stored = '[{"name": "Mine", "hash": "#/history"}]'
        page.evaluate("(text) => localStorage.setItem('kptm-saved-tree', text)", stored)
        waiting = []
        page.route("**/saved.js*", lambda route: waiting.append(route))
        page.reload(wait_until="commit")
        page.locator("#saved summary").click()
        expect(page.locator("#saved")).to_have_attribute("open", "")
        page.get_by_label("Name of this view").fill("Typed early")
        page.wait_for_timeout(100)  # lets the request arrive
        assert waiting
        waiting[0].continue_()
        expect(page.locator("#saved").get_by_role("link", name="Mine")).to_be_visible()
        expect(page.get_by_label("Name of this view")).to_have_value("Typed early")
        page.evaluate("localStorage.clear()")


@pytest.mark.parametrize("stored", ["{", "[1, null]", '[{"name": "x", "hash": "https://a.b"}]'])
def test_damaged_saved_views_are_no_error(look, tree_url, stored):
    with look(tree_url, "ask") as page:
        page.evaluate("(text) => localStorage.setItem('kptm-saved-tree', text)", stored)
        page.locator("#saved summary").click()
        expect(page.locator("#saved")).to_contain_text("No view has been saved yet.")
        page.evaluate("localStorage.clear()")


def test_an_empty_graph_says_what_to_do(look, tmp_path):
    Workspace.init(tmp_path / "ws").close()
    with serve_workspace(tmp_path / "ws") as url, look(url, "ask") as page:
        expect(page.locator("#ask-examples")).to_contain_text("kptm load my/ facts.tsv")
        hints = {
            "graph?hops=map": "kptm load",
            "history": "kptm load",
            "review": "kptm extract",
            "graph": "map of the whole graph",
        }
        for view, words in hints.items():
            page.goto(f"{url}#/{view}")
            expect(page.locator("section:not([hidden]) .result")).to_contain_text(words)
