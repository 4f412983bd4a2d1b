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

Only = Annotated[list[str] | None, typer.Option("--only-device", help="A yes for this device only; may be repeated.")]
Before = Annotated[str, typer.Option(help="A yes until then: 22:00 (the next, UTC) or 2026-01-31T22:00Z.")]
After = Annotated[str, typer.Option(help="A yes from then on.")]
First = Annotated[int, typer.Option(min=0, help="A yes for so many changes of the run, in their order; 0: all.")]

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
        only_device: Only = None,
        before: Before = "",
        after: After = "",
        first: First = 0,
        output: Out = Format.TABLE,
        data: Data = None,
        url: Url = None,
        user: User = "",
    ) -> None:
        from nocmesh.cli.asking import decide
        from nocmesh.cli.conditions import conditions_of

        conditions = conditions_of(only_device or [], before, after, first)
        do(decide(asked(data, url, user, output), approval_id, word, comment, change_hash, conditions))

    return vote
