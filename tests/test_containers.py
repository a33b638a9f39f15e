"""Dockerfile and compose.yaml: every path, option and name in them is one that exists."""

import json
import re
import shlex
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest
import yaml

from kptm.cli.main import main
from kptm.serving.app import OPERATING

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]


def instructions():
    """(instruction, its arguments) of the Dockerfile, lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M)
    lines = text.replace("\\\n", " ").splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line.strip()]


def values(name):
    return [arguments for instruction, arguments in instructions() if instruction == name]


def copied():
    """What is copied into the image from the repository."""
    return [
        source
        for arguments in values("COPY")
        if not arguments.startswith("--from")
        for source in arguments.split()[:-1]
    ]


def options_of(words):
    """A command line as click reads it; an unknown verb or option is an error."""
    command, group = main, None
    words = list(words)
    while isinstance(command, click.Group):
        group, name = command, words.pop(0)
        command = group.commands[name]
    return command.make_context(command.name, words, resilient_parsing=False).params


def test_what_is_copied_exists_and_is_not_ignored():
    let_in = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in let_in), source
    assert set(let_in) == set(copied())  # nothing else is sent to the builder


def test_what_the_wheel_is_made_of_is_copied():
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], "pyproject.toml"}
    needed |= {PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    assert needed <= set(copied())


def test_its_python_and_its_extras_are_those_of_the_project():
    versions = {re.match(r"python:3\.(\d+)-slim", name)[1] for name in values("FROM")}
    (minor,) = versions  # one for building and running, or compiled packages would not fit
    assert f"Programming Language :: Python :: 3.{minor}" in PROJECT["project"]["classifiers"]
    (extras,) = re.findall(r'"\.\[(.+?)\]"', " ".join(values("RUN")))
    assert set(extras.split(",")) <= PROJECT["project"]["optional-dependencies"].keys()


def test_it_serves_its_volume_to_others_and_is_not_root():
    (command,) = map(json.loads, values("CMD"))
    options = options_of(command)
    (volume,) = values("VOLUME")
    (port,) = values("EXPOSE")
    assert options["workspaces"] == (volume,)
    assert options["host"] == "0.0.0.0"
    assert options["port"] == int(port)
    assert values("USER") == ["kptm"]
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("ENTRYPOINT")


def test_it_is_asked_whether_it_is_ready_at_its_port():
    (check,) = values("HEALTHCHECK")
    host, path = re.search(r"http://(127\.0\.0\.1:\d+)(/\w+)", check).groups()
    assert host.partition(":")[2] == values("EXPOSE")[0]
    assert path in {route.path for router in OPERATING for route in router.routes}
    code = json.loads(check[check.index("[") :])[2]
    compile(code, "HEALTHCHECK", "exec")


def test_compose_serves_with_tokens_and_to_this_machine_alone():
    service = SERVICES["kptm"]
    options = options_of(service["command"])
    assert options["require_token"]
    for port in service["ports"]:
        address, outside, inside = port.split(":")
        assert address == "127.0.0.1"
        assert int(outside) == int(inside) == options["port"]
    (mounted,) = service["volumes"]
    assert options["workspaces"] == (mounted.split(":")[1],)
    assert (ROOT / service["build"] / "Dockerfile").exists()


def test_compose_names_only_what_it_declares():
    mounted = {one.split(":")[0] for service in SERVICES.values() for one in service["volumes"]}
    assert mounted == COMPOSE["volumes"].keys()
    for service in SERVICES.values():
        assert ("image" in service) != ("build" in service)
        for name, waiting in service.get("depends_on", {}).items():
            assert waiting == {"condition": "service_healthy"}
            assert "healthcheck" in SERVICES[name]


def test_the_password_is_in_no_file_and_the_same_for_both():
    written = [
        SERVICES["database"]["environment"]["POSTGRES_PASSWORD"],
        SERVICES["kptm"]["environment"]["PGPASSWORD"],
    ]
    assert written[0] == written[1]
    assert re.fullmatch(r"\$\{\w+:\?.+\}", written[0])


def documented():
    """The verbs that docs/serving.md runs in the container."""
    text = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    return re.findall(r"docker compose run --rm (?:-v \S+ )?kptm (.+)", text)


@pytest.mark.parametrize("line", documented())
def test_documented_commands_can_be_parsed(line):
    words = shlex.split(line, comments=True)
    options_of(words)
    if words[0] == "init":
        url = SERVICES["database"]["environment"]
        expected = f"postgresql://{url['POSTGRES_USER']}@database/{url['POSTGRES_DB']}"
        assert expected in words


def test_there_are_documented_commands():
    assert len(documented()) >= 3
