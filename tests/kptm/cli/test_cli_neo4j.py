"""A graph on a server, loaded on the command line."""

import json
from pathlib import Path

from click.testing import CliRunner

from kptm.cli.main import main
from tests.kg.formats.bolt_server import serving

ITEMS = [
    {"type": "node", "id": "0", "labels": ["Movie"], "properties": {"title": "The Matrix"}},
    {"type": "node", "id": "1", "labels": ["Person"], "properties": {"name": "Keanu Reeves"}},
    {"id": "0", "type": "relationship", "label": "ACTED_IN", "start": {"id": "1"},
     "end": {"id": "0"}},
]  # fmt: skip


def run(*arguments, code=0, password="secret"):
    found = CliRunner().invoke(main, arguments, env={"NEO4J_PASSWORD": password})
    assert found.exit_code == code, found.output
    return found


def test_a_server_is_loaded_into_a_workspace(tmp_path):
    folder = str(tmp_path / "ws")
    with serving(ITEMS) as server:
        url = f"bolt://neo4j@127.0.0.1:{server.port}/movies"
        text = run("load", folder, url).stdout
        assert text.startswith(f"{url}: 6 added, 0 known already, 0 rejected")
        told = json.loads(run("describe", folder, "Keanu Reeves", "--json").stdout)
        assert {(one["relation"], one["tail"]) for one in told["facts"]} >= {
            ("ACTED_IN", "4:1b2c:0")
        }
        error = run("load", folder, url, code=1, password="guess").stderr
        assert error.count("\n") == 1
        assert error.startswith(f"kptm: {url}: the server refuses the user 'neo4j'")
    stored = [path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()]
    assert not any(b"secret" in one for one in stored)
