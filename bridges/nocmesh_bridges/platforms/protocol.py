"""What a platform is: which commands show a view, and what their answers mean.

Pure: text in, typed state out. Nothing here talks to a device. A platform is two tables: views, and judges of answers.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from nocmesh.messages.state import Door, Output, View, ViewStatus

_REJECTIONS = re.compile(
    r"""^\s*(?:
        %\s*(?:invalid\ (?:input|command|parameter|number)|incomplete\ command|ambiguous\ command|command\ incomplete
              |unknown\ command|there\ is\ no\ matched|unrecognized\ command|bad\ mask|authorization\ failed
              |permission\ denied|this\ command\ is\ not)
      | %\s\[\w+\]:\ command\ ignored
      | command\ authorization\ failed
      | \w+\ is\ not\ running\s*$
    )""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
"""IOS, NX-OS, IOS-XR and vtysh when they do not know or allow a command, or the daemon behind it is not there."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One command to type at one door."""

    command: str
    door: Door = "cli"
    needed: bool = True
    """False: the view stands without it; its answer only adds to what the others say."""
    asked: bool = True
    """False: it is another view's, and read here too where that one was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a view's outputs say: its value as DeviceState has it; None when unparsed, rejected or unasked."""

    status: ViewStatus
    value: object = None
    config_sha256: str = ""
    """Of the view `config` only."""


class Platform(Protocol):
    """A platform; ``Tables`` is all that one needs."""

    @property
    def name(self) -> str:
        """As inventories call it."""

    def asks(self, view: View, *, shell: bool) -> list[Ask]:
        """What ``parse`` needs for ``view``; none when the platform has no such view.

        ``shell``: whether the device has a Linux shell beside its command line.
        """

    def leads(self, view: View, outputs: Sequence[Output], *, shell: bool) -> list[Ask]:
        """What ``outputs`` to the asks of ``view`` lead to: where a device says where something stands."""

    def parse(self, view: View, outputs: Sequence[Output]) -> Parsed:
        """What ``outputs`` say about ``view``. Never raises for what a device may answer."""

    def status(self, output: Output) -> ViewStatus:
        """What is to be thought of one answer."""


Read = Callable[[Sequence[Output], ViewStatus], Parsed]
"""From one answer an ask, in their order, and the status that the needed ones have together.

An answer that is not needed may be anything: its status tells whether it can be read (see ``told``).
"""
Lead = Callable[[Sequence[Output]], Sequence[Ask]]
"""From one answer an ask, in their order, to what else must be asked."""
Judge = Callable[[str], ViewStatus]
"""What is to be thought of an answer's text: parsed, empty or unparsed."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a view comes from."""

    asks: tuple[Ask, ...]
    read: Read
    lead: Lead | None = None
    """What else to ask, once the first answers are there; ``read`` gets those answers behind the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """A platform as two tables."""

    name: str
    views: Mapping[View, Source]
    judges: Mapping[str, Judge] = field(default_factory=dict)
    """By command, or by what stands before the name that it ends with. Without a judge a status stays as it came."""

    def asks(self, view: View, *, shell: bool) -> list[Ask]:
        """What ``parse`` needs for ``view``; none when there is no way to ask."""
        source = self.views.get(view)
        asks = source.asks if source else ()
        return [ask for ask in asks if ask.asked and (shell or ask.door == "cli")]

    def leads(self, view: View, outputs: Sequence[Output], *, shell: bool) -> list[Ask]:
        """What ``outputs`` lead to; a door that the device does not have leads nowhere."""
        source = self.views.get(view)
        return [ask for ask in self._leads(source, outputs) if shell or ask.door == "cli"] if source else []

    def parse(self, view: View, outputs: Sequence[Output]) -> Parsed:
        """What ``outputs`` say about ``view``."""
        source = self.views.get(view)
        if source is None:
            return Parsed(status="unasked")
        asks = [*source.asks, *self._leads(source, outputs)]
        answers = self._answers(asks, outputs)
        status = worst([found.status for found, ask in zip(answers, asks, strict=True) if ask.needed])
        return source.read(answers, status) if told(status) else Parsed(status=status)

    def status(self, output: Output) -> ViewStatus:
        """What is to be thought of ``output``."""
        if rejected(output):
            return "rejected"
        if not told(output.status):
            return output.status  # the session already knows that it cannot be trusted, or nobody asked
        command = output.command.strip()
        judge = self.judges.get(command) or self.judges.get(command.rpartition(" ")[0])
        return judge(output.text) if judge else output.status

    def _leads(self, source: Source, outputs: Sequence[Output]) -> Sequence[Ask]:
        return source.lead(self._answers(source.asks, outputs)) if source.lead else ()

    def _answers(self, asks: Sequence[Ask], outputs: Sequence[Output]) -> list[Output]:
        """An answer an ask, each with its verdict."""
        return [self._judged(answer(outputs, ask.command, ask.door)) for ask in asks]

    def _judged(self, output: Output) -> Output:
        status = self.status(output)
        if status == output.status:
            return output
        return Output(command=output.command, door=output.door, text=output.text, status=status, object=output.object)


def told(status: ViewStatus) -> bool:
    """Say whether the device said something that we understand, be it that there is none."""
    return status in ("parsed", "empty")


def answer(outputs: Sequence[Output], command: str, door: Door = "cli") -> Output:
    """The last answer to ``command`` at ``door``.

    None: one that is unparsed, since nobody asked; at the shell unasked, since not every device has one.
    """
    for output in reversed(outputs):
        if output.command.strip() == command and output.door == door:
            return output
    return Output(command=command, door=door, text="", status="unparsed" if door == "cli" else "unasked")


def first_lines(text: str) -> str:
    """The first three that are not blank: there a device says that it refuses."""
    return "\n".join([line for line in text[:4096].splitlines() if line.strip()][:3])


def rejected(output: Output) -> bool:
    """Say whether the device refused the command: its first lines say so, or the session already found that."""
    return output.status == "rejected" or _REJECTIONS.search(first_lines(output.text)) is not None


def worst(statuses: Sequence[ViewStatus]) -> ViewStatus:
    """The status of a view that several answers feed: one bad answer spoils it, it is empty when all are."""
    bads: tuple[ViewStatus, ...] = ("rejected", "unparsed", "unasked")
    for bad in bads:
        if bad in statuses:
            return bad
    return "empty" if all(status == "empty" for status in statuses) else "parsed"
