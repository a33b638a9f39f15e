"""sync proposes the facts of new texts, and withdraws those of texts that are gone."""

from invented_countries import CITIES, COUNTRIES, KNOWN, texts_of


def test_deleting_a_text_withdraws_its_facts(ws, tmp_path):
    folder = tmp_path / "letters"
    folder.mkdir()
    first, second = KNOWN, KNOWN + 1
    (folder / "a.txt").write_text("\n".join(texts_of(first)[:3]) + "\n")
    (folder / "b.txt").write_text("\n".join(texts_of(second)[:3]) + "\n")
    ws.sync(folder)
    assert {one.source for one in ws.proposals()} == {str(folder / "a.txt"), str(folder / "b.txt")}
    ws.accept_all("capital>=.5")
    assert list(ws.graph.match(COUNTRIES[first], "capital", CITIES[first]))
    waiting = len(ws.proposals(source=str(folder / "b.txt")))
    assert waiting
    (folder / "b.txt").unlink()
    (folder / "a.txt").write_text(texts_of(first)[2] + "\n")  # which does not state the capital
    ws.sync(folder)
    assert not list(ws.graph.match(COUNTRIES[first], "capital"))
    assert not list(ws.graph.match(COUNTRIES[second], "capital"))
    assert not ws.proposals(source=str(folder / "b.txt"))
    assert {one.sentence for one in ws.proposals()} <= {
        texts_of(first)[2], *texts_of(first)[2].split(". ")
    } | {f"{COUNTRIES[first]} borders {COUNTRIES[first + 1]}."}  # fmt: skip
    before = ws.graph.revision()
    ws.sync(folder)
    assert ws.graph.revision() == before
    (folder / "b.txt").write_text("\n".join(texts_of(second)[:3]) + "\n")
    ws.sync(folder)
    assert len(ws.proposals(source=str(folder / "b.txt"))) >= waiting
