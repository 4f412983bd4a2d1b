"""Who is next to a Cisco IOS device: `show ip arp` and `show lldp neighbors`. Pure."""

import re

from nocmesh.messages.state import LldpNeighbor, NeighborEntry
from nocmesh_bridges.platforms.ios_names import full_name
from nocmesh_bridges.platforms.neighbors import neighbors_of
from nocmesh_bridges.platforms.protocol import Judge
from nocmesh_bridges.platforms.tables import Line, Table, mac

ARP = "show ip arp"
LLDP = "show lldp neighbors"
_ARP = Table(
    head=re.compile(r"Protocol +Address +Age \(min\) +Hardware Addr +Type +Interface\s*$"),
    row=re.compile(
        r"Internet +(?P<address>\d+\.\d+\.\d+\.\d+) +(?P<age>-|\d+) +"
        r"(?:(?P<mac>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}) +[A-Z]+ +(?P<interface>\S+(?: pv \d+)?)"
        r"|Incomplete +[A-Z]+(?: +(?P<pending>\S+))?)\s*$"
    ),
)
_LLDP = Table(
    head=re.compile(r"Device ID +Local Intf +Hold-time +Capability +Port ID\s*$"),
    row=re.compile(
        r"(?P<name>.{20}|\S+ +)(?P<interface>[A-Za-z]+[\d/.]+) +(?P<hold>\d+)"
        r" +(?:(?P<capability>[A-Z](?:,[A-Z])*) +)?(?P<port>\S.*?)\s*$"
    ),
    noise=re.compile(r"Capability codes:|    \([A-Z]\) "),
    foot=re.compile(r"Total entries displayed: (?P<count>\d+)\s*$"),
    whole=True,
    none=re.compile(r"% ?LLDP is not enabled"),
)
JUDGES: dict[str, Judge] = {ARP: _ARP.judge, LLDP: _LLDP.judge}


def _entry(line: Line) -> NeighborEntry:
    """An entry without an age is the device's own or configured."""
    own = "permanent" if line["age"] == "-" else ""
    return NeighborEntry(
        address=line["address"],
        mac=mac(line["mac"]),
        interface=line["interface"] or line["pending"],
        state=own if line["mac"] else "incomplete",
        quote=line.quote(ARP),
    )


def _lldp(line: Line) -> LldpNeighbor:
    return LldpNeighbor(
        interface=full_name(line["interface"]),
        system_name=line["name"],
        port=full_name(line["port"]),
        quote=line.quote(LLDP),
    )


neighbors = neighbors_of(_ARP, _entry, _LLDP, _lldp)
"""The view `neighbors` from ARP and, where the device speaks it, LLDP."""
