"""``nocmesh agent``, ``nocmesh bridge`` and ``nocmesh dashboard``: roles of a mesh, run in this process."""

import sys
from typing import Annotated

import typer

from nocmesh.cli.doing import do, settings

agent = typer.Typer(name="agent", help="Run one agent.", no_args_is_help=True, rich_markup_mode=None)
bridge = typer.Typer(
    name="bridge", help="Run one bridge to the outside world.", no_args_is_help=True, rich_markup_mode=None
)


def mount(app: typer.Typer) -> None:
    """Put those without a group directly under ``app``; the last two are for `nocmesh up` alone."""
    app.command()(dashboard)
    app.command("run-roles", hidden=True)(run_roles)
    app.command("prepare", hidden=True)(prepare)


def _host(*names: str, kept: bool = False) -> None:
    from nocmesh.launch.host import host

    do(host(names, settings(), kept=kept))


@agent.command("run")
def agent_run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A role, or MODULE:CLASS of your own agent.")],
) -> None:
    """Run one agent against NOCMESH_NATS_URL, with the credentials in NOCMESH_CREDENTIALS."""
    _host(name)


@bridge.command("run")
def bridge_run(kind: Annotated[str, typer.Argument(help="ssh, snmp, netbox, alerts or notify.")]) -> None:
    """Run one bridge against NOCMESH_NATS_URL, with the credentials in NOCMESH_CREDENTIALS."""
    _host(kind)


def dashboard() -> None:
    """Run the dashboard and API against NOCMESH_NATS_URL."""
    _host("dashboard")


def run_roles(
    names: list[str],
    kept: Annotated[bool, typer.Option("--kept", help="Begin and end as the standard input says.")] = False,
) -> None:
    """Run several roles in this process: what `nocmesh up` starts."""
    _host(*names, kept=kept)


def prepare() -> None:
    """Check the inventory, make the database and its users: what `nocmesh up` does first."""
    from nocmesh.cli.output import as_json, put
    from nocmesh.launch.prepare import prepare as work

    sys.stdin.readline()
    put(as_json(do(work(settings()))))
