"""Which nats-server is started: where one lies, and how old it may be."""

import asyncio
import os
import re
import shutil
import sysconfig
from pathlib import Path

from nocmesh.errors import PreconditionError

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
