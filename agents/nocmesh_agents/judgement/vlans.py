"""VLANs: what a port carries, against its other end and its own past."""

from collections.abc import Iterator

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import SwitchPort
from nocmesh.network import End
from nocmesh_agents.judgement.bundles import member_of
from nocmesh_agents.judgement.causes import cause, quoted
from nocmesh_agents.judgement.ports import MOVED, ODD, lines_of, lost_lines


def vlan_mismatches(scene: Scene) -> Iterator[RootCause]:
    """`vlan_mismatch` (IEEE 802.1Q §6.9): a port carries other VLANs than its far end, or, alone, than it did."""
    for sight in scene.facts.reachable:
        for port in sight.switching.ports if sight.switching else []:
            end = End(device=sight.name, interface=port.name)
            was, far = _port_before(scene, end), _far_port(scene, end)
            if _bundled_in(sight, port.name) or not _disagrees(port, was, far):
                continue
            if was is not None and _vlans(was) != _vlans(port):
                yield _vlan(scene, end, port, f"before it was {_said(was)}", MOVED)
            elif far is not None and not _far_moved(scene, end):
                yield _vlan(scene, end, port, f"the other end carries {_said(far)}", ODD)


def _disagrees(port: SwitchPort, was: SwitchPort | None, far: SwitchPort | None) -> bool:
    if not port.mode or port.mode == "routed":
        return False
    other = far if far is not None and far.mode not in ("", "routed") else was
    return other is not None and bool(other.mode) and _vlans(other) != _vlans(port)


def _vlans(port: SwitchPort) -> tuple[object, ...]:
    return (port.mode, port.access_vlan, port.native_vlan, tuple(port.trunk_vlans))


def _said(port: SwitchPort) -> str:
    if port.mode == "access":
        return f"VLAN {port.access_vlan}"
    vlans = ", ".join(map(str, port.trunk_vlans[:20])) or "none"
    return f"trunk VLANs {vlans}" + (f" (native {port.native_vlan})" if port.native_vlan else "")


def _vlan(scene: Scene, end: End, port: SwitchPort, other: str, sure: float) -> RootCause:
    summary = f"{end} carries {_said(port)}; {other}."
    quotes = [port.quote, *lines_of(scene, end, "switchport ")]
    evidence = [*quoted(scene, (end.device, *quotes)), *lost_lines(scene, end, "switchport ")]
    return cause("vlan_mismatch", resources.interface(end.device, end.interface), summary, sure, evidence)


def _bundled_in(sight: Sight, interface: str) -> bool:
    """It is, or was, a member of a bundle: then its VLANs are the bundle's business."""
    past = sight.before.switching if sight.before else None
    return any(member_of(each.lags, interface) for each in (sight.switching, past) if each is not None)


def _port_before(scene: Scene, end: End) -> SwitchPort | None:
    sight = scene.facts.sight(end.device)
    past = sight.before.switching if sight and sight.before else None
    return next((port for port in (past.ports if past else []) if port.name == end.interface), None)


def _port(scene: Scene, end: End) -> SwitchPort | None:
    sight = scene.facts.sight(end.device)
    ports = sight.switching.ports if sight and sight.switching else []
    return next((port for port in ports if port.name == end.interface), None)


def _far_port(scene: Scene, end: End) -> SwitchPort | None:
    cable = next((cable for cable in scene.cables if end in cable.ends), None)
    return _port(scene, cable.link.other(end)) if cable else None


def _far_moved(scene: Scene, end: End) -> bool:
    """The far end is another than before, and this one is not: it is told of there."""
    cable = next((cable for cable in scene.cables if end in cable.ends), None)
    far = cable.link.other(end) if cable else None
    was, now = (_port_before(scene, far), _port(scene, far)) if far else (None, None)
    return was is not None and now is not None and _vlans(was) != _vlans(now)
