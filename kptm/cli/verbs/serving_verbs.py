"""The verbs serve and mcp."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

import click

from kptm.cli.output.common import (
    device_option,
    existing,
    language_option,
    printed_json,
    verb,
    workspace_argument,
)
from kptm.cli.output.progress import progress, read_names
from kptm.errors import ConfigError


@click.command()
@click.argument(
    "workspaces", metavar="WORKSPACE...", nargs=-1, required=True, type=click.Path(file_okay=False)
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65_535),
              help="The port; 0 takes any that is free.")  # fmt: skip
@click.option("--allow-edit", is_flag=True, help="Let facts be edited and revisions be undone.")
@click.option("--name", "names", multiple=True, metavar="HOST[:PORT]",
              help="Another accepted Host name, for example of a proxy;"
                   " may be repeated.")  # fmt: skip
@click.option("--max-waiting", default=256, show_default=True, type=click.IntRange(1),
              help="The maximum number of concurrent requests; others get status 503.")  # fmt: skip
@click.option("--require-token", is_flag=True,
              help="Answer only requests with a token of kptm token add.")  # fmt: skip
@click.option("--rate", default="", metavar="N/TIME",
              help="The maximum request rate of a token or an address: 60/minute.")  # fmt: skip
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1),
              help="The number of processes that answer; each loads the workspace.")  # fmt: skip
@click.option("--replica", default="", metavar="URL",
              help="Read from this streaming replica of the workspace's PostgreSQL.")  # fmt: skip
@click.option("--log-requests", is_flag=True,
              help="Write logs as JSON to standard error, a line for each request.")  # fmt: skip
@device_option
@language_option
@verb
def serve(
    workspaces: tuple[str, ...],
    host: str,
    port: int,
    allow_edit: bool,
    names: tuple[str, ...],
    max_waiting: int,
    require_token: bool,
    rate: str,
    workers: int,
    replica: str,
    log_requests: bool,
    as_json: bool,
) -> None:
    """Serve WORKSPACE to the browser: ask, link text, browse the graph, see its history.

    Several workspaces, or a folder of workspaces, are served by the names of their folders: a/ is
    at http://HOST:PORT/a/. Needs kptm[serve].
    """
    try:
        from kptm.serving.server import serve as run
    except ModuleNotFoundError as error:
        raise ConfigError('the explorer needs FastAPI: pip install "kptm[serve]"') from error
    from kptm.serving.config import ServingConfig
    from kptm.serving.several.workspace_folders import served_folders

    starting = ExitStack()

    def ready(url: str) -> None:
        starting.close()
        access = "may be edited" if allow_edit else "is only read"
        access += ", with a token" if require_token else ""
        access += f", through {workers} processes" if workers > 1 else ""
        value = printed_json({"url": url, "allow_edit": allow_edit})
        click.echo(value if as_json else f"{url} ({' '.join(workspaces)} {access}; Ctrl-C ends it)")

    config = ServingConfig(
        host=host,
        port=port,
        allow_edit=allow_edit,
        names=names,
        max_waiting=max_waiting,
        log_requests=log_requests,
        workers=workers,
        require_token=require_token,
        rate=rate,
    )
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # SIGTERM ends the server like Ctrl-C, so that everything is closed
    folders = served_folders([Path(path) for path in workspaces])
    if replica and len(folders) > 1:
        raise ConfigError(
            "--replica: is for one workspace; set replica under [database] in each kptm.toml"
        )
    changes = [f"database.replica={replica}"] if replica else []
    with ExitStack() as opened, starting:
        served = {
            name: opened.enter_context(existing(str(folder), changes))
            for name, folder in folders.items()
        }
        for ws in served.values():
            read_names(ws)
        if not log_requests:  # whose lines are JSON
            starting.enter_context(progress("start", None))
        run(served, config, ready=ready)


@click.command()
@workspace_argument
@click.option("--allow-edit", is_flag=True,
              help="Let agents propose, accept, reject, edit and undo.")  # fmt: skip
@click.option("--http", is_flag=True,
              help="Serve streamable HTTP instead of standard input and output.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65_535),
              help="The port; 0 takes any that is free.")  # fmt: skip
@click.option("--name", "names", multiple=True, metavar="HOST[:PORT]",
              help="Another accepted Host name; may be repeated.")  # fmt: skip
@click.option("--require-token", is_flag=True,
              help="With --http, answer only requests with a token of kptm token add.")  # fmt: skip
@device_option
@language_option
@verb
def mcp(
    workspace: str,
    allow_edit: bool,
    http: bool,
    host: str,
    port: int,
    names: tuple[str, ...],
    require_token: bool,
    as_json: bool,
) -> None:
    """Serve WORKSPACE to agents by the Model Context Protocol.

    By default over standard input and output, for agents that start this command themselves. Needs
    kptm[mcp].
    """
    try:
        from kptm.serving.mcp.mcp_server import run_http, run_stdio
    except ModuleNotFoundError as error:
        raise ConfigError('agents need the MCP SDK: pip install "kptm[mcp]"') from error
    from kptm.serving.config import ServingConfig

    if require_token and not http:
        raise ConfigError(
            "--require-token: needs --http; whoever starts this command over standard input and"
            " output can open the folder anyway"
        )

    def ready(url: str) -> None:
        value = printed_json({"url": url, "allow_edit": allow_edit})
        click.echo(value if as_json else f"{url} (Ctrl-C ends it)")

    # SIGTERM ends the server like Ctrl-C, so that everything is closed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with existing(workspace) as ws:
        if http:
            config = ServingConfig(
                host=host,
                port=port,
                allow_edit=allow_edit,
                names=names,
                require_token=require_token,
            )
            run_http(ws, config, ready=ready)
        else:
            run_stdio(ws, allow_edit=allow_edit)
