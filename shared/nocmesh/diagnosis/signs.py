"""Signs: what is visibly not as it should be, cause or consequence. No sign after a full sweep means healthy.

An administrative shutdown that the inventory explains is not a sign, and neither is odd configuration that breaks
nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.cabling import Cable, cables_of
from nocmesh.diagnosis.facts import Facts, Sight
from nocmesh.diagnosis.failing import failures
from nocmesh.diagnosis.find import Prefix
from nocmesh.diagnosis.igp import Adjacency, IgpEnd, Protocol, adjacencies_of, end_now, lost
from nocmesh.diagnosis.origin import Lacking, lacking
from nocmesh.diagnosis.paths import detours
from nocmesh.diagnosis.peer import Peer
from nocmesh.diagnosis.peering import Peering, Session
from nocmesh.diagnosis.probes import Probed
from nocmesh.diagnosis.reach import Journey
from nocmesh.diagnosis.walk import Walk, walk
from nocmesh.messages.report import Symptom
from nocmesh.network import End, Link

SignKind = Literal["device", "link", "interface", "ospf", "isis", "session", "neighbor", "prefix", "path"]


_CONFIGURATION = frozenset({"configuration", "config", "configurationchanged", "drift", "compliance"})


@dataclass(frozen=True)
class Sign:
    """One thing that is not as it should be."""

    kind: SignKind
    devices: tuple[str, ...]
    resource: str
    what: str

    @property
    def symptom(self) -> Symptom:
        """As the report has it."""
        return Symptom(resource=self.resource, what=self.what, kind=self.kind, devices=list(self.devices))


@dataclass(frozen=True)
class Scene:
    """What was seen, put in order once for everybody who judges it."""

    facts: Facts
    prefixes: tuple[Prefix, ...] = ()
    """Prefixes that the alert speaks of."""
    words: frozenset[str] = frozenset()
    """The alert's words, in lower case."""
    earlier: Facts | None = None
    """What the look before this one showed, some seconds ago."""
    journeys: tuple[Journey, ...] = ()
    """Who does not get to whom, by the alert's word."""
    probes: tuple[Probed, ...] = ()
    """What devices were asked to probe, and what came of it."""

    @property
    def asks_about_configuration(self) -> bool:
        """The alert is about the configuration itself; elsewhere what moved and breaks nothing is nobody's fault."""
        return bool(self.words & _CONFIGURATION)

    @cached_property
    def cables(self) -> list[Cable]:
        """Links of the devices that were looked at."""
        return cables_of(self.facts)

    @cached_property
    def adjacencies(self) -> list[Adjacency]:
        """OSPF and IS-IS adjacencies that there should be."""
        return adjacencies_of(self.facts, self.cables)

    def igp_ends(self, protocol: Protocol) -> list[IgpEnd]:
        """Every end of a link that takes part in ``protocol``."""
        ends = [end for cable in self.cables for end in cable.ends]
        seen = [(self.facts.sight(end.device), end) for end in ends]
        found = [end_now(sight, end, protocol) for sight, end in seen if sight is not None]
        return [end for end in found if end.present]

    def carries(self, link: Link) -> bool:
        """Both ends of the link have carrier and their addresses, so that what is above it can be judged."""
        cable = Cable(link, self.facts)
        return not (cable.broken or cable.unreachable or cable.intended_off or cable.misaddressed)

    @cached_property
    def detours(self) -> list[str]:
        """Destinations that are still reached, and by another way than before, in words."""
        return detours(self.facts)

    @cached_property
    def walks(self) -> list[Walk]:
        """The journeys that the alert speaks of, there and back, as the forwarding tables have them."""
        return [walk(self.facts, way) for journey in self.journeys for way in (journey, journey.back)]

    @cached_property
    def peering(self) -> Peering:
        """BGP sessions of the devices that answered."""
        return Peering.of(self.facts)

    @cached_property
    def down(self) -> list[Session]:
        """Sessions that are not established although nothing says that they should not be."""
        return [s for s in self.peering.sessions if not s.up and not self.explained(s)]

    @cached_property
    def lacking(self) -> list[Lacking]:
        """Prefixes that a device should originate and does not."""
        return lacking(self.facts, self.prefixes)

    def cable(self, session: Session) -> Cable | None:
        """The link that a directly connected session runs over."""
        ends = [end for end in (session.near, session.far) if end is not None]
        return next((c for end in ends if (c := self.cable_to(end.device, end.address)) is not None), None)

    def cable_to(self, device: str, address: str) -> Cable | None:
        """The link of ``device`` whose far end has ``address``."""
        there = self.facts.place(address)
        for link, own, far in self.facts.network.neighbours(there.device) if there else []:
            if own == there and far.device == device:
                return Cable(link, self.facts)
        return None

    @cached_property
    def addressed(self) -> list[Session]:
        """Sessions that are down and whose link's ends have the addresses that they should: these can be compared."""
        return [s for s in self.down if (cable := self.cable(s)) is None or not cable.misaddressed]

    def carried(self, session: Session) -> bool:
        """Nothing below BGP is known to be broken: the far device answers and the link carries."""
        far = self.facts.sight(session.far_device) if session.far_device else None
        cable = self.cable(session)
        return not (far and far.unreachable) and not (cable and (cable.broken or cable.intended_off))

    def explained(self, session: Session) -> bool:
        """Somebody says why the session is not up: its link or its far end may be off, or nobody wants the session."""
        cable = self.cable(session)
        if (cable is not None and cable.intended_off) or self.facts.away(session.far_device):
            return True
        ends = [session.near, *([session.far] if session.far else [])]
        wishes = [self.wanted(end) for end in ends]
        if session.far is None:
            wishes.append(self._wanted_back(session))
        return False in wishes and True not in wishes and (session.far is None or any(end.shut for end in ends))

    def wanted(self, peer: Peer) -> bool | None:
        """Whether the device's intent lists the neighbour; None: there is no intent."""
        sight = self.facts.sight(peer.device)
        if sight is None or sight.intent.bgp is None:
            return None
        return any(neighbor.address == peer.address for neighbor in sight.intent.bgp.neighbors)

    def _wanted_back(self, session: Session) -> bool | None:
        """Whether the far device's intent lists a neighbour on the near one."""
        device = self.facts.network.device(session.far_device) if session.far_device else None
        if device is None or device.intent.bgp is None:
            return None
        return any(self.facts.owner(n.address) == session.near.device for n in device.intent.bgp.neighbors)


def signs_of(scene: Scene) -> list[Sign]:
    """Every sign, the lowest layer first."""
    return [
        *_unreachable(scene),
        *_cables(scene),
        *_ports(scene),
        *_adjacencies(scene),
        *_sessions(scene),
        *_unconfigured(scene),
        *_origin(scene),
        *_journeys(scene),
    ]


def unclear(scene: Scene, devices: Iterable[str]) -> list[str]:
    """What could not be read on ``devices``, in words; empty: the sweep was full."""
    found = []
    for name in devices:
        sight = scene.facts.sight(name)
        if sight is None:
            found.append(f"{name} was not looked at")
        elif not sight.unreachable:
            found += [f"{name}: {view} could not be read" for view in _needed(sight) if not sight.understood(view)]
    return found


def _needed(sight: Sight) -> Sequence[str]:
    spoken = [view for view in ("bgp", "ospf", "isis") if getattr(sight.intent, view) or sight.view_status(view)]
    return ("interfaces", *spoken, "config") if spoken else ("interfaces",)


def _unreachable(scene: Scene) -> Iterable[Sign]:
    for name, sight in scene.facts.sights.items():
        if sight.unreachable and not scene.facts.why_silent(name):
            yield Sign("device", (name,), resources.node(name), f"{name} cannot be reached")


def _cables(scene: Scene) -> Iterable[Sign]:
    for cable in scene.cables:
        if cable.broken:
            devices = tuple(end.device for end in cable.ends)
            yield Sign("link", devices, cable.link.resource, f"the link does not carry: {_said(cable)}")


def _said(cable: Cable) -> str:
    words = [(cable.shut, "is shut down"), (cable.gone, "is not there"), (cable.dark, "has no carrier")]
    return ", ".join(f"{end} {what}" for ends, what in words for end in ends)


def _ports(scene: Scene) -> Iterable[Sign]:
    linked = {end for cable in scene.cables for end in cable.ends}
    for end in shut_ports(scene.facts):
        if end not in linked:
            yield Sign(
                "interface", (end.device,), resources.interface(end.device, end.interface), f"{end} is shut down"
            )


def shut_ports(facts: Facts) -> list[End]:
    """Interfaces that are in use by the inventory's word, and shut down although it says that they should be up."""
    linked = {end for link in facts.network.links for end in (link.a, link.b)}
    found = []
    for sight in facts.reachable:
        used = {i.name for i in sight.device.interfaces if i.addresses or i.description}
        for interface in sight.interfaces or []:
            end = End(device=sight.name, interface=interface.name)
            in_use = interface.name in used or end in linked
            if interface.enabled is False and in_use and not facts.intended_off(end):
                found.append(end)
    return found


def _adjacencies(scene: Scene) -> Iterable[Sign]:
    for adjacency in lost(scene.adjacencies):
        if not Cable(adjacency.link, scene.facts).intended_off:
            devices = (adjacency.link.a.device, adjacency.link.b.device)
            yield Sign(adjacency.protocol, devices, adjacency.link.resource, f"{adjacency.name} is lost")


def _sessions(scene: Scene) -> Iterable[Sign]:
    for session in scene.down:
        cable = scene.cable(session)
        devices = tuple(d for d in (session.near.device, session.far_device) if d)
        resource = cable.link.resource if cable else resources.node(session.near.device)
        state = session.near.session.session_state
        shut = ", shut down by configuration" if any(e.shut for e in (session.near, session.far) if e) else ""
        yield Sign("session", devices, resource, f"BGP session {session_name(session)} is {state}{shut}")


def session_name(session: Session) -> str:
    """`r1 to 10.0.12.2 (r2)`."""
    far = f" ({session.far_device})" if session.far_device else ""
    return f"{session.near.device} to {session.near.address}{far}"


def _unconfigured(scene: Scene) -> Iterable[Sign]:
    for sight, address in absent(scene):
        far = scene.facts.owner(address)
        devices = tuple(d for d in (sight.name, far) if d)
        yield Sign("neighbor", devices, resources.node(sight.name), f"{sight.name} has no BGP neighbour {address}")


def absent(scene: Scene) -> list[tuple[Sight, str]]:
    """Neighbours that a device's intent lists and that it does not have, unless their link is meant to be off."""
    found = []
    for sight in scene.facts.reachable:
        intent = sight.intent.bgp
        if intent is None or not sight.understood("bgp"):
            continue
        have = {peer.address for peer in scene.peering.peers[sight.name]}
        for neighbor in intent.neighbors:
            if neighbor.address not in have and not _off(scene, sight.name, neighbor.address):
                found.append((sight, neighbor.address))
    return found


def _off(scene: Scene, device: str, address: str) -> bool:
    cable = scene.cable_to(device, address)
    return cable is not None and cable.intended_off


def _origin(scene: Scene) -> Iterable[Sign]:
    for lack in scene.lacking:
        if lack.certain:
            what = f"{lack.device} does not originate {lack.prefix}"
            yield Sign("prefix", (lack.device,), resources.node(lack.device), what)


def _journeys(scene: Scene) -> Iterable[Sign]:
    for devices, said in failures(scene.facts, scene.cables, scene.walks, scene.probes):
        yield Sign("path", devices, resources.node(devices[0]), said)
