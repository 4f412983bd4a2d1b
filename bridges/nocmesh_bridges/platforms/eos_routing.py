"""Arista EOS's routing: table, BGP and OSPF. Pure.

Reads `show ip route`, `show ip bgp summary`, `show ip ospf interface brief`, `… neighbor`.
Untried on a device: routes that take two lines.
"""

import re
from collections.abc import Iterator, Sequence

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import (
    BgpNeighbor,
    Ospf,
    OspfArea,
    OspfInterface,
    OspfNeighbor,
    Output,
    Quote,
    Route,
    ViewStatus,
)
from nocmesh_bridges.platforms import igpconfig
from nocmesh_bridges.platforms.bgpconfig import asn_of, canonical, configured_bgp
from nocmesh_bridges.platforms.bgpmerge import merged, session_state
from nocmesh_bridges.platforms.igpconfig import IgpConfig
from nocmesh_bridges.platforms.ios_names import EOS, full_name
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Line, Table, clock_seconds, judge_of, number

ROUTES = "show ip route"
BGP = "show ip bgp summary"
OSPF_INTERFACES = "show ip ospf interface brief"
OSPF_NEIGHBORS = "show ip ospf neighbor"
_ADDRESS = r"\d+\.\d+\.\d+\.\d+"
_VIA = rf"(?:via (?:{_ADDRESS}(?:, )?)?(?:[A-Z][\w/.-]*\d)?|(?:is )?directly connected, [A-Z][\w/.-]*\d)(?:, .*)?"
_ROUTES = Table(
    head=re.compile(r"Codes: C - connected,"),
    row=re.compile(
        rf" +(?P<code>[A-Z][A-Z0-9]?(?: [A-Z][A-Z0-9]?)?)[ *%#]+(?P<prefix>{_ADDRESS}/\d+)"
        rf"(?: \[(?P<distance>\d+)/(?P<metric>\d+)\])?(?: (?P<via>{_VIA}))?\s*$"
    ),
    more=re.compile(rf" {{9,}}(?P<via>{_VIA})\s*$"),
    noise=re.compile(
        r" +(?:[A-Z][A-Z0-9]*(?: [A-Z0-9]+)? - [^,]*,? *)+$|Gateway of last resort|VRF(?: name)?: \S+\s*$"
        r"|WARNING: Some of the routes|kernel, and they are marked"
    ),
)
_HOP = re.compile(
    rf"via (?P<hop>{_ADDRESS})(?:, (?P<out>[A-Z][\w/.-]*\d))?|(?:via |connected, )(?P<port>[A-Z][\w/.-]*\d)"
)
_PROTOCOLS = {
    "C": "connected",
    "S": "static",
    "K": "kernel",
    "O": "ospf",
    "O3": "ospf",
    "B": "bgp",
    "R": "rip",
    "I": "isis",
    "A B": "bgp",
    "A O": "ospf",
    "NG": "static",
    "V": "vxlan",
    "DH": "dhcp",
}
_BGP = Table(
    head=re.compile(r" *(?:Description +)?Neighbor +V +AS +MsgRcvd +MsgSent +InQ +OutQ +Up/Down +State +PfxRcd"),
    row=re.compile(
        rf" *(?:(?P<description>\S.*?) +)?(?P<address>{_ADDRESS}|[0-9a-f]*:[0-9a-f:.]+) +4 +(?P<asn>\d+(?:\.\d+)?)"
        r"(?: +\d+){4} +(?P<since>\S+) +(?:(?P<up>Estab) +(?P<received>\d+)(?: +\d+)*"
        r"|(?P<state>[A-Z][a-zA-Z]+)(?:\((?P<why>\w+)\))?(?: +\d+)*)\s*$"
    ),
    noise=re.compile(
        r"BGP summary information for VRF |(?:BGP r|R)outer identifier |Neighbor Status Codes: |  m - Under maintenance"
    ),
    none=re.compile(r"^% ?BGP (?:inactive|is not (?:active|running|configured))", re.MULTILINE),
)
_IDENTITY = re.compile(r"^(?:BGP r|R)outer identifier (?P<id>\S+), local AS number (?P<asn>[\d.]+)\s*$", re.MULTILINE)
_OSPF_INTERFACES = Table(
    head=re.compile(r" *Interface +Instance +VRF +Area +IP Address +Cost +State +Nbrs\s*$"),
    row=re.compile(
        rf" *(?P<name>[A-Z][\w/.-]*\d) +(?P<instance>\d+) +(?P<vrf>\S+) +(?P<area>{_ADDRESS})"
        rf" +(?P<address>{_ADDRESS}/\d+) +(?P<cost>\d+) +(?P<state>[A-Z][\w ]*?) +(?P<count>\d+)\s*$"
    ),
    silent=True,
)
_OSPF_NEIGHBORS = Table(
    head=re.compile(r"Neighbor ID +(?:Instance +)?VRF +Pri +State +Dead Time +Address +Interface\s*$"),
    row=re.compile(
        rf"(?P<id>{_ADDRESS}) +(?:\d+ +)?(?P<vrf>\S+) +(?P<priority>\d+) +(?P<state>\d? ?[A-Z][A-Z ]*[A-Z])"
        rf"(?:/(?P<role>\w+|-))? +(?P<dead>\d+:\d\d:\d\d) +(?P<address>{_ADDRESS}) +(?P<interface>[A-Z][\w/.-]*\d)\s*$"
    ),
    silent=True,
)
_ROLES = {"DR": "dr", "BDR": "backup", "DROTHER": "drother", "DR OTHER": "drother", "P2P": "point_to_point", "-": ""}
_STATES = {"2 WAYS": "two_way", "2 WAY": "two_way", "2WAY": "two_way", "EXCH START": "exstart"}


def _table(text: str) -> list[Line] | None:
    """The routes of the default instance, each with where it leads."""
    parts = re.split(r"^VRF(?: name)?: (\S+)\s*$", text, flags=re.MULTILINE)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    if any(_ROUTES.read(part) is None for part in named.values()) or (named and parts[0].strip()):
        return None
    found = _ROUTES.read(named.get("default", parts[0]))
    return found if found is not None and all(_hops(line) for line in found) else None


def _hops(line: Line) -> list[re.Match[str]]:
    return [match for text in [line["via"], *line.more] if (match := _HOP.search(text))]


def routes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `routes` from ROUTES."""
    return Parsed(status=status, value=[_route(line) for line in _table(answers[0].text) or []])


def _route(line: Line) -> Route:
    hops = _hops(line)
    out = list(dict.fromkeys(hop["out"] or hop["port"] for hop in hops if hop["out"] or hop["port"]))
    code = line["code"]
    return Route(
        prefix=line["prefix"],
        protocol=_PROTOCOLS.get(code) or _PROTOCOLS.get(code.split()[0], code),
        next_hops=[hop["hop"] for hop in hops if hop["hop"]],
        interfaces=out,
        distance=number(line["distance"]),
        metric=number(line["metric"]),
        discards="Null0" in out,
        quote=line.quote(ROUTES),
    )


def bgp(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `bgp` from BGP and the running configuration."""
    summary, running = answers
    configured = configured_bgp(sections(running.text), running.command)
    identity = _IDENTITY.search(summary.text)
    found = sessions([summary])
    if not configured.line and not found:
        return Parsed(status="empty", value=merged(configured, [], running.command))
    value = merged(configured, found, running.command, identity["id"] if identity else "")
    return Parsed(status="parsed", value=value)


def sessions(answers: Sequence[Output]) -> list[BgpNeighbor]:
    """The sessions that BGP tells of; nothing of the configuration is in them."""
    return [_session(line) for line in _BGP.rows(answers[0].text)]


def _session(line: Line) -> BgpNeighbor:
    up = bool(line["up"])
    return BgpNeighbor(
        address=canonical(line["address"]),
        remote_as=asn_of(line["asn"]),
        session_state="established" if up else session_state(line["state"]),
        enabled=line["why"] != "Admin",
        description=line["description"],
        prefixes_received=number(line["received"]),
        last_reset_reason=line["why"],
        established_for=clock_seconds(line["since"]) if up else None,
        quotes=[line.quote(BGP)],
    )


def ospf(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `ospf` of all instances from OSPF_INTERFACES, OSPF_NEIGHBORS and the running configuration."""
    interfaces, neighbors, running = answers
    config = igpconfig.igp_config(sections(running.text))
    found = [_ospf_interface(line, config) for line in _OSPF_INTERFACES.rows(interfaces.text)]
    near = neighbors_of([neighbors])
    if near and not found:
        return Parsed(status="unparsed")  # they cannot both be true
    if not found and config.ospf is None:
        return Parsed(status="empty", value=Ospf())
    value = Ospf(
        router_id=(config.ospf.value("router-id") or "") if config.ospf else "",
        areas=list(_areas(found, config, running.command)),
        interfaces=found,
        neighbors=near,
        quote=Quote(command=running.command, text=config.ospf.header) if config.ospf else None,
    )
    return Parsed(status="parsed", value=value)


def _areas(found: Sequence[OspfInterface], config: IgpConfig, source: str) -> Iterator[OspfArea]:
    told = {interface.area: interface.quote for interface in reversed(found)}
    for area in sorted({*told, *igpconfig.ospf_areas(config)}):
        kind, line = igpconfig.area_kind(config.ospf, area)
        yield OspfArea(area=area, kind=kind, quote=Quote(command=source, text=line) if line else told.get(area))


def _ospf_interface(line: Line, config: IgpConfig) -> OspfInterface:
    name = full_name(line["name"], EOS)
    section = config.interfaces.get(name)
    state = line["state"].upper()
    kind = igpconfig.ospf_network_type(section) if section else ""
    return OspfInterface(
        name=name,
        area=line["area"],
        address=line["address"],
        network_type=kind or ("point_to_point" if state == "P2P" else ""),
        state=_ROLES.get(state, state.lower()),
        cost=int(line["cost"]),
        hello_interval=igpconfig.number(section.value("ip ospf hello-interval")) if section else None,
        dead_interval=igpconfig.number(section.value("ip ospf dead-interval")) if section else None,
        passive=igpconfig.ospf_passive(config, name) if config.ospf else None,
        authentication=igpconfig.ospf_authentication(section, config.ospf, line["area"]) if config.ospf else "",
        neighbor_count=int(line["count"]),
        quote=line.quote(OSPF_INTERFACES),
    )


def neighbors_of(answers: Sequence[Output]) -> list[OspfNeighbor]:
    """The neighbours that OSPF_NEIGHBORS tells of."""
    return [_ospf_neighbor(line) for line in _OSPF_NEIGHBORS.rows(answers[0].text)]


def _ospf_neighbor(line: Line) -> OspfNeighbor:
    return OspfNeighbor(
        router_id=line["id"],
        address=line["address"],
        interface=full_name(line["interface"], EOS),
        state=_STATES.get(line["state"], line["state"].lower()),
        role=_ROLES.get(line["role"].upper(), line["role"].lower()),
        quote=line.quote(OSPF_NEIGHBORS),
    )


JUDGES: dict[str, Judge] = {
    ROUTES: judge_of(_table),
    BGP: _BGP.judge,
    OSPF_INTERFACES: _OSPF_INTERFACES.judge,
    OSPF_NEIGHBORS: _OSPF_NEIGHBORS.judge,
}
