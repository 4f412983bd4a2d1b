"""``nocmesh freeze``, ``nocmesh unfreeze`` and ``nocmesh autonomy``: what people order about the mesh itself."""

from typing import Annotated

import typer

from nocmesh.cli.doing import asked, do
from nocmesh.cli.options import Data, Out, Url, User
from nocmesh.cli.output import Format

group = typer.Typer(
    name="autonomy", help="What types of agents may have done for them.", no_args_is_help=True, rich_markup_mode=None
)

Site = Annotated[str, typer.Option(help="Only this site; default: everything.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept in the audit.")]


def mount(app: typer.Typer) -> None:
    """Put the freezes directly under ``app``."""
    app.command("freeze")(freeze)
    app.command("unfreeze")(unfreeze)


def freeze(
    site: Site = "all",
    reason: Reason = "",
    lasts: Annotated[str, typer.Option("--for", help="How long: 90m, 2h, 3d; default: until it is lifted.")] = "",
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Let no change out: what is under way rolls back, and whatever is approved meanwhile is refused at the device."""
    from nocmesh.cli.ordering import give

    wish = {"kind": "freeze", "name": site, "value": "on", "reason": reason}
    do(give(asked(data, url, user, output), wish, lasts))


def unfreeze(
    site: Site = "all",
    reason: Reason = "",
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Lift a freeze; it takes an approver or an admin."""
    from nocmesh.cli.ordering import give

    do(give(asked(data, url, user, output), {"kind": "freeze", "name": site, "value": "", "reason": reason}))


@group.command("list")
def autonomy_list(output: Out = Format.TABLE, data: Data = None, url: Url = None, user: User = "") -> None:
    """What was ordered: levels of agents, and freezes."""
    from nocmesh.cli.ordering import ORDERS, show

    do(show(asked(data, url, user, output), ORDERS))


@group.command("set")
def autonomy_set(
    agent_type: str,
    level: Annotated[str, typer.Argument(help="observe, diagnose, propose, act_with_approval, act; `default` lifts.")],
    reason: Reason = "",
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Say what a type of agent may have done for it, up to its ceiling; it takes an admin."""
    from nocmesh.cli.ordering import give

    wish = {"kind": "autonomy", "name": agent_type, "value": "" if level == "default" else level, "reason": reason}
    do(give(asked(data, url, user, output), wish))
