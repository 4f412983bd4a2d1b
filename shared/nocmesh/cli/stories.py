"""The stories that ``nocmesh demo`` tells: which network, what breaks in it, and how each incident is to end. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from nocmesh.errors import NotFoundError

SHIFT_FAULTS = (
    "bgp_asn_misconfig",
    "bgp_neighbor_shutdown",
    "bgp_neighbor_missing",
    "interface_admin_down",
    "bgp_missing_route_advertisement",
    "bgp_address_family_missing",
    "bgp_max_prefix_exceeded",
    "none",
    "link_down",
)
"""What may break on a shift; the first ones first, when there are few incidents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """A fault at a place; without one, at the place that the network keeps for it."""

    fault: str
    device: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One incident."""

    blow: Blow
    meanwhile: Blow | None = None
    """What else breaks while people still think about the approval, so that the right fix cannot help."""


STORIES = ("fix", "failed-fix", "shift")


def topology(story: str, seed: int, devices: int) -> str:
    """The name of the network that the story plays in. Raises NotFoundError that lists the stories."""
    if story not in STORIES:
        raise NotFoundError(f"there is no story {story!r}; known: {', '.join(STORIES)}")
    return f"synthetic-{seed}-{devices}" if story == "shift" else "demo"


def chapters(story: str, fault: str, seed: int, incidents: int, links: Sequence[tuple[str, str]]) -> list[Chapter]:
    """What happens in the story; ``links`` are the pairs of cabled devices of its network."""
    if story == "fix":
        return [Chapter(blow=Blow(fault=fault))]
    if story == "failed-fix":
        return [_doomed("edge1", "isp1")]
    return _shift(seed, incidents, links)


def _doomed(device: str, target: str) -> Chapter:
    """A session that was shut down; before it is opened again, its far end changes the password."""
    return Chapter(
        blow=Blow(fault="bgp_neighbor_shutdown", device=device, target=target),
        meanwhile=Blow(fault="bgp_auth_mismatch", device=target, target=device),
    )


def _shift(seed: int, incidents: int, links: Sequence[tuple[str, str]]) -> list[Chapter]:
    """A row of incidents; the last one cannot be mended."""
    chance = Random(f"shift-{seed}")  # noqa: S311 - nothing secret comes of it
    places = [(a, b) if chance.random() < 0.5 else (b, a) for a, b in links]
    mendable = [
        Chapter(blow=Blow(fault=SHIFT_FAULTS[n % len(SHIFT_FAULTS)], device=device, target=target))
        for n, (device, target) in enumerate(chance.choices(places, k=incidents - 1))
    ]
    return [*mendable, _doomed(*chance.choice(places))]


def wrong_end(chapter: Chapter, report: Mapping[str, Any]) -> str:
    """What is wrong with the end of a chapter whose fix could not help; empty: nothing, or it was another chapter."""
    outcome = report.get("outcome") or {}
    ended = (report.get("state"), outcome.get("verification"), outcome.get("rolled_back"))
    if chapter.meanwhile is None or ended == ("escalated", "failed", True):
        return ""
    return (
        "the fix could not help, so it should have been rolled back and handed to a person; "
        f"the incident is {ended[0]}, its verification {ended[1]}, rolled back: {ended[2]}"
    )
