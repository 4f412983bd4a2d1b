"""Journeys that fail: probes say so, or, where nobody could probe, the forwarding tables."""

from collections.abc import Iterable, Iterator, Sequence

from nocmesh.diagnosis.cabling import Cable
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.probes import Probed
from nocmesh.diagnosis.walk import Walk, past, walk
from nocmesh.network import End


def failures(
    facts: Facts, cables: Sequence[Cable], walks: Iterable[Walk], probes: Sequence[Probed]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """(the devices concerned, that of the place where it does not go on first; what happens there), each once."""
    told: set[str] = set()
    for found in (each for each in walks if _fails(facts, each, probes) and not _on_purpose(facts, cables, each)):
        ends, stop = (found.journey.source, found.journey.target), found.stop
        devices = dict.fromkeys([*([stop.device] if stop else ()), *(end.device for end in ends), *found.devices])
        named = tuple(name for name in devices if name)
        said = stop.what if stop else f"{ends[0]} gets no answer from {ends[1]}"
        if named and said not in told:
            told.add(said)
            yield named, said


def _fails(facts: Facts, found: Walk, probes: Sequence[Probed]) -> bool:
    told = [probe for probe in probes if probe.asks(found.journey) and probe.told]
    if any(probe.result.received for probe in told):
        return False
    if told and not _pings_are_filtered(facts, found):
        return True
    return found.stop is not None and found.stop.sure and not _stopped_before(facts, found)


def _pings_are_filtered(facts: Facts, found: Walk) -> bool:
    """Somebody on the way drops pings on purpose or drops whatever it does not know: silence proves nothing."""
    ends = (found.journey.source.device, found.journey.target.device)
    sights = [sight for name in (*found.devices, *ends) if (sight := facts.sight(name)) is not None]
    rules = [rule for sight in sights for rule in sight.filters or [] if rule.action in ("drop", "reject", "deny")]
    return any(rule.protocol == "icmp" or rule.text == "policy drop" for rule in rules)


def _on_purpose(facts: Facts, cables: Sequence[Cable], found: Walk) -> bool:
    """A device on the way need not answer, or it stops where a link is down that may be."""
    ends = (found.journey.source.device, found.journey.target.device)
    if any(facts.away(name) for name in (*ends, *found.devices)):
        return True
    here = found.stop.device if found.stop else ""
    near = [end for cable in cables if here in (e.device for e in cable.ends) for end in cable.ends]
    return any(_went_off(facts, end) for end in near)


def _went_off(facts: Facts, end: End) -> bool:
    """It is down now, may be, and was up when all was well: what is always off explains nothing new."""
    seen, sight = facts.interface(end), facts.sight(end.device)
    if (seen is not None and seen.oper_up) or not facts.why_off(end):
        return False
    earlier = (sight.before.interfaces if sight and sight.before else None) or ()
    return any(interface.name == end.interface and interface.oper_up for interface in earlier)


def _stopped_before(facts: Facts, found: Walk) -> bool:
    """It did not arrive when all was well either: then nobody misses it, whatever the alert says."""
    return walk(past(facts), found.journey).stop is not None
