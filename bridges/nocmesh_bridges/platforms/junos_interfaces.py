"""Junos's interfaces, physical and logical, and who is next to them. Pure.

Reads `show interfaces`, `show arp`, `show lldp neighbors`.
Untried on a device: `show arp`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from nocmesh.messages.state import Interface, LldpNeighbor, NeighborEntry, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.neighbors import neighbors_of
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Block, Line, Table, judge_of, mac, paragraphs

INTERFACES = "show interfaces"
ARP = "show arp no-resolve"
LLDP = "show lldp neighbors"
_OPENING = re.compile(
    r"^(?:Physical interface: (?P<physical>[^,\s]+), (?P<admin>[A-Z][\w ]*), Physical link is (?P<link>\w+)[^\n]*"
    r"|  Logical interface (?P<logical>\S+) \(Index \d+\)[^\n]*)$",
    re.MULTILINE,
)
_KINDS = (("lo", "loopback"), ("ae", "lag"), ("reth", "lag"), ("irb", "vlan"), ("vlan", "vlan"), ("gr-", "tunnel"))
_ARP = Table(
    head=re.compile(r"MAC Address +Address +Interface +Flags"),
    row=re.compile(
        r"(?P<mac>[0-9a-fA-F:]{17}) +(?P<address>[0-9a-fA-F:.]+) +(?P<interface>\S+)(?: \[[^\]]*\])? +(?P<flags>\S+)"
        r"(?: +\S+)*\s*$"
    ),
    foot=re.compile(r"Total entries: (?P<count>\d+)\s*$"),
    whole=True,
    silent=True,
)
_LLDP = Table(
    head=re.compile(r"Local Interface +Parent Interface +Chassis Id +Port info +System Name\s*$"),
    row=re.compile(
        r"(?P<interface>[a-z][\w/.:-]*\d) +(?P<parent>-|[a-z]\w*\d) +(?P<chassis>\S+) +(?P<port>\S+(?: \S+)*?)"
        r"(?: {2,}(?P<name>\S.*?))?\s*$"
    ),
    none=re.compile(r"LLDP(?: subsystem)? (?:is )?not (?:running|enabled)", re.IGNORECASE),
    silent=True,
)


def _paragraphs(text: str) -> list[Block] | None:
    """Physical and logical interfaces, when each is whole and no line is foreign."""
    return paragraphs(text, _OPENING, _whole)


def _whole(block: Block) -> bool:
    if block["physical"]:
        return block.indented() and bool(block.line(r"^ +Device [Ff]lags +:") and block.line(r"\bMTU: \S"))
    return block.indented() and bool(block.line(r"^ +Flags: \S") and block.line(r"^ +(?:Input packets|Protocol \w+,)"))


JUDGES: dict[str, Judge] = {INTERFACES: judge_of(_paragraphs), ARP: _ARP.judge, LLDP: _LLDP.judge}


def interfaces(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `interfaces` from INTERFACES; a logical interface runs when its physical one does."""
    found = _paragraphs(answers[0].text) or []
    links = {block["physical"]: block["link"] == "Up" for block in found if block["physical"]}
    bundles = {
        block["logical"].split(".")[0]: bundle
        for block in found
        if (bundle := block.find(r"AE bundle: (?P<it>[^.,\s]+)"))
    }
    value = [_physical(block, bundles) if block["physical"] else _logical(block, links) for block in found]
    return Parsed(status=status, value=value)


def _physical(block: Block, bundles: Mapping[str, str]) -> Interface:
    name = block["physical"]
    return Interface(
        name=name,
        enabled=block["admin"] == "Enabled",
        oper_up=block["link"] == "Up",
        mtu=block.number(r"\bMTU: (?P<it>\d+)"),
        description=block.find(r"^  Description: (?P<it>.+?)\s*$"),
        mac=mac(block.find(r"\bCurrent address: (?P<it>[0-9a-f:]{17})")),
        kind=_kind(name),
        speed_mbps=_speed(block.find(r"\bSpeed: (?P<it>\d+[mMG]bps)")),
        duplex=_duplex(block.find(r"\bLink-mode: (?P<it>Full|Half)-duplex")),
        bridge=bundles.get(name, ""),
        quote=Quote(command=INTERFACES, text=block.match[0].strip()),
    )


def _logical(block: Block, links: Mapping[str, bool]) -> Interface:
    name = block["logical"]
    up = block.find(r"^ +Flags: (?P<it>\S+)") == "Up"
    return Interface(
        name=name,
        oper_up=up and links.get(name.split(".")[0], True),
        mtu=block.number(r"^ +Protocol \w+, MTU: (?P<it>\d+)"),
        addresses=list(_addresses(block.text)),
        description=block.find(r"^ +Description: (?P<it>.+?)\s*$"),
        mac=mac(block.find(r"^ +MAC: (?P<it>[0-9a-f:]{17})")),
        kind=_kind(name),
        speed_mbps=_speed(block.find(r"^ +Bandwidth: (?P<it>\d+[mMG]bps)")),
        quote=Quote(command=INTERFACES, text=block.match[0].strip()),
    )


def _addresses(text: str) -> Iterator[str]:
    """The length stands at the destination; without one the address is a host's."""
    for match in re.finditer(
        r"^ +(?:Destination: [^/,\s]+(?:/(?P<length>\d+))?, )?Local: (?P<it>[^,\s]+)", text, re.MULTILINE
    ):
        yield f"{match['it']}/{match['length'] or (128 if ':' in match['it'] else 32)}"


def _kind(name: str) -> str:
    if re.match(r"(?:ge|xe|et|fe|mge|em|fxp|me|vme)-?\d", name):
        return "ethernet"
    return next((kind for start, kind in _KINDS if name.startswith(start)), "")


def _speed(text: str) -> int | None:
    return int(text[:-4]) * (1000 if text[-4] == "G" else 1) if text else None


def _duplex(word: str) -> Literal["full", "half", ""]:
    return "full" if word == "Full" else "half" if word == "Half" else ""


def _entry(line: Line) -> NeighborEntry:
    return NeighborEntry(
        address=line["address"],
        mac=mac(line["mac"]),
        interface=line["interface"],
        state="permanent" if "permanent" in line["flags"] else "",
        quote=line.quote(ARP),
    )


def _lldp(line: Line) -> LldpNeighbor:
    return LldpNeighbor(
        interface=line["interface"], system_name=line["name"], port=line["port"], quote=line.quote(LLDP)
    )


neighbors = neighbors_of(_ARP, _entry, _LLDP, _lldp)
"""The view `neighbors` from ARP and, where the device speaks it, LLDP."""
