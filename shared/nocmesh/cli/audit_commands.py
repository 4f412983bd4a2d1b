"""``nocmesh audit``: who did what, and whether anybody changed what is kept of it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nocmesh.cli.doing import do, settings
from nocmesh.cli.options import Data, Nats, Out
from nocmesh.cli.output import Format

group = typer.Typer(name="audit", help="Who did what.", no_args_is_help=True, rich_markup_mode=None)

File = Annotated[Path | None, typer.Option("--file", help="An exported chain, instead of the one on the bus.")]


@group.command("verify")
def audit_verify(
    anchor: Annotated[Path | None, typer.Option(help="Anchors that were kept elsewhere, one a line.")] = None,
    file: File = None,
    output: Out = Format.YAML,
    data: Data = None,
    nats: Nats = None,
) -> None:
    """Read the whole chain, and say whether it is whole; else which entry is the first wrong one, and end with 1.

    Edits, gaps and moved entries are found from the chain alone; a cut end, and a chain that was computed anew, only
    with an anchor.
    """
    from nocmesh.cli.auditing import verify

    sys.exit(do(verify(settings(data=data, nats_url=nats), file, anchor, output)))


@group.command("anchor")
def audit_anchor(
    out: Annotated[Path | None, typer.Option(help="The file to append to; better on another machine.")] = None,
    file: File = None,
    output: Out = Format.JSON,
    data: Data = None,
    nats: Nats = None,
) -> None:
    """Print where the chain ends, and append it to a file; the chain and the file's older anchors are checked first."""
    from nocmesh.cli.auditing import anchor

    sys.exit(do(anchor(settings(data=data, nats_url=nats), file, out, output)))


@group.command("show")
def audit_show(
    target: Annotated[str, typer.Option(help="Only what was done to this device, approval, incident or run.")] = "",
    actor: Annotated[str, typer.Option(help="Only what this person or process did.")] = "",
    incident: Annotated[str, typer.Option(help="Only what belongs to this incident.")] = "",
    action: Annotated[str, typer.Option(help="Only this action, as tool_refused.")] = "",
    since: Annotated[str, typer.Option(help="Only from this time on (2026-03-01T12:00Z), or so long ago (2h).")] = "",
    file: File = None,
    output: Out = Format.TABLE,
    data: Data = None,
    nats: Nats = None,
) -> None:
    """Who did what to what, when, why, and on which evidence; the oldest first. It does not verify the chain."""
    from nocmesh.audit.telling import Wish
    from nocmesh.cli.auditing import show

    wish = Wish(target=target, actor=actor, incident=incident, action=action, since=since)
    do(show(settings(data=data, nats_url=nats), file, wish, output))


@group.command("export")
def audit_export(
    out: Annotated[Path, typer.Option(help="The file to write: one entry a line, as --file takes it.")],
    output: Out = Format.TABLE,
    data: Data = None,
    nats: Nats = None,
) -> None:
    """Write the whole chain, as it is stored, to a file that only you can read."""
    from nocmesh.cli.auditing import export

    do(export(settings(data=data, nats_url=nats), out, output))
