"""The reference page of the platforms, made from their tables: ``python -m nocmesh_bridges.platforms.reference``."""

import sys
from collections.abc import Iterable, Sequence

from nocmesh.messages.state import View
from nocmesh_bridges.platforms import PLATFORMS, VIEWS
from nocmesh_bridges.platforms.protocol import Ask, Platform

_HEAD = """\
# Platforms

<!-- Generated: `python -m nocmesh_bridges.platforms.reference > docs/reference/platforms.md` -->

What the SSH bridge understands of a device as typed state: the views that `device_state` may be asked for. A view that
a platform does not have is `unasked`, and never looks like one in which there is nothing; a command that the device
does not know is `rejected`, an answer that is not understood whole is `unparsed`. Each value says from which lines of
which answer it was read.

*yes*: from the device's own command line; *shell*: where the inventory gives the device a shell; empty: the platform
has no such view. The inventory calls the platforms by the names of the columns.
"""
_CHANGES = """
## Changes

Reading is all that is done on Cisco NX-OS and IOS-XR, Arista EOS and Juniper Junos: no remedy is written for them, so
what is wrong there goes to a person with its evidence. Changes are made on FRR, on Cisco IOS-XE, on Linux, and through
the shell beside an FRR router ([Changes](../how-to/changes.md)).

## What is asked

Each of these passes the guard before it is typed.
"""
_DOORS = (("yes", False), ("shell", True))
"""What stands in a cell, and whether that takes a shell."""


def page(platforms: Sequence[Platform] = PLATFORMS, views: Sequence[View] = VIEWS) -> str:
    """The page, in Markdown."""
    names = [platform.name for platform in platforms]
    rows = [_row([f"`{view}`", *(_cell(platform, view) for platform in platforms)]) for view in views]
    table = [_row(["view", *(f"`{name}`" for name in names)]), _row(["---"] * (len(names) + 1)), *rows]
    return "\n".join([_HEAD, *table, _CHANGES, *(line for each in platforms for line in _asked(each, views)), ""])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(platform: Platform, view: View) -> str:
    return next((word for word, shell in _DOORS if platform.asks(view, shell=shell)), "")


def _asked(platform: Platform, views: Sequence[View]) -> list[str]:
    """The platform's commands, each once, in the order of the views."""
    asks = [ask for view in views for _, shell in _DOORS for ask in platform.asks(view, shell=shell)]
    typed = dict.fromkeys(f"`{_shown(ask)}`" for ask in asks)
    return [f"- `{platform.name}`: {', '.join(typed)}"]


def _shown(ask: Ask) -> str:
    return ask.command.replace("\n", " ").replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
