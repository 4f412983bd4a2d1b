"""``nocmesh inventory``: is the file right, and what would NetBox make of it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nocmesh.cli.doing import settings
from nocmesh.cli.options import Data, Out
from nocmesh.cli.output import Format

group = typer.Typer(name="inventory", help="The inventory: check a file, or take it from NetBox.", no_args_is_help=True)


@group.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An inventory file, also one that names a NetBox.")],
    output: Out = Format.TABLE,
    data: Data = None,
) -> None:
    """Say what is wrong with an inventory, each mistake with its line; ends with 2 then. Asks no device.

    Credentials that it only names must be in the credential store; no key is needed to see that.
    """
    from nocmesh.cli.inventory import check as work

    work(file, settings(data=data), output)


@group.command("from-netbox")
def from_netbox(
    address: Annotated[str, typer.Argument(metavar="URL", help="As https://netbox.example.net/?site=ams&role=core.")],
    token_env: Annotated[str, typer.Option(help="The variable that holds the token.")] = "NETBOX_TOKEN",  # noqa: S107
    credential: Annotated[str, typer.Option(help="What the devices' credential is called.")] = "default",
    out: Annotated[Path | None, typer.Option(help="The file to write; without it, standard output.")] = None,
    output: Out = Format.YAML,
) -> None:
    """Write the inventory that NetBox knows; add the credential to it, then use it as any other.

    What cannot be a device here (no platform that we know, no primary address) is left out, and said on stderr.
    """
    from nocmesh.cli.inventory import from_netbox as work

    sys.exit(work(address, token_env, credential, out, output))
