"""Cisco IOS-XR's BGP: `show bgp neighbors`, joined with what is configured. Pure."""

import re
from collections.abc import Sequence

from nocmesh.messages.state import BgpNeighbor, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.bgpconfig import asn_of, canonical
from nocmesh_bridges.platforms.bgpmerge import notification, session_state
from nocmesh_bridges.platforms.bgpnested import nested_view
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import STAMP, Block, clock_seconds, judge_of, number, paragraphs

NEIGHBORS = "show bgp neighbors"
_NONE = re.compile(r"^% (?:None of the requested address families are configured|BGP instance '\S+' not active)", re.M)
_BLOCK = re.compile(r"^BGP neighbor is (?P<address>[^\s,]+)(?:, vrf (?P<vrf>\S+))?\s*$", re.MULTILINE)
_STATE = re.compile(r"^ *(?P<line>BGP state = (?P<state>\w+)(?: \((?P<why>[^)\n]*)\))?[^\n]*?)\s*$", re.MULTILINE)
_RESET = re.compile(r"^ *(?P<line>Last reset (?P<ago>[\dywdh:]+)(?:, due to (?P<why>[^\n]+?))?)\s*$", re.MULTILINE)
_IPV4 = re.compile(r"^ *For Address Family: IPv4 Unicast\s*$(?P<text>.*?)(?=^ *For Address Family:|\Z)", re.M | re.S)


def _paragraphs(text: str) -> list[Block] | None:
    """The neighbours, each told to its last reset; none for no text: so answers a router without one."""
    if _NONE.search(text) or all(STAMP.match(line) for line in text.splitlines()):
        return []
    return paragraphs(text, _BLOCK, _whole)


def _whole(block: Block) -> bool:
    return block.indented() and _STATE.search(block.text) is not None and _RESET.search(block.text) is not None


JUDGES: dict[str, Judge] = {NEIGHBORS: judge_of(_paragraphs)}


def bgp(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `bgp` from NEIGHBORS and the running configuration.

    Unparsed: neighbours are configured, and the device says nothing of them.
    """
    neighbors, running = answers
    return nested_view(running, sessions([neighbors]))


def sessions(answers: Sequence[Output]) -> list[BgpNeighbor]:
    """The sessions that NEIGHBORS tells of, without those of VRFs; nothing of the configuration is in them."""
    return [_session(block) for block in _paragraphs(answers[0].text) or [] if not block["vrf"]]


def _session(block: Block) -> BgpNeighbor:
    state, last, family = (part.search(block.text) for part in (_STATE, _RESET, _IPV4))
    reason = (last["why"] or "") if last else ""
    reason = "" if reason == "None" else reason
    lines = [block.match[0], state["line"] if state else "", last["line"] if last else ""]
    return BgpNeighbor(
        address=canonical(block["address"]),
        remote_as=asn_of(block.find(r"^ *Remote AS (?P<it>[\d.]*\d)")),
        local_as=asn_of(block.find(r"^ *Remote AS [\d.]*\d, local AS (?P<it>[\d.]*\d)")),
        session_state=session_state(state["state"]) if state else "unknown",
        enabled=state is None or "shutdown" not in (state["why"] or ""),
        description=block.find(r"^ *Description: (?P<it>.+?)\s*$"),
        prefixes_received=_count(family, r"(?P<count>\d+) accepted prefixes"),
        prefixes_sent=_count(family, r"Prefix advertised (?P<count>\d+)"),
        last_reset_reason=reason,
        last_error=_last_error(reason),
        established_for=clock_seconds(block.find(r"^ *BGP state = Established, up for (?P<it>\S+)")),
        dropped=block.number(r"^ *Connections established \d+; dropped (?P<it>\d+)"),
        last_reset_ago=clock_seconds(last["ago"]) if last and reason else None,
        quotes=[Quote(command=NEIGHBORS, text=line.strip()) for line in lines if line],
    )


def _last_error(reason: str) -> str:
    """From `BGP Notification sent: hold time expired`: `Hold Timer Expired`."""
    match = re.match(r"BGP Notification (?:sent|received)[:,] (?P<what>.*)$", reason)
    return notification(match["what"]) if match else ""


def _count(family: re.Match[str] | None, pattern: str) -> int | None:
    match = re.search(rf"^ *{pattern}\b", family["text"], re.MULTILINE) if family else None
    return number(match["count"]) if match else None
