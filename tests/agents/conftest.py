"""Roles in this process, over a real broker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from nocmesh.agent import Agent
from nocmesh.agent.base import role_of
from nocmesh.clock import SystemClock
from nocmesh.log import logger
from nocmesh.proving.broker import MeshFor
from nocmesh.runtime import Context, Role
from nocmesh.settings import Settings

Hosted = tuple[Context, "asyncio.Task[None]"]
Host = Callable[..., Awaitable[Hosted]]


@pytest.fixture
async def host(mesh_on: MeshFor, tmp_path: Path) -> AsyncIterator[Host]:
    """``await host(role, name="bgp-1")`` runs a role (or an agent class) until the test ends."""
    running: list[Hosted] = []

    async def start(what: Role | type[Agent], name: str = "", **flags: Any) -> Hosted:
        role = what if isinstance(what, Role) else role_of(what)
        mesh = await mesh_on(role.bus_role, name=name or role.name, type=role.type)
        settings = Settings(data=tmp_path, heartbeat_seconds=0.2, **flags)
        context = Context(
            mesh=mesh, settings=settings, clock=SystemClock(), log=logger(role=role.name), name=mesh.me.name
        )
        task: asyncio.Task[None] = asyncio.create_task(role.run(context))  # type: ignore[arg-type]
        running.append((context, task))
        return context, task

    yield start
    for context, _ in running:
        context.stopping.set()
    for _, task in running:
        if not task.cancelled():
            await task
