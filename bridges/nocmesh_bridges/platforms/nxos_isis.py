"""Cisco NX-OS's IS-IS in the default VRF: `show isis adjacency`, and circuits as they are configured. Pure."""

import re
from collections.abc import Iterator, Sequence

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import Isis, IsisAdjacency, IsisInterface, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.igpconfig import IgpConfig, Section, igp_config, isis_level, number
from nocmesh_bridges.platforms.ios_isis import LEVELS, STATES, process
from nocmesh_bridges.platforms.ios_names import NXOS, full_name
from nocmesh_bridges.platforms.nxos_bgp import NOT_RUNNING
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Line, Table

ADJACENCIES = "show isis adjacency"
_ADJACENCIES = Table(
    head=re.compile(r"IS-IS process: \S+ VRF: \S+\s*$"),
    row=re.compile(
        r"(?P<id>\S+) +(?P<snpa>N/A|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}) +(?P<level>1-2|1|2)"
        r" +(?P<state>!?[A-Z]+) +(?P<hold>\d\d:\d\d:\d\d) +(?P<interface>[A-Za-z][\w./-]*\d)\s*$"
    ),
    noise=re.compile(r"IS-IS adjacency database:|Legend: '!'|System ID +SNPA +Level +State +Hold Time +Interface\s*$"),
    none=NOT_RUNNING,
    silent=True,
)
JUDGES: dict[str, Judge] = {ADJACENCIES: _ADJACENCIES.judge}


def isis(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `isis` from ADJACENCIES and the running configuration."""
    neighbors, running = answers
    config = igp_config(sections(running.text))
    found, router = adjacencies_of([neighbors]), config.isis
    if router is None:
        return Parsed(status="unparsed") if found else Parsed(status="empty", value=Isis())
    return process(router, list(_circuits(config, router, running.command)), found, running.command)


def adjacencies_of(answers: Sequence[Output]) -> list[IsisAdjacency]:
    """The adjacencies in the default VRF that ADJACENCIES tells of."""
    own = [line for line in _ADJACENCIES.rows(answers[0].text) if line.heading.endswith("VRF: default")]
    return [_adjacency(line) for line in own]


def _adjacency(line: Line) -> IsisAdjacency:
    state = line["state"].lstrip("!").lower()
    return IsisAdjacency(
        system_id=line["id"],
        interface=full_name(line["interface"], NXOS),
        level="level-1-2" if line["level"] == "1-2" else LEVELS[line["level"]],
        state=STATES.get(state, state),
        quote=line.quote(ADJACENCIES),
    )


def _circuits(config: IgpConfig, router: Section, source: str) -> Iterator[IsisInterface]:
    for name, section in config.interfaces.items():
        enabled = section.line("ip router isis")
        if not enabled:
            continue
        level = section.value("isis circuit-type")
        point = section.value("isis network") == "point-to-point"
        passive = section.value("isis passive-interface") is not None
        yield IsisInterface(
            name=name,
            level=level.removesuffix("-only") if level else isis_level(router),
            state="down" if "shutdown" in section.lines else "",
            network_type="loopback" if name.startswith("loopback") else "point_to_point" if point else "broadcast",
            passive=passive,
            metric=number(section.value("isis metric")),
            hello_interval=number(section.value("isis hello-interval")),
            authentication=_authentication(section),
            quote=Quote(command=source, text=enabled),
        )


def _authentication(section: Section) -> str:
    kind = section.value("isis authentication-type")
    return {"cleartext": "clear"}.get(kind.split(" ")[0], kind.split(" ")[0]) if kind else "none"
