"""``nocmesh approval``, ``nocmesh approve`` and ``nocmesh reject``: what waits for people, and their votes."""

from collections.abc import Callable
from typing import Annotated

import typer

from nocmesh.cli.doing import asked, do
from nocmesh.cli.options import Data, Out, Url, User
from nocmesh.cli.output import Format

group = typer.Typer(
    name="approval", help="Approvals: what waits for people.", no_args_is_help=True, rich_markup_mode=None
)

Comment = Annotated[str, typer.Option(help="Why.")]
Hash = Annotated[str, typer.Option("--change-hash", help="Only if the change is still the one of this hash.")]

APPROVE = """\
Approve a change, as the person of NOCMESH_TOKEN.

A vote that counts ends with 0, also where more people must approve; it says how many.
"""
REJECT = "Reject a change, as the person of NOCMESH_TOKEN: one is enough."


def mount(app: typer.Typer) -> None:
    """Put the votes directly under ``app``."""
    app.command("approve", help=APPROVE)(_voter("approve"))
    app.command("reject", help=REJECT)(_voter("reject"))


@group.command("list")
def approval_list(
    status: Annotated[str, typer.Option(help="pending, approved, rejected or expired.")] = "pending",
    output: Out = Format.TABLE,
    data: Data = None,
    url: Url = None,
    user: User = "",
) -> None:
    """What waits for a person."""
    from nocmesh.cli.asking import APPROVALS, list_items

    do(list_items(asked(data, url, user, output), "/api/approvals", APPROVALS, status=status))


@group.command("show")
def approval_show(
    approval_id: str, output: Out = Format.YAML, data: Data = None, url: Url = None, user: User = ""
) -> None:
    """One approval with its change, its hash and its votes."""
    from nocmesh.cli.asking import show_approval

    do(show_approval(asked(data, url, user, output), approval_id))


def _voter(word: str) -> Callable[..., None]:
    """The command that votes so."""

    def vote(
        approval_id: str,
        comment: Comment = "",
        change_hash: Hash = "",
        output: Out = Format.TABLE,
        data: Data = None,
        url: Url = None,
        user: User = "",
    ) -> None:
        from nocmesh.cli.asking import decide

        do(decide(asked(data, url, user, output), approval_id, word, comment, change_hash))

    return vote
