"""``kptm serve``: its addresses, how it stops, and its messages if it cannot start."""

import json
import signal
import socket
import subprocess
import sys

import httpx2
import pytest
from click.testing import CliRunner

from kptm.cli.main import main
from kptm.errors import ConfigError
from kptm.serving import ServingConfig


def start(folder, *options):
    command = [sys.executable, "-m", "kptm", "serve", str(folder), "--port", "0", "-q", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def fails(*arguments):
    result = CliRunner().invoke(main, ["serve", *map(str, arguments)])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    return line


def ended(process, number):
    """Send a signal and check that the server stops, prints nothing and closes the database."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert errors == ""
    assert process.returncode == 0


@pytest.mark.usefixtures("separate_process")
def test_only_this_machine_reaches_the_server_and_ctrl_c_stops_it(own):
    with start(own, "--json") as process:
        said = json.loads(process.stdout.readline())
        assert said["allow_edit"] is False
        assert said["url"].startswith("http://127.0.0.1:")
        assert httpx2.get(said["url"]).status_code == 200
        port = int(said["url"].rstrip("/").rpartition(":")[2])
        with socket.socket() as other:
            # This address is free, because the server does not listen on all addresses.
            other.bind(("127.0.0.2", port))
        ended(process, signal.SIGINT)
    assert not list(own.glob("graph.db-*"))


@pytest.mark.usefixtures("separate_process")
def test_it_prints_its_address_accepts_a_proxy_and_stops_on_sigterm(own):
    with start(own, "--allow-edit", "--name", "kptm.example") as process:
        line = process.stdout.readline()
        assert "may be edited" in line
        url = line.split()[0]
        headers = {"host": "kptm.example", "origin": "https://kptm.example"}
        assert httpx2.get(url, headers=headers).status_code == 200
        assert httpx2.get(url, headers={"host": "other.example"}).status_code == 400
        ended(process, signal.SIGTERM)
    assert not list(own.glob("graph.db-*"))


def test_a_port_that_is_taken_is_one_message(filled):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = fails(filled, "--port", taken.getsockname()[1])
    assert "cannot listen there" in line
    assert "--port" in line


def test_no_workspace_and_no_host_are_one_message(filled, tmp_path):
    assert "no workspace" in fails(tmp_path / "none")
    assert "cannot listen there" in fails(filled, "--host", "no.such.host.invalid")


def test_without_fastapi_the_message_names_the_extra(filled, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastapi", None)
    for name in [name for name in sys.modules if name.startswith("kptm.serving")]:
        monkeypatch.delitem(sys.modules, name)
    assert 'pip install "kptm[serve]"' in fails(filled)


def test_accepted_hosts():
    local = {"127.0.0.1:8000", "localhost:8000", "[::1]:8000"}
    assert ServingConfig().hosts() == local
    assert ServingConfig(host="::1").hosts() == local
    assert ServingConfig(host="192.0.2.7").hosts() == local | {"192.0.2.7:8000"}
    assert ServingConfig(names=("Example.org",)).hosts() == local | {"example.org"}
    assert {"localhost", "localhost:80"} <= ServingConfig(port=80).hosts()
    assert ServingConfig(host="::1").url() == "http://[::1]:8000/"


@pytest.mark.parametrize("settings", [{"port": -1}, {"port": 65_536}, {"max_waiting": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ConfigError):
        ServingConfig(**settings)


def test_a_body_that_never_arrives_times_out(url):
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    with socket.create_connection((host, int(port)), timeout=120) as connection:
        head = f"POST /api/v1/ask HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 9\r\n\r\n{{"
        connection.sendall(head.encode())
        assert connection.recv(1_000).startswith(b"HTTP/1.1 408 ")
