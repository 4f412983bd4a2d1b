"""``nocmesh incident explain``: what broke, since when, how bad, what to do, as the dashboard's page says it."""

from typing import Annotated

import typer

from nocmesh.cli.doing import asked, do
from nocmesh.cli.options import Data, Out, Url, User
from nocmesh.cli.output import Format

Markdown = Annotated[bool, typer.Option("--markdown", help="With -o table: as Markdown, for a ticket.")]


def mount(incident: typer.Typer) -> None:
    """Put the command under ``incident``."""
    incident.command("explain")(incident_explain)


def incident_explain(
    incident_id: str,
    markdown: Markdown = False,
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """What broke, since when, how we know, whom it hurts, what it is not, what to do next, and what happened."""
    from nocmesh.cli.explaining import explain_incident

    do(explain_incident(asked(data, url, user, output), incident_id, markdown=markdown))
