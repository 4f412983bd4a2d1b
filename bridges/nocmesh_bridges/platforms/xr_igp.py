"""Cisco IOS-XR's OSPF and IS-IS in the default VRF, joined with what only the running configuration tells. Pure.

Reads `show ospf interface`, `show ospf neighbor`, `show isis neighbors`.
"""

import re
from collections.abc import Iterator, Sequence

from nocmesh.diagnosis.configlines import JOINT
from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import (
    ConfigLine,
    Isis,
    IsisAdjacency,
    IsisInterface,
    Ospf,
    OspfArea,
    OspfInterface,
    OspfNeighbor,
    Output,
    Quote,
    ViewStatus,
)
from nocmesh_bridges.platforms import ios_ospf
from nocmesh_bridges.platforms.igpconfig import AreaKind, Section, dotted, isis_level, number
from nocmesh_bridges.platforms.ios_isis import LEVELS, STATES, process
from nocmesh_bridges.platforms.ios_names import XR, full_name
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import (
    STAMP,
    Block,
    Line,
    Table,
    blocks,
    clock_seconds,
    judge_of,
)

INTERFACES = "show ospf interface"
NEIGHBORS = "show ospf neighbor"
ADJACENCIES = "show isis neighbors"
_HEADING = re.compile(r"Interfaces for OSPF \S+\s*$")
_INTERFACE = re.compile(
    r"^(?P<name>[A-Za-z][\w./-]*\d) is (?P<state>(?:administratively )?down|up), line protocol is (?P<protocol>up|down)"
    r"[^\n]*$",
    re.MULTILINE,
)
_ENDS = r"^ +(?:Multi-area interface Count is \d+|Loopback interface is treated as a stub Host)"
_NEIGHBORS = Table(
    head=re.compile(r"Neighbors for OSPF(?: [^\s,]+)?(?:, VRF \S+)?\s*$"),
    row=re.compile(
        r"(?P<id>\d+\.\d+\.\d+\.\d+) +(?P<priority>\d+) +(?P<state>[A-Z0-9]+)/ *(?P<role>[A-Z]+|-)"
        r" +(?P<dead>\d\d:\d\d:\d\d|-) +(?P<address>\d+\.\d+\.\d+\.\d+) +(?P<interface>\S*\d)\s*$"
    ),
    more=re.compile(r" +Neighbor is up for (?P<up>\S+)\s*$"),
    noise=re.compile(
        r"[*#] Indicates |Neighbor ID +Pri +State +Dead Time +Address +Interface\s*$| +Neighbor is up for \S+\s*$"
    ),
    foot=re.compile(r"Total neighbor count: (?P<count>\d+)\s*$"),
    whole=True,
    silent=True,
)
_UP = re.compile(r" +Neighbor is up for (?P<up>\S+)")
_ADJACENCIES = Table(
    head=re.compile(r"IS-IS \S+ neighbors:\s*$"),
    row=re.compile(
        r"(?P<id>\S+) +(?P<interface>[A-Za-z][\w/.:-]*\d) +(?P<snpa>\*PtoP\*|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})"
        r" +(?P<state>[A-Z][a-z]+) +(?P<hold>\d+) +(?P<level>L1L2|L1|L2) +(?:Capable|Unable)\s*$"
    ),
    noise=re.compile(r"System Id +Interface +SNPA +State +Holdtime +Type +IETF-NSF\s*$"),
    foot=re.compile(r"Total neighbor count: (?P<count>\d+)\s*$"),
    whole=True,
    silent=True,
)


def _interface_blocks(text: str) -> list[Block] | None:
    """The interfaces on which OSPF runs; none for no text: so answers a router without OSPF."""
    if all(STAMP.match(line) for line in text.splitlines()):
        return []
    found = blocks(text, _INTERFACE)
    before = text[: found[0].match.start()] if found else text
    clear = all(STAMP.match(line) or _HEADING.match(line) for line in before.splitlines())
    return found if found and clear and all(map(_whole, found)) else None


def _whole(block: Block) -> bool:
    return block.indented(_HEADING) and "Process ID" in block.text and block.line(_ENDS) != ""


JUDGES: dict[str, Judge] = {
    INTERFACES: judge_of(_interface_blocks),
    NEIGHBORS: _NEIGHBORS.judge,
    ADJACENCIES: _ADJACENCIES.judge,
}


def ospf(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `ospf` from INTERFACES, NEIGHBORS and the running configuration."""
    interfaces, neighbors, running = answers
    lines = sections(running.text)
    router = next((s for s in _routers(lines, "router ospf ")), None)
    found, near = _interface_blocks(interfaces.text) or [], neighbors_of([neighbors])
    if near and not found:
        return Parsed(status="unparsed")  # they cannot both be true
    if not found and router is None:
        return Parsed(status="empty", value=Ospf())
    told = [_ospf_interface(block, lines) for block in found]
    value = Ospf(
        router_id=next((block.find(r"Router ID (?P<it>[\d.]*\d)") for block in found), "") or _router_id(router),
        areas=list(_areas(told, lines)),
        interfaces=told,
        neighbors=near,
        quote=Quote(command=running.command, text=router.header) if router else None,
    )
    return Parsed(status="parsed", value=value)


def _routers(lines: Sequence[ConfigLine], start: str) -> Iterator[Section]:
    for header in [line.text for line in lines if not line.section and line.text.startswith(start)]:
        yield Section(header, [line.text for line in lines if line.section == header])


def _router_id(router: Section | None) -> str:
    return (router.value("router-id") if router else "") or ""


def _ospf_interface(block: Block, lines: Sequence[ConfigLine]) -> OspfInterface:
    """As IOS tells it, in the same words."""
    ignores = [line for line in lines if line.text.startswith("mtu-ignore") and "disable" not in line.text]
    own = any(line.section.endswith(f"{JOINT}interface {block['name']}") for line in ignores)
    return ios_ospf.interface(block, INTERFACES, mtu_ignore=own)


def _areas(told: Sequence[OspfInterface], lines: Sequence[ConfigLine]) -> Iterator[OspfArea]:
    """Those of the interfaces, with the kind that the configuration gives them."""
    kinds = {dotted(line.section.split()[-1]): line.text for line in lines if _AREA_KIND.match(line.text)}
    quotes = {interface.area: interface.quote for interface in reversed(told)}
    for area in sorted(quotes):
        yield OspfArea(area=area, kind=_kind(kinds.get(area, "")), quote=quotes[area])


_AREA_KIND = re.compile(r"(?:stub|nssa)(?: |$)")


def _kind(text: str) -> AreaKind:
    if not text:
        return "normal"
    return "nssa" if text.startswith("nssa") else "totally_stub" if "no-summary" in text else "stub"


def neighbors_of(answers: Sequence[Output]) -> list[OspfNeighbor]:
    """The neighbours in the default VRF that NEIGHBORS tells of."""
    return [_neighbor(line) for line in _NEIGHBORS.rows(answers[0].text) if ", VRF " not in line.heading]


def _neighbor(line: Line) -> OspfNeighbor:
    up = next((match["up"] for more in line.more if (match := _UP.match(more))), "")
    state = line["state"].lower()
    return OspfNeighbor(
        router_id=line["id"],
        address=line["address"],
        interface=full_name(line["interface"], XR),
        state="two_way" if state == "2way" else state,
        role=ios_ospf.ROLES.get(line["role"], line["role"].lower()),
        up_for=clock_seconds(up),
        quote=line.quote(NEIGHBORS),
    )


def isis(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `isis` from ADJACENCIES and the running configuration."""
    neighbors, running = answers
    lines = sections(running.text)
    found = adjacencies_of([neighbors])
    router = next((s for s in _routers(lines, "router isis ")), None)
    if router is None:
        return Parsed(status="unparsed") if found else Parsed(status="empty", value=Isis())
    return process(router, list(_circuits(lines, router, running.command)), found, running.command)


def adjacencies_of(answers: Sequence[Output]) -> list[IsisAdjacency]:
    """The adjacencies that ADJACENCIES tells of."""
    return [_adjacency(line) for line in _ADJACENCIES.rows(answers[0].text)]


def _adjacency(line: Line) -> IsisAdjacency:
    state = line["state"].lower()
    return IsisAdjacency(
        system_id=line["id"],
        interface=full_name(line["interface"], XR),
        level=LEVELS[line["level"]],
        state=STATES.get(state, state),
        quote=line.quote(ADJACENCIES),
    )


def _circuits(lines: Sequence[ConfigLine], router: Section, source: str) -> Iterator[IsisInterface]:
    start = f"{router.header}{JOINT}interface "
    for header in [text for text in router.lines if text.startswith("interface ")]:
        name = header.split()[1]
        own = [line.text for line in lines if f"{line.section}{JOINT}".startswith(f"{start}{name}{JOINT}")]
        section = Section(header, own)
        level = section.value("circuit-type")
        yield IsisInterface(
            name=name,
            level=level.removesuffix("-only") if level else isis_level(router),
            state="down" if "shutdown" in own else "",
            network_type=_network_type(name, section),
            passive="passive" in own,
            metric=number(section.value("metric")),
            hello_interval=number(section.value("hello-interval")),
            authentication=_authentication(section),
            quote=Quote(command=source, text=header),
        )


def _network_type(name: str, section: Section) -> str:
    if name.startswith("Loopback"):
        return "loopback"
    return "point_to_point" if section.value("point-to-point") is not None else "broadcast"


def _authentication(section: Section) -> str:
    kind = section.value("hello-password")
    if not kind:
        return "none"
    word = kind.split()[0]
    return {"hmac-md5": "md5", "text": "clear"}.get(word, word)
