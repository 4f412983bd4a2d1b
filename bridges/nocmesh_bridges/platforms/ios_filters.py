"""Cisco IOS's access lists and the interfaces that they are bound to. Pure.

Reads `show ip access-lists` and `ip access-group`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_network

from nocmesh.diagnosis.configtext import sections
from nocmesh.messages.state import ConfigLine, FilterRule, Output, ViewStatus
from nocmesh_bridges.platforms.protocol import Judge, Parsed
from nocmesh_bridges.platforms.tables import Line, Table, number

LISTS = "show ip access-lists"
_LISTS = Table(
    head=re.compile(r"(?:Standard|Extended|Reflexive|Role-based) IP access list \S+"),
    row=re.compile(
        r" {2,}(?:(?P<sequence>\d+) )?(?P<action>permit|deny|dynamic|evaluate) +(?P<rest>\S.*?)"
        r"(?: \((?P<packets>\d+) match(?:es)?(?:,[^)]*)?\))?\s*$"
    ),
    noise=re.compile(r" {2,}(?:\d+ )?remark "),
    silent=True,
)
JUDGES: dict[str, Judge] = {LISTS: _LISTS.judge}
_BOUND = re.compile(r"ip access-group (?P<name>\S+) (?P<hook>in|out)$")
_OPERATORS = {"eq": "", "neq": "not ", "lt": "<", "gt": ">"}


@dataclass(slots=True)
class _Words:
    """The words of a rule, read from the left."""

    left: list[str]
    ports: list[str] = field(default_factory=list)

    def next(self) -> str:
        return self.left.pop(0) if self.left else ""

    def address(self) -> str:
        """One end: `any`, a host, a network with its wildcard bits, or a group."""
        word = self.next()
        if word in ("host", "object-group", "addrgroup"):
            return self.next() if word == "host" else f"{word} {self.next()}"
        if self.left and _is_address(self.left[0]) and _is_address(word):
            return _network(word, self.next())
        return word

    def operator(self) -> list[str]:
        """The ports behind an end, if any."""
        if self.left[:1] == ["range"] and len(self.left) > 2:
            self.next()
            return [f"{self.next()}-{self.next()}"]
        if not self.left or self.left[0] not in _OPERATORS:
            return []
        sign = _OPERATORS[self.next()]
        found = []
        while self.left and self.left[0] not in _STOPS and not _is_address(self.left[0]):
            found.append(sign + self.next())
        return found


_STOPS = frozenset(
    [
        *("any", "host", "object-group", "addrgroup", "log", "log-input", "time-range", "established", "match-all"),
        *("match-any", "ack", "fin", "psh", "rst", "syn", "urg", "dscp", "precedence", "tos", "fragments", "ttl"),
        *("option", "reflect"),
    ]
)


def _is_address(word: str) -> bool:
    return re.fullmatch(r"\d+\.\d+\.\d+\.\d+", word) is not None


def _network(address: str, wildcard: str) -> str:
    """`10.1.1.0 0.0.0.255` is `10.1.1.0/24`; wildcards with gaps stay as they are."""
    plain = f"{address} {wildcard}"
    try:
        bits = int(IPv4Address(wildcard))
        network = str(ip_network(f"{address}/{32 - bits.bit_length()}", strict=False))
    except ValueError:
        return plain
    return network if bits & (bits + 1) == 0 else plain


def filters(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `filters` from LISTS and the bindings in the running configuration.

    Each entry once for every interface that its list is bound to; once without an interface where it is bound to none
    (it then serves another purpose, or none). A list without entries permits all, so it has no rule.
    """
    lists, running = answers
    bound = _bindings(sections(running.text))
    found = [
        _rule(line, name, hook, interface)
        for line in _LISTS.rows(lists.text)
        for name in [line.heading.split()[-1]]
        for hook, interface in bound.get(name, [("", "")])
    ]
    return Parsed(status="parsed" if found else "empty", value=found)


def _bindings(lines: Sequence[ConfigLine]) -> dict[str, list[tuple[str, str]]]:
    """Direction and interface by access list."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        match = _BOUND.match(line.text)
        if match and line.section.startswith("interface "):
            found.setdefault(match["name"], []).append((match["hook"], line.section.split()[1]))
    return found


def _rule(line: Line, name: str, hook: str, interface: str) -> FilterRule:
    words = _Words(line["rest"].replace(", wildcard bits ", " ").split())
    standard = line.heading.startswith("Standard")
    protocol = "" if standard else words.next()
    protocol = f"{protocol} {words.next()}" if protocol == "object-group" else protocol
    source = words.address()
    before = words.operator()
    destination = "" if standard else words.address()
    return FilterRule(
        name=name,
        hook=hook,
        interface=interface,
        action=line["action"],
        protocol="" if protocol == "ip" else protocol,
        source=" ".join([source, *(f"port {port}" for port in before)]),
        destination=destination,
        ports=words.operator(),
        text=" ".join(line.text.split()),
        packets=number(line["packets"]),
        quote=line.quote(LISTS),
    )
