"""Labs for tests: a small one by options, shared by a module; skipped where the machine cannot carry real routers."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nocmesh.lab import ground
from nocmesh.lab.build import build
from nocmesh.lab.graph import Graph, GraphNode
from nocmesh.lab.lab import Lab
from nocmesh.lab.plan import Options

SMALL = Graph(
    name="small",
    nodes=[GraphNode(name=name, role="core" if name == "r1" else "edge") for name in ("r1", "r2", "r3", "r4")],
    links=[("r1", "r2"), ("r2", "r3"), ("r1", "r3"), ("r3", "r4")],
)
"""A triangle with a tail."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where real routers cannot be had, tests that need them are skipped with the reason; on CI they fail instead."""
    reason = ground.unavailable()
    if reason and os.environ.get("CI") != "true":
        for item in items:
            if item.get_closest_marker("lab"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def small_lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Four converged routers and two hosts, for a whole module; `Options` by indirect parametrization."""
    options = getattr(request, "param", Options())
    lab = asyncio.run(_converged(options, tmp_path_factory.mktemp("labs")))
    yield lab
    asyncio.run(lab.down())


async def _converged(options: Options, root: Path) -> Lab:
    lab = await Lab.up(build(SMALL, options), root=root)
    await lab.converged()
    return lab
