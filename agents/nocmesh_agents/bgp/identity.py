"""Who speaks to whom: AS numbers, neighbours' addresses, neighbours that are not there."""

from collections.abc import Iterable

from nocmesh.diagnosis.find import address_of
from nocmesh.diagnosis.peer import Peer, process_header
from nocmesh.diagnosis.peering import Session
from nocmesh.diagnosis.signs import Scene, absent
from nocmesh.messages.report import RootCause
from nocmesh_agents.bgp.blame import wrong_about_asn
from nocmesh_agents.judgement.causes import at_node


def wrong_asns(scene: Scene) -> Iterable[RootCause]:
    """`bgp_asn_misconfig`: an end states another AS number than the far end has (RFC 4271 §6.2, Bad Peer AS)."""
    for session in scene.down:
        for near, far in session.ends:
            if near.remote_as is None or far.presented_asn is None or near.remote_as == far.presented_asn:
                continue
            for guilty, confidence in wrong_about_asn(scene, near, far):
                yield _wrong_asn(scene, near, far, guilty, confidence)


def _wrong_asn(scene: Scene, near: Peer, far: Peer, guilty: Peer, confidence: float) -> RootCause:
    theirs = f"{near.device} says that {near.address} is AS {near.remote_as}"
    blame = "its neighbours expect otherwise" if guilty is far else f"{near.device} is wrong"
    summary = f"{theirs}; {far.device} is AS {far.presented_asn}: {blame}."
    quotes = [(near.device, *near.quotes("remote-as")), (far.device, far.header, *far.session.quotes[:1])]
    return at_node(scene, "bgp_asn_misconfig", guilty.device, summary, confidence, *quotes)


def strays(scene: Scene) -> list[tuple[Peer, str]]:
    """Entries that point to an address where the neighbour is not, each with the device that they are meant for.

    That device waits for the entry's own, or intent lists it; nobody is meant by two entries.
    """
    loose = [s.near for s in scene.peering.sessions if _loose(scene, s)]
    pairs = [(near, other) for near in loose for other in _waits_for(scene, near)]
    meant: dict[tuple[str, str], str] = {}
    taken: set[tuple[str, str]] = set()
    for near, other in sorted(pairs, key=lambda pair: _distance(scene, *pair)):
        if (near.device, near.address) not in meant and (other.device, other.address) not in taken:
            meant[near.device, near.address] = other.device
            taken.add((other.device, other.address))
    for near in loose:
        if (near.device, near.address) not in meant and scene.wanted(near) is False:
            known = {to for (device, _), to in meant.items() if device == near.device}
            meant[near.device, near.address] = _intended(scene, near, known)
    return [(near, to) for near in loose if (to := meant.get((near.device, near.address)))]


def _loose(scene: Scene, session: Session) -> bool:
    """Nobody answers the entry, intent does not list it, and it does not fit the device at its address either."""
    if session.up or session.far is not None or scene.wanted(session.near) is True:
        return False
    return not (session.far_device and _plausible(scene, session))


def _waits_for(scene: Scene, near: Peer) -> list[Peer]:
    """The entries that wait for the stray's device, and that the stray may have been meant for."""
    waiting = [s.near for s in scene.down if s.far is None and s.far_device == near.device]
    unwanted = scene.wanted(near) is False
    return [other for other in waiting if unwanted or near.remote_as in (None, other.presented_asn)]


def _distance(scene: Scene, near: Peer, other: Peer) -> tuple[bool, bool, bool, int]:
    """How far the stray is from being the answer to ``other``: subnet, AS number, description, slip of the finger."""
    wrong, right = address_of(near.address), scene.peering.sources(other)
    slips = [abs(int(wrong) - int(ip)) for ip in right if wrong is not None and ip.version == wrong.version]
    described = near.line("description")
    words = described.text.split()[3:] if described else near.session.description.split()
    return (
        not _alike(scene, near, other),
        near.remote_as not in (None, other.presented_asn),
        other.device not in words,
        min(slips, default=2**128),
    )


def _intended(scene: Scene, near: Peer, known: set[str]) -> str:
    """Whom intent lists and the device has no entry for: of its AS number, where there are several."""
    intent = scene.facts.sights[near.device].intent.bgp
    asn = {n.address: n.remote_asn for n in intent.neighbors} if intent else {}
    missing = [address for sight, address in absent(scene) if sight.name == near.device]
    left = [address for address in missing if (scene.facts.owner(address) or address) not in known]
    best = next((address for address in left if asn.get(address) == near.remote_as), left[0] if left else "")
    return scene.facts.owner(best) or best if best else ""


def _plausible(scene: Scene, session: Session) -> bool:
    """The entry fits the device whose address it is, so that the far end may be the one that lacks an entry."""
    if scene.wanted(session.near) is False or session.far_device not in scene.peering.peers:
        return False
    sight = scene.facts.sights[session.far_device]
    header = process_header(sight)
    asn = sight.bgp.asn if sight.bgp and sight.bgp.asn else None
    connected = bool(scene.facts.same_subnet(session.near.device, session.near.address))
    return (connected or bool(session.near.update_source)) and (not header or session.near.remote_as in (None, asn))


def _alike(scene: Scene, near: Peer, other: Peer) -> bool:
    """The stray address lies in the subnet that leads to ``other``."""
    return any(str(a) == other.address for a in scene.facts.same_subnet(near.device, near.address))


def wrong_addresses(scene: Scene) -> Iterable[RootCause]:
    """`bgp_peer_address_misconfig`: an entry points to an address that is not its neighbour's."""
    for peer, meant in strays(scene):
        whose = scene.facts.owner(peer.address)
        at = f"an address of {whose}" if whose else "no device's address"
        summary = f"{peer.device} speaks to {peer.address}, {at}; its neighbour {meant} is elsewhere."
        back = [p for p in scene.peering.peers.get(meant, []) if scene.peering.far_device(p) == peer.device]
        quotes = [(p.device, *p.quotes("remote-as")[:1]) for p in back]
        yield at_node(
            scene,
            "bgp_peer_address_misconfig",
            peer.device,
            summary,
            0.95,
            (peer.device, *peer.quotes("remote-as")),
            *quotes,
        )


def missing_neighbors(scene: Scene) -> Iterable[RootCause]:
    """`bgp_neighbor_missing`: intent lists a neighbour, or the far end waits for the device, and it has no entry."""
    for device, address, waiting in lacking_neighbors(scene):
        yield _missing(scene, device, address, waiting)


def lacking_neighbors(scene: Scene) -> Iterable[tuple[str, str, Peer | None]]:
    """(device, the address it has no neighbour at, the far end that waits for it); not where an entry went astray."""
    misdirected = {(peer.device, to) for peer, to in strays(scene)}
    for device, address, waiting in _lacks(scene):
        meant = waiting.device if waiting else scene.facts.owner(address) or address
        if (device, meant) not in misdirected and not _answered(scene, device, meant):
            yield device, address, waiting


def _lacks(scene: Scene) -> Iterable[tuple[str, str, Peer | None]]:
    """(device, neighbour's address, the far end that waits for it)."""
    told = set()
    pointing = {(peer.device, peer.address) for peer, _ in strays(scene)}
    for sight, address in absent(scene):
        far = scene.facts.owner(address)
        if scene.peering.peers.get(far) is not None or sight.name in scene.peering.peers:
            told.add((sight.name, far))
            yield sight.name, address, _waiting(scene, far, sight.name, address)
    for session in scene.addressed:
        near, device = session.near, session.far_device
        there = scene.facts.sight(device)
        if session.far or (near.device, near.address) in pointing or there is None or not there.understood("bgp"):
            continue
        if device in scene.peering.peers and (device, near.device) not in told and not _listens(scene, device):
            sources = scene.peering.sources(near)
            yield device, str(sources[0]) if sources else near.device, near


def _waiting(scene: Scene, far: str, device: str, address: str) -> Peer | None:
    back = [s.near for s in scene.peering.sessions if s.far is None and s.near.device == far and s.far_device == device]
    there = [peer for peer in back if address_of(address) in scene.peering.sources(peer)]
    return next(iter(there or back), None)


def _answered(scene: Scene, device: str, meant: str) -> bool:
    """The two speak already, at another address: that is somebody else's rule."""
    pairs = [{s.near.device, s.far.device} for s in scene.peering.sessions if s.far and not s.up]
    return {device, meant} in pairs and not _several(scene, device, meant)


def _several(scene: Scene, a: str, b: str) -> bool:
    return sum(1 for _, _, far in scene.facts.network.neighbours(a) if far.device == b) > 1


def _listens(scene: Scene, device: str) -> bool:
    """The device takes neighbours that it has no entry for."""
    sight = scene.facts.sights[device]
    return any(line.text.startswith("bgp listen range") for line in sight.config or [])


def _missing(scene: Scene, device: str, address: str, waiting: Peer | None) -> RootCause:
    who = f"{waiting.device} waits for it" if waiting else "its intent lists it"
    summary = f"{device} has no BGP neighbour {address}; {who}."
    sight = scene.facts.sights[device]
    bgp = sight.bgp.quote if sight.bgp else None
    own = (device, process_header(sight) or _hostname(scene, device), bgp)
    quotes = [own, (waiting.device, *waiting.quotes("remote-as"))] if waiting else [own]
    return at_node(scene, "bgp_neighbor_missing", device, summary, 0.96, *quotes)


def _hostname(scene: Scene, device: str) -> str:
    """Something of the configuration that was searched, where it has no BGP at all to quote."""
    config = scene.facts.sights[device].config or []
    return next((line.text for line in config if line.text.startswith("hostname ")), config[0].text if config else "")
