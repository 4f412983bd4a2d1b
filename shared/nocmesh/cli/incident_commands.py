"""``nocmesh incident``: what the mesh works on, asked from the dashboard."""

from typing import Annotated

import typer

from nocmesh.cli.doing import asked, do
from nocmesh.cli.options import Data, Out, Url, User
from nocmesh.cli.output import Format

group = typer.Typer(name="incident", help="Incidents: list, show, watch.", no_args_is_help=True, rich_markup_mode=None)


@group.command("list")
def incident_list(
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Incidents, the newest first."""
    from nocmesh.cli.asking import INCIDENTS, list_items

    do(list_items(asked(data, url, user, output), "/api/incidents", INCIDENTS, state=state))


@group.command("show")
def incident_show(
    incident_id: str, output: Out = Format.YAML, data: Data = None, url: Url = None, user: User = ""
) -> None:
    """The report of one incident."""
    from nocmesh.cli.asking import show_item

    do(show_item(asked(data, url, user, output), "/api/incidents/{}", incident_id, "incident_id"))


@group.command("watch")
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

    do(watch_incident(asked(data, url, user, output), incident_id, timeout))
