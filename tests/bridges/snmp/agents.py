"""A real snmpd on a free port, and net-snmp's own senders of traps."""

import asyncio
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from nocmesh_bridges.snmp.target import Target, User

AUTH, PRIVACY = "auth pass phrase", "privacy pass phrase"
CONF = """
agentAddress udp:127.0.0.1:{port}
rocommunity public
createUser nina SHA-256 "{auth}" AES "{privacy}"
createUser sha1 SHA "{auth}" AES "{privacy}"
rouser nina authPriv
rouser sha1 authPriv
sysName r1
sysLocation lab
view narrow included 1.3.6.1.2.1.1
rocommunity narrow default -V narrow
"""


def nina(auth: str = "sha256", name: str = "nina", password: str = AUTH, privacy: str = PRIVACY) -> User:
    """The user whom snmpd knows."""
    return User(name=name, auth=auth, auth_password=password, privacy_password=privacy)


@dataclass(frozen=True)
class Agent:
    """A running snmpd."""

    port: int

    def target(self, community: str = "public", version: str = "2c") -> Target:
        return Target(name="r1", host="127.0.0.1", port=self.port, version=version, community=community)

    def third(self, user: User) -> Target:
        return Target(name="r1", host="127.0.0.1", port=self.port, version="3", user=user)


def needs(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"not installed: {', '.join(missing)}; run scripts/system-packages")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; scripts/system-packages installs them")


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


THIRD = ("-v3", "-u", "nina", "-l", "authPriv", "-a", "SHA-256", "-A", AUTH, "-x", "AES", "-X", PRIVACY)


@dataclass
class Sender:
    """net-snmp's commands, told where to send."""

    port: int
    folder: Path

    async def trap(self, *what: str, how: tuple[str, ...] = ("-v2c", "-c", "public")) -> None:
        await self._run("snmptrap", *how, f"127.0.0.1:{self.port}", "4711", *what)

    async def inform(self, *what: str, how: tuple[str, ...] = ("-v2c", "-c", "public")) -> int:
        """The exit status: 0 when it was answered."""
        return await self._run("snmpinform", "-r", "4", "-t", "1", *how, f"127.0.0.1:{self.port}", "4711", *what)

    async def _run(self, *command: str) -> int:
        needs(command[0])
        where = {"SNMP_PERSISTENT_DIR": str(self.folder), "SNMPCONFPATH": str(self.folder)}
        environment = {"PATH": os.environ["PATH"], "MIBS": "", **where}
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        await process.communicate()
        return process.returncode or 0
