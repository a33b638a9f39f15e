"""Patterns with values."""

from kg import Literal
from kg.values import ValueKey
from kg.vocabulary import XSD

FILMS = [("1984", "1984"), ("Dune", "1984"), ("Alien", "1979"), ("Brazil", "1985"),
    ("Heat", "1995"),
         ("Jaws", "1975")]  # fmt: skip


def test_a_value_is_a_term_by_its_text_or_itself(graph, tmp_path):
    path = tmp_path / "t.tsv"
    rows = "".join(f"{film}\tyear\t{year}\n" for film, year in FILMS)
    path.write_text(rows + "Brazil\tlikes\t1984\nBrazil\tbudget\t15,000,000\n")
    graph.load(path)
    of_1984 = {("1984",), ("Dune",)}
    assert set(graph.query([("?film", "year", "1984")])) == of_1984
    year = ValueKey(Literal("1984", f"{XSD}integer"))
    assert set(graph.query([("?film", "year", year)], strict=True)) == of_1984
    assert set(graph.query([("?x", "?r", "1984")])) == {
        *((*row, "year") for row in of_1984),
        ("Brazil", "likes"),
    }
    assert set(graph.query([("?x", "?r", year)])) == {(*row, "year") for row in of_1984}
    assert set(graph.query([("?x", "budget", "15000000")], strict=True)) == {("Brazil",)}
    same = [("Dune", "year", "?y"), ("?other", "year", "?y")]
    assert set(graph.query(same)) == {("1984", "1984"), ("1984", "Dune")}
    assert set(graph.query([("?a", "likes", "?b"), ("?b", "year", "1984")])) == {("Brazil", "1984")}
