"""Tokens: every role at every route, the file of tokens, and the routes that change it."""

import hashlib
import json
import stat
from itertools import product

import pytest
from fastapi import APIRouter
from starlette.routing import Route

from kptm.errors import ConfigError
from kptm.serving.access.roles import AccessRole
from kptm.serving.access.route_roles import paths_of
from kptm.serving.access.token_file import TokenFile

API = "/api/v1"
ROLES = ("read", "edit", "admin")
READ = """about ask ask/batch entities entity examples history link map neighbourhood proposals
query relations revisions stats""".split()
EDIT = (
    "add edit proposals/accept proposals/accept-all proposals/change proposals/reject undo".split()
)
ADMIN = "tokens tokens/add tokens/remove".split()
NEEDED = {
    "/healthz": None,
    "/readyz": None,
    "/metrics": "read",
    **{f"{API}/{path}": "read" for path in READ},
    **{f"{API}/{path}": "edit" for path in EDIT},
    **{f"{API}/{path}": "admin" for path in ADMIN},
}
"""The role that each path of the API needs, as the oracle; add a new route here too."""


@pytest.fixture(scope="module")
def guarded(filled, explorer, tmp_path_factory):
    """A client of a server that requires tokens, and one token of each role."""
    file = TokenFile(tmp_path_factory.mktemp("tokens") / "tokens.json")
    texts = {role: file.add(f"a-{role}", AccessRole(role)) for role in ROLES}
    with explorer(filled, allow_edit=True, tokens=file) as client:
        yield client, texts, file


def bearer(text):
    return {"authorization": f"Bearer {text}"}


def innermost(app):
    """The FastAPI application inside the middleware."""
    while not hasattr(app, "openapi"):
        app = app._app
    return app


def test_every_route_has_a_declared_role(guarded):
    app = innermost(guarded[0].app)
    operations = app.openapi()["paths"]
    assert operations.keys() == NEEDED.keys()
    # The other routes are the page and the OpenAPI document, which have no data of the workspace.
    others = {route.path for route in app.routes if isinstance(route, Route)}
    assert all(path.count("/") == 1 for path in others - {f"{API}/openapi.json"})


def operations(app):
    for path, methods in innermost(app).openapi()["paths"].items():
        for method in methods:
            yield method, path


@pytest.mark.parametrize("role", [None, "unknown", *ROLES])
def test_each_role_is_checked_at_every_route(guarded, role):
    """An empty request that passes the check reaches the route, which may answer 422."""
    client, texts, _ = guarded
    headers = {} if role is None else bearer(texts.get(role, "kptm_unknown"))
    tried = 0
    for method, path in operations(client.app):
        response = client.request(method, path, headers=headers)
        needed = NEEDED[path]
        if needed is None:
            expected = {200}
        elif role in (None, "unknown"):
            expected = {401}
        elif ROLES.index(role) < ROLES.index(needed):
            expected = {403}
        else:
            expected = {200, 415, 422}
        assert response.status_code in expected, (method, path, response.text)
        if response.status_code == 401:
            assert response.headers["www-authenticate"] == "Bearer"
            assert "token" in response.json()["detail"]
        tried += 1
    assert tried == len(NEEDED)


@pytest.mark.parametrize(("role", "method"), list(product([None, *ROLES], ["GET", "PUT"])))
def test_paths_that_do_not_exist_need_a_token_too(guarded, role, method):
    client, texts, _ = guarded
    headers = {} if role is None else bearer(texts[role])
    response = client.request(method, f"{API}/nowhere", headers=headers)
    assert response.status_code == (401 if role is None else 404)


def test_the_page_and_the_openapi_document_need_no_token(guarded):
    client = guarded[0]
    routes = innermost(client.app).routes
    paths = [route.path for route in routes if isinstance(route, Route)]
    assert len(paths) > 20
    for path in paths:
        assert client.get(path).status_code == 200, path


def test_the_openapi_document_says_which_operations_need_a_token(guarded):
    document = guarded[0].get(f"{API}/openapi.json").json()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, methods in document["paths"].items():
        for operation in methods.values():
            needs = NEEDED[path] is not None
            assert operation.get("security") == ([{"token": []}] if needs else None)
            assert ("401" in operation["responses"]) == needs
            if needs:
                assert f"Needs the role {NEEDED[path]}." in operation["description"]


@pytest.mark.parametrize(
    "sent", ["Bearer", "Bearer ", "Basic YTpi", "kptm_x", "Bearer \xff", "Bearer " + "x" * 9_000]
)
def test_other_headers_than_tokens_are_refused(guarded, sent):
    headers = {"authorization": sent.encode("latin-1")}
    assert guarded[0].get(f"{API}/about", headers=headers).status_code == 401


def test_a_part_of_a_token_is_not_accepted(guarded):
    client, texts, _ = guarded
    whole = texts["admin"]
    for text in (whole[:-1], whole + "x", whole.upper(), whole[5:], whole.replace("kptm_", "")):
        assert client.get(f"{API}/about", headers=bearer(text)).status_code == 401
    scheme = {"authorization": f"bEARER  {whole} "}
    assert client.get(f"{API}/about", headers=scheme).status_code == 200


def test_clients_that_may_only_read_see_a_page_without_edits(guarded, filled, explorer):
    client, texts, file = guarded
    shown = {
        role: client.get(f"{API}/about", headers=bearer(texts[role])).json()["allow_edit"]
        for role in ROLES
    }
    assert shown == {"read": False, "edit": True, "admin": True}
    with explorer(filled, tokens=file) as reading:  # this server allows nobody to edit
        headers = bearer(texts["admin"])
        assert not reading.get(f"{API}/about", headers=headers).json()["allow_edit"]
        body = {"head": "Chad", "relation": "capital", "tail": "Lima"}
        assert reading.post(f"{API}/edit", json=body, headers=headers).status_code == 403


def test_an_admin_adds_and_removes_tokens(guarded):
    client, texts, _ = guarded
    admin = bearer(texts["admin"])

    def names():
        return [one["name"] for one in client.get(f"{API}/tokens", headers=admin).json()]

    before = names()
    wanted = {"name": "guest", "role": "read"}
    made = client.post(f"{API}/tokens/add", json=wanted, headers=admin)
    guest = bearer(made.json()["token"])
    assert client.get(f"{API}/about", headers=guest).status_code == 200
    assert names() == [*before, "guest"]
    assert client.post(f"{API}/tokens/add", json=wanted, headers=admin).status_code == 409
    assert made.json()["token"] not in client.get(f"{API}/tokens", headers=admin).text
    gone = client.post(f"{API}/tokens/remove", json={"name": "guest"}, headers=admin)
    assert gone.status_code == 200
    assert client.get(f"{API}/about", headers=guest).status_code == 401
    assert names() == before
    again = client.post(f"{API}/tokens/remove", json={"name": "guest"}, headers=admin)
    assert again.status_code == 404
    own = client.post(f"{API}/tokens/remove", json={"name": "a-admin"}, headers=admin)
    assert own.status_code == 409


# ── the file ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def file(tmp_path):
    return TokenFile(tmp_path / "tokens.json")


def test_the_file_has_hashes_and_only_its_owner_may_read_it(file, tmp_path):
    text = file.add("ann", AccessRole.EDIT)
    path = tmp_path / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (row,) = json.loads(path.read_text())["tokens"]
    assert row["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert text not in path.read_text()
    assert len(text) >= 43  # 32 random bytes in base64
    assert file.find(text).name == "ann"
    assert file.find(text).role is AccessRole.EDIT
    assert file.find("") is None
    assert file.find("\udc80") is None


def test_changes_by_another_process_are_seen_at_once(file, tmp_path):
    other = TokenFile(tmp_path / "tokens.json")
    first = file.add("ann", AccessRole.READ)
    assert other.find(first).name == "ann"
    other.remove("ann")
    assert file.find(first) is None
    second = other.add("ann", AccessRole.READ)
    assert file.find(second).name == "ann"
    assert file.find(first) is None
    (tmp_path / "tokens.json").unlink()
    assert file.find(second) is None


@pytest.mark.parametrize("name", ["", "a b", "a\n", "ä", "x" * 65, "-a", ".hidden", "a/b"])
def test_a_name_that_could_harm_a_log_is_refused(file, name):
    with pytest.raises(ConfigError, match="letters, digits"):
        file.add(name, AccessRole.READ)
    assert file.tokens() == ()


def test_used_names_and_unknown_names_are_refused(file):
    file.add("ann", AccessRole.READ)
    with pytest.raises(ConfigError, match="of that name"):
        file.add("ann", AccessRole.ADMIN)
    with pytest.raises(ConfigError, match="there are: ann"):
        file.remove("bob")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"version": 2, "tokens": []}',
        '{"version": 1}',
        '{"version": 1, "tokens": [1]}',
        '{"version": 1, "tokens": [{"name": "a", "role": "boss", "created": "", "sha256": ""}]}',
        '{"version": 1, "tokens": [{"name": "a", "role": "read", "created": "", "sha256": "ä"}]}',
    ],
)
def test_a_damaged_file_is_one_error_and_admits_nobody(filled, explorer, tmp_path, content):
    path = tmp_path / "tokens.json"
    file = TokenFile(path)
    text = file.add("ann", AccessRole.ADMIN)
    with explorer(filled, tokens=file) as client:
        assert client.get(f"{API}/about", headers=bearer(text)).status_code == 200
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigError, match=r"tokens\.json: cannot be read"):
            file.tokens()
        response = client.get(f"{API}/about", headers=bearer(text))
        assert response.status_code == 503
        assert str(tmp_path) not in response.text
        assert client.get(f"{API}/about").status_code == 401
        assert client.get("/healthz").status_code == 200


def test_each_role_includes_the_roles_before_it():
    included = {
        (one, other) for one, other in product(AccessRole, AccessRole) if one.includes(other)
    }
    read, edit, admin = AccessRole
    assert included == {
        (read, read), (edit, read), (edit, edit), (admin, read), (admin, edit), (admin, admin),
    }  # fmt: skip


def test_a_path_with_parameters_is_refused():
    routes = APIRouter()
    routes.add_api_route("/fact/{number}", lambda number: number)
    with pytest.raises(ValueError, match="parameters of the query"):
        paths_of(routes, API)
