"""Who tells of what happened to a network that is looked at now: histories, logs, ages, dates and counters. Pure.

Each tells in its own way: a log to the millisecond, and only what its device noticed; a session its own age; the
monitor's history between two looks; a counter only that something was since somebody looked.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from nocmesh.diagnosis.facts import Facts, Sight
from nocmesh.diagnosis.happenings import Happening, Way, subject_of
from nocmesh.diagnosis.history import Turn, stamp
from nocmesh.diagnosis.loglines import Layer, said
from nocmesh.messages.state import Interface, Log, LogEntry, System

SKEW = timedelta(seconds=5)
"""Clocks that differ by less are the same: an answer takes some time."""
MINUTE = timedelta(minutes=1)
"""IOS tells how long it has been running in whole minutes."""
_OF_TURN: dict[str, Layer] = {
    "device": "device",
    "interface": "interface",
    "bgp": "bgp",
    "ospf": "ospf",
    "isis": "isis",
    "root": "stp",
    "port": "stp",
}


def happenings(facts: Facts, earlier: Facts | None = None) -> list[Happening]:
    """Everything that came or went on the devices of ``facts``, by what they and the monitor remember; oldest first.

    ``earlier``: what an earlier look of ours showed; what its counters had counted, was before it.
    """
    found = [each for sight in facts.reachable for each in _of_device(sight)]
    found += [
        each for sight in facts.reachable for each in _counted(sight, earlier.sight(sight.name) if earlier else None)
    ]
    named = [_named(facts, each) for each in found]
    return sorted(named, key=lambda each: (each.at, each.device, each.layer, each.what))


def _named(facts: Facts, each: Happening) -> Happening:
    subject, devices = subject_of(facts, each.device, each.layer, each.what)
    return replace(each, subject=subject, devices=devices)


def _of_device(sight: Sight) -> Iterator[Happening]:
    yield from _turned(sight)
    yield from _logged(sight)
    yield from _aged(sight)
    yield from _dated(sight)
    yield from _started(sight)


# --- the monitor's history


def _turned(sight: Sight) -> Iterator[Happening]:
    for turn in sight.history.turns if sight.history else ():
        way = _way(turn)
        if way is not None:
            yield Happening(
                device=sight.name,
                source="history",
                layer=_OF_TURN[turn.kind],
                what=turn.what.split(" ")[0] if turn.kind in ("ospf", "isis") else turn.what.split(" ")[-1],
                way=way,
                at=turn.at,
                since=None if turn.exact else turn.since,
                times=turn.times,
                how=_seen_by_monitor(sight, turn),
            )


def _way(turn: Turn) -> Way | None:
    if turn.kind == "counter" or (turn.kind == "port" and not turn.bad):
        return None
    if turn.kind == "root":
        return "blip"
    if turn.before == turn.after:
        return "blip" if turn.good else None
    there = bool(turn.before) or turn.kind in ("bgp", "ospf", "isis")  # a lost adjacency is no longer listed
    return "down" if turn.bad else "up" if turn.good and there else None


def _seen_by_monitor(sight: Sight, turn: Turn) -> str:
    what = " ".join(filter(None, (turn.kind, turn.what))) if turn.kind != "device" else "it"
    if turn.exact or turn.since is None:
        return f"the monitor saw {what} of {sight.name} {turn.after} since {stamp(turn.at)}"
    became = "come and go" if turn.before == turn.after else f"{turn.before}, then {turn.after}"
    return f"the monitor saw {what} of {sight.name} {became} between {stamp(turn.since)} and {stamp(turn.at)}"


# --- the device's log


def _logged(sight: Sight) -> Iterator[Happening]:
    log = sight.log
    shift = _shift(sight, log)
    for entry in log.entries if log else ():
        told = said(entry)
        if told is not None and entry.time is not None and told.says != "changed":
            yield Happening(
                device=sight.name,
                source="log",
                layer=told.layer,
                what=told.what,
                way="up" if told.says == "up" else "down",
                at=entry.time + shift,
                how=f"the log of {sight.name}: {_quoted(entry)}",
                evidence=tuple(sight.quote(entry.quote)),
            )


def _shift(sight: Sight, log: Log | None) -> timedelta:
    """How much the device's clock is behind ours."""
    seen = sight.seen_at("log")
    if log is None or log.clock is None or seen is None:
        return timedelta(0)
    behind = seen - log.clock
    return behind if abs(behind) > SKEW else timedelta(0)


def _quoted(entry: LogEntry) -> str:
    text = entry.quote.text if entry.quote else entry.text
    return text if len(text) <= 200 else f"{text[:199]}…"


# --- what the protocols say of their age


def _aged(sight: Sight) -> Iterator[Happening]:
    for session in sight.bgp.neighbors if sight.bgp else ():
        if session.session_state == "established" and session.established_for is not None:
            how = f"its session to {session.address} has been established for {session.established_for} s"
            yield from _since(sight, "bgp", session.address, session.established_for, "up", how)
            if session.last_reset_ago and session.dropped:
                reason = f" ({session.last_reset_reason})" if session.last_reset_reason else ""
                how = f"its session to {session.address} was reset {session.last_reset_ago} s ago{reason}"
                yield from _since(sight, "bgp", session.address, session.last_reset_ago, "down", how)
    rows: list[tuple[Layer, Any, bool]] = []
    rows += [("ospf", neighbor, neighbor.state == "full") for neighbor in (sight.ospf.neighbors if sight.ospf else ())]
    rows += [
        ("isis", adjacency, adjacency.state == "up") for adjacency in (sight.isis.adjacencies if sight.isis else ())
    ]
    for layer, found, up in rows:
        if up and found.up_for is not None:
            how = f"its adjacency on {found.interface} has been {found.state} for {found.up_for} s"
            yield from _since(sight, layer, found.interface, found.up_for, "up", how)


def _since(sight: Sight, layer: Layer, what: str, seconds: int, way: Way, how: str) -> Iterator[Happening]:
    seen = sight.seen_at(layer)
    if seen is not None:
        at = seen - timedelta(seconds=seconds)
        yield Happening(
            device=sight.name, source="age", layer=layer, what=what, way=way, at=at, how=f"{sight.name}: {how}"
        )


def _started(sight: Sight) -> Iterator[Happening]:
    """A device that was started anew since it was well."""
    at = _start(sight.system, sight.seen_at("system"))
    before = _start(sight.before.system if sight.before else None, sight.well_until)
    if at is not None and (before is None or at - before > 2 * MINUTE):
        uptime = sight.system.uptime_seconds if sight.system else 0
        yield Happening(
            device=sight.name,
            source="age",
            layer="device",
            what="",
            way="blip",
            at=at,
            since=at - MINUTE,
            times=2,
            how=f"{sight.name} has been running for {uptime} s",
        )


def _start(system: System | None, seen: datetime | None) -> datetime | None:
    uptime = system.uptime_seconds if system else None
    return seen - timedelta(seconds=uptime) if uptime is not None and seen is not None else None


# --- what an interface says of its link


def _dated(sight: Sight) -> Iterator[Happening]:
    """FRR dates the last coming and going of a link, by its own clock."""
    seen, log = sight.seen_at("interfaces"), sight.log
    zone = (log.clock.utcoffset() if log and log.clock else None) or timedelta(0)
    shift = _shift(sight, log)
    for interface in sight.interfaces or ():
        dates: tuple[tuple[datetime | None, Way], ...] = ((_gone_at(interface), "down"), (interface.last_up, "up"))
        for time, way in dates:
            at = time - zone + shift if time else None
            if seen is not None and at is not None and at <= seen + SKEW:
                how = f"{sight.name} dates the last {way} of {interface.name} {stamp(at)}"
                name = interface.name
                yield Happening(device=sight.name, source="date", layer="interface", what=name, way=way, at=at, how=how)


def _gone_at(interface: Interface) -> datetime | None:
    """FRR 8.4 dates the end of a shutdown as down and up at once: then nobody knows when it began."""
    up, down = interface.last_up, interface.last_down
    return None if down is None or (up is not None and abs(up - down) < timedelta(seconds=0.2)) else down


def _counted(sight: Sight, earlier: Sight | None) -> Iterator[Happening]:
    """Carriers that came and went since anybody looked, by the counter alone; what came before is in the history."""
    for interface in sight.interfaces or ():
        count, since = _last_count(sight, interface.name)
        past = earlier.interface(interface.name) if earlier else None
        same = past is not None and past.carrier_changes == interface.carrier_changes
        seen = earlier.seen_at("interfaces") if earlier and same else sight.seen_at("interfaces")
        if seen is None or count is None or since is None or interface.carrier_changes is None:
            continue
        moves = interface.carrier_changes - count
        if moves > 0 and interface.oper_up:
            yield Happening(
                device=sight.name,
                source="count",
                layer="interface",
                what=interface.name,
                way="blip",
                at=seen,
                since=min(since, seen),
                times=moves,
                how=f"the carrier of {interface.name} on {sight.name} came or went {moves} times since {stamp(since)}",
            )


def _last_count(sight: Sight, interface: str) -> tuple[int | None, datetime | None]:
    """The carrier's count when the monitor looked last, or else when all was well, and when that was."""
    history = sight.history
    counted = history.counts.get(f"carrier_changes {interface}") if history else None
    if history is not None and counted is not None:
        return counted, history.at
    known = (sight.before.interfaces if sight.before else None) or ()
    return next((past.carrier_changes for past in known if past.name == interface), None), sight.well_until
