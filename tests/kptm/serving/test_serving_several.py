"""Several workspaces in one server: each at its path, with its own data, tokens and metrics."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import product
from urllib.parse import quote

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route
from starlette.testclient import TestClient

from benchmarks.answers_parts.load import serve_workspace
from kg.errors import StoreError
from kg.graph import KnowledgeGraph
from kptm import Workspace
from kptm.errors import WorkspaceError
from kptm.serving.access.rate_limits import RateLimits
from kptm.serving.access.roles import AccessRole
from kptm.serving.access.token_file import TokenFile
from kptm.serving.config import ServingConfig
from kptm.serving.executor import WorkspaceExecutor
from kptm.serving.observation.json_log import json_logs
from kptm.serving.several.root_app import create_apps
from kptm.serving.several.workspace_folders import OWN_PATHS, ROOT, STATIC, served_folders

API = "api/v1"
OTHER = "zwei & {zwei} é:?#"
"""A name with everything that a path must quote."""
PATHS = {"toy": "/toy", OTHER: f"/{quote(OTHER, safe='')}"}
CAPITAL = {"head": "Chad", "relation": "capital"}
ANSWERS = {"toy": "N'Djamena", OTHER: "Other City"}
URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def folders(filled, tmp_path_factory):
    """A folder with two workspaces, and with a folder and a file that are none."""
    both = tmp_path_factory.mktemp("both")
    shutil.copytree(filled, both / "toy")
    with Workspace.init(both / OTHER) as ws:
        ws.graph.add([("Chad", "capital", "Other City"), ("Chad", "borders", "Nowhere")])
    (both / "notes").mkdir()
    (both / "notes.txt").write_text("no workspace")
    return both


@contextmanager
def serving(folders, **options):
    """A client of a server of all workspaces in a folder."""
    with ExitStack() as stack:
        executors = {}
        for name, folder in served_folders([folders]).items():
            ws = stack.enter_context(Workspace.open(folder))
            executors[name] = executor = WorkspaceExecutor(ws, max_waiting=64)
            stack.callback(executor.close)
            executor.prepare()
        app = create_apps(executors, hosts=ServingConfig().hosts(), **options)
        yield TestClient(app, base_url=URL, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client(folders):
    with serving(folders) as found:
        yield found


@pytest.fixture(scope="module")
def guarded(folders, tmp_path_factory):
    """A client of a server that requires tokens, and a token of each role in each workspace."""
    files = {name: TokenFile(tmp_path_factory.mktemp("tokens") / "tokens.json") for name in PATHS}
    texts = {
        (name, role): file.add(f"a-{role}", role)
        for name, file in files.items()
        for role in AccessRole
    }
    with serving(folders, allow_edit=True, tokens=files) as found:
        yield found, texts, files


def bearer(text):
    return {"authorization": f"Bearer {text}"}


# ── names ────────────────────────────────────────────────────────────────────────────────────────


def test_a_workspace_alone_is_at_the_root(folders, tmp_path):
    assert served_folders([folders / "toy"]) == {ROOT: folders / "toy"}
    assert served_folders([tmp_path / "missing"]) == {ROOT: tmp_path / "missing"}


def test_several_workspaces_and_folders_of_them_have_names(folders):
    toy, other = folders / "toy", folders / OTHER
    assert served_folders([other, toy]) == {OTHER: other, "toy": toy}
    assert list(served_folders([folders])) == ["toy", OTHER]
    (folders.parent / "one").mkdir(exist_ok=True)
    link = folders.parent / "one" / "linked"
    link.symlink_to(toy)
    assert served_folders([link.parent]) == {"toy": link}  # not at the root: more may follow
    link.unlink()


def test_two_workspaces_with_one_name_are_refused(folders, filled):
    with pytest.raises(WorkspaceError, match=r"is called 'toy' too.*rename"):
        served_folders([folders, filled])


def test_names_of_the_server_s_own_paths_are_refused(folders, client, tmp_path):
    for name in (*OWN_PATHS, "explorer.css"):
        shutil.copytree(folders / OTHER, tmp_path / name)
        with pytest.raises(WorkspaceError, match="has a path of its own called"):
            served_folders([tmp_path])
        shutil.rmtree(tmp_path / name)
    app = client.app._root
    while not hasattr(app, "openapi"):
        app = app._app
    first = {path.split("/")[1] for path in app.openapi()["paths"]}
    assert first == OWN_PATHS
    for route in (one for one in app.routes if isinstance(one, Route)):
        name = route.path.split("/")[1]
        assert name in {"", "{name}", *OWN_PATHS} or (STATIC / name).is_file()


def test_a_name_that_is_not_utf_8_is_refused(folders, tmp_path):
    try:
        shutil.copytree(folders / OTHER, tmp_path / "b\udcffd")
    except OSError:
        pytest.skip("this disk refuses such names")
    with pytest.raises(WorkspaceError, match="is not UTF-8"):
        served_folders([tmp_path])


# ── requests ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", PATHS)
def test_each_workspace_answers_at_its_path(client, name):
    base = PATHS[name]
    assert client.get(f"{base}/{API}/query", params=CAPITAL).json()["entity"] == ANSWERS[name]
    about = client.get(f"{base}/{API}/about").json()
    assert (about["name"], about["one_of_several"]) == (name, True)
    page = client.get(f"{base}/")
    assert "main.js" in page.text
    assert page.headers["content-security-policy"]
    assert client.get(f"{base}/main.js").status_code == 200
    assert client.get(f"{base}/readyz").json() == {"status": "ready"}
    document = client.get(f"{base}/{API}/openapi.json").json()
    assert document["servers"] == [{"url": base}]


def test_the_root_lists_the_workspaces(client):
    found = client.get(f"/{API}/workspaces").json()
    assert [one["name"] for one in found] == ["toy", OTHER]
    for one in found:
        reply = client.get(f"/{one['path']}{API}/about".replace("/./", "/"))
        assert reply.json()["name"] == one["name"]
    assert "workspaces.js" in client.get("/").text
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz", headers={"host": "10.0.0.7"}).json() == {"status": "ready"}
    assert client.get(f"/{API}/query", params=CAPITAL).status_code == 404


@pytest.mark.parametrize("base", PATHS.values())
def test_a_path_without_its_slash_is_redirected(client, base):
    reply = client.get(base, follow_redirects=False)
    assert reply.status_code == 307
    assert client.get(base).url.raw_path.decode() == f"{base}/"
    assert client.get("/nowhere").status_code == client.get("/nowhere/").status_code == 404


@pytest.mark.parametrize("path", ["/", f"/{API}/workspaces", "/toy", "/toy/", f"/toy/{API}/about"])
def test_other_hosts_and_origins_are_refused_everywhere(client, path):
    evil = {"host": "evil.example"}
    assert client.get(path, headers=evil, follow_redirects=False).status_code == 400
    evil = {"origin": "http://evil.example"}
    assert client.get(path, headers=evil, follow_redirects=False).status_code == 403


def test_an_edit_changes_one_workspace(folders, tmp_path):
    own = shutil.copytree(folders, tmp_path / "own")
    with serving(own, allow_edit=True) as client:
        body = {**CAPITAL, "tail": "Lima"}
        assert client.post(f"/toy/{API}/edit", json=body).status_code == 200
        found = {
            name: client.get(f"{base}/{API}/query", params=CAPITAL).json()["entity"]
            for name, base in PATHS.items()
        }
        assert found == {"toy": "Lima", OTHER: "Other City"}


def test_questions_to_both_at_once_are_not_mixed_up(client):
    def ask(name):
        body = {"question": "What is the capital of Chad?"}
        return name, client.post(f"{PATHS[name]}/{API}/ask", json=body).json()["entity"]

    with ThreadPoolExecutor(8) as threads:
        for name, entity in threads.map(ask, [*PATHS] * 20):
            assert entity == ANSWERS[name]


def test_one_database_that_is_gone_is_named_at_its_own_path_only(folders, monkeypatch):
    with serving(folders) as client:
        revision = KnowledgeGraph.revision

        def gone(self):
            if OTHER in self.database.name:
                raise StoreError(f"{self.database.name}: the server was stopped")
            return revision(self)

        monkeypatch.setattr(KnowledgeGraph, "revision", gone)
        reply = client.get("/readyz")
        assert reply.status_code == 503
        assert reply.json() == {"detail": "1 of 2 workspaces are not ready"}
        assert client.get("/toy/readyz").status_code == 200
        assert client.get(f"{PATHS[OTHER]}/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────

ROUTES = {"about": "read", "edit": "edit", "tokens": "admin"}
"""A route of each role; :mod:`test_serving_roles` has all of them."""


@pytest.mark.parametrize(("name", "role"), list(product(PATHS, AccessRole)))
def test_a_token_opens_its_own_workspace_only(guarded, name, role):
    client, texts, _ = guarded
    headers = bearer(texts[name, role])
    order = list(AccessRole)
    for other, base in PATHS.items():
        for route, needed in ROUTES.items():
            method = "POST" if route == "edit" else "GET"
            reply = client.request(method, f"{base}/{API}/{route}", headers=headers)
            if other != name:
                assert reply.status_code == 401
            elif order.index(role) < order.index(needed):
                assert reply.status_code == 403
            else:
                assert reply.status_code in (200, 415, 422)
    listed = client.get(f"/{API}/workspaces", headers=headers).json()
    assert [one["name"] for one in listed] == [name]


@pytest.mark.parametrize("headers", [{}, bearer("kptm_unknown")])
def test_without_a_token_the_root_says_nothing(guarded, headers):
    client = guarded[0]
    for path in (f"/{API}/workspaces", "/metrics", "/nowhere", "/toy/metrics"):
        reply = client.get(path, headers=headers)
        assert reply.status_code == 401
        assert "toy" not in reply.text
    for path in ("/", "/healthz", "/readyz", f"/{API}/openapi.json", "/explorer.css"):
        assert client.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        f"/toy/toy/{API}/edit",
        f"/toy//{API}/edit",
        f"//toy/{API}/edit",
        f"/toy/./{API}/edit",
        f"/toy/x/../{API}/edit",
        f"/toy%2F{API}/edit",
        f"/toy%2F/{API}/edit",
        f"/{quote(OTHER, safe='')}/../toy/{API}/edit",
        f"/%74oy/{API}/edit",
        f"/toy/{API}/edit/",
        f"/toy/{API}%2Fedit",
    ],
)
def test_no_spelling_of_a_path_lets_a_reader_edit(guarded, path):
    client, texts, _ = guarded
    before = client.get(f"/toy/{API}/about", headers=bearer(texts["toy", "read"])).json()
    for name in PATHS:
        reply = client.post(
            f"{URL}{path}", json={**CAPITAL, "tail": "Lima"}, headers=bearer(texts[name, "read"])
        )
        assert reply.status_code in (401, 403, 404, 405)
    after = client.get(f"/toy/{API}/about", headers=bearer(texts["toy", "read"])).json()
    assert after == before


def test_a_damaged_file_of_tokens_closes_its_workspace_and_the_list(folders, tmp_path):
    files = {name: TokenFile(tmp_path / f"{at}.json") for at, name in enumerate(PATHS)}
    texts = {name: file.add("ann", AccessRole.READ) for name, file in files.items()}
    with serving(folders, tokens=files) as client:
        (tmp_path / "1.json").write_text("{")
        headers = bearer(texts["toy"])
        assert client.get(f"/toy/{API}/about", headers=headers).status_code == 200
        assert client.get(f"{PATHS[OTHER]}/{API}/about", headers=headers).status_code == 503
        assert client.get(f"/{API}/workspaces", headers=headers).status_code == 503


# ── metrics, logs, limits ────────────────────────────────────────────────────────────────────────


def counted(reply):
    """The numbers of answered requests by workspace and route."""
    return {
        (sample.labels["workspace"], sample.labels["route"]): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
        if sample.name == "kptm_requests_total"
    }


def test_requests_are_counted_by_workspace(folders):
    with serving(folders) as client:
        for base in PATHS.values():
            client.get(f"{base}/{API}/about")
        client.get(f"/toy/{API}/about")
        client.get(f"/{API}/workspaces")
        client.get("/invented")
        about = f"/{API}/about"
        expected = {("toy", about): 2, (OTHER, about): 1, ("", f"/{API}/workspaces"): 1}
        assert counted(client.get("/metrics")) == {**expected, ("", "other"): 1}
        assert counted(client.get("/toy/metrics")) == {("toy", about): 2}


def test_metrics_are_those_of_the_workspaces_that_a_token_opens(guarded):
    client, texts, _ = guarded
    for base in PATHS.values():
        client.get(f"{base}/{API}/about")
    reply = client.get("/metrics", headers=bearer(texts["toy", "read"]))
    assert {workspace for workspace, _ in counted(reply)} == {"", "toy"}
    assert OTHER not in reply.text


def test_a_line_of_the_log_names_the_workspace(folders, capsys):
    with serving(folders, log_requests=True) as client, json_logs():
        client.get(f"{PATHS[OTHER]}/{API}/about")
        client.get("/healthz")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["workspace"], line["path"]) for line in lines] == [
        (OTHER, f"/{API}/about"),
        ("", "/healthz"),
    ]


def test_tokens_of_one_name_in_two_workspaces_are_counted_apart(folders, tmp_path):
    files = {name: TokenFile(tmp_path / f"{at}.json") for at, name in enumerate(PATHS)}
    texts = {name: file.add("ann", AccessRole.READ) for name, file in files.items()}
    with serving(folders, tokens=files, limits=RateLimits("2/hour")) as client:

        def about(name):
            reply = client.get(f"{PATHS[name]}/{API}/about", headers=bearer(texts[name]))
            return reply.status_code

        assert [about("toy") for _ in range(3)] == [200, 200, 429]
        assert [about(OTHER) for _ in range(3)] == [200, 200, 429]


# ── the command and the page ─────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("separate_process")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_command_serves_a_folder_of_workspaces(folders, workers):
    with serve_workspace(folders, "--workers", workers) as url:
        for name, base in PATHS.items():
            found = httpx2.get(f"{url[:-1]}{base}/{API}/query", params=CAPITAL, timeout=120)
            assert found.json()["entity"] == ANSWERS[name]
        counts = counted(httpx2.get(f"{url}metrics", timeout=120))
        assert {counts[name, f"/{API}/query"] for name in PATHS} == {1}


@pytest.mark.usefixtures("separate_process")
def test_the_page_lists_what_the_token_opens_and_the_workspace_takes_it(browser, folders, tmp_path):
    own = shutil.copytree(folders, tmp_path / "own")
    texts = {
        name: TokenFile(own / name / "tokens.json").add("ann", AccessRole.READ) for name in PATHS
    }
    with serve_workspace(own, "--require-token") as url:
        tabs = browser.new_context()
        page = tabs.new_page()
        said = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(url)
        page.get_by_label("Token").fill(texts[OTHER])
        page.keyboard.press("Enter")
        link = page.get_by_role("link", name=OTHER)
        link.wait_for()
        assert page.get_by_role("link", name="toy").count() == 0
        link.click()
        page.locator("#workspace", has_text=OTHER).wait_for()
        assert page.get_by_label("Token").is_hidden()
        page.get_by_role("link", name="All workspaces").click()
        page.get_by_role("link", name=OTHER).wait_for()  # it still has the token
        page.goto(f"{url}toy/")
        page.get_by_label("Token").wait_for()  # which is none of this workspace
        assert said == []
        tabs.close()
