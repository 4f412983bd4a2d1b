"""Probes: how each platform is asked for a bounded ping or traceroute, and what it answers. Pure.

Sources: iputils' ping(8) and its ping_common.c, traceroute(8), BusyBox, FreeBSD's ping(8) (Junos), the IOS command
reference for `ping` and `traceroute`. FRR's vtysh has a `ping` that never ends, so a router is asked through its shell.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from msgspec.structs import replace

from nocmesh.messages.probe import Hop, ProbeKind, ProbeResult
from nocmesh.messages.state import Door, Output, Quote
from nocmesh_bridges.platforms.linux_system import checksum_errors, checksum_lines
from nocmesh_bridges.platforms.protocol import Ask, rejected

COUNTERS = "cat /proc/net/snmp /proc/net/netstat"
"""What a Linux system threw away for a wrong checksum."""
SECONDS_BETWEEN = 0.02
SLOWLY = 0.2
"""What older iputils allow to anybody but root."""
MOST_HOPS = 12
MOST_ONE_BY_ONE = 10
"""A device that sends the next only after the answer, or a second later, gets no more: its prompt must come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A probe that somebody wants."""

    kind: ProbeKind = "ping"
    target: str
    count: int = 5
    size: int | None = None
    source: str = ""
    seconds_between: float = SECONDS_BETWEEN


def _linux_ping(wish: Wish) -> str:
    size = f" -s {wish.size}" if wish.size is not None else ""
    source = f" -I {wish.source}" if wish.source else ""
    return f"ping -c {wish.count} -i {wish.seconds_between:g} -W 1{size}{source} {wish.target}"


def _linux_traceroute(wish: Wish) -> str:
    return f"traceroute -n -w 1 -q 1 -m {MOST_HOPS} {wish.target}"


def _few(wish: Wish) -> int:
    return min(wish.count, MOST_ONE_BY_ONE)


def _from(wish: Wish) -> str:
    return f" source {wish.source}" if wish.source else ""


def _cli_ping(wish: Wish, count: str, wait: str = "") -> str:
    """`ping` in a router's own words; ``count`` is its word for how often, ``wait`` how long it waits for an answer."""
    size = f" size {wish.size}" if wish.size is not None else ""
    return f"ping {wish.target} {count} {_few(wish)}{size}{wait}{_from(wish)}"


def _ios_ping(wish: Wish) -> str:
    return _cli_ping(wish, "repeat", " timeout 1")


def _ios_traceroute(wish: Wish) -> str:
    return f"{_plain_traceroute(wish)} timeout 1 probe 1"


def _eos_ping(wish: Wish) -> str:
    return _cli_ping(wish, "repeat")


def _junos_ping(wish: Wish) -> str:
    return _cli_ping(wish, "count")


def _plain_traceroute(wish: Wish) -> str:
    return f"traceroute {wish.target}{_from(wish)}"


Write = Callable[[Wish], str]
_CLI: Mapping[str, Mapping[ProbeKind, Write]] = {
    "linux": {"ping": _linux_ping, "traceroute": _linux_traceroute},
    "cisco_iosxe": {"ping": _ios_ping, "traceroute": _ios_traceroute},
    "arista_eos": {"ping": _eos_ping, "traceroute": _plain_traceroute},
    "juniper_junos": {"ping": _junos_ping, "traceroute": _plain_traceroute},
}


def probe_ask(platform: str, wish: Wish, *, shell: bool) -> Ask | None:
    """What to type for ``wish``, through a Linux shell where there is one; None: there is no bounded way."""
    write = _CLI["linux" if shell else platform].get(wish.kind) if shell or platform in _CLI else None
    door: Door = "shell" if shell and platform != "linux" else "cli"
    return Ask(write(wish), door) if write else None


def counters_ask(platform: str, *, shell: bool) -> Ask | None:
    """What to type for the counters of damaged packets; None: the platform does not tell."""
    if platform == "linux":
        return Ask(COUNTERS)
    return Ask(COUNTERS, "shell") if shell else None


def too_fast(output: Output) -> bool:
    """Say whether the system refused to send as fast as it was asked to."""
    return "minimal interval allowed" in output.text


def probed(wish: Wish, output: Output) -> ProbeResult:
    """What ``output``, the answer to ``wish``, says. Never raises for what a device may answer."""
    plain = ProbeResult(kind=wish.kind, target=wish.target, source=wish.source, size=wish.size, status="unparsed")
    if output.status in ("unparsed", "unasked"):
        return replace(plain, status=output.status)
    if rejected(output) or _MISSING.search(output.text):
        return replace(plain, status="rejected")
    return _pinged(plain, output) if wish.kind == "ping" else _traced(plain, output)


_MISSING = re.compile(r"^(?:\S*sh: .*)?(?:ping|traceroute): (?:command )?not found\s*$", re.MULTILINE)
_STATISTICS = re.compile(
    r"^(?P<line>(?P<sent>\d{1,9}) packets transmitted, (?P<received>\d{1,9}) (?:packets )?received"
    r"(?P<more>(?:, \+?\d{1,9} (?:duplicates|corrupted|errors|packets corrupted))*), [\d.]{1,12}% packet loss)",
    re.MULTILINE,
)
"""iputils, BusyBox and BSD."""
_SUCCESS = re.compile(
    r"^(?P<line>Success rate is \d{1,3} percent \((?P<received>\d{1,9})/(?P<sent>\d{1,9})\))", re.MULTILINE
)
"""IOS."""
_CORRUPTED = re.compile(r"\+?(\d+) (?:packets )?corrupted")
_TIMES = re.compile(
    r"(?:rtt|round-trip|round-trip \(ms\)) +min/avg/max(?:/(?:mdev|stddev|std-dev))?"
    r" = (\d{1,9}(?:\.\d{1,9})?)/(\d{1,9}(?:\.\d{1,9})?)/(\d{1,9}(?:\.\d{1,9})?)"
)
_SEQUENCE = re.compile(r"^\d+ bytes from \S.*?\b(?:icmp_)?seq=(\d{1,9})\b", re.MULTILINE)
_MARKS = re.compile(r"^[!.UQM?&NA]{1,200}\s*$", re.MULTILINE)
"""IOS: one mark a probe; `!` is an answer."""
_REFUSALS = re.compile(
    r"^(?:From \S+(?: \(\S+\))?:? icmp_seq=\d+ (?P<far>[A-Z][\w .:()\-]{3,60})"
    r"|ping: (?:connect: |sendmsg: |sendto: )?(?P<own>[A-Z][\w ]{3,60}))",
    re.MULTILINE,
)
MOST_REFUSALS = 5


def _pinged(plain: ProbeResult, output: Output) -> ProbeResult:
    text = output.text.replace("\r", "")
    found = [*_STATISTICS.finditer(text), *_SUCCESS.finditer(text)]
    refusals = _refusals(text)
    if not found:
        return replace(plain, status="parsed", sent=0, received=0, **refusals) if refusals else plain
    sent, received = int(found[0]["sent"]), int(found[0]["received"])
    if len(found) > 1 or received > sent:
        return plain
    return replace(
        plain,
        status="parsed",
        sent=sent,
        received=received,
        damaged=_damaged(found[0].groupdict().get("more") or "", text),
        first_lost=_first_lost(text, sent, received),
        quote=Quote(command=output.command, text=found[0]["line"]),
        **refusals,
        **_times(text),
    )


def _damaged(more: str, text: str) -> int:
    """Answers with other bytes: counted as corrupted (a wrong ICMP checksum), or shown byte by byte."""
    counted = _CORRUPTED.search(more)
    return (int(counted[1]) if counted else 0) + len(re.findall(r"^wrong data byte #", text, re.MULTILINE))


def _first_lost(text: str, sent: int, received: int) -> bool | None:
    """By the numbers of the answers, or by IOS's marks; None: neither is shown."""
    if received == sent:
        return False
    marks = _MARKS.search(text)
    if marks:
        return not marks[0].startswith("!")
    numbers = {int(found) for found in _SEQUENCE.findall(text)}
    if not numbers and received:
        return None
    first = 0 if " packets received," in text else 1  # BSD and BusyBox count from 0, iputils from 1
    return first not in numbers


def _times(text: str) -> dict[str, float]:
    found = _TIMES.search(text)
    return dict(zip(("rtt_min", "rtt_avg", "rtt_max"), map(float, found.groups()), strict=True)) if found else {}


def _refusals(text: str) -> dict[str, list[str]]:
    said = [(match["far"] or match["own"]).strip() for match in _REFUSALS.finditer(text)]
    return {"refusals": list(dict.fromkeys(said))[:MOST_REFUSALS]} if said else {}


_HOP = re.compile(r"^ {0,3}(?P<ttl>\d{1,3}) +(?P<rest>\S.*)$", re.MULTILINE)
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_HOP_TIME = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) m(?:s|sec)\b")
_HOP_REFUSAL = re.compile(r"(?<!\S)(![A-Z]?)(?!\S)")


def _traced(plain: ProbeResult, output: Output) -> ProbeResult:
    text = output.text.replace("\r", "")
    hops = [_hop(match) for match in _HOP.finditer(text)]
    if not hops or [hop.ttl for hop in hops] != list(range(1, len(hops) + 1)):
        return plain
    last = [match[0].strip() for match in _HOP.finditer(text)][-1]
    return replace(plain, status="parsed", hops=hops, quote=Quote(command=output.command, text=last))


def _hop(match: re.Match[str]) -> Hop:
    rest = match["rest"]
    time, refusal = _HOP_TIME.search(rest), _HOP_REFUSAL.search(rest)
    return Hop(
        ttl=int(match["ttl"]),
        address=next((word for word in _ADDRESS.findall(rest) if _is_address(word)), ""),
        milliseconds=float(time[1]) if time else None,
        refusal=refusal[1] if refusal else "",
    )


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


def counted(result: ProbeResult, before: Output, after: Output) -> ProbeResult:
    """``result`` with what the prober's counters of damaged packets rose by; as it is where they cannot be read."""
    was, now = checksum_errors(before.text), checksum_errors(after.text)
    if not was or not now:
        return result
    rose = {name: count - was.get(name, 0) for name, count in now.items() if count > was.get(name, 0)}
    quotes = [Quote(command=after.command, text=lines) for lines in checksum_lines(after.text, rose)]
    return replace(result, checksum_errors=rose, checksum_quotes=quotes)
