"""``nocmesh lab``: networks of real routers on this machine; simulated ones where there is no root."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nocmesh.cli.doing import do
from nocmesh.cli.options import Out
from nocmesh.cli.output import Format

group = typer.Typer(name="lab", help="Networks to try things on.", no_args_is_help=True, rich_markup_mode=None)

Run = Annotated[str | None, typer.Option("--run", help="Which lab, where several are up.")]


@group.command("up")
def up(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A topology: see `nocmesh lab topologies`.")] = "",
    graph: Annotated[Path | None, typer.Option(help="Nodes and links of your own, as a YAML file.")] = None,
    igp: Annotated[str | None, typer.Option(help="ospf or isis; default: ospf.")] = None,
    bgp: Annotated[str | None, typer.Option(help="none, ibgp_rr or ebgp; default: none.")] = None,
    spines: Annotated[int | None, typer.Option(min=1, max=60, help="Of a clos; default: 2.")] = None,
    leaves: Annotated[int | None, typer.Option(min=1, max=60, help="Of a clos; default: 4.")] = None,
    hosts: Annotated[int | None, typer.Option(min=0, max=60, help="Hosts at the edge; default: 2.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Other addresses, AS numbers, interface names.")] = None,
    authentication: Annotated[
        bool | None, typer.Option("--authentication", help="Sessions and adjacencies carry passwords.")
    ] = None,
    alertmanager: Annotated[
        str | None, typer.Option(metavar="WEBHOOK_URL", help="Start an Alertmanager that posts there.")
    ] = None,
    inventory_out: Annotated[Path | None, typer.Option(help="Write the inventory to this file too.")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Simulated devices, also where root could.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until it has converged.")] = False,
    output: Out = Format.TABLE,
) -> None:
    """Bring up a network and wait until it has converged.

    Real routers (FRRouting in network namespaces, with sshd and snmpd) need root on Linux; without, devices are
    simulated, and that is said.
    """
    from nocmesh.cli.laboratory import Wish
    from nocmesh.cli.laboratory import up as work

    options = _given(
        igp=igp, bgp=bgp, spines=spines, leaves=leaves, hosts=hosts, seed=seed, authentication=authentication
    )  # fmt: skip
    wish = Wish(
        name=name, graph=graph, options=options, alertmanager=alertmanager, inventory_out=inventory_out,
        simulated=simulated, wait=not no_wait, form=output,
    )  # fmt: skip
    from asyncio import CancelledError

    try:
        do(work(wish))
    except (KeyboardInterrupt, CancelledError):
        from nocmesh.cli.output import say

        say("stopped; `nocmesh lab status` tells whether a lab is up")
        sys.exit(130)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


@group.command("down")
def down(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="Which lab, where several are up.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every lab of yours, and what crashed ones left behind.")] = False,
    output: Out = Format.TABLE,
) -> None:
    """Take a lab down: nothing of it stays on this machine."""
    from nocmesh.cli.laboratory import down as work

    do(work(run, all_, output))


@group.command("status")
def status(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="Which lab, where several are up.")] = None,
    output: Out = Format.TABLE,
) -> None:
    """How a lab is, asked from its routers, switches and hosts; ends with 1 when something is missing."""
    from nocmesh.cli.laboratory import status as work

    sys.exit(do(work(run, output)))


@group.command("inject")
def inject(
    fault: Annotated[str, typer.Argument(help="What to break: see `nocmesh lab faults`.")],
    at: Annotated[str, typer.Option(help="Where: a resource, as node/r1; default: the first that fits.")] = "",
    param: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="May be given several times.")] = None,
    alert: Annotated[bool, typer.Option("--alert", help="Post the alert to the lab's Alertmanager.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until it shows.")] = False,
    run: Run = None,
    output: Out = Format.TABLE,
) -> None:
    """Break something, and wait until the routers show it."""
    from nocmesh.cli.laboratory import inject as work

    do(work(run, fault, at, param or [], alert=alert, wait=not no_wait, form=output))


@group.command("heal")
def heal(run: Run = None, output: Out = Format.TABLE) -> None:
    """Undo every fault and every other change: back to how the lab was when it had converged."""
    from nocmesh.cli.laboratory import heal as work

    do(work(run, output))


@group.command("inventory")
def inventory(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="Which lab, where several are up.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to this file instead.")] = None,
) -> None:
    """Print the inventory of a lab, for `nocmesh up --inventory`."""
    from nocmesh.cli.laboratory import inventory as work

    work(run, out)


@group.command("topologies")
def topologies(output: Out = Format.TABLE) -> None:
    """The networks that can be brought up by name."""
    from nocmesh.cli.lab_rows import topologies as work

    work(output)


@group.command("faults")
def faults(run: Run = None, output: Out = Format.TABLE) -> None:
    """What can be broken; on a lab that is up, where."""
    from nocmesh.cli.laboratory import faults as work

    do(work(run, output))
