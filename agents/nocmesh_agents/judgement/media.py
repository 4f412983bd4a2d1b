"""What a link carries, and how well: MTU, rate, comings and goings."""

from collections.abc import Iterator

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.cabling import Cable
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import Interface, Queue, Quote
from nocmesh.network import End
from nocmesh_agents.judgement.causes import cause, quoted

LEAD = 0.4
FLAPS = 4
"""Changes of carrier since all was well: a link that was pulled once has two when it is back."""


def different_mtus(scene: Scene) -> Iterator[RootCause]:
    """`mtu_mismatch`: the two ends differ; the one that moved, or that the inventory gives another, is to blame."""
    for cable in scene.cables:
        a, b = (cable.seen(end) for end in cable.ends)
        if a is None or b is None or a.mtu is None or b.mtu is None or a.mtu == b.mtu:
            continue
        for end, seen, sure in _wrong_mtus(scene, cable, a, b):
            far = b if seen is a else a
            summary = f"{end} has an MTU of {seen.mtu}, the other end {far.mtu}."
            evidence = quoted(
                scene, (end.device, seen.quote, f'"mtu":{seen.mtu}', f"mtu {seen.mtu}"), _other(cable, end, far)
            )
            yield cause("mtu_mismatch", resources.interface(end.device, end.interface), summary, sure, evidence)


def _other(cable: Cable, end: End, far: Interface) -> tuple[object, ...]:
    return (cable.link.other(end).device, far.quote)


def _wrong_mtus(scene: Scene, cable: Cable, a: Interface, b: Interface) -> list[tuple[End, Interface, float]]:
    pairs = list(zip(cable.ends, (a, b), strict=True))
    moved = [(end, seen, 0.97) for end, seen in pairs if (was := _mtu_before(scene, end)) and was != seen.mtu]
    strays = [(end, seen, 0.95) for end, seen in pairs if (meant := _mtu_meant(scene, end)) and meant != seen.mtu]
    smaller = min(pairs, key=lambda pair: pair[1].mtu or 0)
    return moved or strays or [(*smaller, 0.6)]


def _mtu_before(scene: Scene, end: End) -> int | None:
    past = _before(scene, end)
    return past.mtu if past else None


def _mtu_meant(scene: Scene, end: End) -> int | None:
    device = scene.facts.network.device(end.device)
    return next((i.mtu for i in (device.interfaces if device else []) if i.name == end.interface), None)


def _before(scene: Scene, end: End) -> Interface | None:
    sight = scene.facts.sight(end.device)
    past = sight.before.interfaces if sight and sight.before else None
    return next((i for i in past or [] if i.name == end.interface), None)


def bottlenecks(scene: Scene) -> Iterator[RootCause]:
    """`link_capacity_bottleneck`: an end lets less through than when all was well."""
    for cable in scene.cables:
        found = [(end, queue) for end in cable.ends if (queue := throttle(scene, end))]
        if found:
            rate = min(queue.rate_bps for _, queue in found)
            ends = " and ".join(str(end) for end, _ in found)
            summary = f"{ends} let {rate // 1000} kbit/s through, and no more."
            quotes = [(end.device, queue.quote, _interface_quote(cable, end)) for end, queue in found]
            yield cause("link_capacity_bottleneck", cable.link.resource, summary, 0.95, quoted(scene, *quotes))


def _interface_quote(cable: Cable, end: End) -> Quote | None:
    seen = cable.seen(end)
    return seen.quote if seen else None


def throttle(scene: Scene, end: End) -> Queue | None:
    """What holds the end back that did not when all was well, or not as much."""
    sight = scene.facts.sight(end.device)
    past = sight.before.queues if sight and sight.before else None
    was = next((queue.rate_bps for queue in past or [] if queue.interface == end.interface), None)
    now = next((q for q in (sight.queues or [] if sight else []) if q.interface == end.interface), None)
    return now if now is not None and (was is None or now.rate_bps < was) else None


def flapping(scene: Scene) -> Iterator[RootCause]:
    """`link_flap`: carrier came and went again and again since all was well, at both ends, and still does.

    A lead only where there was one look: the counter does not tell whether it is over.
    """
    for cable in scene.cables:
        counts = [_changes(scene, cable, end) for end in cable.ends]
        known = [count for count in counts if count is not None]
        if known and min(known) >= _enough(scene, cable) and _still(scene, cable):
            ends = " and ".join(map(str, cable.ends))
            sure = LEAD if scene.earlier is None else 0.95
            summary = f"The carrier of {ends} came or went {max(known)} times since all was well."
            quotes = [
                (end.device, f'"carrier_changes":{seen.carrier_changes}', seen.quote)
                for end in cable.ends
                if (seen := cable.seen(end))
            ]
            yield cause("link_flap", cable.link.resource, summary, sure, quoted(scene, *quotes))


def _enough(scene: Scene, cable: Cable) -> int:
    """A link that is down now has gone once; one more change, and it is worth another look whether it stays so."""
    return 2 if scene.earlier is None and cable.dark else FLAPS


def _still(scene: Scene, cable: Cable) -> bool:
    """It came or went between two looks; where there was one look only, it may."""
    if scene.earlier is None:
        return True
    for end in cable.ends:
        then, now = scene.earlier.interface(end), cable.seen(end)
        if then and now and then.carrier_changes is not None and (now.carrier_changes or 0) > then.carrier_changes:
            return True
    return False


def _changes(scene: Scene, cable: Cable, end: End) -> int | None:
    seen, past = cable.seen(end), _before(scene, end)
    if seen is None or past is None or seen.carrier_changes is None or past.carrier_changes is None:
        return None
    return seen.carrier_changes - past.carrier_changes
