"""One simulated device behind SSH: its port, its logins. asyncssh's door for the simulation."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from nocmesh.proving.simulated.frr import DIALECT as FRR
from nocmesh.proving.simulated.iosxe import DIALECT as IOSXE
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.model import SIMULATED
from nocmesh.proving.simulated.shell import Dialect, Shell
from nocmesh.proving.simulated.terminal import Terminal

DIALECTS: Mapping[str, Dialect] = {"frr": FRR, "cisco_iosxe": IOSXE}
HOST = "127.0.0.1"
"""Never reachable from another machine."""
BANNER = f"*** {SIMULATED} ***\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to log in to every device of the simulation. Not secrets: the devices guard nothing."""

    username: str = "nocmesh"
    password: str = "simulated"  # noqa: S105
    enable_password: str = "simulated-enable"  # noqa: S105
    authorized_keys: Sequence[str] = ()
    """Public keys in OpenSSH's format that may log in too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How one device behaves on the wire."""

    delay: float = 0.0
    """Seconds before each answer."""
    max_sessions: int = 16
    """The number of its vtys; beyond it, it hangs up."""


@dataclass(slots=True)
class Device:
    """One device with its port."""

    name: str
    live: LiveNetwork
    access: Access
    behaviour: Behaviour
    key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    acceptor: asyncssh.SSHAcceptor | None = None
    connections: set[asyncssh.SSHServerConnection] = field(default_factory=set)

    @property
    def dialect(self) -> Dialect:
        """Its vendor's command line."""
        return DIALECTS[self.live.model.node(self.name).dialect]

    def shell(self, username: str) -> Shell:
        """A fresh login."""
        enables = self.dialect.enables and bool(self.access.enable_password)
        return Shell(
            live=self.live,
            device=self.name,
            dialect=self.dialect,
            username=username,
            enable_secret=self.access.enable_password if enables else "",
            privileged=not enables,
            length=24 if self.dialect.enables else 0,
        )

    async def start(self) -> None:
        """Listen on a free port of the loopback interface."""
        self.acceptor = await asyncssh.create_server(
            lambda: _Login(self), HOST, 0, server_host_keys=[self.key], line_editor=False, encoding=None
        )

    async def stop(self) -> None:
        """Close the port and every session."""
        if self.acceptor is not None:
            self.acceptor.close()
            await self.acceptor.wait_closed()
        for connection in list(self.connections):
            connection.abort()
            await connection.wait_closed()


class _Login(asyncssh.SSHServer):
    """One connection."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._device.connections.add(conn)
        if len(self._device.connections) > self._device.behaviour.max_sessions:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._device.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        assert self._connection is not None
        self._connection.send_auth_banner(BANNER)
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (self._device.access.username, self._device.access.password)

    def public_key_auth_supported(self) -> bool:
        return bool(self._device.access.authorized_keys)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = [asyncssh.import_public_key(text).public_data for text in self._device.access.authorized_keys]
        return username == self._device.access.username and key.public_data in known

    def session_requested(self) -> "_Session":
        return _Session(self._device)


class _Session(asyncssh.SSHServerSession[bytes]):
    """One terminal, or one command."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._terminal = Terminal(device.shell(device.access.username))
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._typed = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel = None
        if self._timer is not None:
            self._timer.cancel()

    def pty_requested(self, term_type: str, term_size: Any, term_modes: Any) -> bool:
        return True

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        """One command without a terminal: an answer without prompt, as routers give it; needs the privilege at once."""
        self._terminal.shell.privileged = True
        self._terminal.shell.length = 0
        asyncio.get_running_loop().call_soon(self._once, command)
        return True

    def session_started(self) -> None:
        if self._channel is not None and self._channel.get_command() is None:
            self._channel.write(self._terminal.greet(f"\n{BANNER}\n"))

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._typed += data
        self._work()

    def eof_received(self) -> bool:
        return False

    def _once(self, command: str) -> None:
        if self._channel is not None:
            self._channel.write(self._terminal.shell.answer(command).encode())
            self._channel.exit(0)

    def _work(self) -> None:
        """Key by key, until the line is answered; what was typed ahead waits for the answer."""
        while self._typed and self._timer is None and self._channel is not None:
            shown, line = self._terminal.key(self._typed.pop(0))
            self._channel.write(shown)
            if line is None:
                continue
            if not self._device.behaviour.delay:
                self._answer(line)
            else:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._device.behaviour.delay, self._late, line)

    def _late(self, line: str) -> None:
        self._timer = None
        self._answer(line)
        self._work()

    def _answer(self, line: str) -> None:
        if self._channel is None:
            return
        self._channel.write(self._terminal.show(self._terminal.shell.answer(line)))
        if self._terminal.shell.closed:
            self._channel.exit(0)
