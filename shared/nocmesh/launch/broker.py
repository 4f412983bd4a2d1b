"""The broker of a mesh on one machine: our own nats-server, kept running on one port."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from nocmesh.bus import Authority, NatsServer
from nocmesh.launch.home import Home
from nocmesh.log import Log

ORPHAN_SECONDS = 10.0


class KeptBroker:
    """Started again on the same port when it dies; stopped in order, after everybody who talks to it."""

    def __init__(self, authority: Authority, home: Home, port: int, log: Log) -> None:
        self._server = NatsServer(authority, store_dir=home.store, port=port)
        self._pid_file = home.folder("run") / "broker.pid"
        self._log = log
        self._keeper: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self._server.url

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return self._server.pid

    async def start(self) -> None:
        """Start it, and keep it. Raises PreconditionError when there is none, or it is too old."""
        await self._end_orphan()
        await self._start()
        self._keeper = asyncio.create_task(self._keep(), name="broker")

    async def stop(self) -> None:
        """Stop it, started or not."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._server.stop()
        self._pid_file.unlink(missing_ok=True)

    async def _start(self) -> None:
        await self._server.start()
        self._pid_file.write_text(str(self._server.pid))

    async def _keep(self) -> None:
        while True:
            code = await self._server.died()
            self._log.warning("broker_ended", code=code, again="now")
            await self._start()

    async def _end_orphan(self) -> None:
        """A keeper that was killed leaves its broker behind, and two must not have one store."""
        pid = orphan(self._pid_file, self._server.conf)
        if pid is None:
            return
        self._log.warning("broker_left_behind", pid=pid, ended="now")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        async with asyncio.timeout(ORPHAN_SECONDS):
            # No event tells of the end of a process that is not our child.
            while orphan(self._pid_file, self._server.conf) is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


def orphan(pid_file: Path, conf: Path) -> int | None:
    """The process that ``pid_file`` names, when it still runs with our configuration; numbers are used again."""
    try:
        pid = int(pid_file.read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(conf) in words else None
