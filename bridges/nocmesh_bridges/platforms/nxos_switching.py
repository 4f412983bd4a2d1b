"""A Cisco Nexus switch: VLANs, ports, bundles and addresses. Pure.

Reads `show vlan`, `show interface switchport`, `show port-channel summary`, `show mac address-table`.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import msgspec

from nocmesh.messages.state import Lag, MacEntry, Output, Quote, Switching, SwitchPort, ViewStatus
from nocmesh_bridges.platforms.ios_names import NXOS, full_name
from nocmesh_bridges.platforms.ios_switching import VLAN_TABLE, lag
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Block, Line, Table, judge_of, mac, number, paragraphs, vlans

VLANS = "show vlan"
PORTS = "show interface switchport"
BUNDLES = "show port-channel summary"
MACS = "show mac address-table"
_VLANS = replace(
    VLAN_TABLE,
    noise=re.compile(
        r" ?-{4}[ -]*$|VLAN +Type +Vlan-mode\s*$| ?\d{1,4} +enet +(?:CE|FABRICPATH)\s*$|Remote SPAN VLANs\s*$"
        r"|[\d,-]+\s*$|(?:\d+ +| +)\d+ +(?:primary|isolated|community|non-operational)\b",
        re.IGNORECASE,
    ),
    foot=re.compile(r"Primary +Secondary +Type +Ports\s*$"),
    whole=True,
)
_MEMBER = r"[A-Z][a-z]+[\d/]+\([A-Za-z]+\)"
_BUNDLES = Table(
    head=re.compile(r"Group +Port- +Type +Protocol +Member Ports\s*$"),
    row=re.compile(
        r"(?P<group>\d+) +(?P<name>Po\d+)\((?P<flags>[A-Za-z]+)\) +(?P<type>[A-Z][a-z]+) +(?P<protocol>[A-Z]+)"
        rf"(?: +(?:--|(?P<ports>{_MEMBER}(?: +{_MEMBER})*)))?\s*$"
    ),
    more=re.compile(rf" {{20,}}{_MEMBER}(?: +{_MEMBER})*\s*$"),
    noise=re.compile(r"Flags: | +[A-Za-z] - | +Channel\s*$|-{10,}\s*$"),
    silent=True,
)
_PORT_FLAGS = re.compile(r"([A-Z][a-z]+[\d/]+)\(([A-Za-z]+)\)")
_MACS = Table(
    head=re.compile(r" *VLAN(?:/BD)? +MAC Address +Type +age +Secure +NTFY +Ports", re.IGNORECASE),
    row=re.compile(
        r"[*+GCOE~() ]*(?P<vlan>\d+|-) +(?P<mac>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}) +(?P<type>[a-z]+) +"
        r"(?P<age>\d+|-|NA|~~~) +(?P<secure>[FT]) +(?P<ntfy>[FT]) +(?P<port>\S.*?)\s*$"
    ),
    noise=re.compile(r" *(?:Legend:|Note: |Use the '| [*+()A-Z~-]+ - |age - |\(T\) - )|[-+]{10,}\s*$"),
)
_PORT = re.compile(r"^Name: *(?P<name>\S+)\s*$", re.MULTILINE)


def _switchports(text: str) -> list[Block] | None:
    """The ports, when each is told to its end; none for no text: so answers a switch whose ports all route."""
    return [] if not text.strip() else paragraphs(text, _PORT, _whole)


def _whole(block: Block) -> bool:
    """Say whether it reaches its private VLANs; one that routes has none."""
    lines = [line for line in block.text.splitlines()[1:] if line.strip()]
    keyed = all(re.match(r" +[A-Z][^:]*:|  +[\d,-]+\s*$", line) for line in lines)
    return keyed and bool(block.line(r"^ +Operational private-vlan:") or block.line(r"^ +Switchport: Disabled"))


JUDGES: dict[str, Judge] = {
    VLANS: _VLANS.judge,
    PORTS: judge_of(_switchports),
    BUNDLES: _BUNDLES.judge,
    MACS: _MACS.judge,
}


def switching(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `switching` from PORTS, VLANS and BUNDLES."""
    ports, told, bundles = answers
    known = [int(line["vlan"]) for line in _VLANS.rows(told.text)]
    value = Switching(
        ports=[_switchport(block, known) for block in _switchports(ports.text) or []],
        vlans=known,
        lags=[_lag(line) for line in _BUNDLES.rows(bundles.text)],
    )
    return Parsed(status=status, value=value)


def _lag(line: Line) -> Lag:
    found = lag(line, _PORT_FLAGS, BUNDLES, NXOS)
    return msgspec.structs.replace(found, protocol="" if found.protocol == "none" else found.protocol)


def _switchport(block: Block, known: Sequence[int]) -> SwitchPort:
    mode = _mode(block)
    return SwitchPort(
        name=full_name(block["name"], NXOS),
        mode=mode,
        access_vlan=block.number(r"^ *Access Mode VLAN: (?P<it>\d+)") if mode == "access" else None,
        native_vlan=block.number(r"^ *Trunking Native Mode VLAN: (?P<it>\d+)") if mode == "trunk" else None,
        trunk_vlans=_trunk(block, known) if mode == "trunk" else [],
        quote=Quote(command=PORTS, text=block.match[0].strip()),
    )


def _mode(block: Block) -> Literal["access", "trunk", "routed", ""]:
    """As it runs; empty where it is down, since NX-OS then tells no mode."""
    if block.find(r"^ *Switchport: (?P<it>\w+)") == "Disabled":
        return "routed"
    word = block.find(r"^ *Operational Mode: (?P<it>.*)$").lower()
    return "trunk" if word.startswith("trunk") else "access" if "access" in word else ""


def _trunk(block: Block, known: Sequence[int]) -> list[int]:
    """The VLANs that a trunk lets through; of `1-4094`, which is the default, those that exist."""
    told = block.find(r"^ *Trunking VLANs (?:Allowed|Enabled): (?P<it>[^\n]*(?:\n +[\d,-]+)*)")
    return list(known) if told == "1-4094" else vlans(told)


def mac_table(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `mac_table` from MACS."""
    return Parsed(status=status, value=[_entry(line) for line in _MACS.rows(answers[0].text)])


def _entry(line: Line) -> MacEntry:
    return MacEntry(
        mac=mac(line["mac"]),
        interface=full_name(line["port"], NXOS),
        vlan=number(line["vlan"]),
        static=line["type"] != "dynamic",
        quote=line.quote(MACS),
    )
