"""An Arista switch: VLANs, ports, bundles and addresses. Pure.

Reads `show vlan`, `show interfaces status`, `show port-channel summary`,
`show mac address-table`.
"""

import re
from collections.abc import Iterator, Sequence

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import MacEntry, Output, Switching, SwitchPort, ViewStatus
from nocmesh_bridges.platforms.igpconfig import IgpConfig, Section, igp_config
from nocmesh_bridges.platforms.ios_names import EOS, full_name
from nocmesh_bridges.platforms.ios_switching import VLAN_TABLE, lag
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Line, Table, judge_of, mac, number, vlans

VLANS = "show vlan"
PORTS = "show interfaces status"
BUNDLES = "show port-channel summary"
MACS = "show mac address-table"
_PORTS = Table(
    head=re.compile(r"Port +Name +Status +Vlan +Duplex +Speed +Type"),
    row=re.compile(
        r"(?P<name>[A-Z][a-z]+\d[\d/.]*) +(?:(?P<about>\S.*?) +)?"
        r"(?P<status>connected|notconnect|disabled|errdisabled|inactive|xcvr-disabled|\w*disabled) +"
        r"(?P<vlan>trunk|routed|in Po\d+|\d+|[a-z][\w-]*) +(?P<duplex>(?:a-)?(?:full|half|auto|unconf)) +"
        r"(?P<speed>(?:a-)?(?:\d[\d.]*[GM]?|auto|unconf)) +(?P<type>\S.*?)\s*$"
    ),
)
_MEMBER = r"[A-Z][a-z]+\d[\d/.]*\([A-Za-z+*^-]+\)"
_BUNDLES = Table(
    head=re.compile(r" *Port-Channel +Protocol +Ports\s*$"),
    row=re.compile(
        r" *(?P<name>Po\d+)\((?P<flags>[A-Z]+)\) +(?P<protocol>[A-Za-z]+)(?:\((?P<mode>\S*)\))?"
        rf"(?P<ports>(?: +{_MEMBER})*)\s*$"
    ),
    more=re.compile(rf" {{20,}}{_MEMBER}(?: +{_MEMBER})*\s*$"),
    noise=re.compile(r"Flags\s*$| +[A-Za-z*^+-] - |Number of (?:channels in use|aggregators) *:|-{4}[ -]*$"),
)
_PORT = re.compile(r"([A-Z][a-z]+\d[\d/.]*)\(([A-Za-z+*^-]+)\)")
_IN_USE = re.compile(r"^Number of channels in use: *(?P<count>\d+)\s*$", re.MULTILINE)
_MACS = Table(
    head=re.compile(r"Vlan +mac Address +Type +Ports", re.IGNORECASE),
    row=re.compile(
        r" *(?P<vlan>\d+) +(?P<mac>[0-9a-z]{4}\.[0-9a-z]{4}\.[0-9a-z]{4}) +(?P<type>STATIC|DYNAMIC|[A-Z]+)"
        r" +(?P<ports>[A-Za-z][\w/.]*(?:[ ,]{1,2}[A-Za-z][\w/.]*)*)(?: +(?P<moves>\d+) +(?P<since>\S.*? ago))?\s*$"
    ),
    noise=re.compile(r" *(?:Multicast )?mac Address Table\s*$|-{4}[ -]*$", re.IGNORECASE),
    foot=re.compile(r"Total mac Addresses for this criterion: \d+\s*$", re.IGNORECASE),
    whole=True,
)


def _bundles(text: str) -> list[Line] | None:
    """The bundles, of which as many are up as the device says are in use."""
    found, count = _BUNDLES.read(text), _IN_USE.search(text)
    if found is None or count is None:
        return None
    return found if sum("U" in line["flags"] for line in found) == int(count["count"]) else None


def _macs(text: str) -> list[Line] | None:
    """The addresses, when both tables are there, learned and multicast."""
    return _MACS.read(text) if len(re.findall(_MACS.foot.pattern, text, re.MULTILINE | re.IGNORECASE)) > 1 else None


JUDGES: dict[str, Judge] = {
    VLANS: VLAN_TABLE.judge,
    PORTS: _PORTS.judge,
    BUNDLES: judge_of(_bundles),
    MACS: judge_of(_macs),
}


def switching(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `switching` from PORTS, VLANS, BUNDLES and the running configuration."""
    ports, told, bundles, running = answers
    known = [int(line["vlan"]) for line in VLAN_TABLE.rows(told.text)]
    config = igp_config(sections(running.text))
    value = Switching(
        ports=[_port(line, config, known) for line in _PORTS.rows(ports.text)],
        vlans=known,
        lags=[lag(line, _PORT, BUNDLES, EOS) for line in _bundles(bundles.text) or []],
    )
    return Parsed(status=status, value=value)


def _port(line: Line, config: IgpConfig, known: Sequence[int]) -> SwitchPort:
    name, vlan = full_name(line["name"], EOS), line["vlan"]
    trunk = vlan == "trunk"
    return SwitchPort(
        name=name,
        mode="trunk" if trunk else "routed" if vlan == "routed" else "access" if vlan.isdecimal() else "",
        access_vlan=number(vlan),
        native_vlan=_native(config.interfaces.get(name)) if trunk else None,
        trunk_vlans=_allowed(config.interfaces.get(name), known) if trunk else [],
        quote=line.quote(PORTS),
    )


def _native(section: Section | None) -> int:
    """As configured; VLAN 1 without a line (EOS's default)."""
    return number((section.value("switchport trunk native vlan") or "1") if section else "1") or 1


def _allowed(section: Section | None, known: Sequence[int]) -> list[int]:
    """As configured; every VLAN that exists without a line."""
    value = section.value("switchport trunk allowed vlan") if section else None
    return list(known) if value is None or value == "all" else vlans(value)


def mac_table(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `mac_table` from MACS: one entry a port."""
    return Parsed(status=status, value=[entry for line in _macs(answers[0].text) or [] for entry in _entries(line)])


def _entries(line: Line) -> Iterator[MacEntry]:
    for port in re.split(r"[ ,]+", line["ports"]):
        yield MacEntry(
            mac=mac(line["mac"]) or line["mac"],
            interface=full_name(port, EOS),
            vlan=int(line["vlan"]),
            static=line["type"] != "DYNAMIC",
            quote=line.quote(MACS),
        )
