"""Who shares a network with whom on a plan: cables with both their ends, broadcast domains, and what is far away.

Pure: faults choose their places with it, and their symptoms choose whom to ask.
"""

from collections.abc import Iterator
from ipaddress import IPv4Interface
from typing import NamedTuple

from nocmesh.errors import InvalidInputError
from nocmesh.lab.plan import Cable, LabPlan, Node, Port


class Station(NamedTuple):
    """An interface and its node."""

    node: Node
    port: Port

    @property
    def resource(self) -> str:
        """The interface's resource id."""
        return f"interface/{self.node.name}/{self.port.name}"

    @property
    def at(self) -> str:
        """As a cable names its ends."""
        return f"{self.node.name}:{self.port.name}"

    @property
    def interface(self) -> IPv4Interface | None:
        """Its first IPv4 address with the network; None: it has none."""
        return next((IPv4Interface(one) for one in self.port.addresses if ":" not in one), None)

    @property
    def address(self) -> str:
        """Its first IPv4 address alone; empty: it has none."""
        return str(self.interface.ip) if self.interface else ""


class Ends(NamedTuple):
    """A cable with the stations at its ends."""

    cable: Cable
    a: Station
    b: Station

    @property
    def stations(self) -> tuple[Station, Station]:
        """Both ends, as the plan orders them."""
        return self.a, self.b


def station(plan: LabPlan, end: str) -> Station:
    """The station at `node:interface`. Raises: InvalidInputError."""
    name, _, port = end.partition(":")
    node = plan.node(name)
    found = node.port(port) if node else None
    if node is None or found is None:
        raise InvalidInputError(f"{end[:80]!r} is no interface of this lab: expected node:interface", field="at")
    return Station(node, found)


def station_of(plan: LabPlan, resource: str) -> Station:
    """The station of `interface/<node>/<port>`. Raises: InvalidInputError."""
    return station(plan, ":".join(resource.split("/")[1:]))


def cables(plan: LabPlan) -> list[Ends]:
    """All cables, those between routers first: what happens there matters to most."""
    ends = [Ends(cable, station(plan, cable.a), station(plan, cable.b)) for cable in plan.cables]
    return sorted(ends, key=lambda one: sum(end.node.kind != "router" for end in one.stations))


def cable_of(plan: LabPlan, resource: str) -> Ends:
    """The cable of `link/<a>--<b>`. Raises: InvalidInputError."""
    for one in cables(plan):
        if one.cable.resource == resource:
            return one
    raise InvalidInputError(f"{resource[:80]!r} is no link of this lab", field="at")


def cable_at(plan: LabPlan, end: Station) -> Ends:
    """The cable in an interface. Raises: InvalidInputError."""
    for one in cables(plan):
        if end.at in (one.cable.a, one.cable.b):
            return one
    raise InvalidInputError(f"{end.at} has no cable", field="at")


def ends(plan: LabPlan) -> list[Station]:
    """Every end of every cable, those of cables between routers first."""
    return [end for one in cables(plan) for end in one.stations]


def far(plan: LabPlan, here: Station) -> Station | None:
    """The other end of the cable."""
    there = plan.far_end(here.node.name, here.port.name)
    return station(plan, ":".join(there)) if there else None


def segment(plan: LabPlan, here: Station) -> list[Station]:
    """The stations of its broadcast domain, itself first: through bridges, switches' own bridge interfaces included."""
    return [one for one in _walk(plan, here) if not one.port.bridge]


def _walk(plan: LabPlan, here: Station) -> Iterator[Station]:
    seen: set[str] = set()
    ahead = [here]
    while ahead:
        one = ahead.pop(0)
        if one.at in seen:
            continue
        seen.add(one.at)
        yield one
        ahead += _beside(one)
        other = far(plan, one)
        if other:
            ahead.append(other)


def _beside(one: Station) -> list[Station]:
    """What is bridged with it."""
    bridge = one.port.name if one.port.kind == "bridge" else one.port.bridge
    if not bridge:
        return []
    return [Station(one.node, port) for port in one.node.ports if bridge in (port.name, port.bridge)]


def hosts(plan: LabPlan) -> list[Station]:
    """The hosts' first cabled interfaces with an address."""
    found = [Station(node, port) for node in plan.nodes if node.kind == "host" for port in node.ports]
    return [one for one in found if one.port.kind == "cable" and one.interface]


def gateway(plan: LabPlan, here: Station) -> Station | None:
    """The station in a host's segment that has its gateway's address."""
    return next((one for one in segment(plan, here)[1:] if one.node.gateway == "" and _has(one, here)), None)


def _has(one: Station, host: Station) -> bool:
    return any(text.partition("/")[0] == host.node.gateway for text in one.port.addresses)


def distant(plan: LabPlan, here: Station) -> tuple[str, str] | None:
    """A node and its address beyond a host's gateway: another segment's host, else a router's loopback."""
    near = {one.at for one in segment(plan, here)}
    for one in hosts(plan):
        if one.at not in near:
            return one.node.name, one.address
    gate = gateway(plan, here)
    others = [node for node in plan.nodes if node.router_id and not (gate and node.name == gate.node.name)]
    return (others[0].name, others[0].router_id) if others else None


def witness(plan: LabPlan, one: Ends) -> tuple[Station, Station] | None:
    """Two stations with addresses that reach each other over this cable and no other way; None: no such pair."""
    pairs = [(one.a, _meets(plan, one.a, one.b)), (one.b, _meets(plan, one.b, one.a))]
    return next(((here, there) for here, there in pairs if here.interface and there), None)


def _meets(plan: LabPlan, here: Station, beyond: Station) -> Station | None:
    """Somebody of the same network behind the far end."""
    if here.interface is None:
        return None
    others = [beyond] if not beyond.port.bridge else segment(plan, here)[1:]
    net = here.interface.network
    return next((other for other in others if other.interface and other.interface.network == net), None)


def used(plan: LabPlan) -> set[str]:
    """Every address of the plan, without prefix length."""
    return {text.partition("/")[0] for node in plan.nodes for port in node.ports for text in port.addresses}
