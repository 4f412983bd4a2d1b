"""Cisco IOS's OSPF: its own account, joined with what only the running configuration tells. Pure.

Reads `show ip ospf`, `show ip ospf interface`, `show ip ospf neighbor`.
Untried on a device: `show ip ospf`, `show ip ospf interface`.
"""

import re
from collections.abc import Iterator, Sequence

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import Ospf, OspfArea, OspfInterface, OspfNeighbor, Output, Quote, ViewStatus
from nocmesh_bridges.platforms import igpconfig
from nocmesh_bridges.platforms.igpconfig import AreaKind, IgpConfig, dotted
from nocmesh_bridges.platforms.ios_names import full_name
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Block, Line, Table, blocks, judge_of, paragraphs

PROCESS = "show ip ospf"
INTERFACES = "show ip ospf interface"
NEIGHBORS = "show ip ospf neighbor"
_NONE = re.compile(r"^\s*%? ?OSPF.*not (?:running|enabled|configured)", re.MULTILINE | re.IGNORECASE)
_PROCESS = re.compile(r'^ *Routing Process "ospf (?P<name>\S+)" with ID (?P<id>\d+\.\d+\.\d+\.\d+)\s*$', re.MULTILINE)
_AREA = re.compile(r"^ +Area (?:BACKBONE\((?P<backbone>[\d.]+)\)|(?P<area>[\d.]+))(?: \(Inactive\))?\s*$", re.MULTILINE)
_COUNT = re.compile(r"^ *Number of areas in this router is (?P<count>\d+)\.", re.MULTILINE)
_INTERFACE = re.compile(
    r"^(?P<name>\S+) is (?P<state>(?:administratively )?down|up), line protocol is (?P<protocol>up|down)[^\n]*$",
    re.MULTILINE,
)
_NEIGHBORS = Table(
    head=re.compile(r"Neighbor ID +Pri +State +Dead Time +Address +Interface\s*$"),
    row=re.compile(
        r"(?P<id>\d+\.\d+\.\d+\.\d+) +(?P<priority>\d+) +(?P<state>[A-Z0-9]+)/ *(?P<role>[A-Z]+|-)"
        r" +(?P<dead>\d+:\d\d:\d\d|\d+ msec|-) +(?P<address>\d+\.\d+\.\d+\.\d+) +(?P<interface>\S*\d)\s*$"
    ),
    none=_NONE,
    silent=True,
)
ROLES = {"DR": "dr", "BDR": "backup", "DROTHER": "drother", "DROTH": "drother", "-": ""}


def _processes(text: str) -> list[Block] | None:
    """The paragraphs of the processes, each with as many areas as it says."""
    if not text.strip() or _NONE.search(text):
        return []
    found = blocks(text, _PROCESS)
    sound = all(line.startswith(" ") for line in text.splitlines() if line.strip())
    return found if found and sound and all(map(_counted, found)) else None


def _counted(block: Block) -> bool:
    count = _COUNT.search(block.text)
    areas = blocks(block.text, _AREA)
    return count is not None and int(count["count"]) == len(areas) and all("Flood list length" in a.text for a in areas)


def _interface_blocks(text: str) -> list[Block] | None:
    if not text.strip() or _NONE.search(text):
        return []
    return paragraphs(text, _INTERFACE, _whole)


def _whole(block: Block) -> bool:
    """Say whether it reaches its neighbours; what is looped or down has none."""
    ended = re.search(
        r"^ +(?:Neighbor Count is \d+, Adjacent neighbor count is \d+|Loopback interface is treated as a stub Host"
        r"|No Hellos \(Passive interface\))",
        block.text,
        re.MULTILINE,
    )
    down = re.search(r"State DOWN[^$]*Timer intervals configured", block.text)
    return block.indented() and "Process ID" in block.text and (ended is not None or down is not None)


def ospf(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `ospf` from PROCESS, INTERFACES, NEIGHBORS and the running configuration."""
    process, interfaces, neighbors, running = answers
    config = igpconfig.igp_config(sections(running.text))
    found = next(iter(_processes(process.text) or []), None)
    if found is None:
        absent = config.ospf is None and not _tells(interfaces, neighbors)
        return Parsed(status="empty", value=Ospf()) if absent else Parsed(status="unparsed")
    value = Ospf(
        router_id=found["id"],
        areas=list(_areas(found)),
        interfaces=[_interface(block, config) for block in _interface_blocks(interfaces.text) or []],
        neighbors=neighbors_of([neighbors]),
        quote=Quote(command=process.command, text=found.match[0].strip()),
    )
    return Parsed(status="parsed", value=value)


def _tells(interfaces: Output, neighbors: Output) -> bool:
    """Say whether one of the answers tells of OSPF, though there is no process: they cannot all be true."""
    return "parsed" in (interfaces.status, neighbors.status)


def _areas(process: Block) -> Iterator[OspfArea]:
    for area in blocks(process.text, _AREA):
        yield OspfArea(
            area=dotted(area["backbone"] or area["area"]),
            kind=_kind(area.text),
            quote=Quote(command=PROCESS, text=area.match[0].strip()),
        )


def _kind(text: str) -> AreaKind:
    if re.search(r"^ +It is a NSSA area", text, re.MULTILINE):
        return "nssa"
    stub = re.search(r"^ +It is a stub area(?P<more>[^\n]*)", text, re.MULTILINE)
    if stub is None:
        return "normal"
    return "totally_stub" if "no summary LSA" in stub["more"] else "stub"


def _interface(block: Block, config: IgpConfig) -> OspfInterface:
    section = config.interfaces.get(block["name"])
    ignored = section is not None and section.value("ip ospf mtu-ignore") is not None
    return interface(block, INTERFACES, mtu_ignore=ignored)


def interface(block: Block, command: str, *, mtu_ignore: bool) -> OspfInterface:
    """One interface from its paragraph in the answer to ``command``; IOS-XR tells the same in the same words."""
    state = block.find(r"State (?P<it>[A-Z_]+)")
    kind = block.find(r"Network Type (?P<it>[A-Z_]+)")
    return OspfInterface(
        name=block["name"],
        area=dotted(block.find(r"\bArea (?P<it>[\d.]*\d)")),
        address=block.find(r"Internet Address (?P<it>\d+\.\d+\.\d+\.\d+/\d+)"),
        network_type={"NON_BROADCAST": "nbma"}.get(kind, kind.lower()),
        state="loopback" if kind == "LOOPBACK" else ROLES.get(state, state.lower()),
        cost=block.number(r"\bCost: (?P<it>\d+)"),
        hello_interval=block.number(r"\bHello (?P<it>\d+)"),
        dead_interval=block.number(r"\bDead (?P<it>\d+)"),
        passive="No Hellos (Passive interface)" in block.text,
        authentication=_authentication(block.text),
        mtu_ignore=mtu_ignore,
        neighbor_count=block.number(r"Neighbor Count is (?P<it>\d+)"),
        quote=Quote(command=command, text=block.line(r"Process ID \S+") or block.match[0].strip()),
    )


def _authentication(text: str) -> str:
    if re.search(r"Cryptographic authentication enabled|Message digest authentication enabled", text):
        return "md5"
    return "simple" if "Simple password authentication enabled" in text else "none"


def neighbors_of(answers: Sequence[Output]) -> list[OspfNeighbor]:
    """The neighbours that NEIGHBORS tells of."""
    return [_neighbor(line) for line in _NEIGHBORS.rows(answers[0].text)]


def _neighbor(line: Line) -> OspfNeighbor:
    return OspfNeighbor(
        router_id=line["id"],
        address=line["address"],
        interface=full_name(line["interface"]),
        state="two_way" if line["state"] == "2WAY" else line["state"].lower(),
        role=ROLES.get(line["role"], line["role"].lower()),
        quote=line.quote(NEIGHBORS),
    )


JUDGES: dict[str, Judge] = {
    PROCESS: judge_of(_processes),
    INTERFACES: judge_of(_interface_blocks),
    NEIGHBORS: _NEIGHBORS.judge,
}
