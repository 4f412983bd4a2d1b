"""What the two ends of a session must agree on: shutdown, password, TTL, prefix limit, address families."""

import re
from collections.abc import Iterable

from nocmesh.diagnosis.peer import Peer
from nocmesh.diagnosis.peering import Session
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh_agents.bgp.blame import MOVED, moved_alone, odd_one
from nocmesh_agents.judgement.causes import at_node

_PREFIX_LIMIT = re.compile(
    r"max(?:imum)?[ -]*(?:number of )?[ -]*prefix|prefix.{0,20}(?:limit|overflow|exceed)", re.IGNORECASE
)
"""RFC 4486: Cease, subcode 1, Maximum Number of Prefixes Reached; and what devices call it."""
_IPV4 = "ipv4-unicast"


def shut_neighbors(scene: Scene) -> Iterable[RootCause]:
    """`bgp_neighbor_shutdown`: shut down by configuration, and nobody's intent leaves the session out."""
    for session in scene.down:
        for peer in (session.near, session.far):
            if peer is not None and peer.shut and scene.wanted(peer) is not False:
                summary = f"{peer.device} has its BGP neighbour {peer.address} shut down by configuration."
                quotes = (peer.device, *peer.quotes("shutdown"))
                yield at_node(scene, "bgp_neighbor_shutdown", peer.device, summary, 0.98, quotes)


def unshared_passwords(scene: Scene) -> Iterable[RootCause]:
    """`bgp_auth_mismatch` (RFC 2385): one end has a password and the other none, or the two are not the same."""
    for session in scene.down:
        near, far = session.near, session.far
        if far is None or near.password == far.password:
            continue
        if bool(near.password) != bool(far.password):
            odd, sure = odd_one(scene.peering, near, far, lambda peer: bool(peer.password))
            yield _auth(scene, session, odd, sure)
        elif _comparable(near, far):
            odd, sure = _changed(scene, near, far)
            yield _auth(scene, session, odd, max(sure, 0.5))


def different_passwords(scene: Scene) -> Iterable[RootCause]:
    """`bgp_auth_mismatch` where both ends have a password that we cannot compare, and nothing else is wrong."""
    for session in scene.addressed:
        near, far = session.near, session.far
        if far is not None and near.password and far.password and not _comparable(near, far) and scene.carried(session):
            odd, sure = _changed(scene, near, far)
            yield _auth(scene, session, odd, sure)


_MASK = re.compile(r"<redacted:\w+>")
"""A mask stands for its secret: bridges of one mesh give the same secret the same mask."""


def _comparable(near: Peer, far: Peer) -> bool:
    """Both passwords stand in the clear behind their masks; `password 7 …` is a cipher, of which there are many."""
    return bool(_MASK.fullmatch(near.password) and _MASK.fullmatch(far.password))


def _changed(scene: Scene, near: Peer, far: Peer) -> tuple[Peer, float]:
    """The end that moved; else whose mask nobody else has, whose other passworded sessions fail more; else a guess."""
    culprit = moved_alone(scene.peering, near, far, lambda peer: peer.password)
    if culprit is not None:
        return culprit, MOVED
    rest = [p for p in scene.peering.all if p not in (near, far) and p.password]
    if _comparable(near, far):
        common = [[p.password for p in rest].count(end.password) for end in (near, far)]
        if common[0] != common[1]:
            return (near if common[0] < common[1] else far), 0.9
    failing = [sum(1 for p in rest if p.device == end.device and not p.established) for end in (near, far)]
    if failing[0] != failing[1]:
        return (near if failing[0] > failing[1] else far), 0.7
    return near, 0.3


def _auth(scene: Scene, session: Session, odd: Peer, sure: float) -> RootCause:
    ends = [end for end in (session.near, session.far) if end is not None]
    said = " and ".join(f"{end.device} has {'a' if end.password else 'no'} password" for end in ends)
    summary = f"Between {ends[0].device} and {ends[-1].device}: {said}; the odd one is {odd.device}."
    quotes = [(end.device, *(end.quotes("password") if end.password else end.quotes("remote-as"))) for end in ends]
    return at_node(scene, "bgp_auth_mismatch", odd.device, summary, sure, *quotes)


def wrong_ttls(scene: Scene) -> Iterable[RootCause]:
    """`bgp_ttl_misconfig`: packets do not live long enough, or TTL security (RFC 5082) refuses them."""
    for peer, far, sure in unfit_ttls(scene):
        words = f"allows {_hops(peer)} hop(s) to a neighbour that is not connected"
        if bool(peer.ttl_security) != bool(far.ttl_security):
            alone = "asks for TTL security alone"
            words = alone if peer.ttl_security else "lacks the TTL security that its neighbour asks for"
        yield _ttl(scene, peer, far, words, sure)


def unfit_ttls(scene: Scene) -> Iterable[tuple[Peer, Peer, float]]:
    """(the end whose hops are wrong, the other end, how sure that is)."""
    for session in scene.addressed:
        short = [(peer, far, 0.95) for peer, far in session.ends if _too_short(scene, peer)]
        yield from short
        one, other = session.near, session.far
        if other is not None and not short and bool(one.ttl_security) != bool(other.ttl_security):
            odd, sure = odd_one(scene.peering, one, other, lambda peer: bool(peer.ttl_security))
            yield odd, (other if odd is one else one), sure


def _too_short(scene: Scene, peer: Peer) -> bool:
    """An external neighbour that is not directly connected needs at least two hops (RFC 4271 leaves eBGP at TTL 1)."""
    if (
        _internal(scene, peer)
        or scene.facts.same_subnet(peer.device, peer.address)
        or not scene.facts.addresses(peer.device)
    ):
        return False
    return _hops(peer) < 2 and peer.line("disable-connected-check") is None and _is_far_loopback(scene, peer)


def _internal(scene: Scene, peer: Peer) -> bool:
    """One AS at both ends, as either end says or has it: a wrong AS number makes a session external by accident."""
    back = scene.peering.other_end(peer)
    ends = [(peer.remote_as, peer.own_asn)]
    ends += [(back.remote_as, back.own_asn), (back.presented_asn, peer.own_asn)] if back is not None else []
    return any(said is not None and said == own for said, own in ends)


def _is_far_loopback(scene: Scene, peer: Peer) -> bool:
    """Both ends speak between addresses that no subnet joins: else the address is wrong, not the TTL."""
    back = scene.peering.other_end(peer)
    return back is not None and not scene.facts.same_subnet(back.device, back.address)


def _hops(peer: Peer) -> int:
    return peer.ttl_security or peer.multihop or 1


def _ttl(scene: Scene, peer: Peer, far: Peer, words: str, sure: float) -> RootCause:
    summary = f"{peer.device} {words} at {peer.address}; {far.device} has {_hops(far)} hop(s)."
    quotes = [(p.device, *p.quotes("ttl-security", "ebgp-multihop", "remote-as")[:3]) for p in (peer, far)]
    return at_node(scene, "bgp_ttl_misconfig", peer.device, summary, sure, *quotes)


def missing_families(scene: Scene) -> Iterable[RootCause]:
    """`bgp_address_family_missing`: one end has not activated a family that the other end has."""
    for near, far, lacks in lacking_families(scene):
        summary = f"{near.device} has not activated {', '.join(lacks)} for {near.address}; {far.device} has."
        texts = [line.text for line in near.lines]
        off = next((text for text in texts if text.startswith("no ") and text.endswith(" activate")), None)
        plain = "no bgp default ipv4-unicast" if "no bgp default ipv4-unicast" in near.bare else None
        quotes = [
            (near.device, off, plain, *near.quotes("remote-as")),
            (far.device, *far.quotes("activate", "remote-as")[:2]),
        ]
        yield at_node(scene, "bgp_address_family_missing", near.device, summary, 0.95, *quotes)


def lacking_families(scene: Scene) -> Iterable[tuple[Peer, Peer, list[str]]]:
    """(the end that lacks families, the other end, which ones)."""
    for session in scene.peering.sessions:
        for near, far in [] if scene.explained(session) else session.ends:
            have = near.families if near.families is not None else _unknown(near, far)
            lacks = (far.families or frozenset()) - have
            if lacks:
                yield near, far, sorted(lacks)


def _unknown(near: Peer, far: Peer) -> frozenset[str]:
    """An end that does not tell its families while its session is up has what the other end has."""
    told_nothing = near.established or not near.session.quotes
    return (far.families or frozenset()) if told_nothing else frozenset()


def exceeded_limits(scene: Scene) -> Iterable[RootCause]:
    """`bgp_max_prefix_exceeded`: the end that has a limit closed the session for it."""
    for near, far in stopped(scene):
        most = f"{near.device} accepts {near.maximum_prefix} prefixes from {near.address}"
        summary = f"{most}, and {far.device} sends more."
        quotes = [(near.device, *near.quotes("maximum-prefix")), (far.device, *far.session.quotes[:2])]
        yield at_node(scene, "bgp_max_prefix_exceeded", near.device, summary, 0.95, *quotes)


def stopped(scene: Scene) -> Iterable[tuple[Peer, Peer]]:
    """(the end that closed the session at its limit, the other end)."""
    ends = [pair for session in scene.down for pair in session.ends]
    return [(near, far) for near, far in ends if near.maximum_prefix is not None and _exceeded(near, far)]


def _exceeded(near: Peer, far: Peer) -> bool:
    """Both ends name the limit afterwards; whoever was told of it, by a notification, is not the one that has it."""
    if "received" in near.session.last_reset_reason.lower():
        return False
    if _PREFIX_LIMIT.search(near.said) or _PREFIX_LIMIT.search(far.said):
        return True
    quotes = " ".join(quote.text for quote in near.session.quotes)
    return "prefixesConfigExceedMax" in quotes
