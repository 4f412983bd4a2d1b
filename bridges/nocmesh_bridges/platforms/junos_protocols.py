"""Junos's BGP, OSPF and IS-IS. Pure.

Reads `show bgp summary`, `show ospf interface`, `show ospf neighbor`, `show isis adjacency`.
Untried on a device: `show ospf interface`.
"""

import re
from collections.abc import Iterator, Sequence

from nocmesh.messages.state import (
    Bgp,
    BgpNeighbor,
    Isis,
    IsisAdjacency,
    Ospf,
    OspfArea,
    OspfInterface,
    OspfNeighbor,
    Output,
    Quote,
    ViewStatus,
)
from nocmesh_bridges.platforms.bgpconfig import asn_of, canonical
from nocmesh_bridges.platforms.bgpmerge import session_state
from nocmesh_bridges.platforms.igpconfig import AreaKind
from nocmesh_bridges.platforms.ios_isis import LEVELS, STATES
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Line, Table, clock_seconds, judge_of

BGP = "show bgp summary"
OSPF_INTERFACES = "show ospf interface"
OSPF_NEIGHBORS = "show ospf neighbor"
ISIS = "show isis adjacency"
_ADDRESS = r"\d+\.\d+\.\d+\.\d+"
_COUNTS = r"\d+/\d+/\d+(?:/\d+)?"
_BGP = Table(
    head=re.compile(r"Peer +AS +InPkt +OutPkt +OutQ +Flaps +Last Up/Dwn +State\|#"),
    row=re.compile(
        rf"(?P<address>{_ADDRESS}|[0-9a-f]*:[0-9a-f:.]+) +(?P<asn>\d+(?:\.\d+)?)(?: +\d+){{3}} +(?P<flaps>\d+)"
        r" +(?P<since>(?:\d+[ywdh])* ?\d+(?::\d\d){0,2}|(?:\d+[ywdh])+) +"
        rf"(?:(?P<up>Establ)|(?P<state>Active|Connect|Idle|OpenSent|OpenConfirm))(?P<counts>(?: +{_COUNTS})*)\s*$"
    ),
    more=re.compile(rf" +(?P<table>\S+): (?P<counts>{_COUNTS})\s*$"),
    noise=re.compile(
        r"Threading mode: |Groups: \d+ |Default eBGP mode: |Unconfigured peers: |Table +Tot Paths |[\w.-]+\.\d+\s*$"
        r"| +\d+(?: +\d+)*\s*$|[\w.-]+\.\d+ +\d+(?: +\d+)+\s*$"
    ),
    none=re.compile(r"^BGP is not running", re.MULTILINE),
)
_PEERS = re.compile(r"^Groups: \d+ +Peers: (?P<count>\d+) ", re.MULTILINE)
_OSPF_INTERFACES = Table(
    head=re.compile(r"Interface +State +Area +DR ID +BDR ID +Nbrs\s*$"),
    row=re.compile(
        rf"(?P<name>\S+) +(?P<state>[A-Z]\w+) +(?P<area>{_ADDRESS}) +{_ADDRESS} +{_ADDRESS} +(?P<count>\d+)\s*$"
    ),
    none=re.compile(r"^OSPF instance is not running", re.MULTILINE),
    silent=True,
)
_OSPF_NEIGHBORS = Table(
    head=re.compile(r"Address +Interface +State +ID +Pri +Dead\s*$"),
    row=re.compile(
        rf"(?P<address>{_ADDRESS}) +(?P<interface>\S+) +(?P<state>[A-Z0-9]\w+) +(?P<id>{_ADDRESS}) +(?P<priority>\d+)"
        r" +(?P<dead>\d+|-)\s*$"
    ),
    none=re.compile(r"^OSPF instance is not running", re.MULTILINE),
    silent=True,
)
_ISIS = Table(
    head=re.compile(r"Interface +System +L State +Hold \(secs\) +SNPA\s*$"),
    row=re.compile(
        r"(?P<interface>\S+) +(?P<system>\S+) +(?P<level>[123]) +(?P<state>[A-Z]\w+) +(?P<hold>\d+)"
        r"(?: +(?P<snpa>\S+))?\s*$"
    ),
    none=re.compile(r"^IS-IS instance is not running", re.MULTILINE),
    silent=True,
)
_DESIGNATED = {"DR": "dr", "BDR": "backup", "DRother": "drother", "PtToPt": "point_to_point", "Loop": "loopback"}
_STATES = {"2way": "two_way", "2Way": "two_way", "ExStart": "exstart"}


def _peers(text: str) -> list[Line] | None:
    """The peers, as many as the device says."""
    found, count = _BGP.read(text), _PEERS.search(text)
    if found is None or count is None:
        return found if _BGP.none.search(text) else None
    told = all(line["counts"] or line.more or not line["up"] for line in found)
    return found if told and int(count["count"]) == len(found) else None


JUDGES: dict[str, Judge] = {
    BGP: judge_of(_peers),
    OSPF_INTERFACES: _OSPF_INTERFACES.judge,
    OSPF_NEIGHBORS: _OSPF_NEIGHBORS.judge,
    ISIS: _ISIS.judge,
}


def _configured(config: Output, pattern: str) -> re.Match[str] | None:
    return re.search(rf"^set {pattern}\s*$", config.text, re.MULTILINE)


def bgp(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `bgp` from BGP and the configuration."""
    summary, config = answers
    neighbors = [_neighbor(line, config) for line in _peers(summary.text) or []]
    asn = _configured(config, r"routing-options autonomous-system (?P<it>[\d.]+)(?: .*)?")
    own = _configured(config, rf"routing-options router-id (?P<it>{_ADDRESS})")
    quote = Quote(command=config.command, text=asn[0].strip()) if asn else None
    value = Bgp(
        asn=asn_of(asn["it"]) if asn else None, router_id=own["it"] if own else "", neighbors=neighbors, quote=quote
    )
    return Parsed(status="parsed" if neighbors else "empty", value=value)


def sessions(answers: Sequence[Output]) -> list[BgpNeighbor]:
    """The sessions that BGP tells of; nothing of the configuration is in them."""
    nothing = Output(command="", text="", status="empty")
    return [_neighbor(line, nothing) for line in _peers(answers[0].text) or []]


def _neighbor(line: Line, config: Output) -> BgpNeighbor:
    counts = [line["counts"], *(more.rsplit(": ", 1)[-1] for more in line.more)]
    received = [int(part.split("/")[1]) for text in counts for part in text.split()]
    settings = re.findall(
        rf"^set protocols bgp .*\bneighbor {re.escape(line['address'])} (.+)$", config.text, re.MULTILINE
    )
    return BgpNeighbor(
        address=canonical(line["address"]),
        remote_as=asn_of(line["asn"]),
        session_state="established" if line["up"] else session_state(line["state"]),
        description=next(
            (text.split(" ", 1)[1].strip('"') for text in settings if text.startswith("description ")), ""
        ),
        has_password=any(text.startswith("authentication-key") for text in settings),
        prefixes_received=sum(received) if received and line["up"] else None,
        established_for=clock_seconds(line["since"]) if line["up"] else None,
        quotes=[line.quote(BGP)],
    )


def ospf(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `ospf` from OSPF_INTERFACES, OSPF_NEIGHBORS and the configuration."""
    interfaces, neighbors, config = answers
    found = [_ospf_interface(line) for line in _OSPF_INTERFACES.rows(interfaces.text)]
    near = neighbors_of([neighbors])
    if near and not found:
        return Parsed(status="unparsed")  # they cannot both be true
    own = _configured(config, rf"routing-options router-id (?P<it>{_ADDRESS})")
    value = Ospf(
        router_id=own["it"] if own else "",
        areas=list(_areas(found, config)),
        interfaces=found,
        neighbors=near,
        quote=Quote(command=config.command, text=own[0].strip()) if own else None,
    )
    return Parsed(status="parsed" if found else "empty", value=value if found else Ospf())


def _areas(found: Sequence[OspfInterface], config: Output) -> Iterator[OspfArea]:
    quotes = {interface.area: interface.quote for interface in reversed(found)}
    for area, quote in sorted(quotes.items()):
        start = rf"protocols ospf area {re.escape(area)}"
        stub = _configured(config, rf"{start} stub(?: .*)?")
        total = _configured(config, rf"{start} stub(?: .*)? no-summaries")
        nssa = _configured(config, rf"{start} nssa(?: .*)?")
        kind: AreaKind = "nssa" if nssa else "totally_stub" if total else "stub" if stub else "normal"
        line = nssa or total or stub
        yield OspfArea(
            area=area, kind=kind, quote=Quote(command=config.command, text=line[0].strip()) if line else quote
        )


def _ospf_interface(line: Line) -> OspfInterface:
    state = _DESIGNATED.get(line["state"], line["state"].lower())
    return OspfInterface(
        name=line["name"],
        area=line["area"],
        network_type="point_to_point" if state == "point_to_point" else "",
        state=state,
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
        interface=line["interface"],
        state=_STATES.get(line["state"], line["state"].lower()),
        quote=line.quote(OSPF_NEIGHBORS),
    )


def isis(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `isis` from ISIS and the configuration: adjacencies and the NET; Junos's circuits are not asked for."""
    told, config = answers
    found = adjacencies_of([told])
    net = _configured(config, r"interfaces lo0 unit \d+ family iso address (?P<it>[0-9a-fA-F.]+)")
    running = _configured(config, r"protocols isis .+")
    if not found and running is None:
        return Parsed(status="empty", value=Isis())
    value = Isis(
        net=net["it"] if net else "",
        system_id=net["it"][-17:-3] if net else "",
        adjacencies=found,
        quote=Quote(command=config.command, text=running[0].strip()) if running else None,
    )
    return Parsed(status="parsed", value=value)


def adjacencies_of(answers: Sequence[Output]) -> list[IsisAdjacency]:
    """The adjacencies that ISIS tells of."""
    return [_adjacency(line) for line in _ISIS.rows(answers[0].text)]


def _adjacency(line: Line) -> IsisAdjacency:
    return IsisAdjacency(
        system_id=line["system"],
        interface=line["interface"],
        level=LEVELS[line["level"]],
        state=STATES.get(line["state"].lower(), line["state"].lower()),
        quote=line.quote(ISIS),
    )
