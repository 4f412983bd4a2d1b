"""How the effect of putting lines back is proved: by what suffered, as it was when all was well."""

from collections.abc import Callable, Iterator

from nocmesh.diagnosis.configlines import path_of
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.find import address_of
from nocmesh.diagnosis.igp import LEVELS, Adjacency, IgpEnd
from nocmesh.diagnosis.origin import prefix_text
from nocmesh.diagnosis.peer import subject_of
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.change import Check
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import ConfigLine
from nocmesh_agents.remediation import checks
from nocmesh_agents.remediation.concerns import INTERFACE, ends_of, suffering
from nocmesh_agents.remediation.restoring import Restoration

Proof = tuple[tuple[Check, ...], str]
"""Checks, and the device at the other end of what they are about; empty: nobody."""
Prove = Callable[[Scene, RootCause, Sight, Restoration], Iterator[Proof]]

MOST_WAYS = 2
"""Routes that are looked at: one would do, were it not for somebody else's fault."""


def configured(found: Restoration) -> tuple[Check, ...]:
    """Every line is back or gone, of whole sections their headers."""
    return tuple(
        checks.line(line.section, line.text, present=present)
        for lines, present in ((found.back, True), (found.away, False))
        for line in _outermost(lines)
    )


def _outermost(lines: tuple[ConfigLine, ...]) -> list[ConfigLine]:
    headers = {path_of(line) for line in lines}
    return [line for line in lines if not any(line.section.startswith(header) for header in headers)]


def effects(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> list[Proof]:
    """What must come true, by whom it is about; none: only the lines themselves tell."""
    prove = _PROOFS.get(cause.fault_type) or _PROOFS.get(cause.fault_type.split("_", 1)[0])
    return [proof for proof in (prove(scene, cause, sight, found) if prove else ()) if proof[0]]


def _adjacencies(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    """Those that suffer form again."""
    for adjacency, own, far in suffering(scene, cause, sight.name):
        if scene.carries(adjacency.link) and not adjacency.up and _touches(found, own):
            yield (*_at_its_level(sight, own), *_up(adjacency, own)), far.end.device


def _at_its_level(sight: Sight, own: IgpEnd) -> Iterator[Check]:
    """FRR shows an adjacency for a hold time at the level that it had, so the circuit's own level tells more."""
    states = (sight.before.isis if sight.before else None, sight.isis)
    was, now = (
        next((i.level for i in (state.interfaces if state else ()) if i.name == own.end.interface), "")
        for state in states
    )
    if own.protocol == "isis" and was and was != now:
        yield checks.igp_interface("isis", own.end.interface, "level", was)


def _touches(found: Restoration, own: IgpEnd) -> bool:
    """Lines of the interface move, or such of the process as a whole."""
    sections = {line.section for line in [*found.back, *found.away]}
    return f"{INTERFACE}{own.end.interface}" in sections or any(not s.startswith(INTERFACE) for s in sections)


def _up(adjacency: Adjacency, own: IgpEnd) -> Iterator[Check]:
    if adjacency.protocol == "ospf":
        yield checks.ospf_adjacency(own.end.interface)
    for level in sorted(adjacency.wanted) if adjacency.protocol == "isis" else ():
        yield checks.isis_adjacency(own.end.interface, next(name for name, of in LEVELS.items() if of == {level}))


def _identity(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    """The device is who it was, and has the neighbours that it had."""
    past = sight.before
    if cause.fault_type == "ospf_duplicate_router_id" and past is not None and past.ospf is not None:
        yield (checks.ospf_router_id(past.ospf.router_id),), ""
    if cause.fault_type == "isis_duplicate_system_id" and past is not None and past.isis is not None:
        yield (checks.isis_system_id(past.isis.system_id),), ""
    for adjacency, own, far in suffering(scene, cause, sight.name):
        if scene.carries(adjacency.link):
            yield tuple(_up(adjacency, own)), far.end.device


def _settings(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    """The interface is set to what it was, and traffic takes it again."""
    name = {"ospf_cost_misconfig": "cost", "isis_metric_misconfig": "metric"}.get(cause.fault_type, "network_type")
    for adjacency, own, far in suffering(scene, cause, sight.name):
        past = next((e for e in adjacency.before if e is not None and e.end == own.end), None)
        value = past.values.get(name, "") if past else ""
        if value and value != own.values.get(name) and _touches(found, own):
            setting = checks.igp_interface(adjacency.protocol, own.end.interface, name, value)
            yield (setting, *_ways(sight, own.end.interface)), far.end.device


def _ways(sight: Sight, interface: str) -> list[Check]:
    """Destinations that were reached through the interface and are not any more."""
    if sight.routes is None or sight.before is None or sight.before.routes is None:
        return []
    now = {route.prefix for route in sight.routes if route.selected and interface in route.interfaces}
    was = [
        route.prefix
        for route in sight.before.routes
        if route.selected and interface in route.interfaces and route.protocol in ("ospf", "isis")
    ]
    return [checks.way(prefix, interface) for prefix in was if prefix not in now][:MOST_WAYS]


def _sessions(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    """The sessions that the lines are about come up."""
    gone = {subject_of(x.text) for x in found.away if " remote-as " in x.text}
    gone -= {subject_of(x.text) for x in found.back if " remote-as " in x.text}
    for name in dict.fromkeys(subject_of(line.text) for line in [*found.back, *found.away]):
        if address_of(name) is not None and name not in gone:
            yield (checks.established(name),), scene.facts.owner(name)


def _policies(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    """The lines are as they were, the sessions stand, and tell more than now where they told more."""
    yield configured(found), ""
    yield from _sessions(scene, cause, sight, found)
    now = {neighbor.address: neighbor for neighbor in (sight.bgp.neighbors if sight.bgp else [])}
    past = sight.before.bgp.neighbors if sight.before and sight.before.bgp else []
    outward = {subject_of(line.text) for line in [*found.back, *found.away] if line.text.endswith(" out")}
    for was in (neighbor for neighbor in past if neighbor.address in outward & set(now)):
        told = now[was.address].prefixes_sent
        if told is not None and (was.prefixes_sent or 0) > told:
            yield (checks.sends_more(was.address, told),), scene.facts.owner(was.address)


def _families(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    for line in found.away:
        name, family = subject_of(line.text), line.section.partition("address-family ")[2]
        if name and line.text.startswith("no "):
            yield (checks.active(name, "-".join((family or "ipv4 unicast").split())),), scene.facts.owner(name)
    yield from _sessions(scene, cause, sight, found)


def _originated(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    for lines, present in ((found.back, True), (found.away, False)):
        prefixes = [prefix_text(line.text) for line in lines if line.text.startswith("network ")]
        yield tuple(checks.originated(prefix, present=present) for prefix in prefixes), ""


def _addresses(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    past = sight.before.interfaces if sight.before else None
    for device, name in ends_of(cause.resource):
        held = next((i.addresses for i in past or [] if i.name == name), []) if device == sight.name else []
        yield tuple(checks.addressed(name, address) for address in held), ""


def _forwards(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    yield (checks.forwards(),), ""


def _filters(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    past = {(rule.name, rule.text) for rule in (sight.before.filters or [] if sight.before else [])}
    now = dict.fromkeys((rule.name, rule.text) for rule in sight.filters or [])
    yield (*configured(found), *(checks.unfiltered(*rule) for rule in now if rule not in past)), ""


def _tree(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    """Every tree of the device, and every port of the cause's interface, stands as it stood."""
    now, past = sight.stp, sight.before.stp if sight.before else None
    if past is None:
        return
    bridges = {bridge.name: bridge for bridge in (now.bridges if now else [])}
    for was in past.bridges:
        told = bridges.get(was.name)
        if told is None or (was.enabled, was.priority, was.root_port) != (told.enabled, told.priority, told.root_port):
            yield (checks.stp_bridge(was),), ""
    names = {name for device, name in ends_of(cause.resource) if device == sight.name}
    yield tuple(checks.stp_port(port) for port in past.ports if port.name in names), ""


def _ports(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    """The interface is a port, and a member of its bundle, as it was."""
    past = sight.before.switching if sight.before else None
    names = {line.section.removeprefix(INTERFACE) for line in [*found.back, *found.away]}
    ports = [port for port in (past.ports if past else []) if port.name in names]
    members = [member for lag in (past.lags if past else []) for member in lag.members if member.interface in names]
    yield tuple(checks.switchport(port) for port in ports), ""
    yield tuple(checks.bundled(member.interface) for member in members if member.bundled), ""


def _medium(scene: Scene, cause: RootCause, sight: Sight, found: Restoration) -> Iterator[Proof]:
    """The interface has its duplex and its MTU."""
    past = sight.before.interfaces if sight.before else None
    names = {name for device, name in ends_of(cause.resource) if device == sight.name}
    for was in (i for i in past or [] if i.name in names):
        if cause.fault_type == "mtu_mismatch":
            yield ((checks.mtu(was.name, was.mtu),) if was.mtu else ()), ""
        else:
            yield ((checks.duplex(was.name, was.duplex),) if was.duplex else ()), ""


_PROOFS: dict[str, Prove] = {
    "ospf": _adjacencies,
    "isis": _adjacencies,
    "ospf_duplicate_router_id": _identity,
    "isis_duplicate_system_id": _identity,
    "ospf_network_type_mismatch": _settings,
    "ospf_cost_misconfig": _settings,
    "isis_metric_misconfig": _settings,
    "bgp": _sessions,
    "bgp_route_filtered": _policies,
    "bgp_next_hop_unreachable": _policies,
    "bgp_blackhole_community_leak": _policies,
    "bgp_address_family_missing": _families,
    "bgp_missing_route_advertisement": _originated,
    "bgp_hijacking": _originated,
    "bgp_acl_block": _filters,
    "ospf_acl_block": _filters,
    "isis_acl_block": _filters,
    "icmp_acl_block": _filters,
    "arp_acl_block": _filters,
    "http_acl_block": _filters,
    "host_incorrect_ip": _addresses,
    "host_incorrect_netmask": _addresses,
    "host_missing_ip": _addresses,
    "mtu_mismatch": _medium,
    "ip_forwarding_disabled": _forwards,
    "stp": _tree,
    "l2_loop": _tree,
    "l2_port_missing": _ports,
    "vlan_mismatch": _ports,
    "lag_member_down": _ports,
    "mac_flap": _ports,
    "duplex_mismatch": _medium,
}
"""By fault, else by the protocol that it begins with."""
