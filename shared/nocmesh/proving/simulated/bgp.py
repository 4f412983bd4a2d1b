"""BGP sessions, computed from both ends. Pure.

A session rises when both ends reach each other, their statements point at each other from the right source, passwords
and hop limits fit, each expects the other's AS, neither is shut and the address family is active on both (RFC 4271
§8, RFC 5082, RFC 5925 for what a wrong key looks like). Otherwise each end has its cause, as its vendor would show it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from nocmesh.proving.simulated.filtering import passes_bgp
from nocmesh.proving.simulated.model import Bgp, Neighbor, Network, Node, router_id
from nocmesh.proving.simulated.wiring import hop_towards, on_broken_wire, reach, source_towards

Statement = tuple[str, str]
"""Device and neighbour address: one end of a session."""


class Cause(Enum):
    """Why a session is not up, seen from one end."""

    NONE = "established"
    ADMIN = "shut down here"
    PEER_ADMIN = "shut down there"
    FAMILY = "address family not active here"
    PEER_FAMILY = "address family not active there"
    INTERFACE = "the interface towards it is down"
    NO_ROUTE = "no route to it"
    NOT_CONNECTED = "eBGP neighbour more than one hop away"
    TTL = "packets arrive with the wrong hop limit"
    REFUSED = "the far end has no statement for our address"
    WAITING = "the far end cannot answer"
    PASSWORD = "the passwords differ"  # noqa: S105 - a sentence
    BAD_AS = "its AS is not the one configured here"
    PEER_BAD_AS = "our AS is not the one configured there"
    PREFIXES = "it sent more prefixes than allowed here"
    PEER_PREFIXES = "we sent more prefixes than allowed there"


STATES: Mapping[Cause, str] = {
    Cause.NONE: "Established",
    Cause.ADMIN: "Idle",
    Cause.FAMILY: "Idle",
    Cause.PREFIXES: "Idle",
    Cause.BAD_AS: "Idle",
    Cause.NOT_CONNECTED: "Idle",
    Cause.PASSWORD: "Connect",
    Cause.TTL: "Connect",
}
"""Where the state machine rests by cause; everything else keeps trying: Active."""

SEEN_FROM_AFAR: Mapping[Cause, Cause] = {
    Cause.ADMIN: Cause.PEER_ADMIN,
    Cause.FAMILY: Cause.PEER_FAMILY,
    Cause.PREFIXES: Cause.PEER_PREFIXES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One end of a session as it stands."""

    node: str
    neighbor: str
    cause: Cause
    peer: Statement | None = None
    """The other end's statement, when there is one."""
    local_address: str = ""
    remote_router_id: str = "0.0.0.0"  # noqa: S104 - a router id, no socket

    @property
    def established(self) -> bool:
        """Whether it is up."""
        return self.cause is Cause.NONE

    @property
    def state(self) -> str:
        """Its state by RFC 4271's names."""
        return STATES.get(self.cause, "Active")


def statements(network: Network) -> list[tuple[Node, Bgp, Neighbor]]:
    """Every neighbour statement, by device and in the order of its configuration."""
    return [
        (node, node.running.bgp, neighbor)
        for node in network.nodes.values()
        if node.running.bgp is not None
        for neighbor in node.running.bgp.neighbors.values()
    ]


def sessions(network: Network, overflowed: frozenset[Statement] = frozenset()) -> dict[Statement, Session]:
    """Each end's verdict. ``overflowed``: ends that stopped at their maximum of prefixes and were not cleared since."""
    paired = pairs(network)
    return {
        (node.name, neighbor.address): _session(network, node, neighbor, paired, overflowed)
        for node, _, neighbor in statements(network)
    }


def pairs(network: Network) -> dict[Statement, Statement]:
    """Which statements point at each other, both ways; each statement has one partner at most."""
    found: dict[Statement, Statement] = {}
    for node, _, neighbor in statements(network):
        key = (node.name, neighbor.address)
        partner = None if key in found else _partner(network, node, neighbor, found)
        if partner is not None:
            found[key], found[partner] = partner, key
    return found


def _partner(
    network: Network, node: Node, neighbor: Neighbor, taken: Mapping[Statement, Statement]
) -> Statement | None:
    """The statement at the far end that this one can form a session with.

    One direction is enough: the end that opens the connection must speak from the address that the other has a
    statement for. A passive end opens none.
    """
    reached = reach(network, node, neighbor.address)
    if reached is None or reached[0] is node or reached[0].running.bgp is None:
        return None
    far = reached[0]
    ours = "" if neighbor.passive else source_towards(network, node, neighbor)
    for statement in reached[0].running.bgp.neighbors.values():
        back = reach(network, far, statement.address)
        if (far.name, statement.address) in taken or back is None or back[0] is not node:
            continue
        theirs = "" if statement.passive else source_towards(network, far, statement)
        if statement.address == ours or neighbor.address == theirs:
            return far.name, statement.address
    return None


def _session(
    network: Network,
    node: Node,
    neighbor: Neighbor,
    paired: Mapping[Statement, Statement],
    overflowed: frozenset[Statement],
) -> Session:
    own = _own_cause(network, node, neighbor, overflowed)
    partner = paired.get((node.name, neighbor.address))
    if partner is None:
        source = source_towards(network, node, neighbor)
        return Session(node=node.name, neighbor=neighbor.address, cause=own or Cause.REFUSED, local_address=source)
    far = network.node(partner[0])
    assert far.running.bgp is not None
    there = (far, far.running.bgp.neighbors[partner[1]])
    cause = own or _common_cause(network, (node, neighbor), there, overflowed)
    return Session(
        node=node.name,
        neighbor=neighbor.address,
        cause=cause,
        peer=partner,
        local_address=partner[1],
        remote_router_id=router_id(far.running) if cause is Cause.NONE else "0.0.0.0",  # noqa: S104
    )


def _own_cause(network: Network, node: Node, neighbor: Neighbor, overflowed: frozenset[Statement]) -> Cause | None:
    """What keeps this end from even trying."""
    if neighbor.shutdown:
        return Cause.ADMIN
    if not neighbor.activate:
        return Cause.FAMILY
    if (node.name, neighbor.address) in overflowed:
        return Cause.PREFIXES
    found = reach(network, node, neighbor.address)
    if found is None or found[0] is node:
        return Cause.INTERFACE if on_broken_wire(node, neighbor.address) else Cause.NO_ROUTE
    if _external(node, neighbor) and not _connected(node, neighbor) and _hops_sent(node, neighbor) < 2:
        return Cause.NOT_CONNECTED
    return None


def _common_cause(
    network: Network, here: tuple[Node, Neighbor], there: tuple[Node, Neighbor], overflowed: frozenset[Statement]
) -> Cause:
    """What the two ends together make of it, seen from ``here``."""
    (node, ours), (far, theirs) = here, there
    far_cause = _own_cause(network, far, theirs, overflowed)
    if far_cause is not None:
        return SEEN_FROM_AFAR.get(far_cause, Cause.WAITING)
    if not (_let_through(network, node, ours) and _let_through(network, far, theirs)):
        return Cause.WAITING
    if ours.password != theirs.password:
        return Cause.PASSWORD
    if not (_arrives(network, node, ours, far, theirs) and _arrives(network, far, theirs, node, ours)):
        return Cause.TTL
    return _as_numbers(node, ours, far, theirs)


def _as_numbers(node: Node, ours: Neighbor, far: Node, theirs: Neighbor) -> Cause:
    assert node.running.bgp is not None
    assert far.running.bgp is not None
    if ours.remote_as != far.running.bgp.asn:
        return Cause.BAD_AS
    return Cause.NONE if theirs.remote_as == node.running.bgp.asn else Cause.PEER_BAD_AS


def _arrives(network: Network, sender: Node, ours: Neighbor, receiver: Node, theirs: Neighbor) -> bool:
    """Whether the sender's packets pass every router on the way and the receiver's own check."""
    found = reach(network, sender, ours.address)
    hops = 0 if found is None else found[1]
    sent = _hops_sent(sender, ours)
    enough = sent >= hops or (hops == 1 and sent == 1)
    left = 255 - (hops - 1) if sent == 255 else sent - (hops - 1)
    return enough and (theirs.ttl_security is None or left > 255 - theirs.ttl_security)


def _let_through(network: Network, node: Node, neighbor: Neighbor) -> bool:
    """Whether the device's own filters let BGP to and from that neighbour pass."""
    hop = hop_towards(network, node, neighbor.address)
    return hop is None or passes_bgp(node.running, node.running.interfaces[hop.interface])


def _hops_sent(node: Node, neighbor: Neighbor) -> int:
    if not _external(node, neighbor) or neighbor.ttl_security is not None:
        return 255
    return neighbor.ebgp_multihop or 1


def _external(node: Node, neighbor: Neighbor) -> bool:
    assert node.running.bgp is not None
    return neighbor.remote_as != node.running.bgp.asn


def _connected(node: Node, neighbor: Neighbor) -> bool:
    return on_broken_wire(node, neighbor.address)
