"""FRR's BGP sessions (bgpd/bgp_vty.c, bgp_show_peer), joined with the running configuration. Pure."""

from collections.abc import Mapping, Sequence

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import BgpNeighbor, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.bgpconfig import canonical, configured_bgp
from nocmesh_bridges.platforms.bgpmerge import merged, notification, session_state
from nocmesh_bridges.platforms.protocol import Parsed
from nocmesh_bridges.platforms.spans import Span, read_spans

NEIGHBORS = "show bgp neighbors json"
_FAMILIES = {"Unicast": "-unicast", "Multicast": "-multicast", "Vpn": "-vpn", "Evpn": "-evpn"}
_QUOTED = (
    "bgpState",
    "remoteAs",
    "adminShutDown",
    "lastNotificationReason",
    "lastResetDueTo",
    "prefixesConfigExceedMax",
)


def is_neighbor(entry: Span) -> bool:
    """Say whether ``entry`` is what FRR prints of a neighbour."""
    return bool(entry.text("bgpState"))


def bgp(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `bgp` from NEIGHBORS and the running configuration."""
    neighbors, running = answers
    found = sessions([neighbors])
    configured = configured_bgp(sections(running.text), running.command)
    entries = read_spans(neighbors.text).members
    router_id = next((entry.text("localRouterId") for entry in entries.values()), "")
    nothing = not configured.line and not found
    return Parsed(status="empty" if nothing else status, value=merged(configured, found, running.command, router_id))


def sessions(answers: Sequence[Output]) -> list[BgpNeighbor]:
    """The sessions that NEIGHBORS tells of; nothing of the configuration is in them."""
    entries = read_spans(answers[0].text).members
    return [_session(answers[0], address, entry) for address, entry in entries.items()]


def _session(output: Output, address: str, entry: Span) -> BgpNeighbor:
    families = entry.members.get("addressFamilyInfo")
    counts = families.members if families is not None else {}
    uptime = entry.number("bgpTimerUpMsec")
    reasons = entry.text("lastNotificationReason")
    return BgpNeighbor(
        address=canonical(address),
        remote_as=entry.number("remoteAs") or None,
        local_as=entry.number("localAs"),
        session_state=session_state(entry.text("bgpState")),
        enabled=not entry.flag("adminShutDown"),
        description=entry.text("nbrDesc"),
        update_source=entry.text("updateSource"),
        has_password=bool(entry.number("authenticationEnabled")),
        address_families=sorted(_family(name) for name in counts),
        prefixes_received=_total(counts, "acceptedPrefixCounter"),
        prefixes_sent=_total(counts, "sentPrefixCounter"),
        last_reset_reason=entry.text("lastResetDueTo"),
        last_error=notification(reasons) if reasons else "",
        established_for=None if uptime is None else uptime // 1000,
        dropped=entry.number("connectionsDropped"),
        last_reset_ago=_seconds(entry.number("lastResetTimerMsecs")),
        quotes=[quote for key in _QUOTED for quote in _quote(output, entry.members.get(key))],
    )


def _seconds(milliseconds: int | None) -> int | None:
    """FRR counts a last reset that there never was from 0."""
    return milliseconds // 1000 if milliseconds else None


def _total(families: Mapping[str, Span], key: str) -> int | None:
    counts = [count for family in families.values() if (count := family.number(key)) is not None]
    return sum(counts) if counts else None


def _family(name: str) -> str:
    for ending, spelled in _FAMILIES.items():
        if name.endswith(ending):
            return name.removesuffix(ending).lower() + spelled
    return name


def _quote(output: Output, entry: Span | None) -> list[Quote]:
    return [] if entry is None else [Quote(command=output.command, text=output.text[entry.start : entry.end])]
