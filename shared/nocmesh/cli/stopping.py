"""Ctrl-C: the first asks everything to drain, the second kills."""

import asyncio
import signal
from collections.abc import Callable

from nocmesh.cli.output import say

INTERRUPTED = 130
"""What a shell gives for a command that Ctrl-C ended."""
ONE_PRESS_SECONDS = 0.5
"""One key press comes twice where a wrapper (timeout, a shell script) passes on what the whole group gets anyway."""


class Stop:
    """Set by the first SIGINT or SIGTERM; the second calls ``hurry``."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.hurried = False
        self.hurry: Callable[[], None] = lambda: None
        self._first = 0.0

    @classmethod
    def on_signals(cls) -> "Stop":
        """One that this process's signals set."""
        stop = cls()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.signalled)
        return stop

    def signalled(self) -> None:
        """A signal came."""
        now = asyncio.get_running_loop().time()
        if not self.event.is_set():
            self._first = now
            say("stopping: every process finishes what it has in hand (again to kill)")
            self.event.set()
            return
        if now - self._first > ONE_PRESS_SECONDS:
            self.hurried = True
            self.hurry()
