"""What a line of configuration means to the others of its section: which one's place it takes, and what takes it away.

Pure; the dialect that FRR and Cisco IOS share. Sources: FRR user guide 8.4 and its daemons' `*_vty.c`; Cisco IOS XE
command references.
"""

import re

MASK = "<redacted:"
"""What stands where a secret was begins so."""

_ONE_VALUE = re.compile(
    r"""^(?:
        neighbor\s\S+\s(?:remote-as|local-as|description|password|update-source|ebgp-multihop|maximum-prefix|shutdown
                         |weight|port|peer-group|advertisement-interval|allowas-in|timers(?:\sconnect)?|local-role
                         |ttl-security\shops)\b
      | neighbor\s\S+\s(?:route-map|prefix-list|filter-list|distribute-list)\s\S+(?=\s(?:in|out)$)
      | bgp\s(?:router-id|cluster-id)\b | timers\sbgp\b
      | (?:ospf\s)?router-id\b | description\b | mtu\b | ip\smtu\b | bandwidth\b | hostname\b
      | ip\saddress(?=\s\S+\s\d+\.\d+\.\d+\.\d+$)
      | ip\sospf\smessage-digest-key\s\d+
      | ip\sospf\s(?:\d+\s)?area\b
      | ip\sospf\s(?:authentication-key|cost|hello-interval|dead-interval|priority|network|authentication)\b
      | area\s\S+\s(?:stub|nssa|authentication)\b
      | isis\s(?:metric|hello-interval|hello-multiplier|priority)(?:\slevel-[12])?\b
      | isis\s(?:network|circuit-type|password)\b | is-type\b | (?:area|domain)-password\b
      | ip\sprefix-list\s\S+\sseq\s\d+
      | set\s(?:community|ip\snext-hop|local-preference|metric|weight)\b
      | (?:speed|duplex|channel-group)\b
      | switchport\s(?:mode|access\svlan|trunk\s(?:native|allowed)\svlan)\b
      | spanning-tree\s(?:vlan\s\S+\s)?(?:cost|port-priority|priority)\b | spanning-tree\s(?:guard|bpdufilter)\b
    )""",
    re.VERBOSE,
)
"""Commands of which a section holds one: the newer takes the older one's place."""
_POLICIES = frozenset(["route-map", "prefix-list", "filter-list", "distribute-list"])

_NEVER_REPLACED = re.compile(r"^(?:ip ospf (?:\d+ )?area|ip ospf message-digest-key \d+|ip prefix-list \S+ seq \d+)$")
"""Of these the old value must go before a new one is taken: FRR and IOS refuse it otherwise."""

SHOWN_NEGATED = re.compile(
    r"^(?:neighbor\s\S+\sactivate|bgp\s(?!router-id|cluster-id).+|ip\s(?:redirects|proxy-arp|forwarding|domain lookup)"
    r"|switchport|negotiation auto|spanning-tree vlan [\d,-]+)$"
)
"""Commands that are on by themselves: a configuration shows their `no`."""
_SILENT = re.compile(
    r"^(?:bgp (?:network import-check|ebgp-requires-policy|default ipv4-unicast)|ip (?:redirects|proxy-arp|forwarding)"
    r"|switchport|spanning-tree vlan [\d,-]+)$"
)
"""Of those, what no configuration shows while it is on."""

_TAKEN_AWAY = tuple(
    (re.compile(shape), undone)
    for shape, undone in (
        (r"^no ip address$", ""),  # what IOS shows of an interface without one
        (r"^(neighbor \S+ password)\b.*", r"no \1"),
        (r"^((?:isis|ip isis) password|(?:area|domain)-password|(?:ip ospf )?authentication-key)\b.*", r"no \1"),
        (r"^((?:ip ospf )?message-digest-key \d+)\b.*", r"no \1"),
        (r"^(key-string)\b.*", r"no \1"),
        (r"^(area \S+ (?:stub|nssa))\b.*", r"no \1"),  # `no area 1 stub no-summary` leaves a stub
        (r"^(description|channel-group)\b.*", r"no \1"),
        (r"^(\d+) (?:permit|deny|remark)\b.*", r"no \1"),
        (r"^switchport trunk allowed vlan add (.+)", r"switchport trunk allowed vlan remove \1"),
        (r"^(spanning-tree vlan \S+ priority)\b.*", r"no \1"),
    )
)
"""What takes a line away, where that is not its `no`."""


def slot(text: str) -> str:
    """What ``text`` sets, where a section holds one value of it; empty: it may hold many."""
    match = _ONE_VALUE.match(text)
    if match is None:
        return ""
    words = match[0].split()
    if words[0] == "neighbor" and words[2] in _POLICIES:
        return " ".join([*words[:3], text.rsplit(" ", 1)[1]])
    return match[0]


def goes_first(text: str) -> bool:
    """The value that ``text`` sets must be taken away before another one is accepted."""
    return _NEVER_REPLACED.match(slot(text)) is not None


def is_silent(text: str) -> bool:
    """What ``text`` says is so by itself, and no configuration shows it."""
    return _SILENT.match(text) is not None


def negation(text: str) -> str:
    """The line that takes ``text`` away; empty: it goes by itself. It holds no secret, neither shown nor masked."""
    for shape, undone in _TAKEN_AWAY:
        match = shape.match(text)
        if match is not None:
            return match.expand(undone)
    return text.removeprefix("no ") if text.startswith("no ") else f"no {text}".split(f" {MASK}", 1)[0]
