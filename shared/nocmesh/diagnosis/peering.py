"""BGP sessions as both of their ends tell them, and who is at the other end."""

from dataclasses import dataclass
from functools import cached_property

from nocmesh.diagnosis.facts import Facts, Sight
from nocmesh.diagnosis.find import Address, address_of
from nocmesh.diagnosis.peer import Peer, peers_before, peers_of


@dataclass(frozen=True)
class Session:
    """An adjacency with both of its ends; ``far`` is None where the other end has no entry, or nobody looked."""

    near: Peer
    far: Peer | None
    far_device: str
    """Whose address the near end speaks to; empty: nobody's that we know."""

    @property
    def up(self) -> bool:
        """Established, as one end at least says."""
        return self.near.established or bool(self.far and self.far.established)

    @property
    def ends(self) -> list[tuple[Peer, Peer]]:
        """Both views of a session that both ends have: (this one, the other one)."""
        return [(self.near, self.far), (self.far, self.near)] if self.far else []


@dataclass(frozen=True)
class Peering:
    """Every BGP session of the devices that were seen."""

    facts: Facts
    peers: dict[str, list[Peer]]

    @classmethod
    def of(cls, facts: Facts) -> "Peering":
        """The sessions that the devices of ``facts`` tell of."""
        return cls(facts, {sight.name: list(peers_of(sight)) for sight in facts.reachable if _looked(sight)})

    @cached_property
    def sessions(self) -> list[Session]:
        """Each adjacency once; in the order of devices and addresses."""
        found, done = [], set()
        for peer in self.all:
            if (peer.device, peer.address) in done:
                continue
            far = self.other_end(peer)
            done |= {(peer.device, peer.address)} | ({(far.device, far.address)} if far else set())
            found.append(Session(peer, far, far.device if far else self.far_device(peer)))
        return found

    @property
    def all(self) -> list[Peer]:
        """Every end."""
        return [peer for peers in self.peers.values() for peer in peers]

    def before(self, peer: Peer) -> Peer | None:
        """The same entry as it was when all was well; None: it was not there, or nobody knows."""
        return self._past.get((peer.device, peer.address))

    @cached_property
    def _past(self) -> dict[tuple[str, str], Peer]:
        past = (peer for sight in self.facts.reachable for peer in peers_before(sight))
        return {(peer.device, peer.address): peer for peer in past}

    def far_device(self, peer: Peer) -> str:
        """Whose address the peer speaks to."""
        owner = self.facts.owner(peer.address)
        return "" if owner == peer.device else owner

    def sources(self, peer: Peer) -> list[Address]:
        """The addresses that ``peer`` speaks from; none: its routing table decides, and we do not know."""
        if not peer.update_source:
            return self.facts.same_subnet(peer.device, peer.address)
        literal = address_of(peer.update_source)
        if literal is not None:
            return [literal]
        version = 6 if ":" in peer.address else 4
        rows = self.facts.addresses(peer.device)
        return [ip for name, ip, _ in rows if name == peer.update_source and ip.version == version]

    def other_end(self, peer: Peer) -> Peer | None:
        """The entry by which the far device answers ``peer``: the very address, or else the only one left over."""
        far = self.far_device(peer)
        back = [p for p in self.peers.get(far, []) if self.far_device(p) == peer.device]
        exact = [p for p in back if self._fits(peer, p)]
        if exact:
            return exact[0]
        mine = [p for p in self.peers.get(peer.device, []) if self.far_device(p) == far]
        left = [p for p in back if not any(self._fits(m, p) for m in mine)]
        waiting = [m for m in mine if not any(self._fits(m, p) for p in back)]
        place = waiting.index(peer) if peer in waiting else len(left)
        return left[place] if place < len(left) else None

    def _fits(self, a: Peer, b: Peer) -> bool:
        """Each speaks to an address of the other's, in one subnet or by its source."""
        to_a, to_b = address_of(b.address), address_of(a.address)
        if to_a is None or to_b is None:
            return False
        near = self.facts.same_subnet(a.device, a.address)
        return to_a in near or (not near and self._own(a, to_a) and not self.facts.same_subnet(b.device, b.address))

    def _own(self, peer: Peer, address: Address) -> bool:
        return any(ip == address for _, ip, _ in self.facts.addresses(peer.device))


def _looked(sight: Sight) -> bool:
    """It was asked for its sessions: what a configuration alone says of them tells nothing of their state."""
    return sight.bgp is not None or not sight.asked or "bgp" in sight.asked
