"""How a lab is: what its plan expects, and what the routers, switches and hosts themselves say. Reading is pure."""

import json
from collections.abc import Iterator, Mapping
from ipaddress import ip_interface
from typing import Any

from nocmesh.lab.names import Names
from nocmesh.lab.plan import LabPlan, Node
from nocmesh.lab.render import daemons
from nocmesh.messages.base import Message

PATIENCE = 5
"""Seconds that a CLI may take: it waits for ever for a daemon that is halted."""
MARK = "=-=-="
"""Between the answers of one look."""


class Expected(Message, frozen=True, kw_only=True):
    """What a node should show when all is well."""

    daemons: list[str] = []
    adjacencies: list[str] = []
    """Interfaces with an IGP neighbour."""
    sessions: list[str] = []
    """Addresses of BGP peers."""
    prefixes: list[str] = []
    """Loopbacks and LANs of the lab, in the kernel's routing table."""
    root: str = ""
    """The switch that should be the spanning tree's root."""
    ports: list[str] = []
    """Of a switch's bridge."""
    pings: list[str] = []
    """Addresses of other hosts."""


class Seen(Message, frozen=True, kw_only=True):
    """What it shows."""

    daemons: list[str] = []
    adjacencies: list[str] = []
    sessions: list[str] = []
    prefixes: list[str] = []
    root: str = ""
    ports: dict[str, str] = {}
    """State by port: forwarding, blocking, listening, learning, disabled."""
    pings: list[str] = []


class NodeStatus(Message, frozen=True, kw_only=True):
    """One node: expected and seen."""

    node: str
    kind: str
    expected: Expected
    seen: Seen
    wrong: list[str] = []
    """What is missing, in words; empty: all is well."""


class LabStatus(Message, frozen=True, kw_only=True):
    """All nodes."""

    run_id: str
    topology: str
    nodes: list[NodeStatus]
    simulated: bool = False

    @property
    def converged(self) -> bool:
        """Every node shows what it should."""
        return not self.wrong

    @property
    def wrong(self) -> list[str]:
        """What is missing, node by node."""
        return [f"{node.node}: {reason}" for node in self.nodes for reason in node.wrong]


def expected(plan: LabPlan, node: Node) -> Expected:
    """What `node` should show when all is well."""
    if node.kind == "router":
        return Expected(
            daemons=daemons(plan, node),
            adjacencies=[port.name for port in node.ports if port.igp and not port.passive],
            sessions=[peer.address for peer in node.bgp.peers] if node.bgp else [],
            prefixes=_prefixes(plan),
        )
    if node.kind == "switch":
        ports = [port.name for port in node.ports if port.bridge]
        return Expected(ports=ports, root=min(_switches(plan), key=lambda s: s.stp_priority).name)
    return Expected(pings=[address for address in (_next_host(plan, node), node.gateway) if address])


def _switches(plan: LabPlan) -> list[Node]:
    return [node for node in plan.nodes if node.kind == "switch"]


def _prefixes(plan: LabPlan) -> list[str]:
    """Every loopback, and every network that a host is on."""
    loopbacks = {f"{node.router_id}/32" for node in plan.nodes if node.router_id}
    hosts = [node for node in plan.nodes if node.kind == "host"]
    lans = {str(ip_interface(a).network) for host in hosts for port in host.ports for a in port.addresses}
    return sorted(loopbacks | lans)


def _next_host(plan: LabPlan, node: Node) -> str:
    """The address of the next host in a ring, so that all are reached by somebody."""
    hosts = [other for other in plan.nodes if other.kind == "host"]
    after = hosts[(hosts.index(node) + 1) % len(hosts)]
    return "" if after is node else after.ports[0].addresses[0].partition("/")[0]


def looking(plan: LabPlan, node: Node, names: Names) -> str:
    """The shell script that asks the node, run inside it; `seen` reads what it prints."""
    if node.kind == "router":
        cli = f"timeout {PATIENCE} vtysh -N {names.namespace(node.name)}"
        igp = "show isis neighbor json" if plan.options.igp == "isis" else "show ip ospf neighbor json"
        asks = ["show daemons", igp, *(["show bgp ipv4 unicast summary json"] if node.bgp else [])]
        lines = [f"{cli} -c '{ask}' 2>/dev/null; echo '{MARK}'" for ask in asks]
        return "\n".join([*lines, *([] if node.bgp else [f"echo '{MARK}'"]), "ip -j route"])
    if node.kind == "switch":
        return f"cat /sys/class/net/br0/bridge/root_id; echo '{MARK}'; ip -j -d link show master br0"
    pings = expected(plan, node).pings
    return "\n".join(f"ping -c 1 -W 1 -q {address} > /dev/null && echo {address} &" for address in pings) + "\nwait"


def seen(plan: LabPlan, node: Node, text: str) -> Seen:
    """What the script printed, as facts; what cannot be read is not there."""
    parts = [part.strip() for part in text.split(MARK)]
    if node.kind == "router" and len(parts) == 4:
        return Seen(
            daemons=sorted(parts[0].split()),
            adjacencies=sorted(_isis(parts[1]) if plan.options.igp == "isis" else _ospf(parts[1])),
            sessions=sorted(_bgp(parts[2])),
            prefixes=sorted(_routes(parts[3])),
        )
    if node.kind == "switch" and len(parts) == 2:
        return Seen(root=_root(plan, parts[0]), ports=_ports(parts[1]))
    if node.kind == "host":
        return Seen(pings=sorted(text.split()))
    return Seen()


def _data(text: str) -> Any:
    """JSON; nothing where a daemon answered in words instead."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    """Its objects; what is none is left out."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _ospf(text: str) -> Iterator[str]:
    for entries in _map(_map(_data(text)).get("neighbors")).values():
        for entry in _list(entries):
            if str(entry.get("converged", entry.get("nbrState", ""))).startswith("Full"):
                yield str(entry.get("ifaceName", "")).partition(":")[0]


def _isis(text: str) -> set[str]:
    areas = _list(_map(_data(text)).get("areas"))
    circuits = [circuit for area in areas for circuit in _list(area.get("circuits"))]
    return {str(circuit.get("interface")) for circuit in circuits if circuit.get("state") == "Up"}


def _bgp(text: str) -> Iterator[str]:
    for address, peer in _map(_map(_data(text)).get("peers")).items():
        if _map(peer).get("state") == "Established":
            yield address


def _routes(text: str) -> Iterator[str]:
    for route in _list(_data(text)):
        destination = str(route.get("dst", ""))
        if route.get("dev") or route.get("nexthops"):
            yield destination if "/" in destination else f"{destination}/32"


def _root(plan: LabPlan, text: str) -> str:
    """The switch whose bridge has the identifier `1000.024e00000000`: its lowest port's address."""
    address = text.partition(".")[2]
    for switch in _switches(plan):
        if any(port.mac.replace(":", "") == address for port in switch.ports):
            return switch.name
    return text


def _ports(text: str) -> dict[str, str]:
    links = _list(_data(text))
    return {str(link.get("ifname")): str(_slave(link).get("state", "")) for link in links}


def _slave(link: dict[str, Any]) -> dict[str, Any]:
    return _map(_map(link.get("linkinfo")).get("info_slave_data"))


def judged(node: Node, wanted: Expected, shown: Seen) -> NodeStatus:
    """The node's status: what is expected and not seen."""
    own = {str(ip_interface(address)) for port in node.ports if port.kind == "loopback" for address in port.addresses}
    shown = Seen(**{**_fields(shown), "prefixes": sorted({*shown.prefixes, *own})}) if own else shown
    return NodeStatus(node=node.name, kind=node.kind, expected=wanted, seen=shown, wrong=list(_wrong(wanted, shown)))


def _fields(value: Seen) -> Mapping[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _wrong(wanted: Expected, shown: Seen) -> Iterator[str]:
    words = {
        "daemons": "not running",
        "adjacencies": "no neighbour on",
        "sessions": "no BGP session with",
        "prefixes": "no route to",
        "pings": "no answer from",
    }
    for name, said in words.items():
        missing = [item for item in getattr(wanted, name) if item not in getattr(shown, name)]
        if missing:
            yield f"{said} {', '.join(missing)}"
    if wanted.root and shown.root != wanted.root:
        yield f"spanning tree's root is {shown.root or 'unknown'}, not {wanted.root}"
    unsettled = [port for port in wanted.ports if shown.ports.get(port) not in ("forwarding", "blocking")]
    if unsettled:
        yield f"neither forwarding nor blocking: {', '.join(unsettled)}"
