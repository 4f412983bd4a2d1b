"""The lines of a running configuration, and the section that each stands in.

Pure. Knows the indented dialect that FRR, Cisco IOS, NX-OS and IOS-XR and Arista EOS share.
"""

import re
from collections.abc import Iterator, Sequence

from nocmesh.messages.state import ConfigLine

JOINT = " / "
"""Between the headers of a nested section: `router bgp 65001 / address-family ipv4 unicast`."""

_NOISE = re.compile(
    r"""^\s*(?:
        building\ configuration.*
      | current\ configuration.*
      | ntp\ clock-period\ .*
      | load\ for\ (?:five|one)\ .*
      | time\ source\ is\ .*
      | using\ \d+\ out\ of\ \d+\ bytes.*
      | (?:mon|tue|wed|thu|fri|sat|sun)\ [a-z]{3}\ +\d{1,2}\ \d\d:\d\d:\d\d\.\d{3}\ \S+
    )$""",
    re.VERBOSE | re.IGNORECASE,
)
"""What a device says around its configuration, or changes in it by itself; IOS-XR begins with the time."""
_FLAT = re.compile(r"^ *exit-address-family\s*$", re.MULTILINE)
"""Those whose families may be flat close each with this; NX-OS and IOS-XR never print it."""
_LEAVING = re.compile(r"^(?:exit|end|exit-\S+|quit)$")
_BANNER = re.compile(r"^banner\s+(?:motd|login|exec|incoming|slip-ppp|prompt-timeout)\s+(?P<rest>\S.*)$")
_BANNER_WORDS = ("line ", "file ", "default")
"""FRR's `banner motd line TEXT` and its kin end with their own line."""


def sections(text: str) -> list[ConfigLine]:
    """Each line of the configuration with the chain of headers that it stands under; leaving words are left out."""
    found: list[ConfigLine] = []
    stack: list[tuple[int, str]] = []
    flat = _FLAT.search(text) is not None
    for indent, line, banner in meaningful(text):
        if banner:
            found.append(ConfigLine(section=banner, text=line.rstrip()))
            continue
        stack = _around(stack, indent, line, flat)
        if not _LEAVING.match(line):
            found.append(ConfigLine(section=JOINT.join(header for _, header in stack), text=line))
            stack.append((indent, line))
    return found


def rendered(lines: Sequence[ConfigLine]) -> list[str]:
    """``lines`` as text again, one blank of indentation per level."""
    return [" " * (line.section.count(JOINT) + 1 if line.section else 0) + line.text for line in lines]


def path_of(line: ConfigLine) -> str:
    """The section that ``line`` is the header of, if it is one."""
    return f"{line.section}{JOINT}{line.text}" if line.section else line.text


def _around(stack: list[tuple[int, str]], indent: int, line: str, flat: bool) -> list[tuple[int, str]]:
    """The part of ``stack`` that ``line`` stands under.

    Old IOS (``flat``) prints what is inside an address family at the family's own indentation, until
    `exit-address-family`.
    """
    kept = [entry for entry in stack if entry[0] < indent]
    if not flat or line.startswith(("address-family ", "exit-")):
        return kept
    family = next((i for i, entry in enumerate(stack) if _is_flat_family(entry, indent)), None)
    return kept if family is None else stack[: family + 1]


def _is_flat_family(entry: tuple[int, str], indent: int) -> bool:
    return indent > 0 and entry[0] == indent and entry[1].startswith("address-family ")


def meaningful(text: str) -> Iterator[tuple[int, str, str]]:
    """Indentation, line, and the banner that it stands in (empty outside of one)."""
    banner = delimiter = ""
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = raw.expandtabs().rstrip()
        if banner:
            yield 0, line, banner
            if delimiter in line:
                banner = ""
            continue
        bare = line.strip()
        if not bare or bare.startswith("!") or bare == "end" or _NOISE.match(bare):
            continue
        yield len(line) - len(line.lstrip()), bare, ""
        banner, delimiter = _opened_banner(bare)


def _opened_banner(line: str) -> tuple[str, str]:
    """The banner that ``line`` opens and leaves open, with the mark that ends it."""
    match = _BANNER.match(line)
    if match is None or match["rest"].startswith(_BANNER_WORDS):
        return "", ""
    rest = match["rest"]
    delimiter = rest[:2] if rest[0] == "^" and len(rest) > 1 else rest[0]
    if delimiter in rest[len(delimiter) :]:
        return "", ""
    return line[: len(line) - len(rest)].strip(), delimiter


def whole(text: str) -> bool:
    """Say whether ``text`` is a running configuration from start to end.

    FRR (vtysh), IOS, IOS-XR and EOS close it with `end`. A log message or an error that the terminal mixed in makes it
    untrustworthy, so does a line that no configuration starts with; banners may hold anything.
    """
    return _last(text) == "end" and sound(text)


def sound(text: str) -> bool:
    """Say whether ``text`` holds nothing but lines of a configuration; not whether it is there to its end.

    NX-OS closes its own with nothing: there only the session, which proves where an answer ends, can tell.
    """
    every = list(meaningful(text.rstrip()))
    if every and every[-1][2] and every[-1][1].strip() == _last(text):
        return False  # a banner that nothing closes has swallowed the rest
    lines = [(indent, line) for indent, line, banner in every if not banner]
    known = any(indent == 0 and line.split(" ", 1)[0] in _OPENING for indent, line in lines)
    return known and all(_plausible(indent, line) for indent, line in lines)


def _last(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "").strip()


_OPENING = frozenset(["hostname", "version", "frr", "interface", "router", "ip", "line", "service", "log", "no"])
_FOREIGN = re.compile(r"^(?:[%*^]|\.?[A-Z][a-z]{2} +\d+ \d\d:|\d{4}/\d\d/\d\d |-+ ?[Mm]ore)")
"""A log line, an error, an error's marker, a pager."""


def _plausible(indent: int, line: str) -> bool:
    return not _FOREIGN.match(line) and (indent > 0 or line[0].islower())
