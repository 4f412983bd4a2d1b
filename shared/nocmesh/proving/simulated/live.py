"""The network in time: every change is settled at once, and what it did to sessions and interfaces is remembered."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime

from nocmesh.clock import Clock
from nocmesh.proving.simulated.bgp import Cause, Session, Statement
from nocmesh.proving.simulated.bridging import Bridging, bridging
from nocmesh.proving.simulated.counters import Meter, rates
from nocmesh.proving.simulated.editing import TOP, Grammar, Refused, Section, apply_line
from nocmesh.proving.simulated.frr_config import GRAMMAR as FRR
from nocmesh.proving.simulated.iosxe_config import GRAMMAR as IOSXE
from nocmesh.proving.simulated.logbook import Complaint, Event
from nocmesh.proving.simulated.model import Network, Node, Port
from nocmesh.proving.simulated.notices import notices
from nocmesh.proving.simulated.resets import Reset, frr_reason, ios_reason
from nocmesh.proving.simulated.routes import Tables, converge
from nocmesh.proving.simulated.wiring import oper_up

GRAMMARS: Mapping[str, Grammar] = {"frr": FRR, "cisco_iosxe": IOSXE}


QUIET = frozenset({Cause.REFUSED, Cause.WAITING, Cause.TTL, Cause.PASSWORD, Cause.NO_ROUTE})
"""An end that was never up learns nothing from these: its attempts just go unanswered."""


@dataclass(slots=True, kw_only=True)
class Record:
    """What one end of a session has been through."""

    changed: datetime
    """When it rose or fell last."""
    was_up: bool = False
    ups: int = 0
    downs: int = 0
    reset: Reset | None = None
    cause: Cause = Cause.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One configuration line as it came in."""

    at: datetime
    section: str
    line: str
    accepted: bool
    by: str


@dataclass(slots=True, kw_only=True)
class InterfaceRecord:
    """What one interface has been through."""

    changed: datetime
    up: bool
    ups: int = 0
    downs: int = 0


@dataclass(slots=True)
class LiveNetwork:
    """A network that runs: the model, what follows from it now, and what has happened."""

    model: Network
    clock: Clock
    started: datetime = field(init=False)
    sessions: dict[Statement, Session] = field(init=False, default_factory=dict)
    tables: Tables = field(init=False, default_factory=Tables)
    records: dict[Statement, Record] = field(init=False, default_factory=dict)
    interfaces: dict[Port, InterfaceRecord] = field(init=False, default_factory=dict)
    received: dict[str, list[Received]] = field(init=False, default_factory=dict)
    events: dict[str, list[Event]] = field(init=False, default_factory=dict)
    complaints: list[Complaint] = field(init=False, default_factory=list)
    bridging: Bridging = field(init=False, default_factory=Bridging)
    meters: dict[Port, Meter] = field(init=False, default_factory=dict)
    tree_changes: dict[tuple[str, int], tuple[int, datetime]] = field(init=False, default_factory=dict)
    """By switch and VLAN: how often its tree changed, and when last."""
    _overflowed: frozenset[Statement] = field(init=False, default=frozenset())
    _settled: tuple[str, frozenset[Statement]] | None = field(init=False, default=None, repr=False)
    """The model as it was when its consequences were computed last."""

    def __post_init__(self) -> None:
        self.started = self.clock.now()
        self.settle()

    def type_line(self, device: str, section: Section, line: str, by: str = "") -> Section:
        """One configuration line on ``device``; gives the section after it. Raises Mismatch or Refused."""
        node = self.model.node(device)
        accepted = False
        try:
            if line.startswith("router bgp") and not node.running_daemon("bgpd"):
                raise Refused("bgpd is not running")
            following = apply_line(GRAMMARS[node.dialect], node.running, section, line)
            accepted = True
        finally:
            entry = Received(at=self.clock.now(), section=str(section), line=line, accepted=accepted, by=by)
            self.received.setdefault(device, []).append(entry)
        self.settle(device)
        return following

    def configure(self, device: str, lines: list[str], by: str = "console") -> None:
        """Several lines, as a person on the console types them. Raises Mismatch or Refused at the first bad one."""
        section = TOP
        for line in lines:
            section = self.type_line(device, section, line.strip(), by)

    def clear(self, device: str, neighbor: str = "") -> bool:
        """`clear bgp`: forget that too many prefixes came; sessions that are up fall and rise. False: no such one."""
        chosen = [key for key in self.sessions if key[0] == device and neighbor in ("", key[1])]
        self._overflowed -= frozenset(chosen)
        now = self.clock.now()
        for key in chosen:
            for end in (key, self.sessions[key].peer):
                if end is not None and self.sessions[end].established:
                    self._fell(end, self.records[end], now, Cause.REFUSED, here=end == key)
                    self.records[end].was_up = False
        self.settle(device)
        return bool(chosen)

    def pardon(self, device: str) -> None:
        """Forget every stop for too many prefixes on ``device``, and settle."""
        self._overflowed = frozenset(key for key in self._overflowed if key[0] != device)
        self.settle(device)

    def settle(self, changed: str = "") -> None:
        """Compute what follows from the model now; ``changed`` is the device whose configuration was touched."""
        self._forgive()
        self._settle_interfaces()
        self._converge()
        now = self.clock.now()
        for key in [key for key in self.records if key not in self.sessions]:
            del self.records[key]
        for key, session in self.sessions.items():
            record = self.records.setdefault(key, Record(changed=self.started))
            self._settle_session(key, session, record, now, changed)

    def _converge(self) -> None:
        """Sessions and tables of the model as it is; those at hand where nothing differs, as after `router bgp N`."""
        model = repr(self.model)
        if self._settled != (model, self._overflowed):
            self.sessions, self.tables, self._overflowed = converge(_speaking(self.model), self._overflowed)
            self._settle_bridging()
            self._settled = (model, self._overflowed)

    def _settle_bridging(self) -> None:
        """The switched part, its counters and its complaints."""
        now, before, self.bridging = self.clock.now(), self.bridging, bridging(self.model)
        for vlan, tree in self.bridging.trees.items():
            old = before.trees.get(vlan)
            for switch in tree.bridges:
                count, when = self.tree_changes.get((switch, vlan), (0, self.started))
                moved = old is not None and old.shape != tree.shape
                self.tree_changes[(switch, vlan)] = (count + 1, now) if moved else (count, when)
        for node in self.model.nodes.values():
            for interface in node.running.interfaces.values():
                meter = self.meters.setdefault(Port(device=node.name, interface=interface.name), Meter(since=now))
                meter.change(rates(self.model, self.bridging, node, interface), now)
        self._settle_complaints(now)

    def _settle_complaints(self, now: datetime) -> None:
        wanted = set(notices(self.model, self.bridging))
        current = {complaint.notice: complaint for complaint in self.complaints if complaint.until is None}
        for notice, complaint in current.items():
            if notice not in wanted:
                complaint.until = now
        self.complaints += [Complaint(notice=notice, since=now) for notice in sorted(wanted - set(current))]

    def logged(self, device: str) -> list[Event]:
        """The log of ``device`` as of now, the oldest first."""
        now = self.clock.now()
        repeated = [e for c in self.complaints if c.notice.device == device for e in c.events(now)]
        return sorted([*self.events.get(device, []), *repeated], key=lambda event: event.at)

    def _settle_session(self, key: Statement, session: Session, record: Record, now: datetime, changed: str) -> None:
        if session.established and not record.was_up:
            record.was_up, record.changed, record.ups = True, now, record.ups + 1
            self._log(key[0], "BGP-5-ADJCHANGE", f"neighbor {key[1]} Up")
        elif not session.established and session.cause is not record.cause:
            self._fell(key, record, now, session.cause, here=changed == key[0])
            record.was_up = False
        record.cause = session.cause

    def _fell(self, key: Statement, record: Record, now: datetime, cause: Cause, *, here: bool) -> None:
        fell = record.was_up
        if fell or cause not in QUIET:
            record.reset = Reset(cause=cause, here=here, at=now)
        if fell and record.reset is not None:
            record.downs, record.changed = record.downs + 1, now
            frr = self.model.node(key[0]).dialect == "frr"
            why = frr_reason(record.reset)[0] if frr else ios_reason(record.reset)
            self._log(key[0], "BGP-5-ADJCHANGE", f"neighbor {key[1]} Down {why}")
        for mnemonic, text in _complaints(cause, key[1]):
            self._log(key[0], mnemonic, text)

    def _forgive(self) -> None:
        """An end that stopped at its maximum starts again only without a maximum, or after a shutdown (as built)."""
        for key in self._overflowed:
            bgp = self.model.node(key[0]).running.bgp
            neighbor = None if bgp is None else bgp.neighbors.get(key[1])
            if neighbor is None or neighbor.maximum_prefix is None or neighbor.shutdown:
                self._overflowed -= {key}

    def _settle_interfaces(self) -> None:
        now = self.clock.now()
        for node in self.model.nodes.values():
            for interface in node.running.interfaces.values():
                port = Port(device=node.name, interface=interface.name)
                up = oper_up(self.model, node, interface)
                record = self.interfaces.setdefault(port, InterfaceRecord(changed=self.started, up=up, ups=int(up)))
                if record.up != up:
                    record.up, record.changed = up, now
                    record.ups, record.downs = record.ups + int(up), record.downs + int(not up)
                    state = "up" if up else "down"
                    self._log(
                        node.name,
                        "LINEPROTO-5-UPDOWN",
                        f"Line protocol on Interface {interface.name}, changed state to {state}",
                    )

    def _log(self, device: str, mnemonic: str, text: str) -> None:
        self.events.setdefault(device, []).append(Event(at=self.clock.now(), mnemonic=mnemonic, text=text))


def _speaking(model: Network) -> Network:
    """The network as its routing daemons see it: without BGP where bgpd does not run."""
    if all(node.running_daemon("bgpd") for node in model.nodes.values()):
        return model
    heard = copy(model)
    heard.nodes = {name: _silenced(node) for name, node in model.nodes.items()}
    return heard


def _silenced(node: Node) -> Node:
    if node.running_daemon("bgpd"):
        return node
    return replace(node, running=replace(node.running, bgp=None))


def _complaints(cause: Cause, neighbor: str) -> list[tuple[str, str]]:
    """What a router logs besides that the session fell."""
    if cause in {Cause.BAD_AS, Cause.PEER_BAD_AS}:
        told = "sent to" if cause is Cause.BAD_AS else "received from"
        return [("BGP-3-NOTIFICATION", f"{told} neighbor {neighbor} 2/2 (peer in wrong AS) 4 bytes")]
    if cause is Cause.PASSWORD:
        return [("TCP-6-BADAUTH", f"Invalid MD5 digest from {neighbor}(179)")]
    if cause is Cause.PREFIXES:
        return [("BGP-3-MAXPFXEXCEED", f"Number of prefixes received from {neighbor} (afi 0) exceeds the limit")]
    return []
