"""Blame: when two ends differ, which of them moved? The baseline says, else intent, else how everybody else does it."""

from collections.abc import Callable, Iterable

from nocmesh.diagnosis.peer import Peer
from nocmesh.diagnosis.peering import Peering
from nocmesh.diagnosis.signs import Scene

Trait = Callable[[Peer], bool]
MOVED = 0.98


def moved(peering: Peering, ends: Iterable[Peer], setting: Callable[[Peer], object]) -> list[Peer]:
    """Those of ``ends`` whose ``setting`` is another than when all was well; none where nobody knows."""
    pairs = ((end, peering.before(end)) for end in ends)
    return [end for end, past in pairs if past is not None and setting(past) != setting(end)]


def moved_alone(peering: Peering, one: Peer, other: Peer, setting: Callable[[Peer], object]) -> Peer | None:
    """The one of the two ends that moved, where the other did not; None: nobody knows, or both did."""
    found = moved(peering, (one, other), setting)
    return found[0] if len(found) == 1 else None


def odd_one(peering: Peering, one: Peer, other: Peer, trait: Trait) -> tuple[Peer, float]:
    """Which of two ends, of which one alone has ``trait``, is the odd one; and how sure that is.

    The two devices' other sessions say what is usual there; where they disagree or have none, everybody's do. Sessions
    that are up are asked first: one that is down may suffer from the same mistake. When nobody says anything, the end
    that has the trait: something was added.
    """
    culprit = moved_alone(peering, one, other, trait)
    if culprit is not None:
        return culprit, MOVED
    holder, lacker = (one, other) if trait(one) else (other, one)
    ends = {(one.device, one.address), (other.device, other.address)}
    rest = [peer for peer in peering.all if (peer.device, peer.address) not in ends]
    near = [peer for peer in rest if peer.device in (one.device, other.device)]
    working = [[peer for peer in peers if peer.established] for peers in (near, rest)]
    for peers in (*working, near, rest):
        usual = _usual(peers, trait)
        if usual is not None:
            return (lacker, 0.9) if usual else (holder, 0.9)
    return holder, 0.7


def _usual(peers: Iterable[Peer], trait: Trait) -> bool | None:
    votes = [trait(peer) for peer in peers]
    ayes = sum(votes)
    return None if ayes * 2 == len(votes) else ayes * 2 > len(votes)


def wrong_about_asn(scene: Scene, near: Peer, far: Peer) -> list[tuple[Peer, float]]:
    """Who is wrong when ``near`` says another AS number of ``far`` than ``far`` has: one of them, or both."""
    known = moved(scene.peering, (near,), _said) + moved(scene.peering, (far,), _shown)
    if known:
        return [(end, MOVED) for end in known]
    wanted = intended_asn(scene, far)
    if wanted is not None:
        wrong = [(far, 0.98)] if far.presented_asn != wanted else []
        return wrong + ([(near, 0.98)] if near.remote_as != wanted else [])
    others = [p.remote_as for p in scene.peering.all if _about_too(scene, p, near, far)]
    said = [asn for asn in others if asn is not None]
    if said and far.presented_asn not in said:
        return [(far, 0.9)]
    return [(near, 0.9 if said else 0.6)]


def _said(peer: Peer) -> object:
    return peer.remote_as


def _shown(peer: Peer) -> object:
    return peer.presented_asn


def _about_too(scene: Scene, peer: Peer, near: Peer, far: Peer) -> bool:
    same = (peer.device, peer.address) == (near.device, near.address)
    return not same and scene.peering.far_device(peer) == far.device


def intended_asn(scene: Scene, peer: Peer) -> int | None:
    """The AS number that the peer's device should have: by its own intent, or by its neighbours'."""
    sight = scene.facts.sight(peer.device)
    if sight is not None and sight.intent.bgp is not None:
        return sight.intent.bgp.asn
    said = {
        neighbor.remote_asn
        for device in scene.facts.network.devices
        for neighbor in (device.intent.bgp.neighbors if device.intent.bgp else [])
        if scene.facts.owner(neighbor.address) == peer.device
    }
    return said.pop() if len(said) == 1 else None
