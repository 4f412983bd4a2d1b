"""Where a story is told: a terminal, with colours and as wide as it is; else plain lines."""

import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.text import Text

from nocmesh.cli.output import Format, printable
from nocmesh.cli.story import Line

NARROWEST = 24
"""Columns that a text gets at least, however narrow the terminal is."""


class Teller:
    """Tells a person, on ``stream``."""

    def __init__(self, stream: TextIO, *, width: int | None = None) -> None:
        self._console = Console(file=stream, width=width, highlight=False)

    @classmethod
    def of(cls, form: Format, *, headless: bool = False) -> "Teller":
        """On stdout where a person reads the story there; on stderr where that is for data."""
        return cls(sys.stdout if form is Format.TABLE and not headless else sys.stderr)

    @property
    def on_terminal(self) -> bool:
        """Whether a person sits there."""
        return self._console.is_terminal

    def say(self, text: str, style: str = "") -> None:
        """A text of our own."""
        self._print(printable(text), style)

    def line(self, line: Line) -> None:
        """A line of the story."""
        if not self.on_terminal:
            self._print(line.plain(), "")
            return
        for part in fitted(line, self._console.width):
            self._print(part, line.style)

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Something takes a moment."""
        if not self.on_terminal:
            self.say(f"{text} …")
            yield
            return
        with self._console.status(text):
            yield

    def _print(self, text: str, style: str) -> None:
        self._console.print(Text(text, style=style), no_wrap=True, overflow="ignore", crop=False)


def fitted(line: Line, width: int) -> list[str]:
    """``line`` in lines no longer than ``width``: a text goes on below itself, configuration is cut."""
    room = max(width - len(line.head), NARROWEST)
    if not line.whole:
        return [line.head + (line.text if len(line.text) <= room else line.text[: room - 1] + "…")]
    parts = textwrap.wrap(line.text, room) or [""]
    return [line.head + parts[0], *(" " * len(line.head) + part for part in parts[1:])]
