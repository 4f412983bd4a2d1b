"""The commands. Each is thin: settings from the flags, then the work, imported only then."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nocmesh.cli import (
    admin_commands,
    approval_commands,
    audit_commands,
    credential_commands,
    db_commands,
    diagnose_commands,
    eval_commands,
    explain_commands,
    incident_commands,
    inventory_commands,
    lab_commands,
    notify_commands,
    order_commands,
    policy_commands,
    role_commands,
    workflow_commands,
)
from nocmesh.cli.doing import asked, do, settings
from nocmesh.cli.options import Data, Nats, Out, Url, User
from nocmesh.cli.output import Format, say

app = typer.Typer(
    name="nocmesh",
    help="An event-driven mesh of network-operations agents on NATS JetStream.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
agents = typer.Typer(name="agents", help="Who is there.", no_args_is_help=True, rich_markup_mode=None)
bench = typer.Typer(name="bench", help="Measure it here, now.", no_args_is_help=True, rich_markup_mode=None)

Inventory = Annotated[Path | None, typer.Option("--inventory", help="The inventory file.")]


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


def version(output: Out = Format.TABLE) -> None:
    """Print the version."""
    from nocmesh import __version__
    from nocmesh.cli.output import show_done

    show_done({"version": __version__}, "version", output)


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

    chosen = settings(
        inventory=inventory,
        data=data,
        http=http,
        webhooks=webhooks,
        nats_url=nats,
        nats_port=nats_port,
        no_auth_for_loopback=no_auth_for_loopback or None,
    )
    sys.exit(do(work(chosen)))


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
    sys.exit(do(work(wish)))


def doctor(output: Out = Format.TABLE, inventory: Inventory = None, data: Data = None, nats: Nats = None) -> None:
    """Say what is wrong with this installation, and how durable it really is; ends with 3 when something is."""
    from nocmesh.cli.doctor import doctor as work

    sys.exit(do(work(settings(data=data, nats_url=nats, inventory=inventory), output)))


@agents.command("list")
def agents_list(output: Out = Format.TABLE, data: Data = None, url: Url = None, user: User = "") -> None:
    """Who is there, with load and liveness."""
    from nocmesh.cli.asking import AGENTS, list_items

    do(list_items(asked(data, url, user, output), "/api/agents", AGENTS))


@bench.command("incident")
def bench_incident(
    fault: Annotated[list[str] | None, typer.Option(help="Only these faults; default: all.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="How often each; the medians are printed.")] = 1,
    output: Out = Format.TABLE,
) -> None:
    """Seconds from alert to diagnosis and to the end, for each fault of the simulated network."""
    from nocmesh.cli.bench import incident as work

    do(work(fault or [], runs, output))


@bench.command("devices")
def bench_devices(
    devices: Annotated[int, typer.Option(min=2, help="Simulated devices, in processes of their own.")] = 50,
    reads: Annotated[int, typer.Option(min=1, help="Reads in all.")] = 1000,
    bridges: Annotated[int, typer.Option(min=0, help="So many SSH bridges read, as processes on a real broker.")] = 0,
    kill: Annotated[bool, typer.Option("--kill", help="Kill one of the bridges (-9) after half of the reads.")] = False,
    output: Out = Format.TABLE,
) -> None:
    """Reads and new sessions a second: the pool against a session for each read, with asyncssh and with netmiko.

    With --bridges, what a fleet of bridges makes of the reads, and with --kill whether one of them is missed.
    """
    from nocmesh.cli.device_bench import devices as work

    do(work(devices, reads, bridges, kill, output))


# In the order of the page of all commands.
app.add_typer(role_commands.agent)
app.add_typer(agents)
app.add_typer(role_commands.bridge)
app.add_typer(audit_commands.group)
app.add_typer(admin_commands.bus)
explain_commands.mount(incident_commands.group)
app.add_typer(incident_commands.group)
app.add_typer(approval_commands.group)
app.add_typer(order_commands.group)
app.add_typer(policy_commands.group)
app.add_typer(workflow_commands.group)
app.add_typer(admin_commands.keys)
app.add_typer(admin_commands.token)
app.add_typer(bench)
app.add_typer(db_commands.group)
app.add_typer(eval_commands.group)
app.add_typer(lab_commands.group)
diagnose_commands.mount(app)
app.add_typer(inventory_commands.group)
app.add_typer(credential_commands.group)
app.add_typer(notify_commands.group)
app.command()(version)
app.command()(up)
app.command()(demo)
role_commands.mount(app)
approval_commands.mount(app)
order_commands.mount(app)
app.command()(doctor)
