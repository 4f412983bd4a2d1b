"""A mesh that lives for one command: its own folder, its own ports, read only, and gone at the end."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from nocmesh.baseline_files import copy_key
from nocmesh.cli.client import Client
from nocmesh.cli.output import say
from nocmesh.cli.stopping import Stop
from nocmesh.cli.up import prepared_mesh, ready
from nocmesh.errors import NocmeshError, PreconditionError, TooLateError
from nocmesh.launch.home import Home
from nocmesh.launch.supervisor import tail
from nocmesh.log import configure, logger
from nocmesh.ports import free_port
from nocmesh.settings import Settings

READY_SECONDS = 180.0
"""Many devices, and some that do not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """The mesh, asked as a viewer."""

    client: Client
    url: str


@asynccontextmanager
async def passing_mesh(
    inventory: Path,
    stop: Stop,
    *,
    baselines: Path | None = None,
    trust: bool = False,
    keep: Path | None = None,
    masks: Path | None = None,
) -> AsyncIterator[Passing]:
    """A mesh over the devices of ``inventory`` that is ready; it writes to none of them, whoever approves.

    ``baselines``: what the devices were like when well. ``trust``: the state in which they are now is their baseline.
    ``masks``: a folder whose masking key is used, where it has one, and gets it otherwise.
    Raises PreconditionError when it does not become ready, TooLateError when it was stopped before, NocmeshError.
    """
    with tempfile.TemporaryDirectory(prefix="nocmesh-passing-") as temporary:
        settings = _settings(keep or Path(temporary), inventory, baselines, trust)
        configure(settings.log_level, settings.log_format)
        if masks is not None:
            copy_key(masks, settings.data)
        try:
            async with prepared_mesh(settings, logger(role="passing"), say) as running:
                stop.hurry = running.mesh.supervisor.hurry
                url = running.mesh.endpoint.http
                missing = await ready(url, stop.event, READY_SECONDS)
                if stop.event.is_set():
                    raise TooLateError("stopped before the mesh was ready")
                if missing:
                    raise PreconditionError(f"the mesh did not become ready within {READY_SECONDS:g} s: {missing}")
                async with Client(url) as client:
                    yield Passing(client=client, url=url)
                if masks is not None:
                    copy_key(settings.data, masks)
        except NocmeshError:
            tell_logs(settings.data)
            raise


def tell_logs(data: Path) -> None:
    """The last words of every process that had something to say: the logs hold warnings only."""
    for log in sorted(Home(data).logs.glob("*.log")):
        if log.stat().st_size:
            say(f"the last words of {log.stem}:{tail(log)}")


def _settings(data: Path, inventory: Path, baselines: Path | None, trust: bool) -> Settings:
    return Settings(
        data=(data / "data").absolute(),
        inventory=inventory.absolute(),
        http=f"127.0.0.1:{free_port()}",
        webhooks=f"127.0.0.1:{free_port()}",
        nats_port=free_port(),
        log_level="warning",
        no_auth_for_loopback=True,
        read_only=True,
        baselines=baselines.absolute() if baselines else None,
        trust_first_state=trust,
    )
