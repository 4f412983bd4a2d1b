"""Cisco NX-OS's BGP: `show ip bgp neighbors`, joined with what is configured. Pure."""

import re
from collections.abc import Sequence

from nocmesh.messages.state import BgpNeighbor, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.bgpconfig import asn_of, canonical
from nocmesh_bridges.platforms.bgpmerge import notification, session_state
from nocmesh_bridges.platforms.bgpnested import nested_view
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Block, clock_seconds, judge_of, number, paragraphs

NEIGHBORS = "show ip bgp neighbors"
NOT_RUNNING = re.compile(r"^\s*Note: +process currently not running", re.MULTILINE)
"""What NX-OS says of a routing protocol whose feature is on, and which nothing configures."""
_BLOCK = re.compile(r"^BGP neighbor is (?P<address>[^\s,]+), +remote AS (?P<asn>[\d.]+),[^\n]*$", re.MULTILINE)
_STATE = re.compile(r"^ *(?P<line>BGP state = (?P<state>\w+)(?: \((?P<why>[^)\n]*)\))?[^\n]*?)\s*$", re.MULTILINE)
_RESET = re.compile(
    r"^ *(?P<line>Last reset by (?P<who>us|peer) (?P<ago>\S+), due to (?P<why>[^\n]+?))\s*$", re.MULTILINE
)
_END = re.compile(r"^ *(?:fd = \d+|No established BGP session with peer)\s*\Z", re.MULTILINE)
_IPV4 = re.compile(r"^ *For address family: IPv4 Unicast\s*$(?P<text>.*?)(?=^ *For address family:|\Z)", re.M | re.S)


def _paragraphs(text: str) -> list[Block] | None:
    """The neighbours, each told to its end; none for no text: so answers a process that has no neighbour."""
    if not text.strip() or NOT_RUNNING.search(text):
        return []
    return paragraphs(text, _BLOCK, _whole)


def _whole(block: Block) -> bool:
    return block.indented() and _STATE.search(block.text) is not None and _END.search(block.text) is not None


JUDGES: dict[str, Judge] = {NEIGHBORS: judge_of(_paragraphs)}


def bgp(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `bgp` from NEIGHBORS and the running configuration.

    Unparsed: neighbours are configured, and the device says nothing of them.
    """
    neighbors, running = answers
    return nested_view(running, sessions([neighbors]))


def sessions(answers: Sequence[Output]) -> list[BgpNeighbor]:
    """The sessions that NEIGHBORS tells of; nothing of the configuration is in them."""
    return [_session(block) for block in _paragraphs(answers[0].text) or []]


def _session(block: Block) -> BgpNeighbor:
    state, last, family = _STATE.search(block.text), _last_reset(block), _IPV4.search(block.text)
    down = (state["state"], state["why"] or "") if state else ("", "")
    reason = last["why"] if last else ""
    lines = [block.match[0], state["line"] if state else "", last["line"] if last else ""]
    return BgpNeighbor(
        address=canonical(block["address"]),
        remote_as=asn_of(block["asn"]),
        session_state="idle" if down[0] == "Shut" else session_state(down[0]),
        enabled=down != ("Shut", "Admin"),
        description=block.find(r"^ *Description: (?P<it>.+?)\s*$"),
        update_source=block.find(r"^ *Using (?P<it>\S+) as update source"),
        has_password="TCP MD5 authentication is set" in block.text,
        prefixes_received=_count(family, "accepted"),
        prefixes_sent=_count(family, "sent"),
        last_reset_reason=reason or (down[1] if down[1] != "Admin" else ""),
        last_error=notification(reason.removesuffix(" error")) if reason else "",
        established_for=clock_seconds(block.find(r"^ *BGP state = Established, up for (?P<it>\S+)")),
        dropped=block.number(r"^ *Connections established \d+, dropped (?P<it>\d+)"),
        last_reset_ago=clock_seconds(last["ago"]) if last else None,
        quotes=[Quote(command=NEIGHBORS, text=line.strip()) for line in lines if line],
    )


def _last_reset(block: Block) -> re.Match[str] | None:
    """The last of the two that a device tells of: its own, and the peer's."""
    found = [(clock_seconds(match["ago"]), match) for match in _RESET.finditer(block.text)]
    past = [(ago, match) for ago, match in found if ago is not None]
    return min(past, key=lambda each: each[0])[1] if past else None


def _count(family: re.Match[str] | None, what: str) -> int | None:
    match = re.search(rf"^ *(?P<count>\d+) {what} paths\b", family["text"], re.MULTILINE) if family else None
    return number(match["count"]) if match else None
