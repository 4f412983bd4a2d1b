"""FRR's OSPF: its JSON (ospfd/ospf_vty.c), joined with what only the running configuration tells. Pure."""

from collections.abc import Iterator, Sequence

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import Ospf, OspfArea, OspfInterface, OspfNeighbor, Output, Quote, ViewStatus
from nocmesh_bridges.platforms import igpconfig
from nocmesh_bridges.platforms.igpconfig import IgpConfig
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.spans import Span, read_spans
from nocmesh_bridges.platforms.telling import items, members_are, object_with, quoted, under

PROCESS = "show ip ospf json"
INTERFACES = "show ip ospf interface json"
NEIGHBORS = "show ip ospf neighbor detail json"
_TYPES = {
    "POINTOPOINT": "point_to_point",
    "POINTOMULTIPOINT": "point_to_multipoint",
    "VIRTUALLINK": "virtual_link",
}
_AUTHENTICATION = {
    "authenticationNone": "none",
    "authenticationSimplePassword": "simple",
    "authenticationMessageDigest": "md5",
}


def ospf(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `ospf` from PROCESS, INTERFACES, NEIGHBORS and the running configuration.

    Empty: ospfd runs and is not configured. When it does not run, it rejects the questions.
    """
    process, interfaces, neighbors, running = answers
    config = igpconfig.igp_config(sections(running.text))
    entries = under(interfaces.text, "interfaces")
    told = under(process.text, "areas")
    if not told and (entries or under(neighbors.text, "neighbors")):
        return Parsed(status="unparsed")  # they cannot all be true
    if process.status == "empty" and config.ospf is None:
        return Parsed(status="empty", value=Ospf())
    value = Ospf(
        router_id=read_spans(process.text).text("routerId") if process.text.strip() else "",
        areas=list(_areas(process, running, told, config)),
        interfaces=[*_interfaces(interfaces, entries, config), *_down(running, entries, config)],
        neighbors=neighbors_of([neighbors]),
        quote=Quote(command=running.command, text=config.ospf.header) if config.ospf else None,
    )
    return Parsed(status="parsed", value=value)


def _areas(process: Output, running: Output, told: dict[str, Span], config: IgpConfig) -> Iterator[OspfArea]:
    for area in dict.fromkeys([*told, *igpconfig.ospf_areas(config)]):
        kind, line = igpconfig.area_kind(config.ospf, area)
        entry = told.get(area)
        if not line and entry is not None:
            kind = _kind(entry)
        quote = Quote(command=running.command, text=line) if line else _headed(process, entry)
        yield OspfArea(area=area, kind=kind, quote=quote)


def _headed(output: Output, entry: Span | None) -> Quote | None:
    """The area's id with the first thing that is said of it."""
    if entry is None or not entry.members:
        return None
    first = next(iter(entry.members.values()))
    return Quote(command=output.command, text=output.text[entry.start : first.end])


def _kind(entry: Span) -> igpconfig.AreaKind:
    if entry.flag("nssa"):
        return "nssa"
    if entry.flag("stubNoSummary"):
        return "totally_stub"
    return "stub" if entry.flag("stubEnable") or entry.flag("stubShortcut") else "normal"


def is_interface(entry: Span) -> bool:
    """Say whether ``entry`` is what FRR prints of an interface; later versions nest what belongs to each address."""
    return "ifUp" in entry.members and (not entry.flag("ifUp") or bool(_inner(entry).text("area")))


def _inner(entry: Span) -> Span:
    nested = entry.members.get("interfaceIp")
    return next(iter(nested.members.values()), entry) if nested is not None else entry


def _interfaces(output: Output, entries: dict[str, Span], config: IgpConfig) -> Iterator[OspfInterface]:
    for name, entry in entries.items():
        if entry.flag("ifUp"):
            yield _interface(output, name, _inner(entry), config)


def _interface(output: Output, name: str, entry: Span, config: IgpConfig) -> OspfInterface:
    area = entry.text("area").split(" ")[0]  # `0.0.0.1 [Stub]`
    section = config.interfaces.get(name)
    length = entry.number("ipAddressPrefixlen")
    hello = entry.number("timerMsecs")
    state = entry.text("state").lower().replace("-", "_")
    return OspfInterface(
        name=name,
        area=area,
        address=f"{entry.text('ipAddress')}/{length}" if length is not None else entry.text("ipAddress"),
        network_type=_TYPES.get(entry.text("networkType"), entry.text("networkType").lower()),
        state=state,
        cost=entry.number("cost"),
        hello_interval=None if hello is None else max(1, hello // 1000),
        dead_interval=entry.number("timerDeadSecs"),
        passive=entry.flag("timerPassiveIface") or igpconfig.ospf_passive(config, name),
        authentication=_authentication(entry) or igpconfig.ospf_authentication(section, config.ospf, area),
        mtu_ignore=section is not None and section.value("ip ospf mtu-ignore") is not None,
        neighbor_count=entry.number("nbrCount"),
        quote=quoted(output, entry.members.get("area"), *_telling(entry)),
    )


def _telling(entry: Span) -> Iterator[Span]:
    """What a reader of the quote wants to see beside the area, as far as it stands close by."""
    for key in ("networkType", "cost", "state"):
        if key in entry.members:
            yield entry.members[key]


def _authentication(entry: Span) -> str:
    return _AUTHENTICATION.get(entry.text("authentication"), "")


def _down(running: Output, entries: dict[str, Span], config: IgpConfig) -> Iterator[OspfInterface]:
    """Interfaces that are configured for OSPF and of which ospfd says nothing, or only that they are down."""
    for name, section in config.interfaces.items():
        area = igpconfig.ospf_area(section)
        up = name in entries and entries[name].flag("ifUp")
        if area and not up:
            yield OspfInterface(
                name=name,
                area=area,
                address=section.value("ip address") or "",
                network_type=igpconfig.ospf_network_type(section),
                state="down",
                cost=igpconfig.number(section.value("ip ospf cost")),
                hello_interval=igpconfig.number(section.value("ip ospf hello-interval")),
                dead_interval=igpconfig.number(section.value("ip ospf dead-interval")),
                passive=igpconfig.ospf_passive(config, name),
                authentication=igpconfig.ospf_authentication(section, config.ospf, area),
                mtu_ignore=section.value("ip ospf mtu-ignore") is not None,
                neighbor_count=0,
                quote=Quote(command=running.command, text=section.line("ip ospf area")),
            )


def is_neighbor(entry: Span) -> bool:
    """Say whether ``entry`` is what FRR prints of the neighbours of one router id."""
    found = items(entry)
    return bool(found) and all(neighbor.text("nbrState") for neighbor in found)


def neighbors_of(answers: Sequence[Output]) -> list[OspfNeighbor]:
    """The neighbours that NEIGHBORS tells of."""
    return list(_neighbors(answers[0])) if answers[0].text.strip() else []


def _neighbors(output: Output) -> Iterator[OspfNeighbor]:
    for router_id, entry in under(output.text, "neighbors").items():
        for neighbor in items(entry):
            state, _, role = neighbor.text("nbrState").partition("/")
            age = neighbor.number("lastPrgrsvChangeMsec")
            yield OspfNeighbor(
                router_id=router_id,
                address=neighbor.text("ifaceAddress") or neighbor.text("address"),
                interface=neighbor.text("ifaceName").split(":")[0],
                state=_state(state),
                role=role.lower().strip("-"),
                up_for=None if age is None else age // 1000,
                quote=quoted(output, neighbor.members.get("ifaceName"), neighbor.members["nbrState"]),
            )


def _state(text: str) -> str:
    """`2-Way` is `two_way`, `ExStart` is `exstart`."""
    return "two_way" if text.startswith("2") else text.lower().replace("-", "_")


JUDGES: dict[str, Judge] = {
    PROCESS: object_with("routerId", "areas", silent=True),
    INTERFACES: members_are("interfaces", is_interface),
    NEIGHBORS: members_are("neighbors", is_neighbor, silent=True),
}
