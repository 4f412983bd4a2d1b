"""``nocmesh workflow``: runs of workflows, asked from the dashboard."""

from typing import Annotated

import typer

from nocmesh.cli.doing import asked, do
from nocmesh.cli.options import Data, Out, Url, User
from nocmesh.cli.output import Format

group = typer.Typer(name="workflow", help="Workflows: list, show, cancel.", no_args_is_help=True, rich_markup_mode=None)


@group.command("list")
def workflow_list(output: Out = Format.TABLE, data: Data = None, url: Url = None, user: User = "") -> None:
    """Runs, the newest first."""
    from nocmesh.cli.asking import WORKFLOWS, list_items

    do(list_items(asked(data, url, user, output), "/api/workflows", WORKFLOWS))


@group.command("show")
def workflow_show(run_id: str, output: Out = Format.YAML, data: Data = None, url: Url = None, user: User = "") -> None:
    """One run: its steps and where they stand."""
    from nocmesh.cli.asking import show_item

    do(show_item(asked(data, url, user, output), "/api/workflows/{}", run_id, "run_id"))


@group.command("cancel")
def workflow_cancel(
    run_id: str,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """Cancel a run: what runs is stopped, what was done is undone."""
    from nocmesh.cli.asking import cancel_workflow

    do(cancel_workflow(asked(data, url, user, output), run_id, reason))
