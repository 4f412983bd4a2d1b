"""Cisco NX-OS's OSPF in the default VRF: its own account, joined with what only the running configuration tells. Pure.

Reads `show ip ospf`, `show ip ospf interface`, `show ip ospf neighbors`.
"""

import re
from collections.abc import Iterator, Sequence

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import Ospf, OspfArea, OspfInterface, OspfNeighbor, Output, Quote, ViewStatus
from nocmesh_bridges.platforms import igpconfig
from nocmesh_bridges.platforms.igpconfig import AreaKind, IgpConfig, dotted
from nocmesh_bridges.platforms.ios_names import NXOS, full_name
from nocmesh_bridges.platforms.ios_ospf import ROLES
from nocmesh_bridges.platforms.nxos_bgp import NOT_RUNNING
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Block, Line, Table, blocks, clock_seconds, judge_of, paragraphs

PROCESS = "show ip ospf"
INTERFACES = "show ip ospf interface"
NEIGHBORS = "show ip ospf neighbors"
_PROCESS = re.compile(
    r"^ *Routing Process (?P<name>\S+) with ID (?P<id>\d+\.\d+\.\d+\.\d+) VRF (?P<vrf>\S+)\s*$", re.MULTILINE
)
_COUNT = re.compile(r"^ *Number of areas is (?P<count>\d+),", re.MULTILINE)
_AREA = re.compile(r"^ *Area (?:BACKBONE)?\((?P<area>[\d.]+)\)(?: \(Inactive\))?\s*$", re.MULTILINE)
_INTERFACE = re.compile(
    r"^ *(?P<name>[A-Za-z][\w./-]*) is (?P<state>(?:administratively )?down|up), line protocol is (?P<protocol>up|down)"
    r"\s*$",
    re.MULTILINE,
)
_ENDS = r"^ +(?:No|Simple|Message-digest) .*authentication|^ +Index \d+, Passive interface|^ +State LOOPBACK,[^$]*Index"
_NEIGHBORS = Table(
    head=re.compile(r" *OSPF Process ID \S+ VRF \S+\s*$"),
    row=re.compile(
        r" *(?P<id>\d+\.\d+\.\d+\.\d+) +(?P<priority>\d+) +(?P<state>[A-Z0-9]+)/ *(?P<role>[A-Z]+|-)"
        r" +(?P<up>\S+) +(?P<address>\d+\.\d+\.\d+\.\d+) +(?P<interface>\S*\d)\s*$"
    ),
    noise=re.compile(r" *(?:Neighbor ID +Pri +State +Up Time +Address +Interface|Total number of neighbors: \d+)\s*$"),
    none=NOT_RUNNING,
    silent=True,
)
_TOTAL = re.compile(r"^ *Total number of neighbors: (?P<count>\d+)\s*$", re.MULTILINE)
_KINDS = {"P2P": "point_to_point", "P2MP": "point_to_multipoint", "NBMA": "nbma"}


def _processes(text: str) -> list[Block] | None:
    """The processes, each with as many areas as it says."""
    if not text.strip() or NOT_RUNNING.search(text):
        return []
    found = blocks(text, _PROCESS)
    clear = found and not text[: found[0].match.start()].strip()
    return found if clear and all(map(_counted, found)) else None


def _counted(process: Block) -> bool:
    count, areas = _COUNT.search(process.text), blocks(process.text, _AREA)
    ended = all(area.line(r"Number of LSAs: \d+") for area in areas)
    return count is not None and int(count["count"]) == len(areas) and ended and "%" not in process.text


def _interface_blocks(text: str) -> list[Block] | None:
    if not text.strip() or NOT_RUNNING.search(text):
        return []
    return paragraphs(text, _INTERFACE, _whole)


def _whole(block: Block) -> bool:
    return block.indented() and "Network type" in block.text and block.line(_ENDS) != ""


def _near(text: str) -> list[Line] | None:
    """The neighbours, as many as the device says of each process."""
    found, totals = _NEIGHBORS.read(text), [int(match["count"]) for match in _TOTAL.finditer(text)]
    told = len(totals) == len(re.findall(rf"^{_NEIGHBORS.head.pattern}", text, re.MULTILINE))
    return found if found is not None and told and sum(totals) == len(found) else None


JUDGES: dict[str, Judge] = {
    PROCESS: judge_of(_processes),
    INTERFACES: judge_of(_interface_blocks),
    NEIGHBORS: judge_of(_near),
}


def ospf(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `ospf` from PROCESS, INTERFACES, NEIGHBORS and the running configuration."""
    process, interfaces, neighbors, running = answers
    config = igpconfig.igp_config(sections(running.text))
    found = next((block for block in _processes(process.text) or [] if block["vrf"] == "default"), None)
    if found is None:
        absent = config.ospf is None and not neighbors_of([neighbors])
        return Parsed(status="empty", value=Ospf()) if absent else Parsed(status="unparsed")
    own = [b for b in _interface_blocks(interfaces.text) or [] if re.search(r"\bVRF default\b", b.text)]
    value = Ospf(
        router_id=found["id"],
        areas=list(_areas(found)),
        interfaces=[_interface(block, config) for block in own],
        neighbors=neighbors_of([neighbors]),
        quote=Quote(command=PROCESS, text=found.match[0].strip()),
    )
    return Parsed(status="parsed", value=value)


def _areas(process: Block) -> Iterator[OspfArea]:
    for area in blocks(process.text, _AREA):
        quote = Quote(command=PROCESS, text=area.match[0].strip())
        yield OspfArea(area=dotted(area["area"]), kind=_kind(area), quote=quote)


def _kind(area: Block) -> AreaKind:
    """As ``ios_ospf`` reads it: NX-OS words stub areas as IOS does (untried on a device)."""
    if area.line(r"\bNSSA area\b"):
        return "nssa"
    stub = area.line(r"\bstub area\b")
    return "" if not stub else "totally_stub" if "no summary" in stub.lower() else "stub"


def _interface(block: Block, config: IgpConfig) -> OspfInterface:
    section = config.interfaces.get(block["name"])
    kind, state = block.find(r"Network type (?P<it>\w+)"), block.find(r"State (?P<it>\w+)")
    return OspfInterface(
        name=block["name"],
        area=dotted(block.find(r"\barea (?P<it>[\d.]*\d)")),
        address=block.find(r"IP address (?P<it>\d+\.\d+\.\d+\.\d+/\d+)"),
        network_type=_KINDS.get(kind, kind.lower()),
        state=_KINDS.get(state) or ROLES.get(state, state.lower()),
        cost=block.number(r"\bcost (?P<it>\d+)"),
        hello_interval=block.number(r"\bHello (?P<it>\d+),"),
        dead_interval=block.number(r"\bDead (?P<it>\d+),"),
        passive="Passive interface" in block.text,
        authentication=_authentication(block),
        mtu_ignore=section is not None and section.value("ip ospf mtu-ignore") is not None,
        neighbor_count=block.number(r"^ +(?P<it>\d+) Neighbors,"),
        quote=Quote(command=INTERFACES, text=block.line(r"\bState \w+, Network type") or block.match[0].strip()),
    )


def _authentication(block: Block) -> str:
    """Passive interfaces and loopbacks say nothing of it."""
    if block.line(r"^ +Message-digest authentication"):
        return "md5"
    if block.line(r"^ +Simple (?:password )?authentication"):
        return "simple"
    return "none" if block.line(r"^ +No authentication") else ""


def neighbors_of(answers: Sequence[Output]) -> list[OspfNeighbor]:
    """The neighbours in the default VRF that NEIGHBORS tells of."""
    own = [line for line in _near(answers[0].text) or [] if line.heading.endswith("VRF default")]
    return [_neighbor(line) for line in own]


def _neighbor(line: Line) -> OspfNeighbor:
    state = line["state"].lower()
    return OspfNeighbor(
        router_id=line["id"],
        address=line["address"],
        interface=full_name(line["interface"], NXOS),
        state={"2way": "two_way", "twoway": "two_way"}.get(state, state),
        role=ROLES.get(line["role"], line["role"].lower()),
        up_for=clock_seconds(line["up"]),
        quote=line.quote(NEIGHBORS),
    )
