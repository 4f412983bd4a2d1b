"""Fixes for neighbours that are not there, or not where the device looks for them."""

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.find import address_of
from nocmesh.diagnosis.peer import Peer, peers_of, process_header, subject_of
from nocmesh.diagnosis.signs import Scene, absent
from nocmesh.messages.report import RootCause
from nocmesh_agents.bgp.identity import lacking_neighbors, strays
from nocmesh_agents.bgp.sources import unexpected
from nocmesh_agents.remediation import checks
from nocmesh_agents.remediation.edits import Edit, Fix, Refusal, secret_in
from nocmesh_agents.remediation.process import created
from nocmesh_agents.remediation.templates import family_section

Answer = Fix | Refusal


def moved(scene: Scene, cause: RootCause) -> list[Answer]:
    """The entry with all of its settings, at the address where the neighbour is."""
    device = resources.device_of(cause.resource)
    found = [(peer, meant, _awaiting(scene, peer, meant)) for peer, meant in strays(scene) if peer.device == device]
    if not found:
        found = [(far, near.device, near) for near, far, odd in unexpected(scene) if odd is far]
        found = [(far, meant, near) for far, meant, near in found if far.device == device]
    return [_moved(scene, peer, meant, back) for peer, meant, back in found]


def _awaiting(scene: Scene, peer: Peer, meant: str) -> Peer | None:
    """The entry by which ``meant`` waits for the peer's device."""
    back = [p for p in scene.peering.peers.get(meant, []) if scene.peering.far_device(p) == peer.device]
    down = [p for p in back if not p.established]
    return next((p for p in down if scene.peering.other_end(p) is None), down[0] if down else None)


def _moved(scene: Scene, peer: Peer, meant: str, back: Peer | None) -> Answer:
    address = _right_address(scene, peer, meant, back)
    own = [line for line in peer.lines if address_of(subject_of(line.text)) == address_of(peer.address)]
    secret = secret_in([line.text for line in own]) or (back is not None and back.password)
    if not address or secret:
        why = "it has a password that we do not know" if secret else f"nothing says at which address {meant} is"
        return Refusal(
            f"{peer.device}: its neighbour {peer.address} must move to {meant}, but {why}; a person must do it."
        )
    edits = [Edit(peer.header, (f"no neighbor {peer.address}",), ())]
    for line in own:
        new = line.text.replace(f"neighbor {subject_of(line.text)} ", f"neighbor {address} ", 1)
        edits.append(Edit(line.section, (new,), (line.text,)))
    like = tuple(line for line in _like(scene, peer.device, f"neighbor {address}", back) if not _settled(peer, line))
    edits += [Edit(peer.header, like, ())] if like else []
    return Fix(
        device=peer.device,
        edits=_replacing(peer, address, edits),
        summary=f"{peer.device} speaks to {meant} at {address}, not at {peer.address}.",
        checks=(checks.established(address),),
        configured=(checks.line(peer.header, f"neighbor {address} remote-as {peer.remote_as}"),),
        far=meant,
    )


_HOPS = ("ttl-security", "ebgp-multihop")
"""Of these FRR takes one only."""


def _settled(peer: Peer, line: str) -> bool:
    """The entry has its own word on what ``line`` sets."""
    name = line.split()[2]
    return any(peer.line(word) is not None for word in (_HOPS if name in _HOPS else (name,)))


def _replacing(peer: Peer, address: str, edits: list[Edit]) -> tuple[Edit, ...]:
    """Undone in the order in which the lines stood: the new entry goes, then the old one comes line by line."""
    forward = [Edit(edit.section, edit.do, ()) for edit in edits]
    back = [Edit(edit.section, (), edit.undo) for edit in reversed(edits) if edit.undo]
    gone = Edit(peer.header, (), (f"no neighbor {address}",))
    return (*forward, *back, gone)


def _right_address(scene: Scene, peer: Peer, meant: str, back: Peer | None) -> str:
    """By the device's intent, else the address that the far end speaks from."""
    listed = [address for sight, address in absent(scene) if sight.name == peer.device]
    mine = [address for address in listed if scene.facts.owner(address) == meant]
    if mine or (address_of(meant) is not None and meant in listed):
        return mine[0] if mine else meant
    sources = scene.peering.sources(back) if back is not None else []
    return str(sources[0]) if sources else ""


def added(scene: Scene, cause: RootCause) -> list[Answer]:
    """The neighbours that intent lists, or that wait for the device, configured as their far ends are."""
    device = resources.device_of(cause.resource)
    sight = scene.facts.sights[device]
    header = process_header(sight)
    intent = sight.intent.bgp
    if not header:
        missing = f"{device} has no BGP process and no intent for one; a person must say what belongs there."
        return [created(scene, sight, intent)] if intent else [Refusal(missing)]
    listed = {n.address: n.remote_asn for n in intent.neighbors} if intent else {}
    wanted = [(address, far) for name, address, far in lacking_neighbors(scene) if name == device]
    known = [(address, listed.get(address) or (far.presented_asn if far else None), far) for address, far in wanted]
    return [_added(scene, device, header, *row) for row in known if row[1] and address_of(row[0])]


def _added(scene: Scene, device: str, header: str, address: str, asn: int | None, far: Peer | None) -> Answer:
    if far is not None and far.password:
        return Refusal(
            f"{device}: {far.device} asks {device} for a password that we do not know; a person must set it."
        )
    name = f"neighbor {address}"
    lines = [f"{name} remote-as {asn}", *_like(scene, device, name, far)]
    edits = [Edit(header, tuple(lines), (f"no {name}",))]
    sight = scene.facts.sights[device]
    bare = [bare for peer in peers_of(sight) for bare in peer.bare]
    quiet = "no bgp default ipv4-unicast" in bare or any(
        x.text == "no bgp default ipv4-unicast" for x in sight.config or []
    )
    if quiet or ":" in address:
        section = family_section(sight, header, "ipv6" if ":" in address else "ipv4")
        edits.append(Edit(section, (f"{name} activate",), ()))
    return Fix(
        device=device,
        edits=tuple(edits),
        summary=f"{device} gets its neighbour {address} in AS {asn}.",
        checks=(checks.established(address),),
        configured=(checks.line(header, lines[0]),),
        far=scene.facts.owner(address),
    )


def _like(scene: Scene, device: str, name: str, far: Peer | None) -> list[str]:
    """What the far end's settings ask of this end: its source, its hops."""
    if far is None:
        return []
    lines = []
    if not scene.facts.same_subnet(device, name.split()[1]):
        expected = address_of(far.address)
        interface = next((i for i, ip, _ in scene.facts.addresses(device) if ip == expected), "")
        lines += [f"{name} update-source {interface}"] if interface else []
    if far.ttl_security:
        lines.append(f"{name} ttl-security hops {far.ttl_security}")
    elif far.multihop:
        lines.append(f"{name} ebgp-multihop {far.multihop}")
    return lines
