"""Cisco NX-OS's interfaces, and who is next to them: `show interface`, `show ip arp`. Pure."""

import re
from collections.abc import Sequence
from typing import Literal

from nocmesh.messages.state import Interface, NeighborEntry, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.discovery import neighbors_of
from nocmesh_bridges.platforms.ios_names import NXOS, full_name, kind_of
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Block, Line, Table, judge_of, mac, paragraphs

INTERFACES = "show interface"
ARP = "show ip arp"
_INTERFACE = re.compile(
    r"^(?P<name>[A-Za-z][\w./-]*\d) is (?P<state>up|down|trunking|administratively down)"
    r"(?: \((?P<why>[^\n]*?)\))?(?:, line protocol is (?P<protocol>up|down)[^\n]*)?\s*$",
    re.MULTILINE,
)
_ADMIN = re.compile(r" *admin state is (?P<state>up|down)\b", re.IGNORECASE)
_MEDIUM = re.compile(r"^ *(?P<duplex>full|half)-duplex(?:, (?P<rate>[\d.]+) (?P<unit>[MG])b/s)?", re.MULTILINE)
_ARP = Table(
    head=re.compile(r"Address +Age +MAC Address +Interface(?: +Physical Interface)?(?: +Flags)?\s*$"),
    row=re.compile(
        r"(?P<address>\d+\.\d+\.\d+\.\d+) +(?P<age>-|[\d:]+|\d[\ddwhy.]*) +"
        r"(?P<mac>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|INCOMPLETE) +(?P<interface>[A-Za-z][\w./-]*\d)"
        r"(?: +(?P<physical>[A-Za-z][\w./-]*\d))?(?: +[*+#DCSRO]+)?\s*$"
    ),
    noise=re.compile(r"Flags: |\s+[*+#A-Z]+ - |IP ARP Table for |Total number of entries: \d+\s*$"),
)
_TOTAL = re.compile(r"^Total number of entries: (?P<count>\d+)\s*$", re.MULTILINE)


def _paragraphs(text: str) -> list[Block] | None:
    """The interfaces, when each is whole and nothing stands between them."""
    return paragraphs(text, _INTERFACE, _whole)


def _whole(block: Block) -> bool:
    """Say whether it reaches its last counters, where its kind has them, and holds no line that is not its own."""
    own = block.indented(_ADMIN)
    if re.match(r"(?:Ethernet|port-channel)[\d/]+$", block["name"]):
        return own and "Hardware" in block.text and block.line(r"\d+ output discard\b") != ""
    if block["name"].startswith("loopback"):
        return own and "output errors" in block.text
    return own and re.search(r"^ *MTU \d|frames output,|counters not available", block.text, re.MULTILINE) is not None


def _arp(text: str) -> list[Line] | None:
    """The entries, as many as the device says."""
    found, count = _ARP.read(text), _TOTAL.search(text)
    return found if found is not None and count and int(count["count"]) == len(found) else None


JUDGES: dict[str, Judge] = {INTERFACES: judge_of(_paragraphs), ARP: judge_of(_arp)}


def interfaces(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `interfaces` from INTERFACES."""
    return Parsed(status=status, value=[_interface(block) for block in _paragraphs(answers[0].text) or []])


def _interface(block: Block) -> Interface:
    medium = _MEDIUM.search(block.text)
    address = block.find(r"^ *Internet [Aa]ddress is (?P<it>\d+\.\d+\.\d+\.\d+/\d+)")
    return Interface(
        name=block["name"],
        enabled=_enabled(block),
        oper_up=block["state"] in ("up", "trunking") and block["protocol"] != "down",
        mtu=block.number(r"^ *MTU (?P<it>\d+) bytes"),
        addresses=[address] if address else [],
        description=block.find(r"^ *(?:Port description is|Description:) (?P<it>.+?)\s*$"),
        in_errors=block.number(r"^ *(?P<it>\d+) input errors?\b"),
        out_errors=block.number(r"^ *(?P<it>\d+) output errors?\b"),
        in_discards=block.number(r"\b(?P<it>\d+) input discard\b"),
        out_discards=block.number(r"\b(?P<it>\d+) output discard\b"),
        mac=mac(block.find(r"\baddress(?:: | is +)(?P<it>[0-9a-f]{1,4}(?:\.[0-9a-f]{1,4}){2})(?![.\w])")),
        kind=kind_of(block["name"]),
        speed_mbps=_speed(medium),
        duplex=_duplex(medium),
        bridge=full_name(block.find(r"^ *Belongs to (?P<it>Po\d+)\s*$"), NXOS),
        quote=Quote(command=INTERFACES, text=block.match[0].strip()),
    )


def _enabled(block: Block) -> bool:
    """As `admin state` says; older switches have no such line, and give the reason for being down instead."""
    admin = block.find(r"^ *[Aa]dmin [Ss]tate(?: is|:) (?P<it>up|down)\b")
    told = f"{block['state']} {block['why']}".lower()
    return admin == "up" if admin else "administratively down" not in told


def _speed(medium: re.Match[str] | None) -> int | None:
    if medium is None or medium["rate"] is None:
        return None
    return round(float(medium["rate"]) * (1000 if medium["unit"] == "G" else 1))


def _duplex(medium: re.Match[str] | None) -> Literal["full", "half", ""]:
    if medium is None:
        return ""
    return "full" if medium["duplex"] == "full" else "half"


def _entry(line: Line) -> NeighborEntry:
    """An entry without an age is the device's own or configured."""
    address = mac(line["mac"])
    own = "permanent" if line["age"] == "-" else ""
    return NeighborEntry(
        address=line["address"],
        mac=address,
        interface=line["interface"],
        state=own if address else "incomplete",
        quote=line.quote(ARP),
    )


neighbors = neighbors_of(lambda text: _arp(text) or [], _entry, NXOS)
"""The view `neighbors` from ARP and, where the device speaks them, LLDP and CDP."""
