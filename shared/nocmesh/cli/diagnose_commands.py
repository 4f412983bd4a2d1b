"""``nocmesh diagnose``, ``nocmesh baseline`` and ``nocmesh config``: a network as it is, and as it was."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nocmesh.cli.doing import asked, do
from nocmesh.cli.options import Data, Out, Url, User
from nocmesh.cli.output import Format

config = typer.Typer(name="config", help="What devices were like, and what moved since.", no_args_is_help=True)

Inventory = Annotated[Path, typer.Option("--inventory", help="The inventory file.")]


def mount(app: typer.Typer) -> None:
    """Put these commands under ``app``."""
    app.command()(diagnose)
    app.command()(baseline)
    app.add_typer(config)


def diagnose(
    inventory: Inventory,
    alert: Annotated[Path, typer.Option(help="A monitoring system's own body, or {source, body}; JSON or YAML.")],
    baseline: Annotated[Path | None, typer.Option(help="What `nocmesh baseline --out` took when all was well.")] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that the diagnosis may take.")] = 300.0,
    keep: Annotated[Path | None, typer.Option(help="Keep the mesh's data and logs in this folder.")] = None,
    output: Out = Format.JSON,
) -> None:
    """Diagnose one alert on a running network, print the report, stop. It changes nothing on any device.

    Starts a mesh of its own that only reads. Without --baseline it lives from both ends of what is broken. `-o table`
    prints the explanation of the incident, for people.
    """
    from nocmesh.cli.diagnose import Wish
    from nocmesh.cli.diagnose import diagnose as work

    wish = Wish(inventory=inventory, alert=alert, baseline=baseline, keep=keep, seconds=timeout, form=output)
    sys.exit(do(work(wish)))


def baseline(
    inventory: Inventory,
    out: Annotated[Path, typer.Option(help="The folder: one folder per device is written into it.")],
    output: Out = Format.TABLE,
) -> None:
    """Take configuration and typed state of every device into a folder.

    Ends with 1 when a device could not be read; which, and why, is said on stderr.
    """
    from nocmesh.cli.baseline import baseline as work

    sys.exit(do(work(inventory, out, output)))


@config.command("diff")
def config_diff(
    device: str,
    since: Annotated[str, typer.Option("--from", help="baseline, latest, or a version's number.")] = "baseline",
    to: Annotated[str, typer.Option("--to", help="running, latest, or a version's number.")] = "running",
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """What moved on a device, and between which two looks at it."""
    from nocmesh.cli.baseline import diff

    do(diff(asked(data, url, user, output), device, since, to))


@config.command("versions")
def config_versions(
    device: str, output: Out = Format.TABLE, data: Data = None, url: Url = None, user: User = ""
) -> None:
    """The versions of a device that are kept, and which of them is known good."""
    from nocmesh.cli.baseline import versions

    do(versions(asked(data, url, user, output), device))


@config.command("accept")
def config_accept(
    devices: Annotated[list[str], typer.Argument(metavar="DEVICE...")],
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Take devices as they are now for known good: their baseline from here on."""
    from nocmesh.cli.baseline import accept

    do(accept(asked(data, url, user, output), devices))
