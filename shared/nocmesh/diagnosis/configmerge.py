"""What commands will do to a running configuration, before anybody sends them.

Pure. A device merges: `no X` removes, a command that can hold one value replaces the older line, others add.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nocmesh.diagnosis.configlines import JOINT, sections
from nocmesh.messages.state import ConfigLine

_TOP = re.compile(
    r"""^(?:no\s+)?(?:
        router\s | interface\s | route-map\s | vrf\s(?!forwarding\s|member\s) | line\s | hostname\s | banner\s
      | ip\s(?:route|prefix-list|access-list|community-list|as-path)\s | ipv6\s(?:route|prefix-list|access-list)\s
      | access-list\s | bgp\s(?:as-path|community-list|extcommunity-list|large-community-list)\s
      | key\schain\s | username\s | snmp-server\s | ntp\s | logging\s | service\s | log\s
    )""",
    re.VERBOSE,
)
"""Commands that are configured at the top, wherever they are typed."""
_OPENS = re.compile(
    r"^(?:router\s|interface\s|route-map\s|vrf\s(?:definition\s)?\S+$|line\s|ip access-list\s|key chain\s)"
)
_FAMILY = re.compile(r"^address-family\s")
_LEAVES = re.compile(r"^(?:exit|end|exit-\S+)$")

_ONE_VALUE = re.compile(
    r"""^(?:
        neighbor\s\S+\s(?:remote-as|local-as|description|password|update-source|ebgp-multihop|maximum-prefix|shutdown
                         |weight|port|peer-group|advertisement-interval|allowas-in|timers(?:\sconnect)?|local-role
                         |ttl-security\shops)\b
      | neighbor\s\S+\s(?:route-map|prefix-list|filter-list|distribute-list)\s\S+(?=\s(?:in|out)$)
      | bgp\s(?:router-id|cluster-id)\b | router-id\b | description\b | mtu\b | ip\smtu\b | bandwidth\b | hostname\b
      | ip\saddress(?=\s\S+\s\d+\.\d+\.\d+\.\d+$)
      | ip\sospf\s(?:cost|hello-interval|dead-interval|priority|network|area|authentication-key)\b
      | isis\s(?:metric|hello-interval|network|circuit-type|password)\b | net\b | is-type\b
    )""",
    re.VERBOSE,
)
"""Commands of which a section holds one: the newer takes the older one's place."""
_POLICIES = frozenset(["route-map", "prefix-list", "filter-list", "distribute-list"])
_SHOWN_NEGATED = re.compile(
    r"^(?:neighbor\s\S+\sactivate|bgp\s(?!router-id).+|ip\s(?:redirects|proxy-arp|forwarding))$"
)
"""Commands that are on by themselves: a configuration shows their `no`."""


@dataclass(slots=True)
class _Merge:
    lines: list[ConfigLine]
    path: list[str] = field(default_factory=list)
    """Where the next command lands."""
    touched: set[str] = field(default_factory=set)

    @property
    def section(self) -> str:
        return JOINT.join(self.path)


def merged(running: str, commands: Sequence[str]) -> tuple[list[ConfigLine], set[str]]:
    """The lines of ``running`` after ``commands``, and the headers of the top sections that they change."""
    merge = _Merge(sections(running))
    for command in commands:
        _apply(merge, " ".join(command.split()))
    return merge.lines, merge.touched


def _apply(merge: _Merge, command: str) -> None:
    if not command or command.startswith("!"):
        return
    if _LEAVES.match(command):
        merge.path = merge.path[:-1] if command != "end" else []
        return
    if _TOP.match(command):
        merge.path = []
    elif _FAMILY.match(command) and merge.path:
        merge.path = merge.path[:1]
    negated = command.startswith(("no ", "default "))
    if negated:
        _remove(merge, command.split(" ", 1)[1], command)
    else:
        _add(merge, command)
    if not negated and (_OPENS.match(command) or _FAMILY.match(command)):
        merge.path.append(command)


def top_of(line: ConfigLine) -> str:
    """The header of the top section that ``line`` belongs to; a line at the top is its own."""
    return (line.section or line.text).split(JOINT)[0]


def _touch(merge: _Merge, line: ConfigLine) -> None:
    merge.touched.add(top_of(line))


def _add(merge: _Merge, command: str) -> None:
    section = merge.section
    line = ConfigLine(section=section, text=command)
    key = _key(command)
    place: int | None = None
    for index, old in enumerate(merge.lines):
        if old.section != section:
            continue
        if old.text == command:
            return
        if old.text == f"no {command}" or (key and _key(old.text) == key):
            place = index
            break
    if place is not None:
        _touch(merge, merge.lines[place])
        merge.lines[place] = line
    else:
        merge.lines.insert(_end_of(merge.lines, section), line)
    _touch(merge, line)


def _key(text: str) -> str:
    """What ``text`` sets, where a section holds one value of it; empty: it may hold many."""
    match = _ONE_VALUE.match(text)
    if match is None:
        return ""
    words = match[0].split()
    if words[0] == "neighbor" and words[2] in _POLICIES:
        return " ".join([*words[:3], text.rsplit(" ", 1)[1]])
    return match[0]


def _end_of(lines: Sequence[ConfigLine], section: str) -> int:
    """Behind the last line of ``section`` itself, before the families that are nested in it."""
    own = [i for i, line in enumerate(lines) if line.section == section or _whole(line) == section]
    return own[-1] + 1 if section and own else len(lines)


def _whole(line: ConfigLine) -> str:
    return f"{line.section}{JOINT}{line.text}" if line.section else line.text


def _remove(merge: _Merge, wanted: str, command: str) -> None:
    section = merge.section
    if ConfigLine(section=section, text=command) in merge.lines:
        return
    gone = [line for line in merge.lines if line.section == section and _covers(wanted, line.text)]
    if not gone and section and JOINT not in section:
        # FRR takes `no network …` of the unicast family in the router's own node too.
        gone = [x for x in merge.lines if x.section.startswith(f"{section}{JOINT}") and _covers(wanted, x.text)]
    elif re.fullmatch(r"neighbor \S+", wanted):
        gone += [x for x in merge.lines if x.section.startswith(f"{section}{JOINT}") and _covers(wanted, x.text)]
    for line in gone:
        _touch(merge, line)
    inside = {_whole(line) for line in gone}
    merge.lines = [line for line in merge.lines if line not in gone and not _under(line, inside)]
    if _SHOWN_NEGATED.match(wanted) and section and command.startswith("no "):
        _add(merge, command)


def _covers(wanted: str, text: str) -> bool:
    if text == wanted or text.startswith(f"{wanted} "):
        return True
    key = _key(wanted)
    return bool(key) and not key.endswith(" remote-as") and _key(text) == key


def _under(line: ConfigLine, headers: set[str]) -> bool:
    return any(line.section == header or line.section.startswith(f"{header}{JOINT}") for header in headers)
