"""``nocmesh notify``: whether those that are to be told are reached."""

import sys

import typer

from nocmesh.cli.doing import do, settings
from nocmesh.cli.options import Out
from nocmesh.cli.output import Format

group = typer.Typer(
    name="notify", help="Whom nocmesh tells of what waits.", no_args_is_help=True, rich_markup_mode=None
)


@group.command("test")
def notify_test(output: Out = Format.TABLE) -> None:
    """Send one message to each target of NOCMESH_NOTIFY, and say what came of it; ends with 1 when one failed."""
    from nocmesh.cli.notifying import test as work

    sys.exit(do(work(settings(), output)))
