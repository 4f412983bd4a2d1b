"""FRR's interfaces (zebra/interface.c, if_dump_vty_json), and what only the kernel knows of them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from nocmesh.messages.state import Interface, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.linux_links import interfaces as linux_interfaces
from nocmesh_bridges.platforms.linux_links import links_of, rates_of, with_link
from nocmesh_bridges.platforms.protocol import Parsed, told
from nocmesh_bridges.platforms.spans import Span, read_spans
from nocmesh_bridges.platforms.telling import CLOSE, items

INTERFACES = "show interface json"
_KINDS = {"unknown": ""}
_NO_SPEED = frozenset({0, 4294967295})
"""What the kernel tells of an interface that has none; FRR prints it as a number without a sign."""


def is_interface(entry: Span) -> bool:
    """Say whether ``entry`` is what FRR prints of an interface."""
    return entry.text("administrativeStatus") in {"up", "down"}


def interfaces(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `interfaces` from INTERFACES and, with a shell, `ip` and `tc`."""
    cli, links, shapers = answers
    if not told(cli.status):  # zebra does not answer: the kernel still does, where there is a shell
        return linux_interfaces([links, shapers], links.status) if told(links.status) else Parsed(status=cli.status)
    kernel, rates = links_of(links), rates_of(shapers)
    entries = read_spans(cli.text).members
    there = {name: e for name, e in entries.items() if not _gone(name, e, kernel if told(links.status) else None)}
    found = [_interface(cli, name, entry) for name, entry in there.items()]
    joined = [with_link(plain, kernel[plain.name]) if plain.name in kernel else plain for plain in found]
    return Parsed(status=cli.status, value=[replace(each, rate_limit_bps=rates.get(each.name)) for each in joined])


def _gone(name: str, entry: Span, kernel: Mapping[str, Span] | None) -> bool:
    """Say whether the interface is but configured: zebra keeps what has been taken out (if_dump_vty_json says so)."""
    return entry.flag("pseudoInterface") or (kernel is not None and name not in kernel)


def _interface(output: Output, name: str, entry: Span) -> Interface:
    speed = entry.number("speed")
    enabled = entry.text("administrativeStatus") == "up"
    state = entry.members.get("operationalStatus", entry.members["administrativeStatus"])
    near = state.end - entry.start <= CLOSE
    quote = Quote(command=output.command, text=output.text[entry.start if near else state.start : state.end])
    return Interface(
        name=name,
        enabled=enabled,
        oper_up=enabled and _running(entry),
        mtu=entry.number("mtu"),
        addresses=[item.text("address") for item in items(entry, "ipAddresses") if item.text("address")],
        description=entry.text("description") or entry.text("OsDescription"),
        in_errors=entry.number("inputErrors"),
        out_errors=entry.number("outputErrors"),
        mac=entry.text("hardwareAddress").lower(),
        last_up=_time(entry.text("lastLinkUp")),
        last_down=_time(entry.text("lastLinkDown")),
        kind=_KINDS.get(entry.text("type").lower(), entry.text("type").lower()),
        speed_mbps=None if speed in _NO_SPEED else speed,
        quote=quote,
    )


def _time(text: str) -> datetime | None:
    """`2026/11/28 15:25:00.07`, local time without a zone, read as UTC (lib/log.c, quagga_timestamp); else None."""
    try:
        return datetime.strptime(text, "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None


def _running(entry: Span) -> bool | None:
    """Up in operation; without link detection FRR gives the kernel's flags only."""
    if entry.text("operationalStatus"):
        return entry.text("operationalStatus") == "up"
    flags = entry.text("flags")
    return "RUNNING" in flags if flags else None
