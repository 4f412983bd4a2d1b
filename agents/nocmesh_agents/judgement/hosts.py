"""Addresses: wrong, missing, given twice; and a host's way out, wrong or cut off."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_interface

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.find import address_of
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import Interface, Route
from nocmesh.network import End
from nocmesh_agents.judgement.causes import at_node, cause, quoted

_ANYWHERE = ("0.0.0.0/0", "default")


def misaddressed(scene: Scene) -> Iterator[RootCause]:
    """`host_incorrect_ip`, `host_incorrect_netmask`, `host_missing_ip`, `host_ip_conflict`: against the inventory."""
    for sight in scene.facts.reachable:
        for interface in sight.device.interfaces:
            end = End(device=sight.name, interface=interface.name)
            fault = scene.facts.misaddressed(end)
            if fault and _is_host(sight):
                yield _misaddressed(scene, end, fault, sight.interface(end.interface))


def _misaddressed(scene: Scene, end: End, fault: str, seen: Interface | None) -> RootCause:
    have = seen.addresses if seen else []
    rival = next((owner for address in have if (owner := _others(scene, end, address))), None)
    words = ", ".join(have) or "no address"
    if rival is not None:
        fault, words = "host_ip_conflict", f"{words}, which is the address of {rival}"
    summary = f"{end} has {words}; the inventory gives it another."
    lines = [f"ip address {address}" for address in have] + list(have)
    evidence = quoted(scene, (end.device, seen.quote if seen else None, *lines))
    return cause(fault, resources.interface(end.device, end.interface), summary, 0.95, evidence)


def _others(scene: Scene, end: End, address: str) -> End | None:
    """Whose address it is by the inventory, if another's."""
    owner = scene.facts.network.owner_of(address)
    return owner if owner is not None and owner != end else None


def _is_host(sight: Sight) -> bool:
    return sight.device.platform == "linux"


def twin_macs(scene: Scene) -> Iterator[RootCause]:
    """`mac_address_conflict`: two devices' interfaces have one MAC address; the one that had another is to blame."""
    owners: dict[str, list[tuple[Sight, Interface]]] = {}
    for sight in scene.facts.reachable:
        for interface in sight.interfaces or []:
            if interface.mac and interface.kind not in ("loopback", "bridge") and not interface.bridge:
                owners.setdefault(interface.mac.lower(), []).append((sight, interface))
    for mac, places in owners.items():
        if len({sight.name for sight, _ in places}) > 1:
            yield from _twins(scene, mac, places)


def _twins(scene: Scene, mac: str, places: list[tuple[Sight, Interface]]) -> Iterator[RootCause]:
    moved = [(s, i) for s, i in places if (was := _mac_before(s, i.name)) and was != mac]
    for sight, interface in moved or places[1:]:
        others = ", ".join(f"{s.name}:{i.name}" for s, i in places if s is not sight)
        summary = f"{sight.name}:{interface.name} has the MAC address {mac}, which is that of {others}."
        evidence = quoted(scene, *((s.name, mac, i.quote) for s, i in places))
        resource = resources.interface(sight.name, interface.name)
        yield cause("mac_address_conflict", resource, summary, 0.96 if moved else 0.6, evidence)


def _mac_before(sight: Sight, name: str) -> str:
    past = sight.before.interfaces if sight.before else None
    return next((i.mac.lower() for i in past or [] if i.name == name), "")


def wrong_gateways(scene: Scene) -> Iterator[RootCause]:
    """`host_incorrect_gateway`: a host's default route leads elsewhere than before, or to nobody of its network."""
    for sight in scene.facts.reachable:
        if not _is_host(sight) or sight.routes is None:
            continue
        now, was = _gateways(sight.routes), _gateways(sight.before.routes or []) if sight.before else set()
        wrong = (now != was and bool(was)) if sight.before else bool(now) and not any(_router(scene, g) for g in now)
        if (
            wrong
            and not _lost_with_interface(sight)
            and not any(
                scene.facts.misaddressed(End(device=sight.name, interface=i.name)) for i in sight.device.interfaces
            )
        ):
            yield _gateway(scene, sight, now, was)


def _lost_with_interface(sight: Sight) -> bool:
    """The default route led out of an interface that is down now: the kernel has dropped it with that."""
    was = [route for route in (sight.before.routes or [] if sight.before else []) if route.prefix in _ANYWHERE]
    ways = [sight.interface(name) for route in was for name in route.interfaces]
    there = any(route.prefix in _ANYWHERE for route in sight.routes or [])
    return bool(ways) and not there and all(way is None or way.enabled is False for way in ways)


def _gateway(scene: Scene, sight: Sight, now: set[str], was: set[str]) -> RootCause:
    before = f"; it was {', '.join(sorted(was))}" if was else ""
    summary = f"The default route of {sight.name} leads to {', '.join(sorted(now)) or 'nowhere'}{before}."
    quotes = [route.quote for route in sight.routes or [] if route.prefix in _ANYWHERE]
    found = at_node(scene, "host_incorrect_gateway", sight.name, summary, 0.96, (sight.name, *quotes, *sorted(now)))
    return cause(found.fault_type, found.resource, summary, 0.96, [*found.evidence, *sight.was(*sorted(was))])


def _gateways(routes: Iterable[Route]) -> set[str]:
    return {hop for route in routes if route.prefix in _ANYWHERE and not route.discards for hop in route.next_hops}


def _router(scene: Scene, address: str) -> bool:
    owner = scene.facts.network.device(scene.facts.owner(address) or "")
    return owner is not None and owner.platform != "linux"


def blackholes(scene: Scene) -> Iterator[RootCause]:
    """`host_static_blackhole`: a route that drops, and that was not there when all was well."""
    for sight in scene.facts.reachable:
        past = (sight.before.routes or []) if sight.before else []
        known = {route.prefix for route in past if route.discards}
        for route in sight.routes or []:
            if route.discards and route.prefix not in known and (sight.before is not None or _hits(scene, route)):
                summary = f"{sight.name} drops whatever goes to {route.prefix}."
                quotes = (sight.name, route.quote, route.prefix)
                yield at_node(scene, "host_static_blackhole", sight.name, summary, 0.96, quotes)


def _hits(scene: Scene, route: Route) -> bool:
    """It drops what goes to somebody of the inventory, and is more than an aggregate of what lies behind it."""
    try:
        net = ip_interface(route.prefix).network
    except ValueError:
        return False
    listed = [a for device in scene.facts.network.devices for i in device.interfaces for a in i.addresses]
    inside = [
        ip for address in listed if (ip := address_of(address)) is not None and ip.version == net.version and ip in net
    ]
    return bool(inside) and net.prefixlen >= 24
