"""From which address an end speaks, and at which the other expects it."""

from collections.abc import Iterable

from nocmesh.diagnosis.find import address_of
from nocmesh.diagnosis.peer import Peer
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh_agents.bgp.blame import moved
from nocmesh_agents.judgement.causes import at_node


def wrong_sources(scene: Scene) -> Iterable[RootCause]:
    """`bgp_update_source_misconfig`, or `bgp_peer_address_misconfig` where the expectation is the odd thing."""
    for near, far, odd in unexpected(scene):
        yield _far_wrong(scene, near, far) if odd is far else _near_wrong(scene, near, far)


def unexpected(scene: Scene) -> Iterable[tuple[Peer, Peer, Peer]]:
    """(an end, the other end that expects it elsewhere than it speaks from, which of the two moved)."""
    for session in scene.addressed:
        for near, far in session.ends:
            if _unexpected(scene, near, far):
                yield near, far, far if _far_is_odd(scene, near, far) else near


def _unexpected(scene: Scene, near: Peer, far: Peer) -> bool:
    """``far`` expects ``near`` at an address that ``near`` does not speak from."""
    expected = address_of(far.address)
    sources = scene.peering.sources(near)
    if near.update_source and not sources:
        return True
    if not sources and not near.update_source:
        return not scene.facts.same_subnet(far.device, far.address) and _is_own(scene, near, far.address)
    return expected is not None and expected not in sources


def _far_wrong(scene: Scene, near: Peer, far: Peer) -> RootCause:
    summary = f"{far.device} speaks to {far.address} of {near.device}, which speaks from {_from(scene, near)}."
    quotes = [(far.device, *far.quotes("remote-as")), (near.device, *near.quotes("update-source", "remote-as"))]
    return at_node(scene, "bgp_peer_address_misconfig", far.device, summary, 0.9, *quotes)


def _near_wrong(scene: Scene, near: Peer, far: Peer) -> RootCause:
    summary = f"{near.device} speaks to {near.address} from {_from(scene, near)}; {far.device} expects {far.address}."
    quotes = [(near.device, *near.quotes("update-source", "remote-as")), (far.device, *far.quotes("remote-as"))]
    return at_node(scene, "bgp_update_source_misconfig", near.device, summary, 0.93, *quotes)


def _far_is_odd(scene: Scene, near: Peer, far: Peer) -> bool:
    """The far end's idea of the near address is what moved: by the baseline, intent, or how both ends go about it."""
    if moved(scene.peering, (near,), lambda peer: peer.update_source):
        return False
    wanted = scene.wanted(far)
    if wanted is not None:
        return not wanted
    joined = bool(scene.facts.same_subnet(far.device, far.address))
    if near.update_source:
        return not joined and bool(scene.facts.same_subnet(near.device, near.address)) and _fits(scene, near)
    return not joined and bool(scene.facts.same_subnet(near.device, near.address))


def _fits(scene: Scene, near: Peer) -> bool:
    """The near end's source lies in the neighbour's subnet, as it does where two neighbours are connected."""
    joined = scene.facts.same_subnet(near.device, near.address)
    return any(source in joined for source in scene.peering.sources(near))


def _is_own(scene: Scene, peer: Peer, address: str) -> bool:
    return any(str(ip) == str(address_of(address)) for _, ip, _ in scene.facts.addresses(peer.device))


def _from(scene: Scene, peer: Peer) -> str:
    sources = ", ".join(str(source) for source in scene.peering.sources(peer))
    chosen = f"{peer.update_source} ({sources})" if peer.update_source and sources else peer.update_source or sources
    return chosen or "whatever its routing table chooses"
