"""Spanning tree and bridging, beside what they were when all was well."""

from collections.abc import Iterator

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import Stp, StpBridge, StpPort
from nocmesh.network import End
from nocmesh_agents.judgement.causes import at_node, cause, quoted
from nocmesh_agents.judgement.ports import lines_of, lost_lines, moved_lines


def disabled(scene: Scene) -> Iterator[RootCause]:
    """`stp_disabled`: a bridge took part in spanning tree, and does not any more; IOS then says nothing of its tree."""
    for sight, past in _known(scene):
        gone = _gone_trees(sight, past)
        for was in past.bridges:
            bridge = _bridge(_stp(sight), was.name)
            if was.enabled and (bridge.enabled is False if bridge else was.name in gone):
                summary = f"{was.name} of {sight.name} takes no part in spanning tree any more."
                said = [line.text for line in sight.config or [] if line.text.startswith("no spanning-tree ")]
                evidence = [
                    *quoted(scene, (sight.name, bridge.quote if bridge else None, *said)),
                    *sight.was(was.quote),
                ]
                yield cause("stp_disabled", resources.node(sight.name), summary, 0.97, evidence)


def moved_roots(scene: Scene) -> Iterator[RootCause]:
    """`stp_root_moved` (IEEE 802.1D §17.14): a bridge whose priority moved is the root now, or is it no longer."""
    for sight, past in _known(scene):
        for bridge in _stp(sight).bridges:
            was = _bridge(past, bridge.name)
            if was is None or was.priority == bridge.priority or not bridge.enabled:
                continue
            if was.root_id != bridge.root_id:
                summary = (
                    f"{bridge.name} of {sight.name} has the priority {bridge.priority}, before it was {was.priority}: "
                    f"the root is {bridge.root_id}, before it was {was.root_id}."
                )
                quotes = (sight.name, f'"priority":{bridge.priority}', bridge.quote)
                yield at_node(scene, "stp_root_moved", sight.name, summary, 0.97, quotes)


def moved_costs(scene: Scene) -> Iterator[RootCause]:
    """`stp_cost_misconfig`: a port's cost is another than before, and its tree has changed."""
    for sight, past in _known(scene):
        for port in _stp(sight).ports:
            was = _port(past, port)
            if was is not None and was.cost != port.cost and _changed(sight, past) and _costed(scene, sight, port):
                summary = f"{port.name} of {sight.name} has the cost {port.cost}, before it was {was.cost}."
                yield _at_port(scene, "stp_cost_misconfig", sight, port, summary)


def _costed(scene: Scene, sight: Sight, port: StpPort) -> bool:
    """Somebody set the cost: where a configuration tells of the port, it moved there; else its speed did."""
    end = End(device=sight.name, interface=port.name)
    if not any(line.section == f"interface {port.name}" for line in sight.config or []):
        return True
    moved = moved_lines(scene, end, "spanning-tree ")
    return any(" cost " in f"{text} " for text in moved)


def blocked_ports(scene: Scene) -> Iterator[RootCause]:
    """`stp_port_blocked_unexpectedly`: a port blocks that forwarded, and nothing in the tree's settings explains it."""
    if any(_explained(sight, past) for sight, past in _known(scene)) or any(cable.broken for cable in scene.cables):
        return
    for sight, past in _known(scene):
        for port in _stp(sight).ports:
            was = _port(past, port)
            if was is not None and (was.state, port.state) == ("forwarding", "blocking"):
                summary = (
                    f"{port.name} of {sight.name} blocks; when all was well it forwarded ({was.role or 'no role'})."
                )
                yield _at_port(scene, "stp_port_blocked_unexpectedly", sight, port, summary)


def lost_ports(scene: Scene) -> Iterator[RootCause]:
    """`l2_port_missing`: an interface was a port of a bridge, is there, and belongs to none."""
    for sight in scene.facts.reachable:
        for was in (sight.before.interfaces or []) if sight.before else []:
            now = sight.interface(was.name)
            if was.bridge and now is not None and not now.bridge and not _bundle(sight, was.bridge):
                summary = f"{was.name} of {sight.name} is in no bridge; it was a port of {was.bridge}."
                evidence = [*quoted(scene, (sight.name, now.quote, f'"ifname":"{was.name}"')), *sight.was(was.quote)]
                yield cause("l2_port_missing", resources.interface(sight.name, was.name), summary, 0.96, evidence)
        yield from _routed_ports(scene, sight)


def _bundle(sight: Sight, name: str) -> bool:
    """It is a bundle, not a bridge: another rule tells of its members."""
    past = sight.before.switching if sight.before else None
    return any(lag.name == name for lag in (past.lags if past else []))


def _routed_ports(scene: Scene, sight: Sight) -> Iterator[RootCause]:
    """Ports of a switch that switch no more: told as routed, or not told of any more, and configured so."""
    past = sight.before.switching if sight.before else None
    now = {port.name: port for port in sight.switching.ports} if sight.switching else {}
    for was in past.ports if past and sight.switching else []:
        end, port = End(device=sight.name, interface=was.name), now.get(was.name)
        routed = port.mode == "routed" if port else bool(lines_of(scene, end, "no switchport"))
        if routed and was.mode in ("access", "trunk"):
            summary = f"{end} is no switch port any more; it was one of mode {was.mode}."
            quotes = (sight.name, port.quote if port else None, f"interface {was.name}")
            evidence = [*quoted(scene, quotes), *lost_lines(scene, end, "switchport")]
            yield cause("l2_port_missing", resources.interface(sight.name, was.name), summary, 0.96, evidence)


def loops(scene: Scene) -> Iterator[RootCause]:
    """`l2_loop`: a link on which spanning tree kept an end blocked forwards at both, though both still speak it.

    Where an end was told to speak the tree no more (a BPDU filter), its link is the one that closes the loop.
    """
    deaf = list(_deaf_links(scene))
    yield from deaf
    for cable in [] if deaf else scene.cables:
        ports = [_seen_port(scene.facts.sight(end.device), end.interface) for end in cable.ends]
        past = [_past_port(scene.facts.sight(end.device), end.interface) for end in cable.ends]
        if None in ports or not any(port is not None and port.state == "blocking" for port in past):
            continue
        if all(port is not None and port.state == "forwarding" for port in ports) and not _retuned(scene):
            ends = " and ".join(str(end) for end in cable.ends)
            summary = f"{ends} both forward; when all was well one of them blocked: frames go round."
            quotes = [(e.device, p.quote if p else None) for e, p in zip(cable.ends, ports, strict=True)]
            yield cause("l2_loop", cable.link.resource, summary, 0.93, quoted(scene, *quotes))


def _deaf_links(scene: Scene) -> Iterator[RootCause]:
    for cable in scene.cables:
        deaf = [end for end in cable.ends if _deafened(scene, end)]
        if deaf:
            summary = f"{' and '.join(map(str, deaf))} was told to keep out of spanning tree: frames can go round."
            quotes = [(end.device, *lines_of(scene, end, *_DEAF)) for end in deaf]
            yield cause("l2_loop", cable.link.resource, summary, 0.95, quoted(scene, *quotes))


_DEAF = ("spanning-tree bpdufilter enable",)
"""What makes a port deaf and dumb to the tree (Cisco: BPDU filtering)."""


def _deafened(scene: Scene, end: End) -> bool:
    return any(text in _DEAF for text in moved_lines(scene, end, *_DEAF))


def _retuned(scene: Scene) -> bool:
    """The tree is another one because somebody set it so, or a link of it is gone."""
    return (
        any(_explained(sight, past) for sight, past in _known(scene))
        or any(cable.broken for cable in scene.cables)
        or any(_blocks_anew(sight, past) for sight, past in _known(scene))
    )


def _blocks_anew(sight: Sight, past: Stp) -> bool:
    now = [(port, _port(past, port)) for port in _stp(sight).ports]
    return any(was is not None and was.state == "forwarding" and port.state == "blocking" for port, was in now)


def _explained(sight: Sight, past: Stp) -> bool:
    """A setting of the tree moved here: another rule tells of it."""
    bridges = [(bridge, _bridge(past, bridge.name)) for bridge in _stp(sight).bridges]
    ports = [(port, _port(past, port)) for port in _stp(sight).ports]
    return (
        bool(_gone_trees(sight, past))
        or any(was is not None and (was.enabled, was.priority) != (b.enabled, b.priority) for b, was in bridges)
        or any(was is not None and was.cost != port.cost for port, was in ports)
    )


def _gone_trees(sight: Sight, past: Stp) -> set[str]:
    """Trees that a switch has no more although it says which it has, and their VLANs are still there."""
    if sight.view_status("stp") not in ("parsed", "empty") or sight.switching is None:
        return set()
    alive = {f"VLAN{vlan:04d}" for vlan in sight.switching.vlans}
    return {was.name for was in past.bridges if _bridge(_stp(sight), was.name) is None and was.name in alive}


def _changed(sight: Sight, past: Stp) -> bool:
    return any(
        was is not None and was.state != port.state for port in _stp(sight).ports for was in [_port(past, port)]
    ) or any(
        was is not None and was.root_port != bridge.root_port
        for bridge in _stp(sight).bridges
        for was in [_bridge(past, bridge.name)]
    )


def _known(scene: Scene) -> list[tuple[Sight, Stp]]:
    """Devices whose tree was seen now and before."""
    seen = [s for s in scene.facts.reachable if s.stp or s.view_status("stp") == "empty"]
    return [(sight, sight.before.stp) for sight in seen if sight.before and sight.before.stp]


def _stp(sight: Sight) -> Stp:
    return sight.stp or Stp()


def _bridge(stp: Stp, name: str) -> StpBridge | None:
    return next((bridge for bridge in stp.bridges if bridge.name == name), None)


def _port(stp: Stp, port: StpPort) -> StpPort | None:
    return next((was for was in stp.ports if (was.name, was.bridge) == (port.name, port.bridge)), None)


def _seen_port(sight: Sight | None, name: str) -> StpPort | None:
    return next((port for port in (sight.stp.ports if sight and sight.stp else []) if port.name == name), None)


def _past_port(sight: Sight | None, name: str) -> StpPort | None:
    past = sight.before.stp if sight and sight.before else None
    return next((port for port in (past.ports if past else []) if port.name == name), None)


def _at_port(scene: Scene, fault: str, sight: Sight, port: StpPort, summary: str) -> RootCause:
    return cause(
        fault, resources.interface(sight.name, port.name), summary, 0.95, quoted(scene, (sight.name, port.quote))
    )
