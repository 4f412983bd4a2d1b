"""An explanation as plain text, for a terminal, and as Markdown, for a ticket. Pure.

Parts of it were written by devices and by other systems: nothing of them may steer a terminal, close a code block or
become markup.
"""

import re
import textwrap
from collections.abc import Iterator

from nocmesh.messages.explanation import Block, Explanation, Section
from nocmesh.messages.report import Evidence

WIDTH = 100
ANSWERS = (("What", "what"), ("Where", "where"), ("Since", "since"), ("How bad", "how_bad"), ("Do now", "do"))
"""What is found within five seconds, in this order; each with the field of the explanation."""
WHOLE = ("next", "outcome")
COUNTED = ("looked",)
"""Of these sections text has the sentences alone; the page and JSON have the lists."""
MOST_LINES = 12
_MARKUP = re.compile(r"([\\`*~\[\]|]|^[#>+=-])")


def as_text(told: Explanation, width: int = WIDTH) -> str:
    """``told`` as text, its sentences no wider than ``width``; quotes and commands are left as they are."""
    lines = [_clean(told.title), _clean(_standing(told)), ""]
    for label, field in ANSWERS:
        lines += _wrapped(f"{label:<9}", getattr(told, field), width)
    for section in told.sections:
        lines += ["", section.title.upper(), *_section(section, width)]
    return "\n".join(lines) + "\n"


def _standing(told: Explanation) -> str:
    severity = f", {told.severity}" if told.severity else ""
    return f"{told.state.replace('_', ' ')}{severity}, incident {told.incident_id}"


def _section(section: Section, width: int) -> Iterator[str]:
    for line in section.lines:
        yield from _wrapped("  ", line, width)
    for quote in section.quotes:
        yield f"  {_source(quote)}"
        yield from (f"  | {_clean(line)}" for line in quote.quote.splitlines())
    for block in _blocks(section):
        yield f"  {_clean(block.label)}:"
        yield from (f"    {_clean(line)}" for line in block.lines)


def _blocks(section: Section) -> list[Block]:
    """The lists of ``section`` as text has them: cut, but for what is sent to a device, which is read to its end."""
    if section.key in COUNTED:
        return []
    return section.blocks if section.key in WHOLE else [_cut(block) for block in section.blocks]


def _cut(block: Block) -> Block:
    more = len(block.lines) - MOST_LINES
    return Block(label=block.label, lines=[*block.lines[:MOST_LINES], f"and {more} more"]) if more > 0 else block


def _source(quote: Evidence) -> str:
    return f"{_clean(quote.device) or 'the mesh'}# {_clean(quote.command) or 'its own word'}"


def _wrapped(head: str, text: str, width: int) -> list[str]:
    """``text`` behind ``head``, and below itself where it is too long."""
    room = max(width - len(head), 20)
    parts = textwrap.wrap(_clean(text), room, break_long_words=False, break_on_hyphens=False) or [""]
    return [head + parts[0], *(" " * len(head) + part for part in parts[1:])]


def _clean(text: str) -> str:
    """``text`` on one line, without what could steer a terminal or turn the direction of reading."""
    return "".join(c if c.isprintable() else " " if c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def as_markdown(told: Explanation) -> str:
    """``told`` as Markdown (CommonMark)."""
    lines = [f"# {_escaped(told.title)}", "", _escaped(_standing(told)), ""]
    lines += [*(f"- **{label}:** {_escaped(getattr(told, field))}" for label, field in ANSWERS), ""]
    for section in told.sections:
        lines += [f"## {section.title}", "", *_paragraphs(section)]
    return "\n".join(lines).rstrip() + "\n"


def _paragraphs(section: Section) -> Iterator[str]:
    for line in section.lines:
        yield from (_escaped(line), "")
    for quote in section.quotes:
        yield from (f"{_escaped(quote.device) or 'the mesh'}, {_escaped(quote.command) or 'its own word'}:", "")
        yield from _fenced(quote.quote.splitlines())
    for block in _blocks(section):
        yield from (f"{_escaped(block.label)}:", "", *_fenced(block.lines))


def _fenced(lines: list[str]) -> Iterator[str]:
    """A code block with a fence that no line inside can close."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (fence, *map(_clean, lines), fence, "")


def _escaped(text: str) -> str:
    """``text`` that no reader of Markdown takes for markup or for HTML."""
    plain = _clean(text).replace("&", "&amp;").replace("<", "&lt;")
    return _MARKUP.sub(r"\\\1", plain)
