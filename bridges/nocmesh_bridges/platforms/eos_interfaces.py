"""Arista EOS's interfaces, and who is next to them. Pure.

Reads `show interfaces`, `show ip arp`, `show lldp neighbors`.
Untried on a device: `show ip arp`, `show lldp neighbors`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from nocmesh.messages.state import Interface, LldpNeighbor, NeighborEntry, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.ios_names import EOS, full_name, kind_of
from nocmesh_bridges.platforms.neighbors import neighbors_of
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Block, Line, Table, judge_of, mac, paragraphs

INTERFACES = "show interfaces"
ARP = "show ip arp"
LLDP = "show lldp neighbors"
_INTERFACE = re.compile(
    r"^(?P<name>\S+) is (?P<state>[^,\n]+), line protocol is (?P<protocol>\w+)(?: \([\w\-]+\))?[^\n]*$", re.MULTILINE
)
_MEDIUM = re.compile(r"^ *(?P<duplex>Full|Half)-duplex(?:, (?:a-)?(?P<rate>[\d.]+)(?P<unit>[MG])b/s)?", re.MULTILINE)
_ARP = Table(
    head=re.compile(r"Address +Age \(\w+\) +Hardware Addr +Interface\s*$"),
    row=re.compile(
        r"(?P<address>\d+\.\d+\.\d+\.\d+) +(?P<age>\S+) +(?P<mac>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|incomplete)"
        r" +(?P<interface>[A-Z][\w/.-]*\d)(?:, (?P<port>\S.*?))?\s*$",
        re.IGNORECASE,
    ),
    noise=re.compile(r"VRF: \S+\s*$"),
    silent=True,
)
_LLDP = Table(
    head=re.compile(r"Port +Neighbor Device ID +Neighbor Port ID +TTL\s*$"),
    row=re.compile(r"(?P<interface>[A-Z][\w/.]*\d) +(?P<name>\S.*?) +(?P<port>\S+) +(?P<ttl>\d+)\s*$"),
    noise=re.compile(r"(?:Last table change time|Number of table [\w-]+) *: |-{4}[ -]*$"),
    none=re.compile(r"% ?LLDP is not enabled"),
)


def _paragraphs(text: str) -> list[Block] | None:
    """The interfaces, when each is whole and nothing stands between them."""
    return paragraphs(text, _INTERFACE, _whole)


def _whole(block: Block) -> bool:
    """Say whether it reaches its last counters; what is not a port has none, and ends with since when it is so."""
    counts = re.match(r"Ethernet|Port-Channel|Management", block["name"]) or "Last clearing of" in block.text
    last = "output errors" in block.text if counts else block.line(r"^ +(?:Up|Down) \d")
    return block.indented() and bool(last)


JUDGES: dict[str, Judge] = {INTERFACES: judge_of(_paragraphs), ARP: _ARP.judge, LLDP: _LLDP.judge}


def interfaces(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `interfaces` from INTERFACES."""
    return Parsed(status=status, value=[_interface(block) for block in _paragraphs(answers[0].text) or []])


def _interface(block: Block) -> Interface:
    medium = _MEDIUM.search(block.text)
    return Interface(
        name=block["name"],
        enabled="administratively down" not in block["state"],
        oper_up=block["state"] == "up" and block["protocol"] == "up",
        mtu=block.number(r"^ *(?:IP|Ethernet) MTU (?P<it>\d+) bytes"),
        addresses=list(_addresses(block)),
        description=block.find(r"^ *Description: (?P<it>.+?)\s*$").strip('"'),
        in_errors=block.number(r"^ *(?P<it>\d+) input errors"),
        out_errors=block.number(r"^ *(?P<it>\d+) output errors"),
        in_discards=block.number(r"\b(?P<it>\d+) input discards"),
        out_discards=block.number(r"\b(?P<it>\d+) output discards"),
        carrier_changes=block.number(r"^ *(?P<it>\d+) link status changes"),
        mac=mac(block.find(r"\baddress is (?P<it>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})")),
        kind=kind_of(block["name"]),
        speed_mbps=_speed(medium),
        duplex=_duplex(medium),
        bridge=block.find(r"^ *Member of (?P<it>Port-Channel\d+)"),
        quote=Quote(command=INTERFACES, text=block.match[0].strip()),
    )


def _addresses(block: Block) -> Iterator[str]:
    text = block.text
    yield from re.findall(r"^ *(?:Internet|Secondary) address is (\d+\.\d+\.\d+\.\d+/\d+)", text, re.MULTILINE)
    yield from re.findall(r"^ *IPv6 link-local address is (\S+/\d+)", text, re.MULTILINE)
    for address, subnet in re.findall(r"^ *([0-9a-f:]+), subnet is \S+/(\d+)", text, re.MULTILINE):
        yield f"{address}/{subnet}"


def _speed(medium: re.Match[str] | None) -> int | None:
    if medium is None or medium["rate"] is None:
        return None
    return round(float(medium["rate"]) * (1000 if medium["unit"] == "G" else 1))


def _duplex(medium: re.Match[str] | None) -> Literal["full", "half", ""]:
    if medium is None:
        return ""
    return "full" if medium["duplex"] == "Full" else "half"


def _entry(line: Line) -> NeighborEntry:
    address = mac(line["mac"])
    return NeighborEntry(
        address=line["address"],
        mac=address,
        interface=full_name(line["interface"], EOS),
        state="" if address else "incomplete",
        quote=line.quote(ARP),
    )


def _lldp(line: Line) -> LldpNeighbor:
    return LldpNeighbor(
        interface=full_name(line["interface"], EOS),
        system_name=line["name"],
        port=line["port"],
        quote=line.quote(LLDP),
    )


neighbors = neighbors_of(_ARP, _entry, _LLDP, _lldp)
"""The view `neighbors` from ARP and, where the device speaks it, LLDP."""
