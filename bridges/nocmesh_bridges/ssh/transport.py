"""Bytes to and from a device over SSH. The one door to asyncssh.

Nothing is taken from the machine's own SSH set-up: no ~/.ssh, no agent, no known_hosts.
"""

import asyncio
import errno
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import asyncssh

from nocmesh.errors import DeviceError, DeviceSilentError, DeviceUnreachableError
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.target import Target

_SILENT = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT}
"""What the kernel says where nobody answers."""

TERMINAL = ("dumb", (511, 1000))
"""A terminal so plain that no readline colours it, and so large that lines are neither wrapped nor paged."""

PENDING_LIMIT = 1 << 20
"""Bytes that nobody has read yet; beyond it the SSH window closes and the device waits."""

MODERN: dict[str, Any] = {
    "encryption_algs": "^aes128-gcm@openssh.com,aes256-gcm@openssh.com",  # a third of the CPU that chacha20 takes here
    "kex_algs": "-*sha1*",
    "server_host_key_algs": "-ssh-rsa,ssh-dss",
    "signature_algs": "-ssh-rsa,ssh-dss",
}
LEGACY: dict[str, Any] = {
    "kex_algs": "+diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,diffie-hellman-group1-sha1",
    "encryption_algs": "+aes256-cbc,aes192-cbc,aes128-cbc,3des-cbc",
    "server_host_key_algs": "+ssh-rsa,ssh-dss",
    "signature_algs": "+ssh-rsa",
}
"""What IOS 12 and 15 of the first years speak. It ends with cryptography 53, which drops finite-field exchanges."""


class Wire:
    """One open terminal on a device."""

    def __init__(self, connection: asyncssh.SSHClientConnection, channel: Any, stream: "_Stream") -> None:
        self._connection = connection
        self._channel = channel
        self._stream = stream

    @classmethod
    async def open(cls, target: Target, host_keys: HostKeys | None) -> "Wire":
        """Connects, checks the host key, logs in and asks for a terminal; no deadline once somebody answers.

        Raises DeviceSilentError if nobody does in ``target.connect_timeout``, else DeviceUnreachableError, with the
        library's error as cause, whatever the reason.
        """
        client = _Client(target, host_keys)
        try:
            return await cls._open(target, client)
        except DeviceUnreachableError:
            raise
        except (OSError, asyncssh.Error, ValueError) as error:
            raise client.refusal or _explain(target, error) from error

    @classmethod
    async def _open(cls, target: Target, client: "_Client") -> "Wire":
        connection = await _connected(target, client)
        try:
            stream = _Stream()
            channel, _ = await connection.create_session(
                lambda: stream, term_type=TERMINAL[0], term_size=TERMINAL[1], encoding=None
            )
            client.remember()  # only now: a stranger who refuses our login leaves no key behind
        except BaseException:
            connection.abort()
            await connection.wait_closed()
            raise
        return cls(connection, channel, stream)

    @property
    def closed(self) -> bool:
        """Whether the device, or we, ended the connection."""
        return self._stream.ended or self._connection.is_closed()

    def send(self, data: bytes) -> None:
        """Sends ``data``; on a closed wire it is lost, and the next ``receive`` tells."""
        if not self.closed:
            self._channel.write(data)

    def take(self) -> bytes:
        """What has arrived already, without waiting."""
        return self._stream.take()

    async def receive(self, seconds: float | None = None) -> bytes | None:
        """What arrives next; None: nothing did in ``seconds``; empty: nothing will come any more.

        It can be cancelled without losing a byte.
        """
        stream = self._stream
        alarm = asyncio.get_running_loop().call_later(seconds, stream.arrived.set) if seconds is not None else None
        try:
            await stream.arrived.wait()
        finally:
            if alarm is not None:
                alarm.cancel()
        return stream.take() or (b"" if stream.ended else None)

    def abort(self) -> None:
        """Cuts the connection at once."""
        self._connection.abort()

    async def close(self) -> None:
        """Closes the connection politely, and cuts it when the device does not answer within two seconds."""
        self._connection.close()
        try:
            async with asyncio.timeout(2.0):
                await self._connection.wait_closed()
        except TimeoutError:
            self._connection.abort()
            await self._connection.wait_closed()


class _Stream(asyncssh.SSHClientSession[bytes]):
    """Gathers what arrives until somebody takes it."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.ended = False
        self._pending = bytearray()
        self._channel: Any = None

    def connection_made(self, chan: Any) -> None:
        self._channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._pending += data
        self.arrived.set()
        if len(self._pending) > PENDING_LIMIT:
            self._channel.pause_reading()

    def eof_received(self) -> bool:
        self._end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def take(self) -> bytes:
        data = bytes(self._pending)
        if len(data) > PENDING_LIMIT and not self.ended:
            self._channel.resume_reading()
        self._pending.clear()
        if not self.ended:
            self.arrived.clear()
        return data

    def _end(self) -> None:
        self.ended = True
        self.arrived.set()


class _Client(asyncssh.SSHClient):
    """Judges the host key: pinned, known from first use, or new."""

    def __init__(self, target: Target, host_keys: HostKeys | None) -> None:
        self.refusal: DeviceError | None = None
        self._target = target
        self._host_keys = host_keys
        self._shown = ""
        self.when_answered: Callable[[], None] = lambda: None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.when_answered()

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self._shown = " ".join(key.export_public_key().decode().split()[:2])
        reason = self._objection(key.get_fingerprint())
        if reason:
            self.refusal = DeviceUnreachableError(
                reason, device=self._target.name, fingerprint=key.get_fingerprint(), problem="host_key"
            )
        return not reason

    def remember(self) -> None:
        """Keeps the key that was shown, if nothing was pinned. Raises DeviceUnreachableError on a lost race."""
        if self._host_keys is not None and not self._target.host_key:
            self._host_keys.remember(self._target.name, self._shown)

    def _objection(self, fingerprint: str) -> str:
        name = self._target.name
        known = self._target.host_key or (self._host_keys.known(name) if self._host_keys else None)
        if known is None and self._host_keys is None:
            return f"{name} shows the host key {fingerprint}, and none is pinned: set host_key, or hand in a key store"
        if known is None or _same_key(known, self._shown, fingerprint):
            return ""
        return (
            f"the host key of {name} has changed: it shows {fingerprint}, expected was {_short(known)}. "
            "Stop: somebody may be in between. If the device was replaced, pin the new key or forget the old one"
        )


async def _connected(target: Target, client: _Client) -> asyncssh.SSHClientConnection:
    async with asyncio.timeout(target.connect_timeout) as patience:
        client.when_answered = lambda: patience.reschedule(None)
        return await asyncssh.connect(target.host, target.port, client_factory=lambda: client, **_options(target))


def _same_key(known: str, shown: str, fingerprint: str) -> bool:
    return fingerprint == known if known.startswith("SHA256:") else known.split()[:2] == shown.split()


def _short(known: str) -> str:
    if known.startswith("SHA256:"):
        return known
    try:
        return str(asyncssh.import_public_key(known).get_fingerprint())
    except asyncssh.KeyImportError:
        return f"{known[:24]}…, which is no public key"


@lru_cache(maxsize=256)
def _opened(private_key: str, passphrase: str) -> asyncssh.SSHKey:
    """The key, unlocked once: a passphrase costs a large part of a second, by design."""
    return asyncssh.import_private_key(private_key, passphrase or None)


def _options(target: Target) -> dict[str, Any]:
    keys = [_opened(target.private_key, target.passphrase)] if target.private_key else None
    return {
        "username": target.username,
        "password": target.password or None,
        "client_keys": keys,
        "config": None,
        "agent_path": None,
        "known_hosts": ([], [], []),  # no key is known to asyncssh: each is put to _Client
        "x509_trusted_certs": None,
        "gss_host": None,
        "host_based_auth": False,
        "connect_timeout": target.open_timeout,
        "login_timeout": target.open_timeout,
        "keepalive_interval": 30,
        "keepalive_count_max": 3,
        **(LEGACY if target.legacy else MODERN),
    }


def _explain(target: Target, error: Exception) -> DeviceUnreachableError:
    place = f"{target.name} at {target.host}:{target.port}"
    kinds: list[tuple[type[Exception] | tuple[type[Exception], ...], str, str]] = [
        (
            asyncssh.PermissionDenied,
            "login",
            f"{place} refused the login of {target.username!r}: check user name, password or key",
        ),
        (
            asyncssh.KeyExchangeFailed,
            "algorithms",
            f"{place} offers no algorithm that we accept: if the device is old, set legacy: true for it",
        ),
        (asyncssh.ChannelOpenError, "terminal", f"{place} opens no terminal: all its vtys may be in use"),
        (
            (asyncssh.KeyImportError, ValueError),
            "private_key",
            f"the private key for {place} cannot be read: expected PEM or OpenSSH, and its passphrase where it has one",
        ),
        (
            (asyncssh.ConnectionLost, asyncssh.DisconnectError),
            "terminal",
            f"{place} ended the connection while it was opened: all its vtys may be in use, or an ACL refuses us",
        ),
        (
            ConnectionRefusedError,
            "unreachable",
            f"{place} refuses connections: is SSH enabled there, is the port right?",
        ),
        (
            TimeoutError,
            "unreachable",
            f"nobody answers at {place}: check that it is up, and routing and ACLs towards it",
        ),
    ]
    found = ((problem, text) for kind, problem, text in kinds if isinstance(error, kind))
    problem, text = next(found, ("unreachable", f"{place} cannot be reached"))
    silent = isinstance(error, TimeoutError) or getattr(error, "errno", None) in _SILENT
    kind = DeviceSilentError if silent else DeviceUnreachableError
    said = f"{text} ({str(error) or type(error).__name__})"
    return kind(said, device=target.name, host=target.host, problem=problem)
