"""Cisco IOS's BGP: `show ip bgp neighbors` by TextFSM, joined with what is configured. Pure."""

import re
from collections.abc import Sequence

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import BgpNeighbor, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.bgpconfig import asn_of, canonical, configured_bgp
from nocmesh_bridges.platforms.bgpmerge import merged, notification, session_state
from nocmesh_bridges.platforms.parsing import TEMPLATES, rows
from nocmesh_bridges.platforms.protocol import Parsed
from nocmesh_bridges.platforms.tables import Block, blocks, clock_seconds

NEIGHBORS = "show ip bgp neighbors"
_NO_BGP = re.compile(r"^\s*% ?BGP (?:not active|instance not found)\s*$", re.IGNORECASE | re.MULTILINE)
_BLOCK = re.compile(
    r"^BGP neighbor is \*?(?P<address>[^\s,]+), +(?:vrf (?P<vrf>\S+), +)?remote AS (?P<asn>[\d.]+)", re.MULTILINE
)
_EVIDENCE = re.compile(
    r"^ *(?P<it>BGP neighbor is .*|BGP state = .*|Administratively shut down.*|Last reset .*|.*maximum prefix.*)\s*?$",
    re.MULTILINE | re.IGNORECASE,
)
_LOG = re.compile(r"^[*.]?.*%[A-Z][A-Z0-9_]*-\d-[A-Z]", re.MULTILINE)


def bgp_status(text: str) -> ViewStatus:
    """Parsed when every paragraph is whole; empty for no text too: so answers a process that has no neighbour."""
    if not text.strip() or (_NO_BGP.search(text) and not _BLOCK.search(text)):
        return "empty"
    found = blocks(text, _BLOCK)
    states = [row["bgp_state"] for row in rows(TEMPLATES, NEIGHBORS, text)]
    stated = len(states) == len(found) and all(states)
    return "parsed" if found and stated and all(map(_whole, found)) else "unparsed"


def _whole(block: Block) -> bool:
    """Say whether a neighbour's paragraph reaches its end: the reason of its last reset, and what follows."""
    return "Last reset" in block.text and not _LOG.search(block.text)


def bgp(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `bgp` from NEIGHBORS and the running configuration.

    Unparsed: neighbours are configured, and the device says nothing of them; one of the answers is not whole.
    """
    neighbors, running = answers
    configured = configured_bgp(sections(running.text), running.command)
    if configured.neighbors and not neighbors.text.strip():
        return Parsed(status="unparsed")
    found = sessions([neighbors])
    nothing = not configured.line and not found
    return Parsed(status="empty" if nothing else "parsed", value=merged(configured, found, running.command))


def sessions(answers: Sequence[Output]) -> list[BgpNeighbor]:
    """The sessions that NEIGHBORS tells of, without those of VRFs; nothing of the configuration is in them."""
    text = answers[0].text
    states = [row["bgp_state"] for row in rows(TEMPLATES, NEIGHBORS, text)]
    return [_session(b, state) for b, state in zip(blocks(text, _BLOCK), states, strict=True) if not b["vrf"]]


def _session(block: Block, state: str) -> BgpNeighbor:
    reset = block.find(r"^ *Last reset (?:\S+, due to )?(?P<it>.+?)\s*$")
    return BgpNeighbor(
        address=canonical(block["address"]),
        remote_as=asn_of(block["asn"]),
        local_as=asn_of(block.find(r"^ *Local AS (?:number )?(?P<it>\d+)")),
        session_state=session_state(state),
        enabled="Administratively shut down" not in block.text,
        description=block.find(r"^ *Description: (?P<it>.+?)\s*$"),
        has_password=bool(block.line(r"^Option Flags:.*\bmd5\b")),
        prefixes_sent=block.number(r"^ *Prefixes Current: +(?P<it>\d+)"),
        prefixes_received=block.number(r"^ *Prefixes Current: +\d+ +(?P<it>\d+)"),
        last_reset_reason="" if reset == "never" else reset,
        last_error=_last_error(reset),
        established_for=clock_seconds(block.find(r"^ *BGP state = Established, up for (?P<it>\S+)")),
        dropped=block.number(r"^ *Connections established \d+; dropped (?P<it>\d+)"),
        last_reset_ago=clock_seconds(block.find(r"^ *Last reset (?P<it>[\dwdyh:]+), due to ")),
        quotes=[Quote(command=NEIGHBORS, text=match["it"].rstrip()) for match in _EVIDENCE.finditer(block.text)],
    )


def _last_error(reset: str) -> str:
    """From `BGP Notification received of session 1, peer in wrong AS`: `Bad Peer AS`."""
    match = re.match(r"BGP Notification (?:sent|received)(?: of session \d+)?,? ?(?P<what>.*)$", reset)
    return notification(match["what"].split(", ")[-1]) if match else ""
