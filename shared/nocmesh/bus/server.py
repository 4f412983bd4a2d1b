"""A nats-server of our own: starting, reloading, stopping it."""

import asyncio
import contextlib
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from nocmesh.bus.authority import Authority
from nocmesh.bus.binary import find_binary
from nocmesh.bus.serverconf import server_conf
from nocmesh.errors import BusError, PreconditionError
from nocmesh.ports import free_port
from nocmesh.privatefile import write_secret


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
