"""The lowest layers: whether the device answers, the daemon runs, the link carries, the interface is up."""

from collections.abc import Iterable

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.cabling import Cable
from nocmesh.diagnosis.signs import Scene, shut_ports
from nocmesh.messages.report import Evidence, RootCause
from nocmesh.network import End
from nocmesh_agents.judgement.causes import cause, quoted


def unreachable_devices(scene: Scene) -> Iterable[RootCause]:
    """`device_unreachable`: no session to the device could be opened."""
    for sight in scene.facts.sights.values():
        if sight.unreachable and not scene.facts.why_silent(sight.name):
            summary = f"{sight.name} does not answer: no session to it could be opened."
            yield cause("device_unreachable", resources.node(sight.name), summary, 0.95, sight.error())


def shut_interfaces(scene: Scene) -> Iterable[RootCause]:
    """`interface_admin_down`: shut down by configuration, and the inventory does not explain it."""
    for end in shut_ports(scene.facts):
        summary = f"{end.interface} of {end.device} is shut down by configuration; the inventory wants it up."
        resource = resources.interface(end.device, end.interface)
        yield cause("interface_admin_down", resource, summary, 0.98, _seen_at(scene, end))


def detached_interfaces(scene: Scene) -> Iterable[RootCause]:
    """`link_detach`: the device has no such interface, and the far end has no carrier."""
    for cable in scene.cables:
        for end in [] if cable.intended_off else cable.gone:
            far = cable.link.other(end)
            summary = f"{end.device} has no interface {end.interface}; the link to {far} ends nowhere."
            evidence = _seen_at(scene, far)
            if far in cable.dark or (far in cable.gone and end == cable.link.a):
                found = [*evidence, *_left_over(scene, end)]
                yield cause("link_detach", resources.interface(end.device, end.interface), summary, 0.9, found)


def _left_over(scene: Scene, end: End) -> list[Evidence]:
    """The configuration still speaks of the interface that is gone."""
    return quoted(scene, (end.device, f"interface {end.interface}"))


def wrong_addresses(scene: Scene) -> Iterable[RootCause]:
    """`host_incorrect_ip`, `host_incorrect_netmask`, `host_missing_ip`, where a session fell for it."""
    for session in scene.down:
        cable = scene.cable(session)
        for end, fault in cable.misaddressed if cable else []:
            seen = scene.facts.interface(end)
            have = ", ".join(seen.addresses if seen else []) or "no address"
            summary = f"{end} has {have}, which is not what the inventory gives it."
            lines = [f"ip address {address}" for address in (seen.addresses if seen else [])]
            evidence = [*_seen_at(scene, end), *quoted(scene, (end.device, *lines))]
            yield cause(fault, resources.interface(end.device, end.interface), summary, 0.93, evidence)


def dead_links(scene: Scene) -> Iterable[RootCause]:
    """`link_down`: ends that are administratively up have no carrier, and both devices answer."""
    for cable in scene.cables:
        if cable.down:
            yield cause("link_down", cable.link.resource, _dead(cable), _sure(cable), _carrier(scene, cable))


def _dead(cable: Cable) -> str:
    ends = " and ".join(str(end) for end in sorted(cable.dark, key=str))
    return f"No carrier at {ends}, though both ends are administratively up: the link itself is down."


def _sure(cable: Cable) -> float:
    return 0.97 if len(cable.dark) == 2 else 0.8


def _carrier(scene: Scene, cable: Cable) -> list[Evidence]:
    return [evidence for end in sorted(cable.dark, key=str) for evidence in _seen_at(scene, end)]


def _seen_at(scene: Scene, end: End) -> list[Evidence]:
    interface = scene.facts.interface(end)
    return quoted(scene, (end.device, interface.quote)) if interface else []
