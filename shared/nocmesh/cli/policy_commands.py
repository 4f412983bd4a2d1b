"""``nocmesh policy``: what the policy says of a change, and whether its own examples hold."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nocmesh.cli.doing import settings
from nocmesh.cli.options import Out
from nocmesh.cli.output import Format

group = typer.Typer(
    name="policy", help="How much a change can break, and what it takes.", no_args_is_help=True, rich_markup_mode=None
)
File = Annotated[Path | None, typer.Option("--policy", help="The file that makes it stricter, else NOCMESH_POLICY.")]


@group.command("show")
def policy_show(policy: File = None, output: Out = Format.YAML) -> None:
    """The policy that holds: what each risk takes, the rules in their order, tools, autonomy, budget."""
    from nocmesh.cli.policy import show

    show(settings(policy=policy).policy, output)


@group.command("explain")
def policy_explain(
    line: Annotated[list[str], typer.Option(help="A line that would be typed; may be repeated.")],
    device: Annotated[str, typer.Option(help="On which device; with --inventory it is looked up there.")] = "",
    platform: Annotated[str, typer.Option(help="Of a device that no inventory has.")] = "frr",
    shell: Annotated[bool, typer.Option("--shell", help="At its Linux shell instead of its command line.")] = False,
    rollback: Annotated[list[str] | None, typer.Option(help="A line that would undo it; may be repeated.")] = None,
    requested_by: Annotated[str, typer.Option(help="The type of agent that asks.")] = "remediation",
    inventory: Annotated[Path | None, typer.Option(help="The inventory, for roles, sites and links.")] = None,
    policy: File = None,
    output: Out = Format.TABLE,
) -> None:
    """Say which risk a change has, by which rule for which line, and what it takes. Asks no device."""
    from nocmesh.cli.policy import Wish, explain

    wish = Wish(
        device=device, platform=platform, shell=shell, lines=line, rollback=rollback or [], requested_by=requested_by
    )
    chosen = settings(policy=policy, inventory=inventory)
    explain(wish, chosen.inventory, chosen.policy, output)


@group.command("test")
def policy_test(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A policy file; default: NOCMESH_POLICY.")] = None,
    output: Out = Format.TABLE,
) -> None:
    """Read a policy file, and run its examples beside the built-in ones.

    Ends with 1 when an example fails, with 2 when the file is wrong.
    """
    from nocmesh.cli.policy import check

    sys.exit(check(settings(policy=file).policy, output))
