"""Cisco IOS's `show interfaces`: TextFSM, each row held against the paragraph that it came from. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from nocmesh.messages.state import Interface, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.ios_names import full_name, kind_of
from nocmesh_bridges.platforms.parsing import TEMPLATES, Row, rows
from nocmesh_bridges.platforms.protocol import Parsed
from nocmesh_bridges.platforms.tables import Block, blocks, mac, number, paragraphs

INTERFACES = "show interfaces"
_INTERFACE = re.compile(
    r"^(?P<name>\S+) is (?P<state>[^,\n]+), line protocol is (?P<protocol>[^\n]+?)\s*$", re.MULTILINE
)
_MEDIUM = re.compile(
    r"^ *(?P<duplex>Full|Half)[- ][Dd]uplex, (?:a-)?(?P<rate>\d+) ?(?P<unit>[MG])b(?:/s|ps)", re.MULTILINE
)
_DUPLEX = re.compile(r"^ *(?P<it>Full|Half)[- ][Dd]uplex\b", re.MULTILINE)


def interfaces_status(text: str) -> ViewStatus:
    """Parsed when every paragraph is whole and has its row."""
    named = [row["interface"] for row in rows(TEMPLATES, INTERFACES, text)]
    found = paragraphs(text, _INTERFACE, _whole)
    return "parsed" if found and named == [block["name"] for block in found] else "unparsed"


def _whole(block: Block) -> bool:
    """Say whether a paragraph reaches its last counters and holds no line that is not its own."""
    subinterface = "." in block["name"] and "Last clearing of" in block.text  # it has no counters of its own
    return block.indented() and ("output errors" in block.text or subinterface)


def interfaces(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `interfaces` from INTERFACES."""
    text = answers[0].text
    found = blocks(text, _INTERFACE)
    bundles = {member: block["name"] for block in found for member in _members(block)}
    pairs = zip(found, rows(TEMPLATES, INTERFACES, text), strict=True)
    return Parsed(status=status, value=[_interface(block, row, bundles) for block, row in pairs])


def _members(block: Block) -> list[str]:
    return [full_name(name) for name in block.find(r"^ *Members in this channel: (?P<it>.+)$").split()]


def _interface(block: Block, row: Row, bundles: Mapping[str, str]) -> Interface:
    address = f"{row['ip_address']}/{row['prefix_length']}" if row["ip_address"] else ""
    return Interface(
        name=row["interface"],
        enabled="administratively down" not in block["state"],
        oper_up=block["state"] == "up" and block["protocol"].split(" ")[0] == "up",
        mtu=number(row["mtu"]),
        addresses=[address] if address else [],
        description=row["description"],
        in_errors=number(row["input_errors"]),
        out_errors=block.number(r"^ *(?P<it>\d+) output errors\b"),
        in_discards=block.number(r"^ *Input queue: \d+/\d+/(?P<it>\d+)/"),
        out_discards=block.number(r"Total output drops: (?P<it>\d+)"),
        carrier_changes=block.number(r"^ *(?P<it>\d+) carrier transitions"),
        mac=mac(row["mac_address"]),
        kind=kind_of(row["interface"]),
        speed_mbps=_speed(block),
        duplex=_duplex(block),
        bridge=bundles.get(row["interface"], ""),
        quote=Quote(command=INTERFACES, text=block.match[0].rstrip()),
    )


def _speed(block: Block) -> int | None:
    match = _MEDIUM.search(block.text)
    return int(match["rate"]) * (1000 if match["unit"] == "G" else 1) if match else None


def _duplex(block: Block) -> Literal["full", "half", ""]:
    match = _DUPLEX.search(block.text)
    if match is None:
        return ""
    return "full" if match["it"] == "Full" else "half"
