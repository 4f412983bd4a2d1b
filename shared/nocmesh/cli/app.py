"""The commands. Each is thin: settings from the flags, then the work, imported only then."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from nocmesh.cli.output import Format, say

app = typer.Typer(
    name="nocmesh",
    help="An event-driven mesh of network-operations agents on NATS JetStream.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _group(name: str, text: str) -> typer.Typer:
    group = typer.Typer(name=name, help=text, no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group)
    return group


agent = _group("agent", "Run one agent.")
agents = _group("agents", "Who is there.")
bridge = _group("bridge", "Run one bridge to the outside world.")
bus = _group("bus", "The broker's streams.")
incident = _group("incident", "Incidents: list, show, watch.")
approval = _group("approval", "Approvals: what waits for people.")
workflow = _group("workflow", "Workflows: list, show, cancel.")
keys = _group("keys", "Identities on the bus.")
token = _group("token", "Personal tokens of people.")
bench = _group("bench", "Measure it here, now.")

Out = Annotated[Format, typer.Option("-o", "--output", help="How to print: table, json, yaml, name.")]
Data = Annotated[Path | None, typer.Option("--data", help="The data folder.")]
Inventory = Annotated[Path | None, typer.Option("--inventory", help="The inventory file.")]
Nats = Annotated[str | None, typer.Option("--nats", help="An existing broker; without it one is started.")]
Url = Annotated[str | None, typer.Option("--url", help="The dashboard's address.")]
User = Annotated[str, typer.Option("--user", help="Act as this user (a mesh with --no-auth-for-loopback).")]


def run() -> None:
    """Run the command line; an error of ours is one line and its exit code."""
    from nocmesh.errors import NocmeshError

    try:
        app()
    except NocmeshError as wrong:
        say(f"error: {wrong.message}")
        sys.exit(wrong.exit_code)


def _settings(**flags: Any) -> Any:
    from nocmesh.settings import Settings

    return Settings(**flags)


def _do(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


@app.command()
def version() -> None:
    """Print the version."""
    from nocmesh import __version__
    from nocmesh.cli.output import put

    put(__version__)


@app.command()
def up(
    inventory: Inventory = None,
    data: Data = None,
    http: Annotated[str | None, typer.Option(help="HOST:PORT of dashboard and API.")] = None,
    webhooks: Annotated[str | None, typer.Option(help="HOST:PORT of the webhook receiver.")] = None,
    nats: Nats = None,
    nats_port: Annotated[int | None, typer.Option(help="Port of the broker that is started.")] = None,
    no_auth_for_loopback: Annotated[
        bool, typer.Option("--no-auth-for-loopback", help="Local requests act as the user in X-Nocmesh-User.")
    ] = False,
) -> None:
    """Run the whole mesh on this machine until Ctrl-C."""
    from nocmesh.cli.up import up as work

    _do(
        work(
            _settings(
                inventory=inventory,
                data=data,
                http=http,
                webhooks=webhooks,
                nats_url=nats,
                nats_port=nats_port,
                no_auth_for_loopback=no_auth_for_loopback or None,
            )
        )
    )


@app.command()
def demo(
    fault: Annotated[str, typer.Option(help="Which fault to break the network with, or none.")] = "bgp_asn_misconfig",
    headless: Annotated[bool, typer.Option("--headless", help="Approve at once, ask nobody, exit at the end.")] = False,
    output: Out = Format.TABLE,
    http: Annotated[str | None, typer.Option(help="HOST:PORT of the dashboard; default: a free port.")] = None,
) -> None:
    """Watch an incident go from alert to verified fix, on a simulated network."""
    from nocmesh.cli.demo import demo as work

    _do(work(fault=fault, headless=headless, form=output, http=http))


@agent.command("run")
def agent_run(name: Annotated[str, typer.Argument(help="A role, or MODULE:CLASS of your own agent.")]) -> None:
    """Run one agent against NOCMESH_NATS_URL, with the credentials in NOCMESH_CREDENTIALS."""
    _host(name)


@bridge.command("run")
def bridge_run(kind: Annotated[str, typer.Argument(help="ssh or alerts.")]) -> None:
    """Run one bridge against NOCMESH_NATS_URL, with the credentials in NOCMESH_CREDENTIALS."""
    _host(kind)


@app.command()
def dashboard() -> None:
    """Run the dashboard and API against NOCMESH_NATS_URL."""
    _host("dashboard")


@app.command("run-roles", hidden=True)
def run_roles(
    names: list[str],
    kept: Annotated[bool, typer.Option("--kept", help="Begin and end as the standard input says.")] = False,
) -> None:
    """Run several roles in this process: what `nocmesh up` starts."""
    _host(*names, kept=kept)


def _host(*names: str, kept: bool = False) -> None:
    from nocmesh.launch.host import host

    _do(host(names, _settings(), kept=kept))


@agents.command("list")
def agents_list(output: Out = Format.TABLE, data: Data = None, url: Url = None, user: User = "") -> None:
    """Who is there, with load and liveness."""
    from nocmesh.cli.asking import list_agents

    _do(list_agents(_settings(data=data, url=url), user, output))


@incident.command("list")
def incident_list(
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Incidents, the newest first."""
    from nocmesh.cli.asking import list_incidents

    _do(list_incidents(_settings(data=data, url=url), user, output, state))


@incident.command("show")
def incident_show(
    incident_id: str, output: Out = Format.YAML, data: Data = None, url: Url = None, user: User = ""
) -> None:
    """The report of one incident."""
    from nocmesh.cli.asking import show_incident

    _do(show_incident(_settings(data=data, url=url), user, output, incident_id))


@incident.command("watch")
def incident_watch(incident_id: str, data: Data = None, url: Url = None, user: User = "") -> None:
    """Tell one incident as it happens, until it is closed or escalated."""
    from nocmesh.cli.asking import watch_incident

    _do(watch_incident(_settings(data=data, url=url), user, incident_id))


@approval.command("list")
def approval_list(output: Out = Format.TABLE, data: Data = None, url: Url = None, user: User = "") -> None:
    """What waits for a person."""
    from nocmesh.cli.asking import list_approvals

    _do(list_approvals(_settings(data=data, url=url), user, output))


@app.command()
def approve(
    approval_id: str,
    comment: Annotated[str, typer.Option(help="Why.")] = "",
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Approve a change, as the person of NOCMESH_TOKEN."""
    from nocmesh.cli.asking import decide

    _do(decide(_settings(data=data, url=url), user, approval_id, "approve", comment))


@app.command()
def reject(
    approval_id: str,
    comment: Annotated[str, typer.Option(help="Why.")] = "",
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Reject a change, as the person of NOCMESH_TOKEN."""
    from nocmesh.cli.asking import decide

    _do(decide(_settings(data=data, url=url), user, approval_id, "reject", comment))


@workflow.command("list")
def workflow_list(output: Out = Format.TABLE, data: Data = None, url: Url = None, user: User = "") -> None:
    """Runs, the newest first."""
    from nocmesh.cli.asking import list_workflows

    _do(list_workflows(_settings(data=data, url=url), user, output))


@workflow.command("show")
def workflow_show(run_id: str, output: Out = Format.YAML, data: Data = None, url: Url = None, user: User = "") -> None:
    """One run: its steps and where they stand."""
    from nocmesh.cli.asking import show_workflow

    _do(show_workflow(_settings(data=data, url=url), user, output, run_id))


@workflow.command("cancel")
def workflow_cancel(
    run_id: str,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Cancel a run: what runs is stopped, what was done is undone."""
    from nocmesh.cli.asking import cancel_workflow

    _do(cancel_workflow(_settings(data=data, url=url), user, run_id, reason))


@bus.command("provision")
def bus_provision(data: Data = None, nats: Nats = None) -> None:
    """Create or update streams, buckets and consumers on a broker."""
    from nocmesh.cli.admin import provision_bus

    _do(provision_bus(_settings(data=data, nats_url=nats)))


@keys.command("issue")
def keys_issue(
    role: Annotated[str, typer.Option(help="Its role on the bus: agent, bridge, publisher, subscriber, …")],
    name: Annotated[str, typer.Option(help="Its own name, as bgp-7.")],
    out: Annotated[Path, typer.Option(help="The credentials file to write (0600).")],
    agent_type: Annotated[str, typer.Option("--type", help="The agent's type, as bgp.")] = "",
    data: Data = None,
    nats: Nats = None,
) -> None:
    """Credentials for a new instance: no reload of the broker is needed."""
    from nocmesh.cli.admin import issue_keys

    issue_keys(_settings(data=data, nats_url=nats), role, name, agent_type, out)


@keys.command("revoke")
def keys_revoke(name: str, data: Data = None) -> None:
    """Void every key of an instance; the broker learns it at its next start or reload."""
    from nocmesh.cli.admin import revoke_keys

    revoke_keys(_settings(data=data), name)


@keys.command("server-config")
def keys_server_config(
    out: Annotated[Path, typer.Option(help="The nats-server configuration to write.")],
    store: Annotated[Path, typer.Option(help="Where the server shall keep its store.")],
    port: Annotated[int, typer.Option(help="The port it shall listen on.")] = 4222,
    data: Data = None,
) -> None:
    """The configuration of a broker that knows this mesh's identities."""
    from nocmesh.cli.admin import write_server_config

    write_server_config(_settings(data=data), out, store, port)


@token.command("create")
def token_create(
    user: str,
    scope: Annotated[list[str] | None, typer.Option(help="read, approve, …")] = None,
    days: Annotated[int, typer.Option(help="How long it is good for.")] = 30,
    data: Data = None,
) -> None:
    """A personal token for a user; it is printed once."""
    from nocmesh.cli.admin import create_token

    _do(create_token(_settings(data=data), user, scope or ["read", "approve"], days))


@app.command()
def doctor(output: Out = Format.TABLE, data: Data = None, nats: Nats = None) -> None:
    """Say what is wrong with this installation, and how durable it really is."""
    from nocmesh.cli.doctor import doctor as work

    sys.exit(_do(work(_settings(data=data, nats_url=nats), output)))


@bench.command("incident")
def bench_incident(
    fault: Annotated[list[str] | None, typer.Option(help="Only these faults; default: all.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="How often each; the medians are printed.")] = 1,
    output: Out = Format.TABLE,
) -> None:
    """Seconds from alert to diagnosis and to the end, for each fault of the simulated network."""
    from nocmesh.cli.bench import incident as work

    _do(work(fault or [], runs, output))
