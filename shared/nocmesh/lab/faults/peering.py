"""Where BGP's faults fit: a plan's sessions, and its prefixes. Pure."""

from collections import deque
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import NamedTuple

from nocmesh.errors import InvalidInputError
from nocmesh.lab.faults.kinds import Params, node_id, node_of, routers
from nocmesh.lab.plan import BgpPlan, LabPlan, Node, Peer


class Session(NamedTuple):
    """One BGP session, seen from the node that has the fault."""

    node: Node
    bgp: BgpPlan
    peer: Peer
    """The far end, as the node has it configured."""
    far: Node
    back: Peer
    """The node, as the far end has it configured."""

    @property
    def external(self) -> bool:
        """Between two AS."""
        return self.peer.remote_asn != self.bgp.asn


def bgp_of(plan: LabPlan, resource: str) -> tuple[Node, BgpPlan]:
    """A router and its BGP. Raises: InvalidInputError when it has none."""
    node = node_of(plan, resource)
    if node.bgp is None:
        raise InvalidInputError(f"{node.name} speaks no BGP in this lab; expected a router with BGP", field="at")
    return node, node.bgp


def speakers(plan: LabPlan) -> list[str]:
    """Resource ids of the routers with a session."""
    return [node_id(node) for node in routers(plan) if node.bgp and node.bgp.peers]


def sessions(plan: LabPlan, resource: str) -> list[Session]:
    """All of a router's, in the order of its peers."""
    node, bgp = bgp_of(plan, resource)
    found = []
    for peer in bgp.peers:
        far = node_of(plan, f"node/{peer.node}")
        back = _back(node, peer, far)
        if back is not None:
            found.append(Session(node, bgp, peer, far, back))
    return found


def _back(node: Node, peer: Peer, far: Node) -> Peer | None:
    """How the far end has the node: by its loopback, or by the address on the same cable."""
    there = [one for one in far.bgp.peers if one.node == node.name] if far.bgp else []
    if len(there) < 2:
        return there[0] if there else None
    own = [IPv4Interface(address) for port in node.ports for address in port.addresses]
    here = next((one for one in own if IPv4Address(peer.address) in one.network), None)
    return next((one for one in there if here is not None and one.address == str(here.ip)), there[0])


def session(plan: LabPlan, resource: str, params: Params) -> Session:
    """The one that parameter `peer` names by node or address, else the first. Raises: InvalidInputError."""
    there = sessions(plan, resource)
    wanted = params.get("peer", "")
    for one in there:
        if wanted in ("", one.peer.node, one.peer.address):
            return one
    names = ", ".join(f"{one.peer.node} ({one.peer.address})" for one in there) or "none"
    raise InvalidInputError(f"{resource} has no BGP neighbour {wanted!r}; expected one of {names}", field="peer")


def external(plan: LabPlan) -> list[str]:
    """Routers whose sessions are between two AS, over links."""
    return [at for at in speakers(plan) if all(one.external for one in sessions(plan, at))]


def clients(plan: LabPlan) -> list[str]:
    """Routers to whom a neighbour does not open the session: it takes it from where it is opened."""
    return [at for at in speakers(plan) if awaited(plan, at)]


def awaited(plan: LabPlan, resource: str) -> list[Session]:
    """A router's sessions that only it opens."""
    return [one for one in sessions(plan, resource) if one.back.passive and not one.peer.passive]


def reflectors(plan: LabPlan) -> list[str]:
    """Routers with a client that has a prefix to be reflected, and another that would miss it."""
    return [at for at in speakers(plan) if _telling(served(plan, at)) and len(served(plan, at)) > 1]


def reflected(plan: LabPlan, resource: str) -> tuple[Session, Session, str]:
    """Whose prefix, to whom, and which one."""
    there = served(plan, resource)
    source = _telling(there)[0]
    receiver = next(one for one in there if one is not source)
    assert source.far.bgp is not None  # _telling has looked
    return source, receiver, source.far.bgp.networks[0]


def _telling(there: list[Session]) -> list[Session]:
    return [one for one in there if one.far.bgp and one.far.bgp.networks]


def served(plan: LabPlan, resource: str) -> list[Session]:
    """A reflector's sessions to its clients."""
    return [one for one in sessions(plan, resource) if one.peer.client]


def crowded(plan: LabPlan) -> list[str]:
    """Routers that are told more than one prefix over one session."""
    return [at for at in speakers(plan) if busy(plan, at)]


def busy(plan: LabPlan, resource: str) -> list[Session]:
    """A router's sessions over which it is told more than one prefix."""
    return [one for one in sessions(plan, resource) if told(plan, one) > 1]


def told(plan: LabPlan, one: Session) -> int:
    """How many prefixes the far end tells the node, at least."""
    owners = _nearer(plan, one) if one.external else _reflected_by(one)
    return sum(len(node.bgp.networks) for node in routers(plan) if node.bgp and node.name in owners)


def _nearer(plan: LabPlan, one: Session) -> set[str]:
    """Whose prefixes the far end does not have by way of the node: an AS path through the node would be longer."""
    away, here = _hops(plan, one.far.name), _hops(plan, one.node.name)
    return {name for name in away if name != one.node.name and away[name] <= here[name]}


def _hops(plan: LabPlan, start: str) -> dict[str, int]:
    """The number of sessions to every router with BGP."""
    hops, queue = {start: 0}, deque([start])
    while queue:
        name = queue.popleft()
        bgp = node_of(plan, f"node/{name}").bgp
        for peer in bgp.peers if bgp else []:
            if peer.node not in hops:
                hops[peer.node] = hops[name] + 1
                queue.append(peer.node)
    return hops


def _reflected_by(one: Session) -> set[str]:
    """The far end itself, and those whose routes it passes on inside the AS (RFC 4456 §6)."""
    peers = one.far.bgp.peers if one.far.bgp else []
    passed = {peer.node for peer in peers if peer.client or one.back.client}
    return ({one.far.name} | passed) - {one.node.name}


def originators(plan: LabPlan) -> list[str]:
    """Routers that originate a prefix and have somebody to tell."""
    return [at for at in speakers(plan) if bgp_of(plan, at)[1].networks]


def own_prefix(plan: LabPlan, resource: str, params: Params) -> str:
    """A prefix that the router originates: parameter `prefix`, else its LAN, else its loopback."""
    node, bgp = bgp_of(plan, resource)
    wanted = params.get("prefix", "") or lan(bgp) or bgp.networks[0]
    if wanted not in bgp.networks:
        known = ", ".join(bgp.networks)
        raise InvalidInputError(f"{node.name} does not originate {wanted!r}; expected one of {known}", field="prefix")
    return wanted


def lan(bgp: BgpPlan) -> str:
    """The first prefix of a router that hosts are in; empty: it has none."""
    return next((prefix for prefix in bgp.networks if IPv4Network(prefix).prefixlen < 32), "")


def strangers(plan: LabPlan) -> list[str]:
    """Routers that could claim a prefix of hosts that are somebody else's."""
    return [at for at in speakers(plan) if victim(plan, at)]


def victim(plan: LabPlan, resource: str) -> str:
    """The first prefix of hosts that is another router's and not the router's own; empty: there is none."""
    _, bgp = bgp_of(plan, resource)
    others = [lan(node.bgp) for node in routers(plan) if node.bgp and node.bgp is not bgp]
    return next((prefix for prefix in others if prefix and prefix not in bgp.networks), "")


def half(prefix: str) -> str:
    """The lower half of a prefix, where its first hosts are."""
    return str(next(IPv4Network(prefix).subnets()))
