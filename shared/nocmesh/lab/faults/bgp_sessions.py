"""Faults of BGP that cost a session: what the two ends say of each other, or how they reach each other.

How a session opens: RFC 4271 §6.2 and §8; its password: RFC 2385; the TTL that it demands: RFC 5082.
"""

from collections.abc import Callable

from nocmesh.lab.faults.kinds import Alarm, Check, Ground, Injection, Kind, Params, Step, configure, vtysh
from nocmesh.lab.faults.peering import Session, awaited, busy, clients, crowded, external, session, speakers
from nocmesh.lab.faults.routing import bgp_established
from nocmesh.lab.plan import LabPlan
from nocmesh.lab.render import peer_lines

Change = tuple[list[Step], list[Step], str]
"""What makes it, what undoes it, and what it is."""
UNICAST = "address-family ipv4 unicast"


def _kind(
    fault_type: str,
    change: Callable[[Session, Params], Change],
    /,
    places: Callable[[LabPlan], list[str]] = speakers,
    choose: Callable[[LabPlan, str, Params], Session] = session,
    shown: Callable[[Session], Check] | None = None,
    **params: str,
) -> Kind:
    """A kind that costs one session, chosen by parameter `peer`."""

    def steps(plan: LabPlan, resource: str, given: Params) -> Injection:
        one = choose(plan, resource, given)
        make, undo, what = change(one, given)
        return Injection(steps=make, undo=undo, summary=f"{one.node.name}: {what}, towards {one.far.name}")

    return Kind(
        fault_type=fault_type,
        places=places,
        steps=steps,
        symptom=lambda plan, resource, given: (shown or lost)(choose(plan, resource, given)),
        alarm=lambda plan, resource, given: lost_alarm(choose(plan, resource, given)),
        params={"peer": "", **params},
    )


def lost(one: Session) -> Check:
    """The far end has no established session to the node."""

    async def check(lab: Ground) -> bool:
        return not await bgp_established(lab, one.far.name, one.back.address)

    return check


def _never_up(one: Session) -> Check:
    """The node has no established session to the far end, though the far end may believe in one for a hold time.

    FRR 8.4 demands the TTL of a connection that it has accepted, and the far end's OPEN may be in by then.
    """

    async def check(lab: Ground) -> bool:
        return not await bgp_established(lab, one.node.name, one.peer.address)

    return check


def lost_alarm(one: Session) -> Alarm:
    """Monitoring sees the far end's session go."""
    return Alarm(
        name="BgpSessionDown",
        instance=one.far.name,
        summary=f"{one.far.name}: BGP session to {one.back.address} ({one.node.name}) is not established",
        labels={"neighbor": one.back.address},
    )


def in_bgp(one: Session, *lines: str) -> Step:
    """Lines under the node's `router bgp`."""
    return configure(one.node.name, f"router bgp {one.bgp.asn}", *lines)


def as_planned(one: Session) -> list[Step]:
    """The whole neighbour again, as the plan has it; harmless where it still is."""
    family = [f"neighbor {one.peer.address} activate"]
    if one.peer.client:
        family.append(f"neighbor {one.peer.address} route-reflector-client")
    return [in_bgp(one, *peer_lines(one.peer)), in_bgp(one, UNICAST, *family)]


def _clear(one: Session) -> Step:
    return vtysh(one.node.name, f"clear ip bgp {one.peer.address}")


def _asn(one: Session, params: Params) -> Change:
    wrong = f"neighbor {one.peer.address} remote-as {params['asn']}"
    return [in_bgp(one, wrong)], as_planned(one), f"expects AS {params['asn']}"


def _address(one: Session, params: Params) -> Change:
    wrong, right = params["address"], f"no neighbor {one.peer.address}"
    moved = [line.replace(one.peer.address, wrong) for line in peer_lines(one.peer)]
    undo = [in_bgp(one, f"no neighbor {wrong}"), *as_planned(one)]
    return [in_bgp(one, right, *moved)], undo, f"speaks to {wrong}"


def _missing(one: Session, params: Params) -> Change:
    return [in_bgp(one, f"no neighbor {one.peer.address}")], as_planned(one), "the neighbour is not configured"


def _shutdown(one: Session, params: Params) -> Change:
    line = f"neighbor {one.peer.address} shutdown"
    return [in_bgp(one, line)], [in_bgp(one, f"no {line}")], "the neighbour is shut down"


def _auth(one: Session, params: Params) -> Change:
    line = f"neighbor {one.peer.address} password"
    right = f"{line} {one.peer.password}" if one.peer.password else f"no {line}"
    return [in_bgp(one, f"{line} {params['password']}")], [in_bgp(one, right), _clear(one)], "another password"


def _ttl(one: Session, params: Params) -> Change:
    line = f"neighbor {one.peer.address} ttl-security hops {params['hops']}"
    return [in_bgp(one, line), _clear(one)], [in_bgp(one, f"no {line}"), _clear(one)], "demands TTL 254 or more"


def _source(one: Session, params: Params) -> Change:
    line = f"neighbor {one.peer.address} update-source"
    wrong = params["source"] or next(port.name for port in one.node.ports if port.kind == "cable" and port.addresses)
    undo = [in_bgp(one, f"{line} {one.peer.update_source}"), _clear(one)]
    return [in_bgp(one, f"{line} {wrong}"), _clear(one)], undo, f"speaks from {wrong}"


def _awaited(plan: LabPlan, resource: str, params: Params) -> Session:
    return session(plan, resource, params) if params.get("peer") else awaited(plan, resource)[0]


def _family(one: Session, params: Params) -> Change:
    line = f"neighbor {one.peer.address} activate"
    return [in_bgp(one, UNICAST, f"no {line}")], as_planned(one), "IPv4 unicast is not activated"


def _crowded(plan: LabPlan, resource: str, params: Params) -> Session:
    return session(plan, resource, params) if params.get("peer") else busy(plan, resource)[0]


def _limit(one: Session, params: Params) -> Change:
    line = f"neighbor {one.peer.address} maximum-prefix"
    undo = [in_bgp(one, UNICAST, f"no {line} {params['limit']}"), _clear(one)]
    return [in_bgp(one, UNICAST, f"{line} {params['limit']}")], undo, f"takes no more than {params['limit']} prefix"


SESSIONS: tuple[Kind, ...] = (
    _kind("bgp_asn_misconfig", _asn, asn="64999"),
    _kind("bgp_peer_address_misconfig", _address, address="192.0.2.77"),
    _kind("bgp_neighbor_missing", _missing),
    _kind("bgp_neighbor_shutdown", _shutdown),
    _kind("bgp_auth_mismatch", _auth, password="another"),  # noqa: S106 - the fault is that it is wrong
    _kind("bgp_ttl_misconfig", _ttl, places=external, shown=_never_up, hops="1"),
    _kind("bgp_update_source_misconfig", _source, places=clients, choose=_awaited, source=""),
    _kind("bgp_address_family_missing", _family),
    _kind("bgp_max_prefix_exceeded", _limit, places=crowded, choose=_crowded, limit="1"),
)
