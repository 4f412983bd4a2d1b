"""What the pool is measured against: asyncssh and netmiko as scripts use them, a session for each command.

They prove nothing about a device: the host key is taken as it comes. netmiko is no dependency; it is measured where
somebody has installed it.
"""

import asyncio
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncssh

from nocmesh_bridges.ssh.target import Target


def has_netmiko() -> bool:
    """Whether netmiko is installed; it is an extra of its own, `nocmesh[bench]`."""
    return importlib.util.find_spec("netmiko") is not None


async def with_asyncssh(target: Target, command: str) -> str:
    """What the device answers to ``command``: connect, ask, close. Raises asyncssh's errors and OSError."""
    options: dict[str, Any] = {"known_hosts": None, "config": None, "client_keys": None, "agent_path": None}
    async with asyncssh.connect(
        target.host, target.port, username=target.username, password=target.password, **options
    ) as connection:
        return str((await connection.run(command, check=True)).stdout)


async def with_netmiko(threads: ThreadPoolExecutor, target: Target, command: str) -> str:
    """The same with netmiko, which blocks a thread meanwhile. Raises netmiko's errors."""
    return await asyncio.get_running_loop().run_in_executor(threads, _with_netmiko, target, command)


def _with_netmiko(target: Target, command: str) -> str:
    import netmiko  # only where it is asked for, because it need not be there

    connection = netmiko.ConnectHandler(
        device_type="cisco_ios",  # FRR's command line was made after it
        host=target.host,
        port=target.port,
        username=target.username,
        password=target.password,
        secret=target.enable_password,
    )
    try:
        if target.platform.startswith("cisco"):
            connection.enable()
        return str(connection.send_command(command))
    finally:
        connection.disconnect()
