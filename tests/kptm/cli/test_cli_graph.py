"""The verbs of the graph on the command line."""

import json

import pytest
from click.testing import CliRunner

from kptm.cli.main import main


@pytest.fixture
def kptm(tmp_path, monkeypatch):
    """A function that runs a command in a folder with a small workspace."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0, input=None):  # noqa: A002  # as click's runner calls it
        result = CliRunner().invoke(main, [str(item) for item in arguments], input=input)
        assert result.exit_code == code, result.output
        return result.stdout

    (tmp_path / "films.csv").write_text(
        "film,year,who,how\nAlien,1979,Scott,directed by\nGladiator,2000,Scott,directed by\n"
    )
    (tmp_path / "names.tsv").write_text("Scott\tRidley Scott\tx\n")
    run("load", "ws", "films.csv", "--columns", "film,how,who",
        "--entities", "names.tsv", "--entity-columns", "key,label,-")  # fmt: skip
    return run


def as_json(text):
    return json.loads(text)


def test_a_graph_is_searched_described_and_walked(kptm):
    assert [row["key"] for row in as_json(kptm("search", "ws", "ridley", "--json"))] == ["Scott"]
    assert kptm("search", "ws", "ridley").startswith("Scott\tRidley Scott\t")
    told = as_json(kptm("describe", "ws", "Ridley Scott", "--json"))
    assert told["label"] == "Ridley Scott"
    assert {(fact["head"], fact["sources"][0]["line"]) for fact in told["facts"]} >= {("Alien", 2)}
    assert "Alien — directed by → Ridley Scott (Scott)   [films.csv:2]" in kptm(
        "describe", "ws", "Scott"
    )
    assert as_json(kptm("paths", "ws", "Alien", "Gladiator", "--json")) == [
        [["Alien", "directed by", "Scott"], ["Gladiator", "directed by", "Scott"]]
    ]
    assert "no path" in kptm("paths", "ws", "Alien", "Gladiator", "--max-hops", 1)
    assert kptm("neighbours", "ws", "Scott", "--direction", "out") == ""
    assert len(as_json(kptm("neighbours", "ws", "Scott", "--json"))) == 2


def test_patterns_and_sparql_are_answered(kptm):
    rows = kptm("query", "ws", "--pattern", "?film|directed by|Scott", "--select", "?film")
    assert sorted(rows.split()) == ["Alien", "Gladiator"]
    query = "SELECT ?f { ?f key:directed%20by key:Scott } ORDER BY ?f"
    assert as_json(kptm("query", "ws", "--sparql", query, "--json")) == [
        {"f": "Alien"}, {"f": "Gladiator"},
    ]  # fmt: skip
    assert kptm("query", "ws", "--sparql", "ASK { ?s ?p key:Scott }") == "yes\n"
    query = "MATCH (f)-[:`directed by`]->(d) RETURN f AS film, d"
    found = as_json(kptm("query", "ws", "--cypher", query, "--json"))
    assert {"film": "Alien", "d": "Scott"} in found
    kptm("query", "ws", "--cypher", "CREATE (n)", code=1)
    assert "Scott" in kptm("query", "ws", "Alien", "directed by")
    kptm("query", "ws", code=2)
    kptm("query", "ws", "--sparql", "SELECT {", code=1)
    kptm("query", "ws", "--pattern", "a|b", code=1)


def test_rows_of_patterns_are_compared_and_sorted(kptm, tmp_path):
    (tmp_path / "n.tsv").write_text(
        "Alien\tminutes\t117\nGladiator\tminutes\t155\nNapoleon\tminutes\t158\n"
    )
    kptm("load", "ws", "n.tsv")
    common = ("query", "ws", "--pattern", "?f|minutes|?n")
    assert kptm(*common, "--where", "?n ≥ 117", "--sort", "-?n", "--limit", 2) == (
        "Napoleon\t158\nGladiator\t155\n"
    )
    assert kptm(*common, "--where", "?n>117", "--where", "?n != 158") == "Gladiator\t155\n"
    assert kptm(*common, "--sort", "?n", "--select", "?n") == "117\n155\n158\n"
    kptm(*common, "--where", "?n about 5", code=2)
    kptm(*common, "--where", "?f > 5", code=1)
    kptm(*common, "--where", "?n > long", code=1)
    kptm("query", "ws", "Alien", "minutes", "--sort", "?n", code=2)


def test_history_undo_and_the_past(kptm):
    kptm("edit", "ws", "Alien", "directed by", "Gladiator")
    rows = as_json(kptm("history", "ws", "Alien", "--json"))
    assert [(row["kind"], row["tail"]) for row in rows] == [
        ("added", "Scott"), ("removed", "Scott"), ("added", "Gladiator"),
    ]  # fmt: skip
    assert [row["kind"] for row in as_json(kptm("history", "ws", "--json"))] == [
        "edit",
        "load",
        "load",
    ]
    assert "Scott" in kptm("describe", "ws", "Alien", "--at", 2)
    kptm("undo", "ws")
    assert "Scott" in kptm("describe", "ws", "Alien")


def test_export_and_load_are_inverse(kptm, tmp_path):
    kptm("export", "ws", "all.jsonl.zst")
    kptm("load", "other", "all.jsonl.zst")
    assert sorted(kptm("export", "other", "-", "--format", "jsonl").splitlines()) == sorted(
        kptm("export", "ws", "-", "--format", "jsonl").splitlines()
    )
    assert "left out" in kptm("export", "ws", "all.tsv")
    assert as_json(kptm("export", "ws", "all.nt", "--json"))["written"] == 3
    kptm("export", "ws", "all.xlsx", code=1)


def test_standard_input_bad_lines_and_unknown_entities(kptm, tmp_path):
    assert "1 added" in kptm("load", "ws", "-", "--format", "tsv", input="a\tr\tb\n")
    (tmp_path / "bad.tsv").write_text("a\tr\tb\nx\n")
    kptm("load", "ws", "bad.tsv", code=1)
    out = as_json(
        kptm("load", "ws", "bad.tsv", "--skip-errors", "--rejected", "out.jsonl", "--json")
    )
    assert (out["bad.tsv"]["duplicate"], out["bad.tsv"]["rejected_file"]) == (1, "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text())["line"] == 2
    (tmp_path / "new.tsv").write_text("a\tr\tnobody\n")
    kptm("load", "ws", "new.tsv", "--no-create-entities", code=1)


def test_a_purge_asks_first(kptm):
    kptm("purge", "ws", "--entity", "Alien", input="n\n", code=1)
    assert "Alien" in kptm("search", "ws", "Alien")
    assert "gone for good" in kptm("purge", "ws", "--entity", "Alien", input="y\n")
    assert kptm("search", "ws", "Alien") == ""
    kptm("purge", "ws", "--source", "films.csv", "--yes")
    kptm("purge", "ws", "--source", "films.csv", "--yes", code=1)
    kptm("purge", "ws", code=2)


@pytest.fixture
def keyed(kptm, tmp_path):
    """A workspace with keys that mean nothing to a reader, and with a deprecated claim."""
    lines = [
        {"head": "/m/0f", "relation": "/film/film/directed_by", "tail": "/m/0q"},
        {"head": "/m/0f", "relation": "/film/film/directed_by", "tail": "/m/0x", "confidence": 0},
    ]
    (tmp_path / "k.jsonl").write_text("\n".join(map(json.dumps, lines)))
    names = {"/m/0f": "Pulp Fiction", "/m/0q": "Quentin Tarantino", "/m/0x": "Nobody",
             "/film/film/directed_by": "directed by"}  # fmt: skip
    rows = [{"key": key, "label": label} for key, label in names.items()]
    (tmp_path / "n.jsonl").write_text("\n".join(map(json.dumps, rows)))
    kptm("load", "keyed", "k.jsonl", "--entities", "n.jsonl")
    return kptm


FACT = "Pulp Fiction (/m/0f) — directed by (/film/film/directed_by) → Quentin Tarantino (/m/0q)"


def test_labels_stand_beside_keys(keyed):
    assert FACT in keyed("describe", "keyed", "Pulp Fiction")
    assert keyed("neighbours", "keyed", "Pulp Fiction").strip().split("\t") == [
        "Pulp Fiction (/m/0f)", "directed by (/film/film/directed_by)", "Quentin Tarantino (/m/0q)",
    ]  # fmt: skip
    assert keyed("paths", "keyed", "Pulp Fiction", "/m/0q").strip() == FACT
    assert "Quentin Tarantino (/m/0q)" in keyed("history", "keyed", "Pulp Fiction")
    pattern = "/m/0f|directed by|?who"
    assert keyed("query", "keyed", "--pattern", pattern) == "Quentin Tarantino (/m/0q)\n"
    assert as_json(keyed("query", "keyed", "--pattern", pattern, "--json")) == [{"who": "/m/0q"}]
    (fact,) = as_json(keyed("neighbours", "keyed", "/m/0f", "--json"))
    assert (fact["tail"], fact["tail_label"]) == ("/m/0q", "Quentin Tarantino")
    assert fact["relation"] == "/film/film/directed_by"
    keys = "/m/0f\t/film/film/directed_by\t/m/0q\n"
    assert keyed("neighbours", "keyed", "Pulp Fiction", "--keys") == keys


def test_deprecated_statements_are_shown_on_request(keyed):
    assert "Nobody" not in keyed("describe", "keyed", "Pulp Fiction")
    told = keyed("describe", "keyed", "Pulp Fiction", "--deprecated")
    assert "→ Nobody (/m/0x)   [k.jsonl:2; deprecated]" in told
    ranks = {
        fact["tail_label"]: fact["rank"]
        for fact in as_json(keyed("describe", "keyed", "/m/0f", "--deprecated", "--json"))["facts"]
    }
    assert ranks == {"Quentin Tarantino": "normal", "Nobody": "deprecated"}
    assert "added, deprecated\tPulp Fiction (/m/0f)" in keyed("history", "keyed", "/m/0f")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["query", "ws", "--pattern", "?f|direcetd by|Scott"], "did you mean 'directed by'?"),
        (["query", "ws", "--pattern", "?f|directed by|Ailen"], "did you mean 'Alien'?"),
        (["query", "ws", "Ailen", "directed by"], "did you mean 'Alien'?"),
        (["query", "ws", "Alien", "directd by"], "did you mean 'directed by'?"),
        (["describe", "ws", "Ridley Soctt"], "did you mean 'Ridley Scott' (Scott)?"),
        (["neighbours", "ws", "Gladaitor"], "did you mean 'Gladiator'?"),
        (["paths", "ws", "Alien", "Galdiator"], "did you mean 'Gladiator'?"),
        (["edit", "ws", "Ailen", "directed by", "Scott"], "did you mean 'Alien'?"),
        (["forget", "ws", "Ailen"], "did you mean 'Alien'?"),
        (["history", "ws", "Ailen"], "did you mean 'Alien'?"),
    ],
)
def test_an_unknown_name_is_answered_with_suggestions(kptm, arguments, said):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "ws", "xyzzyplugh"], "no entity has this or a similar name"),
        (["query", "ws", "--pattern", "Scott|directed by|?x"], "no match"),
        (["query", "ws", "--sparql", "SELECT ?x { key:Scott key:directed%20by ?x }"], "no match"),
        (["neighbours", "ws", "Scott", "--direction", "out"], "no facts"),
    ],
)
def test_an_empty_result_says_so(kptm, arguments, said):
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.stdout) == (0, "")
    assert said in result.stderr


def test_a_part_of_wikidatas_dump_is_loaded(kptm, tmp_path):
    def claim(relation, item):
        value = {"entity-type": "item", "id": item}
        snak = {"snaktype": "value", "property": relation}
        snak["datavalue"] = {"type": "wikibase-entityid", "value": value}
        return [{"mainsnak": snak, "rank": "normal"}]

    labels = {tag: {"language": tag, "value": f"Ada in {tag}"} for tag in ("en", "fr")}
    ada = {"id": "Q7259", "labels": labels, "claims": {"P31": claim("P31", "Q5")}}
    ada["claims"]["P19"] = claim("P19", "Q84")
    london = {"id": "Q84", "claims": {"P31": claim("P31", "Q515")}}
    (tmp_path / "w.json").write_text(f"[\n{json.dumps(ada)},\n{json.dumps(london)}\n]\n")
    options = ("--only-types", "Q5, Q6581072", "--only-languages", "en", "--only-properties", "P19")
    found = as_json(kptm("load", "ada", "w.json", *options, "--json"))["w.json"]
    assert found["notes"] == [
        "items of other types left out: 1",
        "names in other languages left out: 1 (fr 1)",
        "claims of other properties left out: 1 (P31 1)",
    ]
    assert kptm("query", "ada", "Q7259", "P19").startswith("Q84")
    assert as_json(kptm("stats", "ada", "--json"))["triples"] == 1
    assert "name at least one" in CliRunner().invoke(
        main, ["load", "ada", "w.json", "--only-types", " , "]
    ).output  # fmt: skip
    kptm("load", "ada", "films.csv", "--only-types", "Q5", code=1)
    kptm("load", "ada", "w.json", "--only-properties", "born in", code=1)
