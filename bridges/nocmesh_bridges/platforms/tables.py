"""Tables as network devices print them: every line is a row, or known to be none; else the whole is not understood.

Nothing is skipped, so a log message in the middle, a pager or a cut line never makes a smaller table. What no reader
can see is a table without a footer that ends cleanly between two rows: there the session's prompt is the proof. Pure.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nocmesh.messages.state import Quote, ViewStatus
from nocmesh_bridges.platforms.protocol import Judge

NOTHING = re.compile(r"(?!)")
"""Matches no line."""
STAMP = re.compile(
    r"\s*$|Load for (?:five|one) |Time source is |\{(?:master|backup|primary|secondary)[^}]*\}\s*$"
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d\.\d{3} \S+\s*$"
)
"""What may stand between any two lines: blanks, IOS's `exec prompt timestamp`, the time that IOS-XR prints above each
answer, the member that answers on Junos."""
_PAGER = re.compile(r"\s*-+ ?\(?more\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its columns, its text, and the heading that it stands under."""

    match: re.Match[str]
    text: str
    heading: str = ""
    more: tuple[str, ...] = ()
    """Lines that belong to it, as they stand."""

    def __getitem__(self, name: str) -> str:
        """The column, without blanks around it; empty when there is nothing in it."""
        return (self.match[name] or "").strip()

    def quote(self, command: str) -> Quote:
        """The row as evidence."""
        return Quote(command=command, text=self.text.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """How one command's table looks; the patterns are tried at the start of each line, in this order."""

    head: re.Pattern[str]
    """Stands above the rows; once at least."""
    row: re.Pattern[str]
    noise: re.Pattern[str] = NOTHING
    more: re.Pattern[str] = NOTHING
    """A line that carries on the row above."""
    foot: re.Pattern[str] = NOTHING
    """Below the rows; with a group `count` it says how many there are."""
    whole: bool = False
    """The foot must be there, and says that nothing was cut."""
    none: re.Pattern[str] = NOTHING
    """The device's words for: there is none."""
    silent: bool = False
    """No text at all says so too. The session proves where an answer ends, so that one was not cut off."""

    def read(self, text: str) -> list[Line] | None:
        """The rows of ``text``; None when a line of it is not understood, or its end is missing."""
        if all(STAMP.match(line) for line in text.splitlines()):
            return [] if self.silent else None
        if self.none.search(text) and not self._headed(text):
            return []
        return _Reading(self).over(text.splitlines())

    def judge(self, text: str) -> ViewStatus:
        """The status of ``text``."""
        return judged(self.read(text))

    def rows(self, text: str) -> list[Line]:
        """The rows; none for a text that ``judge`` does not call parsed."""
        return self.read(text) or []

    def _headed(self, text: str) -> bool:
        return any(self.head.match(line) for line in text.splitlines())


class _Reading:
    """One pass over the lines of one answer."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.found: list[Line] = []
        self.heading = ""
        self.since = 0
        self.ended = False

    def over(self, lines: Sequence[str]) -> list[Line] | None:
        """The rows, when every line was understood and the table is whole."""
        if not all(self._take(line) for line in lines) or not self.heading:
            return None
        return None if self.table.whole and not self.ended else self.found

    def _take(self, line: str) -> bool:
        if self.table.head.match(line):
            self.heading, self.since, self.ended = line.strip(), len(self.found), False
            return True
        if match := self.table.foot.match(line):
            self.ended = True
            count = match.groupdict().get("count")
            return count is None or int(count) == len(self.found) - self.since
        if match := self.table.row.match(line):
            self.found.append(Line(match, line, self.heading))
            return bool(self.heading) and not self.ended
        if self.found and self.table.more.match(line):
            last = self.found[-1]
            self.found[-1] = Line(last.match, last.text, last.heading, (*last.more, line))
            return True
        return STAMP.match(line) is not None or self.table.noise.match(line) is not None


def judged(found: Sequence[object] | None) -> ViewStatus:
    """The status of what was read: None is unparsed, nothing is empty."""
    return "unparsed" if found is None else "parsed" if found else "empty"


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph: its first line, as ``opening`` matched it, and all of its text."""

    match: re.Match[str]
    text: str

    def __getitem__(self, name: str) -> str:
        """A group of the first line."""
        return (self.match[name] or "").strip()

    def find(self, pattern: str) -> str:
        """What the group `it` of ``pattern`` holds in the paragraph; empty when it is not there."""
        match = re.search(pattern, self.text, re.MULTILINE)
        return (match["it"] or "").strip() if match else ""

    def number(self, pattern: str) -> int | None:
        """``find`` as a whole number."""
        return number(self.find(pattern))

    def indented(self, besides: re.Pattern[str] = NOTHING) -> bool:
        """Say whether all lines but the first stand further right, and no pager's mark is among them.

        ``besides``: lines that may stand anywhere.
        """
        rest = [line for line in self.text.splitlines()[1:] if not (STAMP.match(line) or besides.match(line))]
        return all(line[:1].isspace() and not _PAGER.match(line) for line in rest)

    def line(self, pattern: str) -> str:
        """The whole line that ``pattern`` is found in, without the blanks around it."""
        match = re.search(rf"^.*?(?:{pattern}).*$", self.text, re.MULTILINE)
        return match[0].strip() if match else ""


def blocks(text: str, opening: re.Pattern[str]) -> list[Block]:
    """The paragraphs that ``opening`` begins; what stands before the first is in none."""
    found = list(opening.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)][: len(found)]
    return [Block(match, text[match.start() : end]) for match, end in zip(found, ends, strict=True)]


def paragraphs(text: str, opening: re.Pattern[str], whole: Callable[[Block], bool]) -> list[Block] | None:
    """The ``blocks``, when there are any, each is ``whole``, and nothing stands before the first; else None."""
    found = blocks(text, opening)
    before = text[: found[0].match.start()] if found else text
    clear = all(STAMP.match(line) for line in before.splitlines())
    return found if found and clear and all(map(whole, found)) else None


def number(text: str) -> int | None:
    """A whole number, also `1,234`; None for anything else."""
    bare = text.replace(",", "")
    return int(bare) if bare.isascii() and bare.isdecimal() else None


def judge_of(read: Callable[[str], Sequence[object] | None]) -> Judge:
    """The judge that goes with a reader: None is unparsed, nothing is empty."""
    return lambda text: judged(read(text))


def mac(text: str) -> str:
    """A hardware address in its one spelling, from `0012.34ab.cdef`, `0:12:34:ab:cd:ef` or `00-12-…`; else empty."""
    parts = re.split(r"[.:-]", text.strip().lower())
    width = {3: 4, 6: 2}.get(len(parts))
    if width is None or not all(re.fullmatch(r"[0-9a-f]+", part) and len(part) <= width for part in parts):
        return ""
    digits = "".join(part.rjust(width, "0") for part in parts)
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def vlans(text: str) -> list[int]:
    """`1,12,31-33` as numbers; none for `NONE`; `ALL` is 1 to 4094 (IEEE 802.1Q)."""
    if text.strip().upper() == "ALL":
        return list(range(1, 4095))
    found: list[int] = []
    for part in re.findall(r"\d+(?:-\d+)?", text):
        low, _, high = part.partition("-")
        found.extend(range(int(low), min(int(high or low), 4094) + 1))
    return found


_UNITS = {"year": 365 * 86400, "week": 7 * 86400, "day": 86400, "hour": 3600, "minute": 60, "second": 1}


def seconds_of(text: str) -> int | None:
    """`1 year, 22 weeks, 6 days, 9 hours and 38 minutes` in seconds; None when nothing of it is there."""
    parts = re.findall(r"(\d+) (year|week|day|hour|minute|second)s?\b", text)
    return sum(int(count) * _UNITS[unit] for count, unit in parts) if parts else None


_SHORT = {"y": 365 * 86400, "w": 7 * 86400, "d": 86400, "h": 3600}


def clock_seconds(text: str) -> int | None:
    """`00:18:02`, `1d05h`, `38w4d`, `1y10w` or `9w2d 5:23:37` in seconds, as exactly as it is told; else None."""
    found = re.fullmatch(r"(?P<long>(?:\d+[ywdh])*) ?(?P<clock>\d+:\d\d(?::\d\d)?)?", text.strip())
    if found is None or not text.strip():
        return None
    total = sum(int(count) * _SHORT[unit] for count, unit in re.findall(r"(\d+)([ywdh])", found["long"]))
    clock = [int(part) for part in (found["clock"] or "0").split(":")]
    return total + sum(part * unit for part, unit in zip(reversed(clock), (1, 60, 3600), strict=False))
