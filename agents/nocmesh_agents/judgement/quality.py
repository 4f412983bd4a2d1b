"""Links that carry, and badly: packets are lost or damaged on the way, as probes from both ends show."""

from collections.abc import Iterator

from nocmesh.diagnosis.probeplan import tallies
from nocmesh.diagnosis.probes import Probed, Tally, guilty
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import Evidence, RootCause
from nocmesh.network import Link
from nocmesh_agents.judgement.causes import cause
from nocmesh_agents.judgement.media import throttle

PROVEN, UNCOUNTED = 0.96, 0.8
"""How sure: damaged packets were counted, or nobody could count them, so that what was lost may have been damaged."""


def lossy_links(scene: Scene) -> Iterator[RootCause]:
    """`link_packet_loss`: probes over the link are lost, and no end finds damaged packets instead."""
    for link, tally in _guilty(scene):
        if not _is_damage(tally):
            summary = f"{_said(link, tally)}; neither end counts damaged packets."
            yield _found("link_packet_loss", link, tally, summary)


def damaging_links(scene: Scene) -> Iterator[RootCause]:
    """`link_packet_corruption`: probes arrive damaged, and are thrown away for their checksums (RFC 1071)."""
    for link, tally in _guilty(scene):
        if _is_damage(tally):
            summary = f"{_said(link, tally)}; meanwhile its ends threw away {tally.damaged} damaged packets."
            yield _found("link_packet_corruption", link, tally, summary)


def _guilty(scene: Scene) -> list[tuple[Link, Tally]]:
    """Not the links that are merely full: an end lets only so much through."""
    found = guilty(tallies(scene))
    return [(link, tally) for link, tally in found if not any(throttle(scene, end) for end in (link.a, link.b))]


def _is_damage(tally: Tally) -> bool:
    """So many were damaged that they explain what was lost while somebody counted.

    A link that damages the share p either way loses p of the requests at the far end and p (1 - p) of the answers at
    the prober: who counts at one end alone sees (1 - p) / (2 - p) of it, which is a quarter or more up to p = 2/3.
    """
    lost = sum(probe.result.lost for probe in tally.probes if probe.result.checksum_errors is not None)
    return bool(tally.damaged) and (tally.damaged or 0) * 4 >= lost


def _said(link: Link, tally: Tally) -> str:
    ends = f"{link.a} and {link.b}"
    return (
        f"{tally.lost} of {tally.counted} probes between {ends} were lost, though the link is up: "
        f"about {tally.share:.0%} in either direction"
    )


def _found(fault: str, link: Link, tally: Tally, summary: str) -> RootCause:
    sure = PROVEN if tally.damaged is not None or _counts(tally) else UNCOUNTED
    evidence = [quote for probe in tally.thorough for quote in _quotes(probe, fault)]
    return cause(fault, link.resource, summary, sure, evidence)


def _counts(tally: Tally) -> bool:
    return any(probe.result.checksum_errors is not None for probe in tally.probes)


def _quotes(probe: Probed, fault: str) -> list[Evidence]:
    """What it lost; and where damage is what is claimed, the counters that rose."""
    return probe.evidence if fault == "link_packet_corruption" else probe.evidence[:1]
