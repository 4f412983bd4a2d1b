"""The commands. Each is thin: settings from the flags, then the work, imported only then."""

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from nocmesh.cli import db_commands, diagnose_commands, eval_commands, inventory_commands, lab_commands
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
app.add_typer(db_commands.group)
app.add_typer(eval_commands.group)
app.add_typer(lab_commands.group)
diagnose_commands.mount(app)
app.add_typer(inventory_commands.group)

Out = Annotated[Format, typer.Option("-o", "--output", help="How to print: table, json, yaml, name.")]
Data = Annotated[Path | None, typer.Option("--data", help="The data folder.")]
Inventory = Annotated[Path | None, typer.Option("--inventory", help="The inventory file.")]
Nats = Annotated[str | None, typer.Option("--nats", help="An existing broker; without it one is started.")]
Url = Annotated[str | None, typer.Option("--url", help="The dashboard's address.")]
User = Annotated[str, typer.Option("--user", help="Act as this user (a mesh with --no-auth-for-loopback).")]

Comment = Annotated[str, typer.Option(help="Why.")]
Hash = Annotated[str, typer.Option("--change-hash", help="Only if the change is still the one of this hash.")]


def run() -> None:
    """Run the command line; what goes wrong is said on stderr, and its exit code says of which kind it is."""
    from nocmesh.errors import NocmeshError, PreconditionError

    try:
        app(prog_name="nocmesh")
    except NocmeshError as wrong:
        say(f"error: {wrong.message}")
        sys.exit(wrong.exit_code)
    except OSError as wrong:
        where = f": {wrong.filename}" if wrong.filename else ""
        say(f"error: the operating system refuses it: {wrong.strerror or wrong}{where}")
        sys.exit(PreconditionError.exit_code)


def _settings(**flags: Any) -> Any:
    from nocmesh.settings import Settings

    return Settings(**flags)


def _do(work: Coroutine[Any, Any, Any]) -> Any:
    import asyncio

    return asyncio.run(work)


@app.command()
def version(output: Out = Format.TABLE) -> None:
    """Print the version."""
    from nocmesh import __version__
    from nocmesh.cli.output import show_done

    show_done({"version": __version__}, "version", output)


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

    code = _do(
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
    sys.exit(code)


@app.command()
def demo(
    fault: Annotated[str, typer.Option(help="Which fault to break the network with, or none.")] = "bgp_asn_misconfig",
    headless: Annotated[bool, typer.Option("--headless", help="Approve at once, ask nobody, exit at the end.")] = False,
    output: Out = Format.TABLE,
    http: Annotated[str | None, typer.Option(help="HOST:PORT of the dashboard; default: 8080, or a free port.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep keys, streams, database and logs in this folder.")] = None,
    story: Annotated[
        str, typer.Option(help="fix; failed-fix: a fix that cannot help; shift: several incidents, synthetic network.")
    ] = "fix",
    seed: Annotated[int, typer.Option(min=0, help="Of a shift: the same seed, the same network and faults.")] = 1,
    devices: Annotated[int, typer.Option(min=2, max=60, help="Of a shift: how many routers.")] = 8,
    incidents: Annotated[int, typer.Option(min=1, help="Of a shift: how many incidents; the last one fails.")] = 4,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show every role's log on stderr as it is written.")
    ] = False,
    log_file: Annotated[Path | None, typer.Option(help="Write every role's log to this file too.")] = None,
) -> None:
    """Watch an incident go from alert to verified fix, on a simulated network.

    You have twenty seconds to approve in the dashboard; then the demo's two users do. Ends with 0 when the mesh found
    the cause that was injected, whether it could mend it or had to hand it to a person; else with 1.
    """
    from nocmesh.cli.demo import Wish
    from nocmesh.cli.demo import demo as work

    wish = Wish(
        fault=fault, story=story, seed=seed, devices=devices, incidents=incidents, headless=headless, form=output,
        http=http, keep=keep, verbose=verbose, log_file=log_file,
    )  # fmt: skip
    sys.exit(_do(work(wish)))


@agent.command("run")
def agent_run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A role, or MODULE:CLASS of your own agent.")],
) -> None:
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


@app.command("prepare", hidden=True)
def prepare() -> None:
    """Check the inventory, make the database and its users: what `nocmesh up` does first."""
    from nocmesh.cli.output import as_json, put
    from nocmesh.launch.prepare import prepare as work

    sys.stdin.readline()
    put(as_json(_do(work(_settings()))))


@agents.command("list")
def agents_list(output: Out = Format.TABLE, data: Data = None, url: Url = None, user: User = "") -> None:
    """Who is there, with load and liveness."""
    from nocmesh.cli.asking import AGENTS, list_items

    _do(list_items(_settings(data=data, url=url), user, output, "/api/agents", AGENTS))


@incident.command("list")
def incident_list(
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Incidents, the newest first."""
    from nocmesh.cli.asking import INCIDENTS, list_items

    _do(list_items(_settings(data=data, url=url), user, output, "/api/incidents", INCIDENTS, state=state))


@incident.command("show")
def incident_show(
    incident_id: str, output: Out = Format.YAML, data: Data = None, url: Url = None, user: User = ""
) -> None:
    """The report of one incident."""
    from nocmesh.cli.asking import show_item

    _do(show_item(_settings(data=data, url=url), user, output, "/api/incidents/{}", incident_id, "incident_id"))


@incident.command("watch")
def incident_watch(
    incident_id: str,
    output: Out = Format.TABLE,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to watch at most; 0: until its end.")] = 0,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Tell one incident as it happens, until it is closed or escalated.

    With --timeout it ends with 7 when the incident waits for people then, and with 6 when it is at anything else.
    """
    from nocmesh.cli.asking import watch_incident

    _do(watch_incident(_settings(data=data, url=url), user, output, incident_id, timeout))


@approval.command("list")
def approval_list(
    status: Annotated[str, typer.Option(help="pending, approved, rejected or expired.")] = "pending",
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """What waits for a person."""
    from nocmesh.cli.asking import APPROVALS, list_items

    _do(list_items(_settings(data=data, url=url), user, output, "/api/approvals", APPROVALS, status=status))


@approval.command("show")
def approval_show(
    approval_id: str, output: Out = Format.YAML, data: Data = None, url: Url = None, user: User = ""
) -> None:
    """One approval with its change, its hash and its votes."""
    from nocmesh.cli.asking import show_item

    _do(show_item(_settings(data=data, url=url), user, output, "/api/approvals/{}", approval_id, "approval_id"))


@app.command()
def approve(
    approval_id: str,
    comment: Comment = "",
    change_hash: Hash = "",
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Approve a change, as the person of NOCMESH_TOKEN.

    A vote that counts ends with 0, also where more people must approve; it says how many.
    """
    from nocmesh.cli.asking import decide

    _do(decide(_settings(data=data, url=url), user, output, approval_id, "approve", comment, change_hash))


@app.command()
def reject(
    approval_id: str,
    comment: Comment = "",
    change_hash: Hash = "",
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Reject a change, as the person of NOCMESH_TOKEN: one is enough."""
    from nocmesh.cli.asking import decide

    _do(decide(_settings(data=data, url=url), user, output, approval_id, "reject", comment, change_hash))


@workflow.command("list")
def workflow_list(output: Out = Format.TABLE, data: Data = None, url: Url = None, user: User = "") -> None:
    """Runs, the newest first."""
    from nocmesh.cli.asking import WORKFLOWS, list_items

    _do(list_items(_settings(data=data, url=url), user, output, "/api/workflows", WORKFLOWS))


@workflow.command("show")
def workflow_show(run_id: str, output: Out = Format.YAML, data: Data = None, url: Url = None, user: User = "") -> None:
    """One run: its steps and where they stand."""
    from nocmesh.cli.asking import show_item

    _do(show_item(_settings(data=data, url=url), user, output, "/api/workflows/{}", run_id, "run_id"))


@workflow.command("cancel")
def workflow_cancel(
    run_id: str,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Cancel a run: what runs is stopped, what was done is undone."""
    from nocmesh.cli.asking import cancel_workflow

    _do(cancel_workflow(_settings(data=data, url=url), user, output, run_id, reason))


@bus.command("provision")
def bus_provision(output: Out = Format.TABLE, data: Data = None, nats: Nats = None) -> None:
    """Create or update streams, buckets and consumers on a broker."""
    from nocmesh.cli.admin import provision_bus

    _do(provision_bus(_settings(data=data, nats_url=nats), output))


@keys.command("issue")
def keys_issue(
    role: Annotated[str, typer.Option(help="Its role on the bus: agent, bridge, publisher, subscriber, …")],
    name: Annotated[str, typer.Option(help="Its own name, as bgp-7.")],
    out: Annotated[Path, typer.Option(help="The credentials file to write (0600).")],
    agent_type: Annotated[str, typer.Option("--type", help="The agent's type, as bgp.")] = "",
    output: Out = Format.TABLE,
    data: Data = None,
    nats: Nats = None,
) -> None:
    """Credentials for a new instance: no reload of the broker is needed."""
    from nocmesh.cli.admin import issue_keys

    issue_keys(_settings(data=data, nats_url=nats), role, name, agent_type, out, output)


@keys.command("revoke")
def keys_revoke(name: str, output: Out = Format.TABLE, data: Data = None) -> None:
    """Void every key of an instance; the broker learns it at its next start or reload."""
    from nocmesh.cli.admin import revoke_keys

    revoke_keys(_settings(data=data), name, output)


@keys.command("server-config")
def keys_server_config(
    out: Annotated[Path, typer.Option(help="The nats-server configuration to write.")],
    store: Annotated[Path, typer.Option(help="Where the server shall keep its store.")],
    port: Annotated[int, typer.Option(help="The port it shall listen on.")] = 4222,
    output: Out = Format.TABLE,
    data: Data = None,
) -> None:
    """The configuration of a broker that knows this mesh's identities."""
    from nocmesh.cli.admin import write_server_config

    write_server_config(_settings(data=data), out, store, port, output)


@token.command("create")
def token_create(
    user: str,
    scope: Annotated[list[str] | None, typer.Option(help="read, approve; default: both.")] = None,
    days: Annotated[int, typer.Option(min=1, help="How long it is good for.")] = 30,
    output: Out = Format.TABLE,
    data: Data = None,
) -> None:
    """A personal token for a user; it is printed once."""
    from nocmesh.cli.admin import create_token

    _do(create_token(_settings(data=data), user, scope or ["read", "approve"], days, output))


@app.command()
def doctor(output: Out = Format.TABLE, inventory: Inventory = None, data: Data = None, nats: Nats = None) -> None:
    """Say what is wrong with this installation, and how durable it really is; ends with 3 when something is."""
    from nocmesh.cli.doctor import doctor as work

    sys.exit(_do(work(_settings(data=data, nats_url=nats, inventory=inventory), output)))


@bench.command("incident")
def bench_incident(
    fault: Annotated[list[str] | None, typer.Option(help="Only these faults; default: all.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="How often each; the medians are printed.")] = 1,
    output: Out = Format.TABLE,
) -> None:
    """Seconds from alert to diagnosis and to the end, for each fault of the simulated network."""
    from nocmesh.cli.bench import incident as work

    _do(work(fault or [], runs, output))
