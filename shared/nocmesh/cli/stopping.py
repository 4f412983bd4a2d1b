"""Ctrl-C: the first asks everything to drain, the second kills."""

import asyncio
import signal
from collections.abc import Callable

from nocmesh.cli.output import say

INTERRUPTED = 130
"""What a shell gives for a command that Ctrl-C ended."""


class Stop:
    """Set by the first SIGINT or SIGTERM; the second calls ``hurry``."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.hurried = False
        self.hurry: Callable[[], None] = lambda: None

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
        if not self.event.is_set():
            say("stopping: every process finishes what it has in hand (again to kill)")
            self.event.set()
            return
        self.hurried = True
        self.hurry()
