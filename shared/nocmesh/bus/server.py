"""A nats-server of our own: finding the binary, its configuration, starting, reloading, stopping it."""

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path

from nocmesh.bus.authority import Authority
from nocmesh.bus.credentials import write_secret
from nocmesh.bus.plan import load_plan
from nocmesh.errors import BusError, PreconditionError

FLOOR = (2, 14, 3)
"""Older servers ignore timers, lack fields silently, or have published holes."""

_HOWTO = "install it with `pip install 'nocmesh[server]'`, or from https://github.com/nats-io/nats-server/releases"


def parse_version(text: str) -> tuple[int, ...]:
    """The three numbers in ``text``, as `nats-server: v2.15.1` gives; (0, 0, 0) when there are none."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(each) for each in found.groups()) if found else (0, 0, 0)


def require_version(found: str, where: str) -> None:
    """Raises PreconditionError when ``found`` is older than the floor."""
    if parse_version(found) < FLOOR:
        floor = ".".join(map(str, FLOOR))
        raise PreconditionError(
            f"{where} is nats-server {found or 'of unknown version'}; expected {floor} or newer: {_HOWTO}",
            found=found,
            expected=floor,
        )


async def binary_version(binary: Path | str) -> str:
    """What ``binary --version`` says, or empty when it cannot be run."""
    try:
        process = await asyncio.create_subprocess_exec(
            str(binary), "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        out, _ = await asyncio.wait_for(process.communicate(), 10)
    except (OSError, TimeoutError):
        return ""
    return ".".join(map(str, parse_version(out.decode(errors="replace"))))


async def find_binary() -> Path:
    """The nats-server to start: ``$NOCMESH_NATS_SERVER``, the PATH's when new enough, the one in our environment.

    Raises PreconditionError that says which were found and how to get a newer one.
    """
    named = os.environ.get("NOCMESH_NATS_SERVER")
    if named:
        require_version(await binary_version(named), f"NOCMESH_NATS_SERVER={named}")
        return Path(named)
    seen = []
    for place in _places():
        version = await binary_version(place)
        if parse_version(version) >= FLOOR:
            return Path(place)
        seen.append(f"{place} ({version or 'does not run'})")
    floor = ".".join(map(str, FLOOR))
    found = ", ".join(seen) or "none"
    raise PreconditionError(f"no nats-server {floor} or newer was found (found: {found}): {_HOWTO}")


def _places() -> list[str]:
    """Where a nats-server lies: on the PATH, among the scripts of our environment."""
    found = (shutil.which("nats-server"), shutil.which("nats-server", path=sysconfig.get_path("scripts")))
    return [place for place in found if place]


def server_conf(
    authority: Authority,
    *,
    store_dir: Path | str,
    host: str = "127.0.0.1",
    port: int = 4222,
    monitor_port: int | None = None,
    name: str = "nocmesh",
) -> str:
    """The configuration of one server: public keys only, JetStream that fsyncs before it acknowledges.

    Only allow-lists; no leaf nodes, no MQTT, no user without a key.
    """
    plan = load_plan()
    lines = [
        "# Generated from the keys of the mesh: holds public keys only.",
        f"server_name: {name}",
        f'listen: "{host}:{port}"',
        *([f'http: "127.0.0.1:{monitor_port}"'] if monitor_port is not None else []),
        "max_payload: 1MB",
        "max_connections: 1000",
        "max_control_line: 16KB",
        "max_pending: 32MB  # a slow consumer is cut off, not buffered for ever",
        'write_deadline: "5s"',
        'ping_interval: "20s"',
        "ping_max: 2",
        "jetstream {",
        f'  store_dir: "{store_dir}"',
        f"  max_file_store: {plan.server.disk_mb}MB",
        f"  max_memory_store: {plan.server.memory_mb}MB",
        "  sync_interval: always",
        "}",
        f"operator: {authority.operator_jwt()}",
        f"system_account: {authority.system_account()}",
        "resolver: MEMORY",
        "resolver_preload: {",
        *(f"  {key}: {token}" for key, token in authority.account_jwts().items()),
        "}",
    ]
    return "\n".join(lines) + "\n"


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class NatsServer:
    """One nats-server process on this machine, for one mesh."""

    def __init__(
        self,
        authority: Authority,
        *,
        store_dir: Path | str,
        port: int = 0,
        monitor_port: int | None = None,
    ) -> None:
        self.authority = authority
        self.store_dir = Path(store_dir)
        self.port = port
        self.monitor_port = monitor_port
        self._name = f"nocmesh-{secrets.token_hex(4)}"
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def running(
        cls, authority: Authority, *, store_dir: Path | str, port: int = 0, monitor_port: int | None = None
    ) -> AsyncIterator["NatsServer"]:
        """A started server, stopped at the end."""
        server = cls(authority, store_dir=store_dir, port=port, monitor_port=monitor_port)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def conf(self) -> Path:
        """Its configuration file."""
        return self.store_dir / "nats-server.conf"

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.store_dir / "nats-server.log"

    async def start(self) -> None:
        """Start it and wait until it accepts connections. Raises PreconditionError with the end of its log."""
        binary = await find_binary()
        self.port = self.port or free_port()
        self.store_dir.mkdir(parents=True, exist_ok=True)
        self._write_conf()
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(binary),
                "-c",
                str(self.conf),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C of the terminal is its keeper's alone
            )
        await self._wait_until_ready(30.0)

    async def stop(self) -> None:
        """Stop it in order (it flushes), or by force after ten seconds."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Kill it without warning, as a crash would."""
        await self._end(signal.SIGKILL)

    async def reload(self) -> None:
        """Make it read its configuration again: new roles, revoked keys. Raises BusError when it refuses."""
        self._write_conf()
        if self._process is None or self._process.returncode is not None:
            return
        before = len(self._log_text())
        self._process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(10):
            while "Reloaded server configuration" not in (news := self._log_text()[before:]):
                if "Failed to reload" in news:
                    raise BusError(f"nats-server keeps its old configuration: {news[:500]}; restart it")
                await asyncio.sleep(0.02)

    async def died(self) -> int:
        """Wait until the process ends; gives its exit code."""
        if self._process is None:
            raise PreconditionError("the server was not started")
        return await self._process.wait()

    def _log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _write_conf(self) -> None:
        text = server_conf(
            self.authority,
            store_dir=self.store_dir / "jetstream",
            port=self.port,
            monitor_port=self.monitor_port,
            name=self._name,
        )
        write_secret(self.conf, text.encode())

    async def _wait_until_ready(self, seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < deadline:
            if self._process is None or self._process.returncode is not None:
                break
            if await _greeting(self.port, self._name):
                return
            await asyncio.sleep(0.02)
        tail = self._log_text()[-2000:]
        await self.kill()
        raise PreconditionError(f"nats-server did not start on port {self.port}; the end of {self.log}:\n{tail}")

    async def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(how)
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _greeting(port: int, name: str) -> bool:
    """Whether the server of that name greets on ``port``; another may have taken it."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        line = await asyncio.wait_for(reader.readline(), 2)
        return line.startswith(b"INFO") and f'"{name}"'.encode() in line
    except (TimeoutError, OSError):
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
