"""Proving a change: every check must come true in its time."""

import asyncio
from collections.abc import Sequence
from typing import Any

from nocmesh.diagnosis.checks import evaluate, views_for
from nocmesh.errors import DeviceError
from nocmesh.messages.change import Check
from nocmesh.network import Device
from nocmesh_bridges.ssh.reading import Reader

LOOK_AGAIN_SECONDS = 1.0
MAX_PROOF_SECONDS = 300.0
"""However long a check may take to come true: the run does not wait for ever, and neither does the device's next."""


def longest(checks: Sequence[Check]) -> float:
    """Seconds that ``checks`` may take to come true, all of them."""
    return min(max((check.within for check in checks), default=0.0), MAX_PROOF_SECONDS)


class Proof:
    """What the checks of a change say of its device."""

    def __init__(self, reader: Reader, device: Device, checks: Sequence[Check]) -> None:
        self._reader = reader
        self._device = device
        self._checks = checks
        self.seen: list[dict[str, Any]] = []
        """Each check with `passed` and `seen`, as it was looked at last."""

    async def lacking(self, most: float = MAX_PROOF_SECONDS) -> str:
        """Look until every check has passed or its time, or ``most`` seconds, are over; what did not pass."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(longest(self._checks), most)
        while self._checks:
            try:
                failed = await self.failing()
            except DeviceError as silent:
                failed = silent.message
            if not failed or loop.time() >= deadline:
                return failed
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return ""

    async def failing(self) -> str:
        """The checks that do not hold now, each with what is seen instead. Raises DeviceError."""
        state, _ = await self._reader.state(self._device, views_for(self._checks))
        verdicts = [(check.text or check.kind, evaluate(check, state)) for check in self._checks]
        self.seen = [{"text": text, "passed": verdict.passed, "seen": verdict.seen} for text, verdict in verdicts]
        return "; ".join(f"{text} ({verdict.seen})" for text, verdict in verdicts if not verdict.passed)
