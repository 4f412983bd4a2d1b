"""The routing table of the default VRF as Cisco NX-OS prints it: `show ip route`. Pure."""

import re
from collections.abc import Sequence

from nocmesh.messages.state import Output, Quote, Route, ViewStatus
from nocmesh_bridges.platforms.ios_names import NXOS, full_name
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Line, Table, judge_of, number

ROUTES = "show ip route"
_ADDRESS = r"\d+\.\d+\.\d+\.\d+"
_ROUTES = Table(
    head=re.compile(r'IP Route Table for VRF "\S+"\s*$'),
    row=re.compile(
        rf"(?P<prefix>{_ADDRESS}/\d+), ubest/mbest: (?P<best>\d+)/\d+(?: time)?"
        r"(?P<marks>(?:, [\w-]+(?: \(0x[0-9a-f]+\))?)*)\s*$"
    ),
    more=re.compile(r" +\*{0,2}via \S"),
    noise=re.compile(r"'(?:\*|\*\*|\[x/y\]|%<string>)' "),
)
_VIA = re.compile(
    rf" +(?P<mark>\*{{0,2}})via (?P<hop>{_ADDRESS}|[0-9a-fA-F:]+|Null0)(?:%(?P<vrf>[^,\s]+))?"
    r"(?:, (?P<out>[A-Za-z][\w./-]*\d))?, \[(?P<distance>\d+)/(?P<metric>\d+)\], (?P<age>[\w:.]+), (?P<by>[\w.-]+)"
)
_PROTOCOLS = {"direct": "connected", "broadcast": "local", "am": "arp"}
_OWN = frozenset({"connected", "local", "broadcast", "hsrp", "vrrp"})
"""Where the next hop is the device itself."""


def _table(text: str) -> list[Line] | None:
    """The routes of all VRFs, each with as many best next hops as it says."""
    found = _ROUTES.read(text)
    return found if found is not None and all(map(_whole, found)) else None


def _whole(line: Line) -> bool:
    vias = [_VIA.match(more) for more in line.more]
    return all(vias) and sum(via is not None and via["mark"] == "*" for via in vias) == int(line["best"])


JUDGES: dict[str, Judge] = {ROUTES: judge_of(_table)}


def routes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `routes` from ROUTES, of the default VRF."""
    text = answers[0].text
    own = [line for line in _table(text) or [] if '"default"' in line.heading]
    return Parsed(status="parsed" if own else "empty", value=[_route(line, _quote(line, text)) for line in own])


def _quote(line: Line, text: str) -> Quote:
    """The prefix with its next hops, where they stand right below it."""
    together = "\n".join([line.text, *line.more]).strip()
    return Quote(command=ROUTES, text=together if together in text else line.text.strip())


def _route(line: Line, quote: Quote) -> Route:
    vias = [via for more in line.more if (via := _VIA.match(more)) and via["mark"] == "*"]
    first = vias[0] if vias else None
    protocol = _protocol(first["by"]) if first else ""
    hops = [via["hop"] for via in vias if via["hop"] != "Null0" and _protocol(via["by"]) not in _OWN]
    discards = any(via["hop"] == "Null0" for via in vias)
    out = [full_name(via["out"], NXOS) for via in vias if via["out"]]
    return Route(
        prefix=line["prefix"],
        protocol=protocol,
        next_hops=list(dict.fromkeys(hops)),
        interfaces=list(dict.fromkeys([*out, *(["Null0"] if discards else [])])),
        distance=number(first["distance"]) if first else None,
        metric=number(first["metric"]) if first else None,
        selected="pending" not in line["marks"],
        discards=discards,
        quote=quote,
    )


def _protocol(told: str) -> str:
    """`ospf-10` is `ospf`, `direct` is `connected`."""
    name = told.partition("-")[0]
    return _PROTOCOLS.get(name, name)
