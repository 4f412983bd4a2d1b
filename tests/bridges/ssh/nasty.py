"""A deliberately nasty device: a real SSH server on a free port that does what routers do at the worst moment."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.session import DeviceSession
from nocmesh_bridges.ssh.target import Target

HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
OTHER_KEY = asyncssh.generate_private_key("ssh-ed25519")
SYSLOG = "*Mar  1 00:01:02.003: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down"


@dataclass
class Nasty:
    """How nasty, and what the device answers."""

    hostname: str = "r1"
    answers: dict[str, str | bytes] = field(default_factory=dict)
    banner: str = ""
    enable: str = ""
    """The secret; set: sessions begin at `r1>`."""
    max_sessions: int = 0
    page: int = 0
    """Lines a page; paging off is refused when ``stubborn``."""
    stubborn: bool = False
    chunk: int = 0
    """Bytes at a time, each a turn of the loop apart."""
    pause: float = 0.0
    hang: frozenset[str] = frozenset()
    """Commands that are never answered."""
    drop: frozenset[str] = frozenset()
    """Commands during whose answer the connection breaks."""
    silent: bool = False
    """Never shows a prompt."""
    mute: frozenset[str] = frozenset()
    """Commands that are not echoed."""
    log_after: frozenset[str] = frozenset()
    """A log line follows the prompt after these commands, and the prompt is not printed again."""
    log_in_echo: frozenset[str] = frozenset()
    """A log line tears the echo of these commands apart."""
    ending: str = ""
    """What stands behind the prompt's last sign: NX-OS has a blank."""
    refusal: str = "             ^\r\n% Invalid input detected at '^' marker.\r\n\r\n"
    syslog: str = SYSLOG
    comments: bool = True
    comment: str = "!"
    """What begins a line that is ignored."""
    rejects: frozenset[str] = frozenset()
    asks: frozenset[str] = frozenset()
    asking: str = "Proceed? [confirm]"
    config_locked: bool = False
    stuck_in_config: bool = False
    password: str = "cisco"
    no_terminal: bool = False
    """Refuses every channel after the login."""
    early_echo: bool = False
    """A terminal driver that echoes what is typed while a command is still printing."""
    host_key: Any = HOST_KEY
    listen: dict[str, Any] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)
    """Every line that was entered."""
    sessions: int = 0
    most: int = 0
    logins: int = 0
    port: int = 0

    def target(self, **changes: Any) -> Target:
        values: dict[str, Any] = {
            "name": self.hostname,
            "platform": "cisco_iosxe",
            "host": "127.0.0.1",
            "port": self.port,
            "username": "ops",
            "password": "cisco",
            "enable_password": self.enable,
            "open_timeout": 10.0,
            **changes,
        }
        return Target(**values)


class _Server(asyncssh.SSHServer):
    def __init__(self, device: Nasty) -> None:
        self._device = device

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == self._device.password


class _Vty:
    """One terminal."""

    def __init__(self, device: Nasty, process: Any) -> None:
        self.device = device
        self.process = process
        self.mode = "exec" if device.enable else "privileged"
        self.paging = bool(device.page)
        self.keys = self._keys()
        self.queue: asyncio.Queue[str] = asyncio.Queue()
        self.busy = False

    @property
    def prompt(self) -> str:
        name = self.device.hostname
        prompt = {"exec": f"{name}>", "privileged": f"{name}#"}.get(self.mode, f"{name}({self.mode})#")
        return prompt + self.device.ending

    def write(self, data: str | bytes) -> None:
        self.process.stdout.write(data.encode() if isinstance(data, str) else data)

    async def pump(self) -> None:
        """Takes keys as they come; a terminal driver echoes them at once while a command runs."""
        while data := await self.process.stdin.read(1024):
            for key in data.decode("latin-1"):
                if self.busy and self.device.early_echo and key != " ":
                    self.write("\r\n" if key in "\r\n" else key)
                self.queue.put_nowait(key)
        self.queue.put_nowait("")

    async def _keys(self) -> AsyncIterator[str]:
        while key := await self.queue.get():
            yield key

    async def line(self) -> str | None:
        typed = ""
        async for key in self.keys:
            if key in "\r\n":
                self.write("\r\n")
                self.device.typed.append(typed)
                return typed
            typed += key
            if not any(typed == text[: len(typed)] for text in self.device.mute):
                self.write(key)
            if typed in self.device.log_in_echo:
                self.write(f"\r\n{self.device.syslog}\r\n")
        return None

    async def run(self) -> None:
        self.write(self.device.banner.replace("\n", "\r\n"))
        if self.device.silent:
            await asyncio.Event().wait()
        while True:
            self.write(self.prompt)
            line = await self.line()
            if line is None or line.strip() == "exit":
                return
            self.busy = True
            await self.obey(line.strip())
            self.busy = False

    async def obey(self, line: str) -> None:
        device = self.device
        if line in device.hang:
            self.write("partial answer\r\n")
            await asyncio.Event().wait()
        elif line in device.drop:
            self.write(str(device.answers.get(line, "half"))[:200])
            self.process.channel.get_connection().abort()
        elif line in device.asks:
            self.write(device.asking)
            await asyncio.Event().wait()
        elif line in device.rejects:
            self.write(self.device.refusal)
        elif line in device.answers:
            await self.print(device.answers[line])
        else:
            await self.builtin(line)
        if line in device.log_after:
            self.write(f"{self.prompt}\r\n{device.syslog}\r\n")
            await self.line_after_log()

    async def line_after_log(self) -> None:
        """Reads the next line with no prompt before it."""
        line = await self.line()
        if line is not None:
            await self.obey(line.strip())

    async def builtin(self, line: str) -> None:
        device = self.device
        if line == "" or (line.startswith(device.comment) and device.comments):
            return
        if line == "enable":
            self.write("Password: ")
            secret = await self.secret()
            self.mode = "privileged" if secret == device.enable else self.mode
            self.write("\r\n" if secret == device.enable else "\r\n% Access denied\r\n\r\n")
        elif line in ("term len 0", "terminal length 0") and not device.stubborn:
            self.paging = False
        elif line.startswith("configure terminal") and self.mode == "privileged":
            self.write("" if not device.config_locked else "Configuration mode is locked by 'bob'\r\n")
            self.mode = self.mode if device.config_locked else "config"
        elif self.mode.startswith("config"):
            self.configure(line)
        elif not line.startswith("term"):
            self.write(self.device.refusal)

    def configure(self, line: str) -> None:
        if line in ("end", "exit") and not self.device.stuck_in_config:
            self.mode = "privileged"
        elif line.startswith("router "):
            self.mode = "config-router"
        elif line.startswith("interface "):
            self.mode = "config-if"

    async def secret(self) -> str:
        typed = ""
        async for key in self.keys:
            if key in "\r\n":
                break
            typed += key
        return typed

    async def print(self, answer: str | bytes) -> None:
        data = answer.replace("\n", "\r\n").encode() if isinstance(answer, str) else answer
        if self.paging:
            await self.print_pages(data)
        elif self.device.chunk:
            for part in _parts(data, self.device.chunk):
                self.write(part)
                await asyncio.sleep(self.device.pause)
        else:
            for part in _parts(data, 1 << 16):
                self.write(part)
                await self.process.stdout.drain()

    async def print_pages(self, data: bytes) -> None:
        lines = data.splitlines(keepends=True)
        for start in range(0, len(lines), self.device.page):
            self.write(b"".join(lines[start : start + self.device.page]))
            if start + self.device.page < len(lines):
                self.write(" --More-- ")
                await self.queue.get()
                self.write("\b" * 10 + " " * 10 + "\b" * 10)


def _parts(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@asynccontextmanager
async def running(device: Nasty) -> AsyncIterator[Nasty]:
    """The device, listening on ``device.port``."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(process: Any) -> None:
        device.logins += 1
        if device.no_terminal:
            process.close()
            return
        if device.max_sessions and device.sessions >= device.max_sessions:
            process.channel.get_connection().abort()
            return
        device.sessions += 1
        device.most = max(device.most, device.sessions)
        vty = _Vty(device, process)
        pump, run = asyncio.create_task(vty.pump()), asyncio.create_task(vty.run())
        tasks.update((pump, run))
        try:
            await asyncio.wait((pump, run), return_when=asyncio.FIRST_COMPLETED)
        finally:
            device.sessions -= 1
            pump.cancel()
            run.cancel()
            await asyncio.gather(pump, run, return_exceptions=True)
            process.close()

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: _Server(device),
        server_host_keys=[device.host_key],
        process_factory=serve,
        line_editor=False,
        encoding=None,
        **device.listen,
    )
    device.port = server.get_port()
    try:
        yield device
    finally:
        server.close()
        await server.wait_closed()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def session_with(device: Nasty, **changes: Any) -> AsyncIterator[DeviceSession]:
    """A session with ``device``, which is started and stopped around it."""
    limit = changes.pop("output_limit", None)
    options = {} if limit is None else {"output_limit": limit}
    async with running(device):
        session = await DeviceSession.open(device.target(**changes), host_keys=HostKeys(), **options)
        try:
            yield session
        finally:
            await session.close()


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Waits for ``condition``, looking at every turn of the loop."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a server, which sets no event
            await asyncio.sleep(0.005)
