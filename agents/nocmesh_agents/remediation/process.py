"""Fixes of the BGP process as a whole: its AS number, the prefixes that it brings, a process that is not there."""

from collections import Counter

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.configlines import JOINT
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.peer import Peer, process_header, process_lines
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.network import IntendedBgp
from nocmesh_agents.bgp.blame import intended_asn
from nocmesh_agents.remediation import checks
from nocmesh_agents.remediation.edits import Edit, Fix, Refusal, written
from nocmesh_agents.remediation.templates import family_section, network_line

Answer = Fix | Refusal


def renumbered(scene: Scene, peer: Peer, far: Peer) -> Answer:
    """The process again under the AS number that it should have: taken away and written anew, whole."""
    sight = scene.facts.sights[peer.device]
    wanted = intended_asn(scene, peer) or _expected(scene, peer)
    lines = process_lines(sight)
    if wanted is None:
        return Refusal(
            f"{peer.device}: the process must move to another AS number, but its neighbours disagree about it; "
            "a person must do it."
        )
    new = f"router bgp {wanted}"
    do = (f"no {peer.header}", *written(lines, peer.header, new))
    undo = (f"no {new}", *written(lines, peer.header, peer.header))
    sessions = [p.address for p in scene.peering.peers[peer.device]]
    mine = [p for p in scene.peering.all if scene.peering.far_device(p) == peer.device and p.remote_as == wanted]
    expected = {back.address for p in mine if (back := scene.peering.other_end(p)) is not None}
    return Fix(
        device=peer.device,
        edits=(Edit("", do, undo),),
        summary=f"{peer.device} is AS {wanted} again, not {peer.own_asn}.",
        checks=tuple(checks.established(address) for address in sessions if address in expected),
        configured=(checks.line("", new),),
        far=far.device,
    )


def _expected(scene: Scene, peer: Peer) -> int | None:
    """The AS number that most neighbours say the device has."""
    said = Counter(
        p.remote_as for p in scene.peering.all if p.remote_as and scene.peering.far_device(p) == peer.device
    ).most_common(2)
    if not said or (len(said) > 1 and said[0][1] == said[1][1]):
        return None
    return said[0][0]


def route(scene: Scene, cause: RootCause) -> list[Answer]:
    """The prefixes that the device lacks, originated."""
    device = resources.device_of(cause.resource)
    sight = scene.facts.sights[device]
    header = process_header(sight)
    prefixes = [lack.prefix for lack in scene.lacking if lack.device == device and lack.certain]
    if not prefixes or not header:
        return []
    edits = [_originating(sight, header, prefix) for prefix in prefixes]
    proof = tuple(checks.originated(prefix) for prefix in prefixes)
    summary = f"{device} originates {', '.join(prefixes)}."
    return [Fix(device=device, edits=tuple(edits), summary=summary, checks=proof, configured=proof)]


def _originating(sight: Sight, header: str, prefix: str) -> Edit:
    version = "ipv6" if ":" in prefix else "ipv4"
    section = family_section(sight, header, version, needed=version == "ipv6")
    line = network_line(sight.device.platform, prefix)
    return Edit(section, (line,), (f"no {line}",))


def created(scene: Scene, sight: Sight, intent: IntendedBgp) -> Fix:
    """A whole process from its intent, where the device has none."""
    header = f"router bgp {intent.asn}"
    lines = [f"bgp router-id {intent.router_id}"] if intent.router_id else []
    lines += _habit(scene, sight)
    lines += [f"neighbor {n.address} remote-as {n.remote_asn}" for n in intent.neighbors]
    networks = [_originating(sight, header, prefix) for prefix in intent.networks]
    inside = [x for edit in networks for x in (*edit.section.split(JOINT)[1:], *edit.do)]
    tail = [*dict.fromkeys(inside), *(["exit-address-family"] if any(JOINT in e.section for e in networks) else [])]
    return Fix(
        device=sight.name,
        edits=(Edit("", (header, *lines, *tail), (f"no {header}",)),),
        summary=f"{sight.name} gets the BGP process that its intent lists.",
        checks=tuple(checks.established(n.address) for n in intent.neighbors),
        configured=(checks.line("", header),),
    )


def _habit(scene: Scene, sight: Sight) -> list[str]:
    """FRR demands policies on eBGP unless told otherwise (RFC 8212); what every other process here says is kept."""
    line = "no bgp ebgp-requires-policy"
    others = [s for s in scene.facts.reachable if s is not sight and process_header(s)]
    told = [any(x.text == line for x in process_lines(s)) for s in others]
    return [line] if sight.device.platform == "frr" and told and all(told) else []
