"""Cisco IOS's IS-IS: `show isis neighbors`, and circuits as they are configured. Pure."""

import re
from collections.abc import Iterator, Sequence

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import Isis, IsisAdjacency, IsisInterface, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.igpconfig import IgpConfig, Section, igp_config, isis_circuit_level, isis_level, number
from nocmesh_bridges.platforms.ios_names import full_name
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Line, Table

NEIGHBORS = "show isis neighbors"
_NEIGHBORS = Table(
    head=re.compile(r"System Id +Type +Interface +IP Address +State +Holdtime +Circuit Id\s*$"),
    row=re.compile(
        r"(?P<id>\S+) +(?P<level>L1L2|L1|L2|IS|ES) +(?P<interface>[A-Za-z][\w/.:-]*\d)"
        r"(?: +(?P<address>\d+\.\d+\.\d+\.\d+))? +(?P<state>[A-Z]+) +(?P<hold>\d+) +(?P<circuit>\S+)\s*$"
    ),
    noise=re.compile(r"Tag \S+:\s*$"),
    none=re.compile(r"^\s*%? ?(?:IS-?IS|CLNS).*not (?:running|enabled|configured)", re.MULTILINE | re.IGNORECASE),
    silent=True,
)
JUDGES: dict[str, Judge] = {NEIGHBORS: _NEIGHBORS.judge}
LEVELS = {"L1": "level-1", "L2": "level-2", "L1L2": "level-1-2", "1": "level-1", "2": "level-2", "3": "level-1-2"}
STATES = {"up": "up", "init": "initializing", "initializing": "initializing", "down": "down"}
_SYSTEM = 14
"""`0000.0000.0001`, in characters, before the selector `.00` of a NET (ISO 10589 §7.1.4)."""


def system_id(net: str) -> str:
    """The system's id in a NET; empty where it is too short to hold one."""
    return net[-_SYSTEM - 3 : -3] if len(net) > _SYSTEM + 3 else ""


def isis(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `isis` from NEIGHBORS and the running configuration."""
    neighbors, running = answers
    config = igp_config(sections(running.text))
    found = adjacencies_of([neighbors])
    router = config.isis
    if router is None:
        return Parsed(status="unparsed") if found else Parsed(status="empty", value=Isis())
    return process(router, list(_circuits(config, router, running.command)), found, running.command)


def process(router: Section, interfaces: list[IsisInterface], adjacencies: list[IsisAdjacency], source: str) -> Parsed:
    """The process whose section is ``router``, as Cisco's platforms have it; ``source``: the command that shows it."""
    net = router.value("net") or ""
    value = Isis(
        instance=" ".join(router.header.split()[2:]),
        net=net,
        system_id=system_id(net),
        level=isis_level(router),
        interfaces=interfaces,
        adjacencies=adjacencies,
        quote=Quote(command=source, text=router.header),
    )
    return Parsed(status="parsed", value=value)


def adjacencies_of(answers: Sequence[Output]) -> list[IsisAdjacency]:
    """The adjacencies that NEIGHBORS tells of."""
    return [_adjacency(line) for line in _NEIGHBORS.rows(answers[0].text)]


def _adjacency(line: Line) -> IsisAdjacency:
    return IsisAdjacency(
        system_id=line["id"],
        interface=full_name(line["interface"]),
        level=LEVELS.get(line["level"], line["level"].lower()),
        state=STATES.get(line["state"].lower(), line["state"].lower()),
        quote=line.quote(NEIGHBORS),
    )


def _circuits(config: IgpConfig, router: Section, source: str) -> Iterator[IsisInterface]:
    passive = {line.split()[-1] for line in router.lines if line.startswith("passive-interface ")}
    for name, section in config.interfaces.items():
        enabled = section.line("ip router isis")
        if enabled or name in passive:
            point = (section.value("isis network") or "") == "point-to-point"
            yield IsisInterface(
                name=name,
                level=isis_circuit_level(section, router),
                state="down" if section.value("shutdown") is not None else "",
                network_type="loopback" if name.startswith("Loopback") else "point_to_point" if point else "broadcast",
                passive=name in passive,
                metric=number(section.value("isis metric")),
                hello_interval=number(section.value("isis hello-interval")),
                authentication=_authentication(section),
                quote=Quote(command=source, text=enabled or f"passive-interface {name}"),
            )


def _authentication(section: Section) -> str:
    mode = section.value("isis authentication mode")
    if mode:
        return {"text": "clear"}.get(mode.split()[0], mode.split()[0])
    return "clear" if section.value("isis password") is not None else "none"
