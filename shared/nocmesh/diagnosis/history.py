"""What a device was seen to become: the turns of its interfaces, sessions, adjacencies and trees, with their times.

Pure. A history is bounded and holds turns, never states: what stays as it is costs nothing. Looks are taken by the
clock, so a turn lies between two of them, unless the device itself tells since when it is as it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec.structs import replace

from nocmesh.messages.base import Message
from nocmesh.messages.state import DeviceState, Interface, Pulse, Stp
from nocmesh.packing import packed, unpacked

TurnKind = Literal["device", "interface", "bgp", "ospf", "isis", "root", "port", "counter"]
"""`root`: of a spanning tree; `port`: one of its ports; `counter`: of errors or discards at an interface."""

KEPT_TURNS, KEPT_CHANGES = 200, 20
MAX_BYTES = 16 * 1024 * 1024
SLACK = timedelta(seconds=2)
"""Ages are told in whole seconds, and an answer is some time under way."""
GOOD: Mapping[TurnKind, frozenset[str]] = {
    "device": frozenset({"answers"}),
    "interface": frozenset({"up"}),
    "bgp": frozenset({"established"}),
    "ospf": frozenset({"full", "two_way"}),
    "isis": frozenset({"up"}),
    "port": frozenset({"forwarding", "blocking"}),
}
"""The values that mean that all is well with a thing of the kind; of a kind without a row no value does."""
ERRORS = ("in_errors", "out_errors", "in_discards", "out_discards")


class Turn(Message, frozen=True, kw_only=True):
    """One thing of a device that was seen to become another."""

    kind: TurnKind
    what: str = ""
    """The interface, the neighbour's address, the bridge; of a counter `in_errors r1-e0`."""
    before: str = ""
    """Empty: it was not there. The same as ``after``: it was another in between."""
    after: str = ""
    """`gone`: it is not there any more."""
    since: datetime | None = None
    """So long it was seen to be as before; None: nobody knows."""
    at: datetime
    """From then on it is as after; when the device tells when that was, exactly then."""
    exact: bool = False
    times: int = 1
    """How often it came or went between the two; a link that was pulled and put back has two."""

    @property
    def bad(self) -> bool:
        """It was well, and was not any more."""
        return self.after != self.before and self.before in GOOD.get(self.kind, ()) and not self.good

    @property
    def good(self) -> bool:
        """It is well after it."""
        return self.after in GOOD.get(self.kind, ())


class Applied(Message, frozen=True, kw_only=True):
    """A change that the mesh itself made on the device; what it switched on or off."""

    change_id: str
    run_id: str = ""
    at: datetime
    lines: list[str] = []
    """The lines that shut something down or bring it back, each behind its section: `interface r1-e0 | shutdown`."""


class History(Message, frozen=True, kw_only=True):
    """What was seen of one device."""

    device: str
    at: datetime
    """The last look."""
    began: datetime
    """The first one: before it nobody knows."""
    answers: bool = True
    kinds: list[str] = []
    """The kinds of things that could be read."""
    values: dict[str, str] = {}
    """By `kind what`: what it is now."""
    counts: dict[str, int] = {}
    """By `name what`: counters, as they are now."""
    turns: list[Turn] = []
    """The newest last."""
    applied: list[Applied] = []
    """Likewise."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One look at a device, in the words of its history."""

    kinds: frozenset[str] = frozenset()
    values: Mapping[str, str] = field(default_factory=dict)
    ages: Mapping[str, int] = field(default_factory=dict)
    """By key of a value: for how many seconds it has been so, by the device's own word."""
    counts: Mapping[str, int] = field(default_factory=dict)


def reading(state: DeviceState) -> Reading:
    """What ``state`` says of what comes and goes; its pulse, or the views that tell the same."""
    seen = state.pulse or Pulse(
        interfaces=state.interfaces,
        bgp=state.bgp.neighbors if state.bgp else None,
        ospf=state.ospf.neighbors if state.ospf else None,
        isis=state.isis.adjacencies if state.isis else None,
        stp=state.stp,
    )
    rows = [row for row in _rows(seen) if row[1] is not None]
    told = ("interfaces", "bgp", "ospf", "isis", "stp")
    kinds = [kind for name in told if getattr(seen, name) is not None for kind in _KINDS[name]]
    return Reading(
        kinds=frozenset(kinds),
        values={key: value for key, value, _ in rows if value},
        ages={key: age for key, value, age in rows if age is not None and value},
        counts=_counts(seen.interfaces or ()),
    )


_KINDS: Mapping[str, tuple[str, ...]] = {
    "interfaces": ("interface",),
    "bgp": ("bgp",),
    "ospf": ("ospf",),
    "isis": ("isis",),
    "stp": ("root", "port"),
}

Row = tuple[str, str, int | None]


def _rows(seen: Pulse) -> Iterator[Row]:
    for interface in seen.interfaces or ():
        yield f"interface {interface.name}", standing(interface), None
    for session in seen.bgp or ():
        up = session.session_state == "established"
        yield f"bgp {session.address}", session.session_state if up else "down", session.established_for if up else None
    for neighbor in seen.ospf or ():
        yield f"ospf {neighbor.interface} {neighbor.router_id}", neighbor.state, neighbor.up_for
    for adjacency in seen.isis or ():
        key = f"isis {adjacency.interface} {adjacency.system_id} {adjacency.level}".rstrip()
        yield key, adjacency.state, adjacency.up_for
    yield from _trees(seen.stp)


def standing(interface: Interface) -> str:
    """`up`, `down`, or `shut` where it is so by configuration; empty when it is not told."""
    if interface.enabled is False:
        return "shut"
    return "" if interface.oper_up is None else "up" if interface.oper_up else "down"


def _trees(stp: Stp | None) -> Iterator[Row]:
    for bridge in stp.bridges if stp else ():
        yield f"root {bridge.name}", bridge.root_id, None
    for port in stp.ports if stp else ():
        settled = port.state if port.state not in ("listening", "learning") else "blocking"
        yield f"port {port.bridge} {port.name}", settled, None


def _counts(interfaces: Iterable[Interface]) -> dict[str, int]:
    found: dict[str, int] = {}
    for interface in interfaces:
        for name in (*ERRORS, "carrier_changes"):
            value = getattr(interface, name)
            if value is not None:
                found[f"{name} {interface.name}"] = value
    return found


def looked(history: History | None, device: str, seen: Reading, at: datetime) -> History:
    """The history after a look that the device answered."""
    if history is None:
        return _merged(History(device=device, at=at, began=at), seen, at)
    if at < history.at:
        return history  # somebody has looked since
    turns = [*history.turns]
    if not history.answers:
        turns.append(Turn(kind="device", before="silent", after="answers", since=history.at, at=at))
    turns += _turns(history, seen, at)
    return _merged(replace(history, turns=_kept(_counters(history, turns, seen, at))), seen, at)


def silent(history: History | None, device: str, at: datetime) -> History:
    """The history after a look that the device did not answer."""
    known = history or History(device=device, at=at, began=at)
    if at < known.at:
        return known
    turn = Turn(kind="device", before="answers", after="silent", since=known.at if history else None, at=at)
    turns = _kept([*known.turns, turn]) if known.answers else known.turns
    return replace(known, at=at, answers=False, turns=turns)


def changed(history: History | None, device: str, change: Applied) -> History:
    """The history with a change that the mesh made."""
    known = history or History(device=device, at=change.at, began=change.at)
    others = [each for each in known.applied if each.change_id != change.change_id]
    return replace(known, applied=[*others, change][-KEPT_CHANGES:])


def _merged(history: History, seen: Reading, at: datetime) -> History:
    """What is known now: of the kinds that were read what was seen, of all others what was known."""
    kept = {key: value for key, value in history.values.items() if key.split(" ")[0] not in seen.kinds}
    counts = dict(seen.counts) if "interface" in seen.kinds else history.counts
    kinds = sorted({*history.kinds, *seen.kinds})
    return replace(history, at=at, answers=True, kinds=kinds, values={**kept, **seen.values}, counts=counts)


def _turns(history: History, seen: Reading, at: datetime) -> Iterator[Turn]:
    for key in dict.fromkeys([*history.values, *seen.values]):
        kind = key.split(" ")[0]
        if kind not in seen.kinds or kind not in history.kinds:
            continue
        was, now = history.values.get(key, ""), seen.values.get(key, "gone")
        since = _came(seen, key, at)
        if was != now:
            yield _turn(history, key, was, now, at, since)
        elif since is not None and since > history.at + SLACK:
            yield replace(_turn(history, key, was, now, at, since), times=2)
        elif kind == "interface" and (moves := _moves(history, seen, key)) > 1:
            yield replace(_turn(history, key, was, now, at, None), times=moves)


def _turn(history: History, key: str, was: str, now: str, at: datetime, came: datetime | None) -> Turn:
    kind, _, what = key.partition(" ")
    exact = came is not None and came >= history.at - SLACK
    return Turn(
        kind=msgspec.convert(kind, TurnKind),
        what=what,
        before=was,
        after=now,
        since=history.at,
        at=came if exact and came is not None else at,
        exact=exact,
    )


def _came(seen: Reading, key: str, at: datetime) -> datetime | None:
    age = seen.ages.get(key)
    return None if age is None else at - timedelta(seconds=age)


def _moves(history: History, seen: Reading, key: str) -> int:
    """How often the carrier of an interface came or went since the last look."""
    name = f"carrier_changes {key.partition(' ')[2]}"
    return max(seen.counts.get(name, 0) - history.counts.get(name, seen.counts.get(name, 0)), 0)


def _counters(history: History, turns: list[Turn], seen: Reading, at: datetime) -> list[Turn]:
    """``turns`` with the counters of errors and discards that grew; one that goes on growing is one turn that lasts."""
    for key, now in seen.counts.items():
        was = history.counts.get(key)
        if was is None or now <= was or key.startswith("carrier_changes "):
            continue
        last = next((turn for turn in reversed(turns) if (turn.kind, turn.what) == ("counter", key)), None)
        if last is not None and last.at == history.at:
            turns[turns.index(last)] = replace(last, after=str(now), at=at)
        else:
            turns.append(Turn(kind="counter", what=key, before=str(was), after=str(now), since=history.at, at=at))
    return turns


def _kept(turns: list[Turn]) -> list[Turn]:
    """The newest; a counter goes before anything else does."""
    while len(turns) > KEPT_TURNS:
        turns.remove(next((turn for turn in turns if turn.kind == "counter"), turns[0]))
    return turns


def told(turn: Turn) -> str:
    """A turn in a line: `2026-01-31T12:00:00Z interface r1-e0: up, then down (seen up at …)`."""
    what = " ".join(filter(None, (turn.kind, turn.what)))
    how = f"{turn.before or 'not there'}, then {turn.after}"
    if turn.before == turn.after:
        how = f"{turn.after}, and was not in between" + (f" ({turn.times} changes)" if turn.times > 2 else "")
    until = "" if turn.exact or turn.since is None else f", seen otherwise until {stamp(turn.since)}"
    return f"{stamp(turn.at)} {what}: {how}{until}"


def stamp(at: datetime) -> str:
    """A time as people and logs write it, to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def pack(history: History) -> bytes:
    """``history`` as compressed JSON: some kilobytes of a restless device."""
    return packed(history)


def unpack(value: bytes, where: str) -> History:
    """What ``pack`` made. Raises InvalidInputError that names ``where`` for anything else."""
    return unpacked(value, History, limit=MAX_BYTES, what=f"the history {where}", field=where)
