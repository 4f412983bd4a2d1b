"""Cisco IOS-XR's interfaces, and who is next to them: `show interfaces`, `show arp`. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from nocmesh.messages.state import Interface, NeighborEntry, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.discovery import neighbors_of
from nocmesh_bridges.platforms.ios_names import XR, kind_of
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Block, Line, Table, judge_of, mac, paragraphs

INTERFACES = "show interfaces"
ARP = "show arp"
_STATE = "up|down|administratively down|admin-down"
_INTERFACE = re.compile(
    rf"^(?P<name>[A-Za-z][\w./-]*\d) is (?P<state>{_STATE}), line protocol is (?P<protocol>{_STATE})[^\n]*$",
    re.MULTILINE,
)
_MEDIUM = re.compile(r"^ *(?P<duplex>Full|Half)-duplex, (?P<rate>\d+)(?P<unit>[MG])b/s", re.MULTILINE)
_MEMBER = re.compile(r"^ {4,}(?P<name>[A-Z][\w/]*\d) +(?:Full|Half)-duplex +\S+ +\w+\s*$", re.MULTILINE)
_ARP = Table(
    head=re.compile(r"Address +Age +Hardware Addr +State +Type +Interface\s*$"),
    row=re.compile(
        r"(?P<address>\d+\.\d+\.\d+\.\d+) +(?P<age>-|[\d:]+) +(?P<mac>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})"
        r" +(?P<state>[A-Z][A-Za-z]*) +ARPA +(?P<interface>[A-Za-z][\w./-]*\d)\s*$"
    ),
    noise=re.compile(r"-{20,}\s*$|\d+/\w+/CPU\d+\s*$"),
    silent=True,
)
_STATES = {"Interface": "permanent", "Static": "permanent", "Alias": "permanent", "Incomplete": "incomplete"}


def _paragraphs(text: str) -> list[Block] | None:
    """The interfaces, when each is whole and nothing stands between them."""
    return paragraphs(text, _INTERFACE, _whole)


def _whole(block: Block) -> bool:
    """Say whether it reaches its last counters, and holds no line that is not its own.

    A port has them all; of a bundle or a bridge's interface that is down, IOS-XR tells the rates last.
    """
    if re.match(r"(?:\w*GigE|\w*Ethernet|MgmtEth)[\d/A-Z]+$", block["name"]):
        last = r"^ +\d+ carrier transitions"
    elif block["state"] == "up":
        last = r"^ +Output \d+ broadcast packets|data rate is disabled|\d+ output errors"
    else:
        last = r"^ +Output \d+ broadcast packets|data rate is disabled|\d+ output errors|^ +\d+ \w+ output rate \d+"
    return block.indented() and block.line(last) != ""


JUDGES: dict[str, Judge] = {INTERFACES: judge_of(_paragraphs), ARP: _ARP.judge}


def interfaces(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `interfaces` from INTERFACES."""
    found = _paragraphs(answers[0].text) or []
    bundles = {match["name"]: block["name"] for block in found for match in _MEMBER.finditer(block.text)}
    return Parsed(status=status, value=[_interface(block, bundles) for block in found])


def _interface(block: Block, bundles: Mapping[str, str]) -> Interface:
    medium = _MEDIUM.search(block.text)
    address = block.find(r"^ *Internet address is (?P<it>\d+\.\d+\.\d+\.\d+/\d+)")
    return Interface(
        name=block["name"],
        enabled=block["state"] in ("up", "down"),
        oper_up=block["state"] == "up" and block["protocol"] == "up",
        mtu=block.number(r"^ *MTU (?P<it>\d+) bytes"),
        addresses=[address] if address else [],
        description=block.find(r"^ *Description: (?P<it>.+?)\s*$"),
        in_errors=block.number(r"^ *(?P<it>\d+) input errors\b"),
        out_errors=block.number(r"^ *(?P<it>\d+) output errors\b"),
        in_discards=block.number(r"\b(?P<it>\d+) total input drops"),
        out_discards=block.number(r"\b(?P<it>\d+) total output drops"),
        carrier_changes=block.number(r"^ *(?P<it>\d+) carrier transitions"),
        mac=mac(block.find(r"\baddress is (?P<it>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})")),
        kind=kind_of(block["name"]),
        speed_mbps=int(medium["rate"]) * (1000 if medium["unit"] == "G" else 1) if medium else None,
        duplex=_duplex(medium),
        bridge=bundles.get(block["name"], ""),
        quote=Quote(command=INTERFACES, text=block.match[0].strip()),
    )


def _duplex(medium: re.Match[str] | None) -> Literal["full", "half", ""]:
    if medium is None:
        return ""
    return "full" if medium["duplex"] == "Full" else "half"


def _entry(line: Line) -> NeighborEntry:
    state = _STATES.get(line["state"], "")
    return NeighborEntry(
        address=line["address"],
        mac="" if state == "incomplete" else mac(line["mac"]),
        interface=line["interface"],
        state=state,
        quote=line.quote(ARP),
    )


neighbors = neighbors_of(_ARP.rows, _entry, XR)
"""The view `neighbors` from ARP and, where the device speaks them, LLDP and CDP."""
