"""Packet filters as `nft list ruleset` shows them.

Its text, not its JSON: nftables 1.0.6 leaves the device of a netdev chain out of the JSON, and a rule is quoted as
people write it. Grammar: nft(8), and nftables' src/rule.c (chain_print, rule_print). Pure.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nocmesh.messages.state import FilterRule, Output, Quote, ViewStatus
from nocmesh_bridges.platforms.protocol import Parsed

RULESET = "nft -a list ruleset"
"""With handles: a rule can be removed by no other name."""
FAMILIES = "ip|ip6|inet|arp|bridge|netdev"
_TABLE = re.compile(rf"table (?P<family>{FAMILIES}) (?P<name>\S+) \{{")
_CHAIN = re.compile(r"chain (?P<name>\S+) \{")
_BLOCK = re.compile(
    r"(?:set|map|flowtable|counter|quota|limit|secmark|synproxy|ct (?:helper|timeout|expectation)) \S+ \{"
)
_HOOK = re.compile(r"type (?P<type>\w+) hook (?P<hook>\w+) .*?priority [^;]+;(?: policy (?P<policy>\w+);)?")
_DEVICES = re.compile(r"\bdevices? (?:= )?(?P<names>\{[^}]*\}|\S+)")
_SETTING = re.compile(r"(?:flags|owner|comment)\b")
_HANDLE = re.compile(r" # handle (?P<number>\d{1,19})$")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"")


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain; ``hook`` and ``policy`` are empty for one that only others jump to."""

    name: str
    hook: str = ""
    devices: tuple[str, ...] = ()
    """Of the netdev family: the chain stands at each of them."""
    policy: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as printed, on one line."""

    chain: Chain
    text: str
    handle: int | None = None


def ruleset_status(text: str) -> ViewStatus:
    """Parsed when every line has its place and every brace its end; `nft` prints nothing when there is nothing."""
    try:
        for _ in read_ruleset(text):
            pass
    except ValueError:
        return "unparsed"
    return "parsed" if _TABLE.search(text) else "empty" if not text.strip() else "unparsed"


def read_ruleset(text: str) -> Iterator[Rule]:
    """The rules in order; a chain's policy, where it drops, is a rule too. Raises ValueError for any other text."""
    lines = _statements(text)
    for depth, line, _ in lines:
        table = _TABLE.fullmatch(line)
        if table is None or depth != 0:
            raise ValueError(f"expected a table, found {line[:60]!r}")
        yield from _read_table(lines, f"{table['family']} {table['name']}")


Statement = tuple[int, str, int | None]
"""Depth in tabs, the line, its handle."""


def _statements(text: str) -> Iterator[Statement]:
    """Lines, each with its inner braces closed: what `nft` wraps is joined again."""
    joined, depth = "", 0
    for raw in text.splitlines():
        numbered = _HANDLE.search(raw.rstrip())
        handle = int(numbered["number"]) if numbered else None
        line = _HANDLE.sub("", raw.rstrip()).strip()
        if not line or line.startswith("#"):
            continue
        if not joined:
            depth = len(raw) - len(raw.lstrip("\t"))
        joined = f"{joined} {line}" if joined else line
        bare = _QUOTED.sub("", joined)
        open_braces = bare.count("{") - bare.count("}")
        if joined == "}" or open_braces == 0 or (open_braces == 1 and bare.endswith("{")):
            yield depth, joined, handle
            joined = ""
    if joined:
        raise ValueError(f"cut off in {joined[:60]!r}")


def _read_table(lines: Iterator[Statement], table: str) -> Iterator[Rule]:
    for depth, line, _ in lines:
        chain = _CHAIN.fullmatch(line)
        if (depth, line) == (0, "}"):
            return
        if depth == 1 and chain is not None:
            yield from _read_chain(lines, Chain(f"{table} {chain['name']}"))
        elif depth == 1 and _BLOCK.fullmatch(line):
            _skip(lines, 1)
        elif depth != 1 or not _SETTING.match(line):
            raise ValueError(f"unknown in a table: {line[:60]!r}")
    raise ValueError(f"table {table} has no end")


def _skip(lines: Iterator[Statement], outer: int) -> None:
    for depth, line, _ in lines:
        if (depth, line) == (outer, "}"):
            return
        if depth <= outer:
            break
    raise ValueError("a set has no end")


def _read_chain(lines: Iterator[Statement], chain: Chain) -> Iterator[Rule]:
    for depth, line, handle in lines:
        hook = _HOOK.fullmatch(line)
        if (depth, line) == (1, "}"):
            if chain.policy == "drop":
                yield Rule(chain, "policy drop")
            return
        if depth != 2 or line.endswith("{"):
            raise ValueError(f"unknown in a chain: {line[:60]!r}")
        if hook is not None:
            chain = replace(chain, hook=hook["hook"], devices=_devices(line), policy=hook["policy"] or "", line=line)
        elif not _SETTING.match(line):
            yield Rule(chain, line, handle)
    raise ValueError(f"chain {chain.name} has no end")


def _devices(line: str) -> tuple[str, ...]:
    match = _DEVICES.search(line)
    return tuple(name.strip(' "{}') for name in match["names"].split(",")) if match else ()


_VERDICT = re.compile(
    r"\b(?P<action>drop|reject|accept|return|continue|queue|masquerade|[sd]nat|redirect|tproxy|jump|goto|notrack|dup|fwd)\b"
)
_PROTOCOLS = (
    re.compile(r"\b(?:ip protocol|ip6 nexthdr|meta l4proto) (?P<it>[\w-]+)"),
    re.compile(r"\b(?P<it>tcp|udp|udplite|sctp|dccp|icmpv6|icmp|igmp|esp|ah|arp|vlan)\b (?!saddr|daddr)\w+ "),
    re.compile(r"\b(?:ether type|meta protocol) (?P<it>[\w-]+)"),
    re.compile(r"(?P<it>@ll,112,(?:16 0xfefe|8 0xfe)\b)"),
)
_GROUPS = (
    (re.compile(r"\bether daddr (?:\{ )?(?:01:80:c2:00:00:1[45]|09:00:2b:00:00:0[45])"), "isis"),
    (re.compile(r"\bether daddr (?:\{ )?01:80:c2:00:00:00"), "stp"),
    (re.compile(r"\bether daddr (?:\{ )?01:80:c2:00:00:0e"), "lldp"),
)
"""Groups that one protocol speaks to: ISO 10589 §8.4.8 and RFC 5309, IEEE 802.1D §7.12.3, IEEE 802.1AB §7.1."""
_NUMBERS = {"89": "ospf", "1": "icmp", "6": "tcp", "17": "udp", "2": "igmp", "58": "icmpv6", "ipv6-icmp": "icmpv6"}
"""https://www.iana.org/assignments/protocol-numbers"""
_ISIS = "@ll,112,"
"""DSAP (and SSAP) 0xfe behind the length of an 802.3 frame: ISO 10589 §8.4.7."""
_VALUE = r"(?!!=|vmap|map)(?P<it>\{[^}]*\}|\S+)"
_SOURCE = re.compile(rf"\b(?:ip|ip6|arp|ether) saddr(?: ip)? {_VALUE}")
_DESTINATION = re.compile(rf"\b(?:ip|ip6|arp|ether) daddr(?: ip)? {_VALUE}")
_PORTS = re.compile(rf"\b(?:tcp|udp|th|sctp) [sd]port {_VALUE}")
_INTERFACE = re.compile(r"\b(?:iif|oif)(?:name)? \"?(?P<it>[^\s\"!{]+)")
_COUNTER = re.compile(r"\bcounter packets (?P<it>\d+) bytes \d+\s?")


def filters(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `filters` from RULESET."""
    rules = [
        _rule(answers[0], rule, device)
        for rule in read_ruleset(answers[0].text)
        for device in rule.chain.devices or ("",)
    ]
    return Parsed(status=status if rules else "empty", value=rules)


def without_counters(text: str) -> str:
    """``text`` without what counts packets, which moves by itself."""
    return _COUNTER.sub("counter ", text)


def _rule(output: Output, rule: Rule, device: str) -> FilterRule:
    bare = _QUOTED.sub(lambda found: found[0] if " " not in found[0] else '""', rule.text)
    bare = re.sub(r" (?:log prefix|comment) \"[^\"]*\"", "", bare)
    packets = _it(_COUNTER, bare)
    return FilterRule(
        name=rule.chain.name,
        hook=rule.chain.hook,
        interface=device or _it(_INTERFACE, bare),
        action=_action(bare),
        protocol=_protocol(bare, rule.chain.name.split(" ")[0]),
        source=_it(_SOURCE, bare),
        destination=_it(_DESTINATION, bare),
        ports=[port.strip(" {}") for port in _it(_PORTS, bare).split(",") if port.strip(" {}")],
        text=rule.text,
        handle=rule.handle,
        packets=int(packets) if packets else None,
        quote=_quote(output, rule),
    )


def _it(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match["it"] if match else ""


def _action(bare: str) -> str:
    if bare == "policy drop":
        return "drop"
    if " vmap " in bare:
        return "vmap"
    verdicts = [match["action"] for match in _VERDICT.finditer(bare)]
    return verdicts[-1 if "reject" not in verdicts else verdicts.index("reject")] if verdicts else _other(bare)


def _other(bare: str) -> str:
    """A rule without a verdict goes on; one that sets something has changed the packet by then."""
    return "mangle" if re.search(r" set (?!\w+ @)", bare) else "continue"


def _protocol(bare: str, family: str) -> str:
    for pattern in _PROTOCOLS:
        found = _it(pattern, bare)
        if found.startswith(_ISIS):
            return "isis"
        if found and found not in ("!", "ip", "ip6"):
            return _NUMBERS.get(found, found)
    for group, name in _GROUPS:
        if group.search(bare):
            return name
    return "arp" if family == "arp" else ""


def _quote(output: Output, rule: Rule) -> Quote | None:
    """A rule that `nft` wrapped is quoted by its first line; a policy by the line that it stands in."""
    text = rule.chain.line if rule.text == "policy drop" else rule.text
    while text and text not in output.text:
        text = text.rpartition(" ")[0]
    return Quote(command=output.command, text=text) if text else None
