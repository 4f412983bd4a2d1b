"""Juniper Junos: which commands show a view; junos_* read the answers. Pure.

No views of filters, spanning tree, MAC tables, switching, processes and the log: no answer of a real device was at
hand to try a reader on.
"""

import re
from collections.abc import Sequence
from typing import Any

from nocmesh.diagnosis.configtext import sha256_of
from nocmesh.messages.state import ConfigLine, Output, ViewStatus
from nocmesh_bridges.platforms import junos_interfaces, junos_protocols, junos_routes, junos_system
from nocmesh_bridges.platforms.protocol import Ask, Parsed, Source, Tables, first_lines, told
from nocmesh_bridges.platforms.pulse import Part, pulse
from nocmesh_bridges.platforms.tables import STAMP, judge_of

RUNNING = "show configuration | display set"
_REFUSED = re.compile(
    r"^\s*(?:unknown command\.|syntax error\b"
    r"|error: (?:syntax error|unknown command|permission denied|command is not valid)"
    r"|invalid (?:interface|value|character)|missing argument)",
    re.IGNORECASE | re.MULTILINE,
)
_STOPPED = re.compile(
    r"\s*(?:BGP|(?:OSPF|IS-IS|RIP|PIM) instance|(?:the )?lldp(?: subsystem)?) (?:is )?not running\.?\s*", re.IGNORECASE
)
_LINE = re.compile(r"(?:set|deactivate|protect|annotate) \S")


class _Junos(Tables):
    """Junos words its refusals, and what does not run, in its own way."""

    def status(self, output: Output) -> ViewStatus:
        """What is to be thought of ``output``."""
        if told(output.status) and _STOPPED.fullmatch(output.text):
            return "empty"
        return "rejected" if _REFUSED.search(first_lines(output.text)) else Tables.status(self, output)


def _lines(text: str) -> list[str] | None:
    """The statements, when every line is one; the first says of which version they are."""
    found = [line.rstrip() for line in text.splitlines() if not STAMP.match(line) and not line.startswith("## ")]
    versioned = any(line.startswith("set version ") for line in found)
    return found if versioned and all(_LINE.match(line) for line in found) else None


def _config(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    found = _lines(answers[0].text) or []
    digest = sha256_of("juniper_junos", "\n".join(found))
    return Parsed(status=status, value=[ConfigLine(section="", text=line) for line in found], config_sha256=digest)


def _ports(answers: Sequence[Output]) -> Any:
    return junos_interfaces.interfaces(answers, "parsed").value


_RUNNING = Ask(RUNNING)
_PULSE = pulse(
    Part("interfaces", (Ask(junos_interfaces.INTERFACES),), _ports),
    Part("bgp", (Ask(junos_protocols.BGP),), junos_protocols.sessions),
    Part("ospf", (Ask(junos_protocols.OSPF_NEIGHBORS),), junos_protocols.neighbors_of),
    Part("isis", (Ask(junos_protocols.ISIS),), junos_protocols.adjacencies_of),
)
_NEIGHBORS = (Ask(junos_interfaces.ARP), Ask(junos_interfaces.LLDP, needed=False))
_OSPF = (Ask(junos_protocols.OSPF_INTERFACES), Ask(junos_protocols.OSPF_NEIGHBORS), _RUNNING)
_SYSTEM = (Ask(junos_system.VERSION), Ask(junos_system.LOAD, needed=False))
JUNIPER_JUNOS = _Junos(
    name="juniper_junos",
    views={
        "interfaces": Source((Ask(junos_interfaces.INTERFACES),), junos_interfaces.interfaces),
        "neighbors": Source(_NEIGHBORS, junos_interfaces.neighbors),
        "routes": Source((Ask(junos_routes.ROUTES),), junos_routes.routes),
        "bgp": Source((Ask(junos_protocols.BGP), _RUNNING), junos_protocols.bgp),
        "ospf": Source(_OSPF, junos_protocols.ospf),
        "isis": Source((Ask(junos_protocols.ISIS), _RUNNING), junos_protocols.isis),
        "system": Source(_SYSTEM, junos_system.system),
        "config": Source((_RUNNING,), _config),
        "pulse": _PULSE,
    },
    judges={
        RUNNING: judge_of(_lines),
        **junos_interfaces.JUDGES,
        **junos_routes.JUDGES,
        **junos_protocols.JUDGES,
        **junos_system.JUDGES,
    },
)
"""Juniper Junos."""
