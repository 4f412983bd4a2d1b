"""What commands will do to a running configuration, before anybody sends them.

Pure. A device merges: `no X` removes, a command that can hold one value replaces the older line, others add.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nocmesh.diagnosis.configlines import JOINT, path_of, sections
from nocmesh.diagnosis.configwords import SHOWN_NEGATED, is_silent, slot
from nocmesh.messages.state import ConfigLine

_TOP = re.compile(
    r"""^(?:no\s+)?(?:
        router\s | interface\s | route-map\s | vrf\s(?!forwarding\s|member\s) | line\s | hostname\s | banner\s
      | ip\s(?:route|prefix-list|access-list|community-list|as-path)\s | ipv6\s(?:route|prefix-list|access-list)\s
      | access-list\s | bgp\s(?:as-path|community-list|extcommunity-list|large-community-list)\s
      | key\schain\s | username\s | snmp-server\s | ntp\s | logging\s | service\s | log\s
      | vlan\s[\d,-]+$ | spanning-tree\svlan\s\S+(?:\spriority\b.*)?$ | ip\s(?:forwarding|routing)$
    )""",
    re.VERBOSE,
)
"""Commands that are configured at the top, wherever they are typed."""
_OPENS = re.compile(
    r"^(?:router\s|interface\s|route-map\s|vrf\s(?:definition\s)?\S+$|line\s|ip access-list\s|key chain\s|vlan\s)"
)
_FAMILY = re.compile(r"^address-family\s")
_PASSING = re.compile(r"^(?:address-family|interface)\s")
_LEAVES = re.compile(r"^(?:exit|end|exit-\S+)$")


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
    before = sections(running)
    merge = _Merge(list(before))
    for command in commands:
        _apply(merge, " ".join(command.split()))
    return _without_empty(merge.lines, before), merge.touched


def _without_empty(lines: Sequence[ConfigLine], before: Sequence[ConfigLine]) -> list[ConfigLine]:
    """FRR shows no interface and no address family that says nothing; nobody shows one for being entered only."""
    filled = {line.section for line in lines}
    kept = set() if any(line.text.startswith("frr version ") for line in before) else set(before)
    return [line for line in lines if not _PASSING.match(line.text) or path_of(line) in filled or line in kept]


def _apply(merge: _Merge, command: str) -> None:
    if not command or command.startswith(("!", "do ")):
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
    if line in merge.lines:
        return
    if is_silent(command) or _is_usual_activation(merge, command):
        _drop(merge, [x for x in merge.lines if x.section == section and x.text == f"no {command}"])
        return
    place = _place(merge, command)
    if place is not None:
        _touch(merge, merge.lines[place])
        merge.lines[place] = line
    else:
        merge.lines.insert(_end_of(merge.lines, section), line)
    _touch(merge, line)


def _place(merge: _Merge, command: str) -> int | None:
    """Where the line stands whose place ``command`` takes; None: it takes none."""
    key = slot(command)
    for index, old in enumerate(merge.lines):
        same = old.section == merge.section and (old.text == f"no {command}" or (key and slot(old.text) == key))
        if same:
            return index
    return None


def _is_usual_activation(merge: _Merge, command: str) -> bool:
    """FRR activates IPv4 unicast by itself, unless told otherwise, and does not show it then."""
    if not re.fullmatch(r"neighbor \S+ activate", command) or not merge.section.endswith("family ipv4 unicast"):
        return False
    return not any(x.section == merge.path[0] and x.text == "no bgp default ipv4-unicast" for x in merge.lines)


def _drop(merge: _Merge, gone: Sequence[ConfigLine]) -> None:
    """``gone`` and whatever stands under them."""
    for line in gone:
        _touch(merge, line)
    inside = {path_of(line) for line in gone}
    merge.lines = [line for line in merge.lines if line not in gone and not _under(line, inside)]


def _end_of(lines: Sequence[ConfigLine], section: str) -> int:
    """Behind the last line of ``section`` itself, before the families that are nested in it."""
    own = [i for i, line in enumerate(lines) if line.section == section or path_of(line) == section]
    return own[-1] + 1 if section and own else len(lines)


def _remove(merge: _Merge, wanted: str, command: str) -> None:
    section = merge.section
    if ConfigLine(section=section, text=command) in merge.lines:
        return
    gone = [line for line in merge.lines if line.section == section and _covers(wanted, line.text)]
    if not gone and section and JOINT not in section:
        # FRR takes `no network …` of the unicast family in the router's own node too.
        gone = [x for x in merge.lines if x.section.startswith(f"{section}{JOINT}") and _covers(wanted, x.text)]
    elif re.fullmatch(r"neighbor \S+", wanted):
        gone = [x for x in merge.lines if _under(x, {section}) and _covers(wanted, x.text.removeprefix("no "))]
    _drop(merge, gone)
    if SHOWN_NEGATED.match(wanted) and _fits(wanted, section) and command.startswith("no "):
        _add(merge, command)


def _fits(wanted: str, section: str) -> bool:
    """Whether its `no` is shown there: what is the device's own stands at the top, all else in sections."""
    return bool(section) != wanted.startswith(("spanning-tree vlan", "ip forwarding", "ip domain"))


def _covers(wanted: str, text: str) -> bool:
    if text == wanted or text.startswith(f"{wanted} "):
        return True
    key = slot(wanted)
    return bool(key) and not key.endswith(" remote-as") and slot(text) == key


def _under(line: ConfigLine, headers: set[str]) -> bool:
    return any(line.section == header or line.section.startswith(f"{header}{JOINT}") for header in headers)
