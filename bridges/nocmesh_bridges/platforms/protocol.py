"""What a platform is: which commands show a view, and what their answers mean.

Pure: text in, typed state out. Nothing here talks to a device.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nocmesh.messages.state import Bgp, ConfigLine, Interface, Output, Route, View, ViewStatus

_REJECTIONS = re.compile(
    r"""^\s*(?:
        %\s*(?:invalid\ input|incomplete\ command|ambiguous\ command|command\ incomplete|unknown\ command
              |there\ is\ no\ matched|unrecognized\ command|bad\ mask|authorization\ failed|this\ command\ is\ not)
      | %\s\[\w+\]:\ command\ ignored
      | command\ authorization\ failed
      | \w+\ is\ not\ running\s*$
    )""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
"""IOS and vtysh when they do not know or do not allow a command, or the daemon behind it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a view's outputs say: the one value that belongs to it, unless ``status`` is unparsed or rejected."""

    status: ViewStatus
    interfaces: list[Interface] | None = None
    bgp: Bgp | None = None
    routes: list[Route] | None = None
    config: list[ConfigLine] | None = None
    config_sha256: str = ""


class Platform(Protocol):
    """A platform; a module's worth of functions is enough."""

    @property
    def name(self) -> str:
        """As inventories call it."""

    def commands(self, view: View) -> list[str]:
        """The commands whose answers ``parse`` needs for ``view``."""

    def parse(self, view: View, outputs: Sequence[Output]) -> Parsed:
        """What ``outputs`` say about ``view``. Never raises for what a device may answer."""

    def status(self, output: Output) -> ViewStatus:
        """What is to be thought of one answer."""


def answer(outputs: Sequence[Output], command: str) -> Output:
    """The last answer to ``command``; none: one that is unparsed, since nobody asked."""
    for output in reversed(outputs):
        if output.command.strip() == command:
            return output
    return Output(command=command, text="", status="unparsed")


def rejected(output: Output) -> bool:
    """Say whether the device refused the command: its first lines say so, or the session already found that."""
    head = "\n".join([line for line in output.text.splitlines() if line.strip()][:3])
    return output.status == "rejected" or _REJECTIONS.search(head) is not None


def worst(statuses: Sequence[ViewStatus]) -> ViewStatus:
    """The status of a view that several answers feed: one bad answer spoils it, it is empty when all are."""
    for bad in ("rejected", "unparsed"):
        if bad in statuses:
            return bad
    return "empty" if all(status == "empty" for status in statuses) else "parsed"
