"""Frames that arrive damaged, and the duplex that damages them."""

from collections.abc import Iterator

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.cabling import Cable
from nocmesh.diagnosis.hints import about_quality
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.network import End
from nocmesh_agents.judgement.causes import cause, quoted
from nocmesh_agents.judgement.ports import LEAD, MOVED, ODD, lines_of, lost_lines, moved_lines, reconfigured

DAMAGED = 20
"""Frames that arrived damaged since all was well, before anybody speaks of it: a cable that is touched costs a few."""

FRESH = 1
"""The same where somebody does speak of it: the alert may be as young as the trouble."""

RISEN = 3
"""Between two looks: it still goes on."""


def clashing_duplex(scene: Scene) -> Iterator[RootCause]:
    """`duplex_mismatch` (IEEE 802.3 clause 28): one end sends while it listens, the other takes that for a collision.

    An end that negotiates with one that does not falls back to half, so the one that was set by hand is to blame.
    """
    yield from _clashing(scene)
    yield from _unheard_clashing(scene)


def _clashing(scene: Scene) -> Iterator[RootCause]:
    for cable in scene.cables:
        seen = [cable.seen(end) for end in cable.ends]
        words = [interface.duplex if interface else "" for interface in seen]
        if "" in words or words[0] == words[1]:
            continue
        for end, sure in _blamed_for_duplex(scene, cable):
            summary = f"{cable.link.a} runs at {words[0]} duplex, {cable.link.b} at {words[1]}; {end} was set so."
            quotes = [
                (e.device, i.quote if i else None, f"{w.capitalize()} Duplex", f"{w.capitalize()}-duplex")
                for e, i, w in zip(cable.ends, seen, words, strict=True)
            ]
            evidence = [*quoted(scene, (end.device, *lines_of(scene, end, "duplex ", "speed ")), *quotes)]
            yield cause(
                "duplex_mismatch",
                resources.interface(end.device, end.interface),
                summary,
                sure,
                [*evidence, *lost_lines(scene, end, "duplex ", "speed ")],
            )


def _unheard_clashing(scene: Scene) -> Iterator[RootCause]:
    """Where one end does not tell its duplex: the other was set by hand since, and frames are damaged."""
    for _, end in _unheard(scene):
        damaged = [(e, count) for e in _both(scene, end) if (count := _damaged_since(scene, e))]
        counted = ", ".join(f"{e} has received {count} damaged frames since" for e, count in damaged)
        moved = "; ".join(moved_lines(scene, end, "duplex ", "speed "))
        summary = f"{end} was set by hand since all was well ({moved}); {counted}."
        quotes = [_counter(scene, e) for e, _ in damaged]
        evidence = quoted(scene, (end.device, *lines_of(scene, end, "duplex ", "speed ")), *quotes)
        where = resources.interface(end.device, end.interface)
        yield cause("duplex_mismatch", where, summary, MOVED, [*evidence, *lost_lines(scene, end, "duplex ", "speed ")])


def _unheard(scene: Scene) -> Iterator[tuple[Cable, End]]:
    for cable in scene.cables:
        told = [end for end in cable.ends if (seen := cable.seen(end)) and seen.duplex]
        damaged = any(_damaged_since(scene, end) >= FRESH for end in cable.ends)
        if damaged and len(told) == 1 and moved_lines(scene, told[0], "duplex ", "speed "):
            yield cable, told[0]


def _both(scene: Scene, end: End) -> Iterator[End]:
    return (each for cable in scene.cables if end in cable.ends for each in cable.ends)


def _counter(scene: Scene, end: End) -> tuple[object, ...]:
    seen = scene.facts.interface(end)
    return (end.device, f"{seen.in_errors} input errors", seen.quote) if seen else (end.device,)


def _blamed_for_duplex(scene: Scene, cable: Cable) -> list[tuple[End, float]]:
    moved = [(end, MOVED) for end in cable.ends if reconfigured(scene, end)]
    by_hand = [(end, ODD) for end in cable.ends if lines_of(scene, end, "duplex ")]
    return moved or by_hand[:1] or [(cable.ends[0], LEAD)]


def damaged_frames(scene: Scene) -> Iterator[RootCause]:
    """`interface_errors` (RFC 2863 ifInErrors): frames arrive damaged, and more of them with each look.

    A lead only where there was one look: the counter does not tell whether it is over. Duplex explains its own.
    """
    unheard = [cable for cable, _ in _unheard(scene)]
    clashing = {end for cable in scene.cables for end in cable.ends if cable in unheard or _clashes(cable)}
    for sight in scene.facts.reachable:
        for interface in sight.interfaces or []:
            end = End(device=sight.name, interface=interface.name)
            count = _damaged_since(scene, end)
            if count < (FRESH if about_quality(scene.words) else DAMAGED) or end in clashing:
                continue
            sure = LEAD if scene.earlier is None else MOVED if _still_damaged(scene, end) else 0.0
            summary = f"{end} has received {count} damaged frames since all was well."
            evidence = quoted(scene, _counter(scene, end))
            if sure:
                yield cause("interface_errors", resources.interface(end.device, end.interface), summary, sure, evidence)


def _clashes(cable: Cable) -> bool:
    words = {seen.duplex for end in cable.ends if (seen := cable.seen(end))}
    return {"full", "half"} <= words


def _damaged_since(scene: Scene, end: End) -> int:
    sight, seen = scene.facts.sight(end.device), scene.facts.interface(end)
    past = sight.before.interfaces if sight and sight.before else None
    was = next((interface.in_errors for interface in past or [] if interface.name == end.interface), None)
    return seen.in_errors - was if seen and seen.in_errors is not None and was is not None else 0


def _still_damaged(scene: Scene, end: End) -> bool:
    then = scene.earlier.interface(end) if scene.earlier else None
    now = scene.facts.interface(end)
    return bool(then and now and (now.in_errors or 0) >= (then.in_errors or 0) + RISEN)
