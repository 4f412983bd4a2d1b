"""FRR's IS-IS: circuits in JSON, adjacencies in text, joined with the running configuration. Pure.

FRR 8.4 writes one JSON object a circuit for all of its adjacencies, each over the one before (isisd/isisd.c,
show_isis_neighbor_common): of two levels, or of two neighbours on a LAN, only the last is left. Its text tells all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import Isis, IsisAdjacency, IsisInterface, Output, Quote, ViewStatus
from nocmesh_bridges.platforms import igpconfig
from nocmesh_bridges.platforms.igpconfig import IgpConfig
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.spans import Span, read_spans
from nocmesh_bridges.platforms.telling import items, quoted

INTERFACES = "show isis interface detail json"
NEIGHBORS = "show isis neighbor detail"
_LEVELS = {"L1": "level-1", "L2": "level-2", "L1L2": "level-1-2"}
_ADJACENCY_LEVELS = {"1": "level-1", "2": "level-2", "3": "level-1-2"}
_SETS = {"level-1": {1}, "level-2": {2}, "level-1-2": {1, 2}}
_CIRCUIT_TYPE = re.compile(r"^ +Circuit type: (?P<it>L1L2|L1|L2),", re.MULTILINE)
_AREAS = re.compile(r"^ {6}(\d\d(?:\.[0-9a-f]{4})*)$", re.MULTILINE | re.IGNORECASE)
_TYPES = {"p2p": "point_to_point", "lan": "broadcast", "loopback": "loopback"}
_STATES = {"config": "down", "init": "initializing"}
"""A circuit whose interface is down is in state `Config` (isisd/isis_csm.h)."""


def interfaces_status(text: str) -> ViewStatus:
    """Parsed when each circuit of each area has a name and a level; `{}` without an instance."""
    try:
        top = read_spans(text)
    except ValueError:
        return "unparsed"
    if top.value == {}:
        return "empty"
    areas = items(top, "areas")
    circuits = [circuit for area in areas for circuit in items(area, "circuits")]
    whole = bool(areas) and all("circuits" in area.members for area in areas)
    if not whole or not all(_is_circuit(circuit) for circuit in circuits):
        return "unparsed"
    return "parsed" if circuits else "empty"


def _is_circuit(entry: Span) -> bool:
    found = entry.members.get("interface")
    return found is not None and bool(found.text("name")) and found.text("level") in _LEVELS


def isis(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `isis` from INTERFACES, NEIGHBORS and the running configuration.

    Empty: isisd runs and is not configured. When it does not run, it rejects the questions.
    """
    circuits, neighbors, running = answers
    config = igpconfig.igp_config(sections(running.text))
    if config.isis is None and circuits.status == "empty":
        return Parsed(status="empty", value=Isis())
    own = {circuit.name: circuit for circuit in _circuits(circuits, config)}
    return Parsed(
        status="parsed",
        value=Isis(
            instance=config.isis.header.split()[2] if config.isis else "",
            net=_net(config),
            system_id=".".join(_net(config).split(".")[-4:-1]),
            level=igpconfig.isis_level(config.isis),
            interfaces=list(own.values()),
            adjacencies=adjacencies_of([neighbors], own, config),
            quote=_net_quote(running, config),
        ),
    )


def _net(config: IgpConfig) -> str:
    return (config.isis.value("net") if config.isis else None) or ""


def _net_quote(running: Output, config: IgpConfig) -> Quote | None:
    if config.isis is None:
        return None
    return Quote(command=running.command, text=config.isis.line("net") or config.isis.header)


def _circuits(output: Output, config: IgpConfig) -> Iterator[IsisInterface]:
    for area in items(read_spans(output.text), "areas"):
        for circuit in items(area, "circuits"):
            yield _interface(output, circuit.members["interface"], config)


def _interface(output: Output, entry: Span, config: IgpConfig) -> IsisInterface:
    section = config.interfaces.get(entry.text("name"))
    levels = items(entry, "levels")
    state = entry.text("state").lower()
    metrics = [metric for level in levels if (metric := level.number("metric")) is not None]
    hellos = [hello for level in levels if (hello := level.number("hello-interval")) is not None]
    return IsisInterface(
        name=entry.text("name"),
        level=_LEVELS[entry.text("level")],
        state=_STATES.get(state, state),
        network_type=_TYPES.get(entry.text("type")) or _configured_type(section),
        passive=entry.text("is-passive") == "passive" if "is-passive" in entry.members else None,
        metric=metrics[-1] if metrics else None,
        hello_interval=hellos[-1] if hellos else None,
        authentication=igpconfig.isis_authentication(section),
        quote=quoted(output, entry.members["name"], entry.members.get("state"), entry.members["level"]),
    )


def _configured_type(section: igpconfig.Section | None) -> str:
    """Of a circuit that is down, isisd tells no type."""
    value = section.value("isis network") if section else None
    return "point_to_point" if value == "point-to-point" else "broadcast"


_ADJACENCY = re.compile(
    r"^ (?P<name>\S+) *\n"
    r" +Interface: (?P<interface>[^,\n]+), Level: (?P<level>[123]), State: (?P<state>[A-Za-z]+)[^\n]*$"
    r"(?:\n {4,}[^\n]*)*",
    re.MULTILINE,
)
_LAST = re.compile(r"^ +Adjacency flaps: \d+, Last: (?P<ago>(?:\d{1,4}[YMwdhms])+) ago\s*$", re.MULTILINE)
_UNITS = {"Y": 31_536_000, "M": 2_628_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_UNCONFIGURED = IgpConfig()
_AREA = re.compile(r"^Area (?P<name>[^\n]+):$", re.MULTILINE)


def neighbors_status(text: str) -> ViewStatus:
    """Parsed when each line belongs to an area or an adjacency; FRR prints nothing without an instance."""
    rest = _AREA.sub("", _ADJACENCY.sub("", text)).strip()
    if rest:
        return "unparsed"
    last = text.rstrip().rpartition("\n")[2]
    if _ADJACENCY.search(text):
        return "parsed" if re.match(r" {6}\S", last) else "unparsed"  # each ends with a list of addresses
    return "empty"


def adjacencies_of(
    answers: Sequence[Output],
    own: Mapping[str, IsisInterface] = MappingProxyType({}),
    config: IgpConfig = _UNCONFIGURED,
) -> list[IsisAdjacency]:
    """The adjacencies that NEIGHBORS tells of; ``own`` and ``config`` tell the levels of a point-to-point one."""
    return [_adjacency(answers[0], match, own, config) for match in _ADJACENCY.finditer(answers[0].text)]


def _adjacency(
    output: Output, match: re.Match[str], own: Mapping[str, IsisInterface], config: IgpConfig
) -> IsisAdjacency:
    line = match[0].split("\n")[1]
    state = match["state"].lower()
    return IsisAdjacency(
        system_id=match["name"],
        interface=match["interface"],
        level=_usage(match[0], own.get(match["interface"]), config) or _ADJACENCY_LEVELS[match["level"]],
        state=_STATES.get(state, state),
        up_for=_age(match[0]),
        quote=Quote(command=output.command, text=line.split(", Expires")[0].strip()),
    )


def _age(block: str) -> int | None:
    """Seconds since the adjacency came or went last: `Last: 1h2m3s ago` (isisd/isis_misc.c, time2string)."""
    found = _LAST.search(block)
    return sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)(\D)", found["ago"])) if found else None


def _usage(block: str, circuit: IsisInterface | None, config: IgpConfig) -> str:
    """The levels that a point-to-point adjacency serves (ISO 10589 §8.2.5.2); empty when that cannot be told.

    There is one adjacency for both, and FRR 8.4 prints level 1 for it.
    """
    theirs = _CIRCUIT_TYPE.search(block)
    if circuit is None or circuit.network_type != "point_to_point" or theirs is None:
        return ""
    ours = _SETS[circuit.level] & _SETS[igpconfig.isis_level(config.isis)]
    shared = ours & _SETS[_LEVELS[theirs["it"]]]
    if ".".join(_net(config).split(".")[:-4]) not in _AREAS.findall(block):
        shared -= {1}  # level 1 stays within its area
    return next((name for name, levels in _SETS.items() if levels == shared), "")


JUDGES: dict[str, Judge] = {INTERFACES: interfaces_status, NEIGHBORS: neighbors_status}
