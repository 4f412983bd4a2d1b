"""A desk behind a Unix socket: clients come and go, the network stays."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from nocmesh.errors import InvalidInputError, PreconditionError
from nocmesh.proving.simulated.desk import Desk

MAX_LINE = 1 << 16
LONGEST = 100
"""Bytes of a path that every system takes for a socket (sockaddr_un holds 104 to 108)."""
STOP = b'{"ok": true, "stopping": true}\n'


@asynccontextmanager
async def controlled(path: Path, desk: Desk) -> AsyncIterator[asyncio.Event]:
    """Take orders at ``path``, readable by its owner only; the event is set by `stop` or SIGTERM.

    Raises InvalidInputError for a path that is too long, PreconditionError when somebody answers there already.
    """
    _cleared(path)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    clients: set[asyncio.Task[None]] = set()

    def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = loop.create_task(_served(reader, writer, desk, stopped))
        clients.add(task)
        task.add_done_callback(clients.discard)

    server = await asyncio.start_unix_server(welcome, path, limit=MAX_LINE)
    _only_for_its_owner(path)
    try:
        yield stopped
    finally:
        server.close()
        for task in list(clients):
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await server.wait_closed()
        loop.remove_signal_handler(signal.SIGTERM)
        _taken_away(path)


def _only_for_its_owner(path: Path) -> None:
    path.chmod(0o600)


def _taken_away(path: Path) -> None:
    path.unlink(missing_ok=True)


def _cleared(path: Path) -> None:
    """Remove what a network left behind that ended without its farewell."""
    if len(str(path).encode()) > LONGEST:
        raise InvalidInputError(f"the path of the control socket has more than {LONGEST} bytes; choose a shorter one")
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe, suppress(ConnectionRefusedError):
        probe.connect(str(path))
        raise PreconditionError(f"a simulated network answers at {path} already; stop it first")
    path.unlink()


async def _served(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, desk: Desk, stopped: asyncio.Event
) -> None:
    """One client, until it leaves."""
    try:
        while line := await reader.readline():
            stop = _is_stop(line)
            writer.write(STOP if stop else json.dumps(desk.handle(line.decode("utf-8", "replace"))).encode() + b"\n")
            await writer.drain()
            if stop:
                stopped.set()
    except ValueError:  # a line without end
        writer.write(json.dumps({"ok": False, "error": f"a line of more than {MAX_LINE} bytes"}).encode() + b"\n")
    except ConnectionError:
        return  # the client has left in the middle of an answer; the network stays
    finally:
        writer.close()


def _is_stop(line: bytes) -> bool:
    with suppress(ValueError):
        request = json.loads(line)
        return isinstance(request, dict) and request.get("do") == "stop"
    return False
