"""The audit's chain as it is stored, on the bus or in a file: entry after entry, or what stands there instead."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from nocmesh.bus import Bus, Credentials, Mesh
from nocmesh.clock import SystemClock
from nocmesh.errors import InvalidInputError, SignatureError

ALL = "ai.audit.>"
Stored = dict[str, Any] | str
"""An entry as it was stored; or a text that says what stands there and is none."""


@asynccontextmanager
async def on_the_bus(url: str, credentials: Credentials) -> AsyncIterator[AsyncGenerator[Stored, None]]:
    """The chain of the mesh at ``url``. Raises BusError when nobody answers there, DeniedError."""
    mesh = await Mesh.connect(url, credentials, clock=SystemClock())
    try:
        async with aclosing(stored_in(mesh.core)) as stored:
            yield stored
    finally:
        await mesh.drain(2.0)


async def stored_in(core: Bus) -> AsyncGenerator[Stored, None]:
    """Every message of the stream, where nothing can be deleted: one whose number is missing was not believed."""
    last = 0
    async for received in core.history("AUDIT", ALL, dict[str, Any]):
        if received.sequence != last + 1:
            yield f"message {last + 1} of the stream: the audit did not sign it, or it is gone"
        last = received.sequence
        yield received.body
    try:
        await core.last(ALL, dict[str, Any])
    except (SignatureError, InvalidInputError) as wrong:
        yield f"a message that is not believed ({wrong.message})"


async def in_file(path: Path) -> AsyncGenerator[Stored, None]:
    """Every line of an exported chain. Raises OSError."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _entry(line, number)


def _entry(line: bytes, number: int) -> Stored:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"line {number}, which is no JSON object ({error})"
