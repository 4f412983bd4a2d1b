"""Root causes in the making: one per fault and resource, with all of its evidence."""

from collections.abc import Iterable, Sequence

import msgspec

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import Evidence, RootCause

MOST_QUOTES = 6
"""A cause with more quotes is not better proven, only harder to read."""


def cause(fault_type: str, resource: str, summary: str, confidence: float, evidence: Iterable[Evidence]) -> RootCause:
    """A root cause; quotes that say the same twice are kept once."""
    once = list(dict.fromkeys(evidence))[:MOST_QUOTES]
    return RootCause(
        resource=resource, fault_type=fault_type, summary=summary, confidence=round(confidence, 2), evidence=once
    )


def at_node(scene: Scene, fault_type: str, device: str, summary: str, confidence: float, *quotes: object) -> RootCause:
    """A cause on the node ``device``; each of ``quotes`` is (device, what to quote …)."""
    return cause(fault_type, resources.node(device), summary, confidence, quoted(scene, *quotes))


def quoted(scene: Scene, *quotes: object) -> list[Evidence]:
    """Evidence for (device, what to quote …) tuples; what does not stand in the recorded outputs is left out."""
    found: list[Evidence] = []
    for entry in quotes:
        device, *wanted = entry if isinstance(entry, tuple) else (entry,)
        sight = scene.facts.sight(str(device))
        found += sight.quote(*wanted) if sight else []
    return found


def merged(causes: Sequence[RootCause]) -> list[RootCause]:
    """One cause per resource and fault: the most confident one, with the evidence and the words of all."""
    kept: dict[tuple[str, str], RootCause] = {}
    for found in causes:
        key = (found.resource, found.fault_type)
        kept[key] = _both(kept[key], found) if key in kept else found
    return list(kept.values())


def _both(a: RootCause, b: RootCause) -> RootCause:
    summaries = a.summary if b.summary in a.summary else f"{a.summary} {b.summary}"
    return msgspec.structs.replace(
        a,
        summary=summaries,
        confidence=max(a.confidence, b.confidence),
        evidence=list(dict.fromkeys([*a.evidence, *b.evidence]))[:MOST_QUOTES],
    )
