"""Cisco IOS and IOS-XE: show commands by TextFSM, each row held against the text that it came from.

Templates skip what they do not know, so a table counts only when every entry of the text has its row. Pure.
"""

import re
from collections.abc import Sequence

from nocmesh.diagnosis.configtext import sections, sha256_of, whole
from nocmesh.messages.state import BgpNeighbor, Interface, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.bgpconfig import asn_of, canonical, configured_bgp
from nocmesh_bridges.platforms.bgpmerge import merged, notification, session_state
from nocmesh_bridges.platforms.iosroutes import ROUTES, routes_of, routes_status
from nocmesh_bridges.platforms.parsing import TEMPLATES, Row, rows
from nocmesh_bridges.platforms.protocol import Ask, Parsed, Source, Tables

RUNNING = "show running-config"
NEIGHBORS = "show ip bgp neighbors"
INTERFACES = "show interfaces"

_NO_BGP = re.compile(r"^\s*% ?BGP (?:not active|instance not found)\s*$", re.IGNORECASE | re.MULTILINE)
_BLOCK = re.compile(
    r"^BGP neighbor is \*?(?P<address>[^\s,]+), +(?:vrf (?P<vrf>\S+), +)?remote AS (?P<asn>[\d.]+)", re.MULTILINE
)
_INTERFACE = re.compile(
    r"^(?P<name>\S+) is (?P<state>[^,\n]+), line protocol is (?P<protocol>[^\n]+?)\s*$", re.MULTILINE
)


def _config_status(text: str) -> ViewStatus:
    return "parsed" if whole(text) else "unparsed"


def _config(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    text = answers[0].text
    return Parsed(status=status, value=sections(text), config_sha256=sha256_of("cisco_iosxe", text))


def _blocks(text: str, opening: re.Pattern[str]) -> list[tuple[re.Match[str], str]]:
    """The paragraphs that ``opening`` begins, each with its opening."""
    openings = list(opening.finditer(text))
    ends = [*(match.start() for match in openings[1:]), len(text)][: len(openings)]
    return [(match, text[match.start() : end]) for match, end in zip(openings, ends, strict=True)]


def _interfaces_status(text: str) -> ViewStatus:
    blocks = _blocks(text, _INTERFACE)
    found = [row["interface"] for row in rows(TEMPLATES, INTERFACES, text)]
    named = found == [match["name"] for match, _ in blocks]
    return "parsed" if blocks and named and all(_whole_interface(block) for _, block in blocks) else "unparsed"


def _whole_interface(block: str) -> bool:
    """Say whether a paragraph reaches its last counters and holds no line that is not its own."""
    subinterface = "." in block.split(" ", 1)[0] and "Last clearing of" in block  # it has no counters of its own
    inside = all(line.startswith(" ") for line in block.splitlines()[1:] if line.strip())
    return inside and ("output errors" in block or subinterface)


def _interfaces(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    text = answers[0].text
    found = zip(_blocks(text, _INTERFACE), rows(TEMPLATES, INTERFACES, text), strict=True)
    return Parsed(status=status, value=[_interface(match, block, row) for (match, block), row in found])


def _interface(match: re.Match[str], block: str, row: Row) -> Interface:
    address = f"{row['ip_address']}/{row['prefix_length']}" if row["ip_address"] else ""
    return Interface(
        name=row["interface"],
        enabled="administratively down" not in match["state"],
        oper_up=match["state"].strip() == "up" and match["protocol"].split(" ")[0] == "up",
        mtu=_number(row["mtu"]),
        addresses=[address] if address else [],
        description=row["description"],
        in_errors=_number(row["input_errors"]),
        out_errors=_number(_found(block, r"^ *(?P<it>\d+) output errors\b")),
        quote=Quote(command=INTERFACES, text=match[0].rstrip()),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _routes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    return Parsed(status=status, value=routes_of(answers[0].text))


def _bgp_status(text: str) -> ViewStatus:
    if _NO_BGP.search(text) and not _BLOCK.search(text):
        return "empty"
    blocks = _blocks(text, _BLOCK)
    found = rows(TEMPLATES, NEIGHBORS, text)
    stated = len(found) == len(blocks) and all(row["bgp_state"] for row in found)
    return "parsed" if blocks and stated and all(_whole_session(block) for _, block in blocks) else "unparsed"


def _whole_session(block: str) -> bool:
    """Say whether a neighbour's paragraph reaches its end: the reason of its last reset, and what follows."""
    return "Last reset" in block and not re.search(r"^[*.]?.*%[A-Z][A-Z0-9_]*-\d-[A-Z]", block, re.MULTILINE)


def _bgp(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    neighbors, running = answers
    configured = configured_bgp(sections(running.text), RUNNING)
    states = [row["bgp_state"] for row in rows(TEMPLATES, NEIGHBORS, neighbors.text)]
    found = zip(_blocks(neighbors.text, _BLOCK), states, strict=True)
    sessions = [_session(match, block, state) for (match, block), state in found if not match["vrf"]]
    nothing = not configured.line and not sessions
    return Parsed(status="empty" if nothing else "parsed", value=merged(configured, sessions, RUNNING))


def _session(match: re.Match[str], block: str, state: str) -> BgpNeighbor:
    reset = _found(block, r"^ *Last reset (?:\S+, due to )?(?P<it>.+?)\s*$")
    return BgpNeighbor(
        address=canonical(match["address"]),
        remote_as=asn_of(match["asn"]),
        local_as=asn_of(_found(block, r"^ *Local AS (?:number )?(?P<it>\d+)")),
        session_state=session_state(state),
        enabled="Administratively shut down" not in block,
        description=_found(block, r"^ *Description: (?P<it>.+?)\s*$"),
        has_password=bool(re.search(r"^Option Flags:.*\bmd5\b", block, re.MULTILINE)),
        prefixes_sent=_number(_found(block, r"^ *Prefixes Current: +(?P<it>\d+)")),
        prefixes_received=_number(_found(block, r"^ *Prefixes Current: +\d+ +(?P<it>\d+)")),
        last_reset_reason="" if reset == "never" else reset,
        last_error=_last_error(reset),
        established_for=_seconds(_found(block, r"^ *BGP state = Established, up for (?P<it>\S+)")),
        quotes=[Quote(command=NEIGHBORS, text=text) for text in _quotes(block)],
    )


def _found(block: str, pattern: str) -> str:
    match = re.search(pattern, block, re.MULTILINE)
    return match["it"] if match else ""


_EVIDENCE = re.compile(
    r"^ *(?P<it>BGP neighbor is .*|BGP state = .*|Administratively shut down.*|Last reset .*|.*maximum prefix.*)\s*?$",
    re.MULTILINE | re.IGNORECASE,
)


def _quotes(block: str) -> list[str]:
    return [match["it"].rstrip() for match in _EVIDENCE.finditer(block)]


def _last_error(reset: str) -> str:
    """From `BGP Notification received of session 1, peer in wrong AS`: `Bad Peer AS`."""
    match = re.match(r"BGP Notification (?:sent|received)(?: of session \d+)?,? ?(?P<what>.*)$", reset)
    return notification(match["what"].split(", ")[-1]) if match else ""


_UNITS = {"y": 365 * 86400, "w": 7 * 86400, "d": 86400, "h": 3600}


def _seconds(text: str) -> int | None:
    """`00:18:02`, `1d05h`, `38w4d` or `1y10w` in seconds, as exactly as IOS tells."""
    if re.fullmatch(r"\d+:\d\d:\d\d", text):
        hours, minutes, seconds = (int(part) for part in text.split(":"))
        return hours * 3600 + minutes * 60 + seconds
    parts = re.findall(r"(\d+)([ywdh])", text)
    return sum(int(count) * _UNITS[unit] for count, unit in parts) if parts else None


CISCO_IOSXE = Tables(
    name="cisco_iosxe",
    views={
        "interfaces": Source((Ask(INTERFACES),), _interfaces),
        "bgp": Source((Ask(NEIGHBORS), Ask(RUNNING)), _bgp),
        "routes": Source((Ask(ROUTES),), _routes),
        "config": Source((Ask(RUNNING),), _config),
    },
    judges={
        RUNNING: _config_status,
        NEIGHBORS: _bgp_status,
        INTERFACES: _interfaces_status,
        ROUTES: routes_status,
    },
)
"""Cisco IOS and IOS-XE."""
