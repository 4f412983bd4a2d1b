"""``nocmesh notify test``: one message to each target, by the bridge's own means."""

import asyncio
import os
import sys
from importlib.util import find_spec
from typing import Any

import msgspec

from nocmesh.cli.output import Format, show_list
from nocmesh.errors import PreconditionError
from nocmesh.settings import Settings

COLUMNS = ("target", "hears", "told", "reason")
SECONDS = 60.0


async def test(settings: Settings, form: Format) -> int:
    """Send and print; 1 when a target was not reached. Raises PreconditionError when nobody is to be told."""
    if settings.notify is None:
        raise PreconditionError(
            "nobody is to be told: set NOCMESH_NOTIFY to addresses of Apprise's, or to a file of them"
        )
    if find_spec("apprise") is None:
        raise PreconditionError("notifications need Apprise: pip install 'nocmesh[notify]'")
    rows = await _tried(
        {**os.environ, "NOCMESH_NOTIFY": settings.notify.get_secret_value(), "NOCMESH_URL": settings.url}
    )
    show_list(rows, COLUMNS, "target", form)
    return 0 if all(row["told"] for row in rows) else 1


async def _tried(environment: dict[str, str]) -> list[dict[str, Any]]:
    """A row a target, from a process of its own: rooms do not import each other."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "nocmesh_bridges.notify.trial", stdout=asyncio.subprocess.PIPE, env=environment
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, _ = await process.communicate()
    except TimeoutError as late:
        raise PreconditionError(f"the targets were not tried within {SECONDS:g} s; look at their addresses") from late
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise PreconditionError("the targets could not be tried; the reason stands above")
    rows: list[dict[str, Any]] = msgspec.json.decode(out)
    return rows
