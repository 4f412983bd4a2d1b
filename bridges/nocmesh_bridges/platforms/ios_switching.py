"""A Cisco switch: VLANs, ports, bundles and addresses. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from nocmesh.messages.state import Lag, LagMember, MacEntry, Output, Quote, Switching, SwitchPort, ViewStatus
from nocmesh_bridges.platforms.ios_names import IOS, full_name
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Block, Line, Table, blocks, judge_of, mac, number, vlans

VLANS = "show vlan brief"
PORTS = "show interfaces switchport"
BUNDLES = "show etherchannel summary"
MACS = "show mac address-table"
VLAN_TABLE = Table(
    head=re.compile(r"VLAN +Name +Status +Ports\s*$"),
    row=re.compile(
        r"(?P<vlan>\d{1,4}) +(?P<name>\S.*?) +(?P<status>active|suspended|act/unsup|(?:act|sus)/[li]shut)"
        r"(?: +(?P<ports>[A-Z]\S*(?:, ?\S+)*),?)?\s*$"
    ),
    more=re.compile(r" {20,}[A-Z]\S*(?:, ?\S+)*,?\s*$"),
    noise=re.compile(r"-{4}[ -]*$"),
)
_BUNDLES = Table(
    head=re.compile(r"Group +Port-channel +Protocol +Ports\s*$"),
    row=re.compile(
        r"(?P<group>\d+) +(?P<name>Po\d+)\((?P<flags>\w+)\) +(?P<protocol>LACP|PAgP|-)"
        r"(?P<ports>(?: +[A-Za-z]+[\d/.]+\(\w+\))*)\s*$"
    ),
    more=re.compile(r" {20,}[A-Za-z]+[\d/.]+\(\w+\)(?: +[A-Za-z]+[\d/.]+\(\w+\))*\s*$"),
    noise=re.compile(r"Flags: | +\w - |Number of (?:channel-groups|aggregators)|[-+]+\s*$"),
)
_MEMBER = re.compile(r"([A-Za-z]+[\d/.]+)\((\w+)\)")
_COUNT = re.compile(r"^Number of channel-groups in use: *(?P<count>\d+)\s*$", re.MULTILINE)
_MACS = Table(
    head=re.compile(r" *vlan +mac address +type\b", re.IGNORECASE),
    row=re.compile(
        r"[ *]*(?:[RSDC#]+ +)?(?P<vlan>\d+|All|---|N/A|[A-Z]\w*/\d\S*) +"
        r"(?P<mac>[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}) +"
        r"(?:(?P<system>system)(?: +(?P<groups>\S+))?"
        r"|(?P<type>[A-Za-z]+)(?: +(?P<learn>Yes|No) +(?P<age>\d+|-|N/A)(?: +(?P<port>\S.*?))?"
        r"|(?: +(?:[a-z0-9]+,)*(?:ip|ipx|assigned|other))? +(?P<where>[A-Z]\S*(?:[ ,]+\S+)*?)))\s*$"
    ),
    more=re.compile(r" {20,}[A-Z]\S*\s*$"),
    noise=re.compile(
        r" *[-+]+[-+ ]*$|Legend: |        (?:age|n/a|[A-Z#]) - |Displaying entries from |(?:Uni|Multi)cast Entries\s*$"
        r"| *(?:Non-static |Static )?Mac Address Table\s*$",
        re.IGNORECASE,
    ),
    foot=re.compile(r"Total Mac Addresses for this criterion: (?P<count>\d+)\s*$"),
    none=re.compile(r"^\s*No entries present\.", re.MULTILINE),
)
_PORT = re.compile(r"^Name: *(?P<name>\S+)\s*$", re.MULTILINE)
_ABSENT = re.compile(r"^Administrative Mode: .*\S\s*\Z", re.MULTILINE)
_KEYS = (
    "Name|Switchport|Administrative|Operational|Negotiation|Access Mode|Trunking|Voice|Pruning|Capture|Protected"
    "|Unknown|Vepa|Appliance|App Interface"
)
_LINE = re.compile(rf"(?:{_KEYS})(?: [^:]*)?:|Capture Mode (?:Dis|En)abled\s*$|\s+[\d,-]+\s*$|\s*$")


def _switchports(text: str) -> list[Block] | None:
    """The ports, when every line belongs to one and each reaches the VLANs of its trunk."""
    found = blocks(text, _PORT)
    before = text[: found[0].match.start()] if found else text
    sound = not before.strip() and all(_LINE.match(line) for line in text.splitlines())
    return found if sound and all(_whole(found, at) for at in range(len(found))) else None


def _whole(found: Sequence[Block], at: int) -> bool:
    """Say whether a port is told to its end. IOS tells less of one that is not there: several such in a row are so."""
    block = found[at]
    if block.line(r"^Switchport: Disabled") or block.line(r"^Pruning VLANs Enabled: "):
        return True
    if not _ABSENT.search(block.text):
        return False
    return at + 1 < len(found) or (at > 0 and _ABSENT.search(found[at - 1].text) is not None)


def _bundles(text: str) -> list[Line] | None:
    """The bundles, as many as the device says."""
    found, count = _BUNDLES.read(text), _COUNT.search(text)
    return found if found is not None and count and int(count["count"]) == len(found) else None


JUDGES: dict[str, Judge] = {
    VLANS: VLAN_TABLE.judge,
    PORTS: judge_of(_switchports),
    BUNDLES: judge_of(_bundles),
    MACS: _MACS.judge,
}


def lag(line: Line, member: re.Pattern[str], command: str, names: Mapping[str, str] = IOS) -> Lag:
    """A bundle from its row in the answer to ``command``; ``member`` finds each port, and its flags."""
    members = member.findall(" ".join([line["ports"], *line.more]))
    return Lag(
        name=full_name(line["name"], names),
        oper_up="U" in line["flags"],
        protocol=line["protocol"].lower().strip("-"),
        members=[
            LagMember(interface=full_name(name, names), bundled="P" in flags, flags=flags) for name, flags in members
        ],
        quote=line.quote(command),
    )


def switching(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `switching` from PORTS, VLANS and BUNDLES."""
    ports, brief, bundles = answers
    known = [int(line["vlan"]) for line in VLAN_TABLE.rows(brief.text) if line["status"] != "act/unsup"]
    value = Switching(
        ports=[_switchport(block, known) for block in _switchports(ports.text) or []],
        vlans=known,
        lags=[lag(line, _MEMBER, BUNDLES) for line in _bundles(bundles.text) or []],
    )
    return Parsed(status=status, value=value)


def _switchport(block: Block, known: Sequence[int]) -> SwitchPort:
    mode = _mode(block)
    return SwitchPort(
        name=full_name(block["name"]),
        mode=mode,
        access_vlan=block.number(r"^Access Mode VLAN: (?P<it>\d+)") if mode == "access" else None,
        native_vlan=block.number(r"^Trunking Native Mode VLAN: (?P<it>\d+)") if mode == "trunk" else None,
        trunk_vlans=_trunk(block, known) if mode == "trunk" else [],
        quote=Quote(command=PORTS, text=block.match[0].strip()),
    )


def _mode(block: Block) -> Literal["access", "trunk", "routed", ""]:
    """As it runs; where it is down, as it is configured, unless that is left to negotiation."""
    if block.find(r"^Switchport: (?P<it>\w+)") == "Disabled":
        return "routed"
    running, meant = block.find(r"^Operational Mode: (?P<it>.*)$"), block.find(r"^Administrative Mode: (?P<it>.*)$")
    word = meant if running.startswith("down") else running
    return "trunk" if word.startswith("trunk") else "access" if "access" in word else ""


def _trunk(block: Block, known: Sequence[int]) -> list[int]:
    """The VLANs that a trunk lets through; of `ALL`, those that exist."""
    told = block.find(r"^Trunking VLANs Enabled: (?P<it>[^\n]*(?:\n +[\d,-]+)*)")
    return list(known) if told == "ALL" else vlans(told)


def mac_table(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `mac_table` from MACS; what several line cards say alike is said once, by the first."""
    found: dict[tuple[int | None, str, str], MacEntry] = {}
    for line in _MACS.rows(answers[0].text):
        for entry in _entries(line):
            found.setdefault((entry.vlan, entry.mac, entry.interface), entry)
    return Parsed(status=status, value=list(found.values()))


def _entries(line: Line) -> Iterator[MacEntry]:
    told = ",".join([line["groups"] or line["port"] or line["where"], *(more.strip() for more in line.more)])
    for port in re.findall(r"[^\s,]+", told) or [""]:
        yield MacEntry(
            mac=mac(line["mac"]),
            interface=full_name(port),
            vlan=number(line["vlan"]),
            static=line["type"].lower() != "dynamic",
            quote=line.quote(MACS),
        )
