"""As it was: of two readings of a configuration, the edits that take what moved back, and that undo themselves exactly.

Pure. What is new goes, what is gone comes again; what others speak of comes before them and goes after them.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from nocmesh.diagnosis.configlines import JOINT, path_of
from nocmesh.diagnosis.configwords import goes_first, negation, slot
from nocmesh.diagnosis.moves import moves
from nocmesh.diagnosis.peer import subject_of
from nocmesh.messages.state import ConfigLine
from nocmesh_agents.remediation.edits import Edit, written

Lines = Sequence[ConfigLine]

_DEFINES = re.compile(
    r"^(?:no )?(?:(?:ip|ipv6|mac|arp) (?:prefix-list|access-list|as-path|community-list|extcommunity-list)\b"
    r"|access-list |route-map |key chain |vlan |bgp (?:as-path|(?:ext|large-)?community-list)\b)"
)
"""Lists and their like: others speak of them."""
_PASSING = re.compile(r"^(?:address-family |no ip address$|interface (?!(?:Loopback|Port-channel|Tunnel|Vlan|BDI)\d))")
"""Headers, and what stands for nothing: they come and go with what else is there."""
_WHOLE_GROUPS = frozenset({"switchport trunk allowed vlan"})
"""Settings that may take several lines, of which the first one wipes out the others."""


@dataclass(frozen=True)
class Restoration:
    """The edits, with the lines that they bring back and take away: what a check looks for."""

    edits: tuple[Edit, ...] = ()
    back: tuple[ConfigLine, ...] = ()
    away: tuple[ConfigLine, ...] = ()


def restored(was: Lines, now: Lines, wanted: Callable[[ConfigLine], bool]) -> Restoration:
    """What makes ``now`` again what it ``was``, in the lines that moved and are ``wanted``."""
    moved = moves(was, now)
    back = tuple(line for line in moved.gone if wanted(line) and not _PASSING.match(line.text))
    away = tuple(line for line in moved.new if wanted(line) and not _PASSING.match(line.text))
    returns, leaves = _blocks(was, back), _blocks(now, away)
    plain_back, plain_away = _outside(back, returns), _outside(away, leaves)
    defined = [line for line in plain_away if _is_definition(line) and not _replaced(line, plain_back)]
    rest = [line for line in plain_away if line not in defined]
    edits = [
        *(block for header, block in returns.items() if _DEFINES.match(header)),
        *_of_section("", was, now, _in("", plain_back), _in("", rest)),
        *(block.undone() for header, block in leaves.items() if not _DEFINES.match(header)),
        *(block for header, block in returns.items() if not _DEFINES.match(header)),
        *_of_processes(was, now, plain_back, rest),
        *(Edit("", (negation(line.text),), (line.text,)) for line in reversed(defined)),
        *(block.undone() for header, block in reversed(leaves.items()) if _DEFINES.match(header)),
    ]
    return Restoration(tuple(edits), back, away)


def _blocks(lines: Lines, moved: Lines) -> dict[str, Edit]:
    """By header: whole sections among ``moved``, each as the edit that writes it."""
    headers = [x.text for x in moved if not x.section and any(_is_under(y, x.text) for y in lines)]
    return {
        text: Edit("", tuple(written([x for x in lines if _is_under(x, text)], text, text)), (negation(text),))
        for text in headers
    }


def _is_under(line: ConfigLine, header: str) -> bool:
    return line.section == header or line.section.startswith(f"{header}{JOINT}")


def _outside(moved: Lines, blocks: Iterable[str]) -> list[ConfigLine]:
    """Those that no block brings along."""
    return [x for x in moved if not any(_is_under(x, header) or path_of(x) == header for header in blocks)]


def _is_definition(line: ConfigLine) -> bool:
    return not line.section and bool(_DEFINES.match(line.text))


def _replaced(line: ConfigLine, back: Lines) -> bool:
    """Another value of the same setting comes in its place."""
    key = slot(line.text)
    return bool(key) and any(x.section == line.section and slot(x.text) == key for x in back)


def _in(section: str, lines: Lines) -> list[ConfigLine]:
    return [line for line in lines if line.section == section]


def _of_processes(was: Lines, now: Lines, back: Lines, away: Lines) -> list[Edit]:
    """Every section below the top, in the order in which they stand; neighbours that come or go whole first."""
    edits: list[Edit] = []
    processes = dict.fromkeys(x.section.split(JOINT)[0] for x in [*away, *back] if x.section.startswith("router bgp"))
    for process in processes:
        strange, lost = _strangers(process, away, was), _strangers(process, back, now)
        edits += [edit for name, lines in strange.items() for edit in _gone_neighbor(process, name, lines)]
        edits += [edit for name, lines in lost.items() for edit in _new_neighbor(process, name, lines)]
        whole = {id(x) for lines in [*strange.values(), *lost.values()] for x in lines}
        away, back = [x for x in away if id(x) not in whole], [x for x in back if id(x) not in whole]
    for section in dict.fromkeys(x.section for x in [*now, *was] if x.section):
        edits += _of_section(section, was, now, _in(section, back), _in(section, away))
    return edits


def _strangers(process: str, moved: Lines, others: Lines) -> dict[str, list[ConfigLine]]:
    """Neighbours of the process that the other reading does not know at all, each with all of its lines."""
    found: dict[str, list[ConfigLine]] = {}
    known = {subject_of(x.text) for x in others if _is_under(x, process)}
    for line in moved:
        name = subject_of(line.text)
        if name and name not in known and _is_under(line, process):
            found.setdefault(name, []).append(line)
    return {name: lines for name, lines in found.items() if any(" remote-as " in line.text for line in lines)}


def _gone_neighbor(process: str, name: str, lines: Lines) -> list[Edit]:
    return [
        Edit(process, (f"no neighbor {name}",), ()),
        *(Edit(x.section, (), (x.text,)) for x in reversed(lines)),
    ]


def _new_neighbor(process: str, name: str, lines: Lines) -> list[Edit]:
    return [Edit(process, (), (f"no neighbor {name}",)), *(Edit(x.section, (x.text,), ()) for x in lines)]


def _of_section(section: str, was: Lines, now: Lines, back: Lines, away: Lines) -> list[Edit]:
    """What is new goes, the last line first; then values are exchanged; then comes what is gone."""
    moved = [key for key in dict.fromkeys(_key(x.text) for x in [*away, *back]) if key]
    keys = [key for key in moved if key in _WHOLE_GROUPS or (_lines(back, key) and _lines(away, key))]
    edits = []
    for line in reversed([x for x in away if _key(x.text) not in keys]):
        edits += [Edit(section, (negation(line.text),), (line.text,))] if negation(line.text) else []
    for key in keys:
        every = key in _WHOLE_GROUPS
        then, here = (_in(section, was), _in(section, now)) if every else (back, away)
        edits.append(_exchange(section, _lines(here, key), _lines(then, key)))
    again = {negation(x.text) for x in away}
    for line in back:
        if _key(line.text) not in keys and line.text not in again:
            edits.append(Edit(section, (line.text,), tuple(filter(None, [negation(line.text)]))))
    return edits


def _key(text: str) -> str:
    return "net" if text.startswith("net ") else slot(text)


def _lines(lines: Lines, key: str) -> list[str]:
    return [x.text for x in lines if _key(x.text) == key]


def _exchange(section: str, here: list[str], then: list[str]) -> Edit:
    return Edit(section, _in_place_of(here, then), _in_place_of(then, here))


def _in_place_of(old: list[str], new: list[str]) -> tuple[str, ...]:
    """The lines that put ``new`` in the place of ``old``.

    A process of IS-IS may have several NETs, all of one system id: another one is taken only where there is none.
    """
    gone = [negation(text) for text in old]
    if not new:
        return tuple(gone[:1])
    if new[0].startswith("net "):
        return (*new, *gone) if _system_id(old[0]) == _system_id(new[0]) else (*gone, *new)
    return (*gone, *new) if goes_first(new[0]) else tuple(new)


def _system_id(net: str) -> str:
    """ISO 10589 §7.1: six octets in front of the selector."""
    return ".".join(net.split(".")[-4:-1])
