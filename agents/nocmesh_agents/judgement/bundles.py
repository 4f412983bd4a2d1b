"""Bundles: members that carry nothing, and links that only one end bundles."""

from collections.abc import Iterator, Sequence

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.cabling import Cable
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import Lag, LagMember
from nocmesh.network import End
from nocmesh_agents.judgement.causes import cause, quoted
from nocmesh_agents.judgement.ports import MOVED, ODD, lines_of, lost_lines, reconfigured


def left_out_members(scene: Scene) -> Iterator[RootCause]:
    """`lag_member_down` (IEEE 802.1AX §6.4): a member's link is up and carries nothing of its bundle."""
    for cable in scene.cables:
        ends = [end for end in cable.ends if _is_left_out(scene, end)]
        if not ends or cable.broken or _is_half_bundled(scene, cable):
            continue
        moved = [end for end in ends if reconfigured(scene, end)]
        for end in moved or ends[:1]:
            lag, member = membership(scene.facts.sight(end.device), end.interface) or (None, None)
            assert lag is not None
            assert member is not None
            summary = f"{end} is a member of {lag.name} and is not bundled ({member.flags or 'left out'})."
            evidence = [*quoted(scene, (end.device, lag.quote, *lines_of(scene, end, ""))), *lost_lines(scene, end, "")]
            sure = MOVED if moved else ODD
            yield cause("lag_member_down", resources.interface(end.device, end.interface), summary, sure, evidence)


def half_bundles(scene: Scene) -> Iterator[RootCause]:
    """`mac_flap`: one end bundles the link without a protocol, the other takes it for a link of its own.

    Then frames of one station come in by either, and its address moves between ports.
    """
    for cable in scene.cables:
        if cable.broken or not _is_half_bundled(scene, cable):
            continue
        inside, outside = sorted(cable.ends, key=lambda end: _of(scene, end) is None)
        lag = _of(scene, inside)
        assert lag is not None
        summary = f"{inside} is bundled in {lag.name} without a protocol, {outside} is in no bundle: addresses move."
        lines = [*lines_of(scene, inside, "channel-group "), *lines_of(scene, outside, "switchport ")]
        evidence = [
            *quoted(scene, (inside.device, lag.quote, *lines), (outside.device, f"interface {outside.interface}")),
            *lost_lines(scene, outside, "channel-group "),
        ]
        yield cause("mac_flap", cable.link.resource, summary, MOVED, evidence)


def _is_half_bundled(scene: Scene, cable: Cable) -> bool:
    """A static bundle at one end alone: a protocol would have noticed."""
    lags = [_of(scene, end) for end in cable.ends]
    told = [scene.facts.sight(end.device) for end in cable.ends]
    if not all(sight and sight.switching for sight in told) or (lags[0] is None) == (lags[1] is None):
        return False
    return all(lag is None or lag.protocol in ("", "on", "static") for lag in lags)


def _of(scene: Scene, end: End) -> Lag | None:
    found = membership(scene.facts.sight(end.device), end.interface)
    return found[0] if found else None


def _is_left_out(scene: Scene, end: End) -> bool:
    found = membership(scene.facts.sight(end.device), end.interface)
    return found is not None and found[1].bundled is False


def member_of(lags: Sequence[Lag], interface: str) -> tuple[Lag, LagMember] | None:
    """The one of ``lags`` that ``interface`` belongs to, and how it does."""
    pairs = ((lag, member) for lag in lags for member in lag.members)
    return next(((lag, member) for lag, member in pairs if member.interface == interface), None)


def membership(sight: Sight | None, interface: str) -> tuple[Lag, LagMember] | None:
    """The bundle that ``interface`` belongs to, as seen."""
    return member_of(sight.switching.lags if sight and sight.switching else [], interface)
