"""Faults of BGP that are a policy: routes that a router keeps to itself, or tells with what they should not have."""

from typing import Any

from nocmesh.lab.faults.bgp_sessions import UNICAST, in_bgp
from nocmesh.lab.faults.bgp_signs import everywhere, missing_alarm, told_by, untold
from nocmesh.lab.faults.kinds import Alarm, Injection, Kind, Params, configure, vtysh
from nocmesh.lab.faults.peering import Session, external, originators, own_prefix, sessions
from nocmesh.lab.plan import LabPlan

NOWHERE = "203.0.113.99"
"""A next hop that no lab has (RFC 5737)."""
BLACKHOLE = "65535:666"
"""RFC 7999: whoever honours it drops the traffic; it must not leave the AS that it is meant for."""
SOON = "clear ip bgp * soft out"


def _outward(there: list[Session], applied: str, rules: list[str], undone: str, summary: str) -> Injection:
    """Rules, applied to what is told to all neighbours: as `route-map <name>`."""
    node = there[0].node.name
    lines = [f"neighbor {one.peer.address} {applied} out" for one in there]
    return Injection(
        steps=[configure(node, *rules), in_bgp(there[0], UNICAST, *lines), vtysh(node, SOON)],
        undo=[
            in_bgp(there[0], UNICAST, *(f"no {line}" for line in lines)),
            configure(node, undone),
            vtysh(node, SOON),
        ],
        summary=summary,
    )


def _policy(plan: LabPlan, resource: str, name: str, action: str, what: str) -> Injection:
    """A route map towards all neighbours."""
    there, policy = sessions(plan, resource), f"route-map {name}"
    rules = [f"{policy} permit 10", action]
    return _outward(there, policy, rules, f"no {policy}", f"{there[0].node.name}: {what}")


def _filtered(plan: LabPlan, resource: str, params: Params) -> Injection:
    """A prefix list towards all neighbours."""
    there, prefix, rule = sessions(plan, resource), own_prefix(plan, resource, params), f"prefix-list {params['name']}"
    rules = [f"ip {rule} seq 5 deny {prefix}", f"ip {rule} seq 10 permit any"]
    return _outward(there, rule, rules, f"no ip {rule}", f"{there[0].node.name} lets {prefix} out to nobody")


def _wrong_next_hop(plan: LabPlan, resource: str, params: Params) -> Injection:
    action = f"set ip next-hop {params['next_hop']}"
    return _policy(plan, resource, params["name"], action, f"tells next hop {params['next_hop']}")


def _leaked(plan: LabPlan, resource: str, params: Params) -> Injection:
    action = f"set community {BLACKHOLE} additive"
    return _policy(plan, resource, params["name"], action, f"tells other AS community {BLACKHOLE}")


def _leak_alarm(plan: LabPlan, resource: str, params: Params) -> Alarm:
    one, prefix = sessions(plan, resource)[0], own_prefix(plan, resource, params)
    return Alarm(
        name="BlackholeRouteReceived",
        instance=one.far.name,
        summary=f"{one.far.name}: {prefix} came in with community {BLACKHOLE}, and is not passed on",
        labels={"prefix": prefix},
    )


def _useless(one: Session, paths: list[dict[str, Any]]) -> bool:
    told = told_by(one, paths)
    return bool(told) and not any(path.get("valid") for path in told)


def _marked(one: Session, paths: list[dict[str, Any]]) -> bool:
    marks = [path.get("community", {}).get("list", []) for path in told_by(one, paths)]
    return any("blackhole" in found or BLACKHOLE in found for found in marks)


POLICIES: tuple[Kind, ...] = (
    Kind(
        fault_type="bgp_route_filtered",
        places=originators,
        steps=_filtered,
        symptom=everywhere(untold),
        alarm=missing_alarm,
        params={"prefix": "", "name": "EDGE-OUT"},
    ),
    Kind(
        fault_type="bgp_next_hop_unreachable",
        places=originators,
        steps=_wrong_next_hop,
        symptom=everywhere(_useless),
        alarm=missing_alarm,
        params={"prefix": "", "next_hop": NOWHERE, "name": "TO-PEERS"},
    ),
    Kind(
        fault_type="bgp_blackhole_community_leak",
        places=external,
        steps=_leaked,
        symptom=everywhere(_marked),
        alarm=_leak_alarm,
        params={"prefix": "", "name": "TO-PEERS"},
    ),
)
