"""The socket of the traps, read at once into a bounded queue: what the kernel or the queue had no room for is counted.

A burst waits in the kernel's buffer, which is made as large as it lets us, and then here; decoding comes later.
"""

import asyncio
import socket
import struct
from collections import deque
from typing import NamedTuple

from nocmesh.errors import PreconditionError
from nocmesh.settings import Address

BUFFER = 32 * 1024 * 1024
"""Asked of the kernel; without CAP_NET_ADMIN it gives net.core.rmem_max at most."""
MAX_DATAGRAMS = 50_000
MAX_BYTES = 64 * 1024 * 1024
LARGEST = 65_535
AT_ONCE = 512
"""Datagrams read before other work gets its turn."""
SO_RXQ_OVFL = 40
"""Linux: each datagram brings how many were dropped for want of room (socket(7))."""
_COUNT = struct.Struct("=I")


class Datagram(NamedTuple):
    """As it came."""

    data: bytes
    source: tuple[str, int]
    address: tuple[str, int] | tuple[str, int, int, int]
    """Where an answer goes: with scope, for IPv6."""


class Inbox:
    """An open socket and what it has brought. ``close`` ends it."""

    def __init__(self, sock: socket.socket, most: int = MAX_DATAGRAMS, most_bytes: int = MAX_BYTES) -> None:
        self._socket = sock
        self._most, self._most_bytes = most, most_bytes
        self._queue: deque[Datagram] = deque()
        self._bytes = 0
        self._loop = asyncio.get_running_loop()
        self.arrived = asyncio.Event()
        self.received = 0
        self.overflowed = 0
        """Dropped because the queue was full."""
        self.lost = 0
        """Dropped by the kernel because its buffer was full, as far as it has told."""
        self._loop.add_reader(sock.fileno(), self._read)

    @classmethod
    def open(cls, where: Address, **bounds: int) -> "Inbox":
        """Listen on ``where``. Raises PreconditionError when that cannot be."""
        family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            _enlarge(sock)
            sock.bind((where.host, where.port))
        except OSError as wrong:
            sock.close()
            raise PreconditionError(
                f"snmp_traps: cannot listen on {where}: {wrong}; choose a free port, above 1023 without privileges"
            ) from wrong
        return cls(sock, **bounds)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def buffer(self) -> int:
        """Bytes that the kernel keeps for us."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def __len__(self) -> int:
        return len(self._queue)

    def take(self, most: int) -> list[Datagram]:
        """The oldest, at most so many."""
        found = [self._queue.popleft() for _ in range(min(most, len(self._queue)))]
        self._bytes -= sum(len(each.data) for each in found)
        if not self._queue:
            self.arrived.clear()
        return found

    def answer(self, data: bytes, to: Datagram) -> None:
        """Send ``data`` back; a sender that cannot be reached asks again."""
        try:
            self._socket.sendto(data, to.address)
        except OSError:
            return

    def deafen(self) -> None:
        """Hear nothing more; answers still go out."""
        self._loop.remove_reader(self._socket.fileno())

    def close(self) -> None:
        """End it."""
        self.deafen()
        self._socket.close()

    def _read(self) -> None:
        for _ in range(AT_ONCE):
            try:
                data, told, _flags, address = self._socket.recvmsg(LARGEST, 64)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an ICMP error about an answer of ours
            for level, kind, value in told:
                if (level, kind) == (socket.SOL_SOCKET, SO_RXQ_OVFL) and len(value) == _COUNT.size:
                    (self.lost,) = _COUNT.unpack(value)
            self._put(data, address)
        if self._queue:
            self.arrived.set()

    def _put(self, data: bytes, address: tuple[str, int]) -> None:
        self.received += 1
        if len(self._queue) >= self._most or self._bytes + len(data) > self._most_bytes:
            self.overflowed += 1
            return
        self._bytes += len(data)
        self._queue.append(Datagram(data, (address[0], address[1]), address))


def _enlarge(sock: socket.socket) -> None:
    """As much room as we get; the kernel counts its own bookkeeping too, several times a small trap's size."""
    force = getattr(socket, "SO_RCVBUFFORCE", 33)
    try:
        sock.setsockopt(socket.SOL_SOCKET, force, BUFFER)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
    except OSError:
        return
