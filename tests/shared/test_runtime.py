"""Roles are found by name; waiting ends in time."""

import asyncio
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from nocmesh import runtime
from nocmesh.clock import FixedClock, SystemClock
from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.runtime import GROUP, Role, known_roles, load_role, until


def installed(monkeypatch: pytest.MonkeyPatch, **roles: str) -> None:
    found = EntryPoints(EntryPoint(name=name, value=value, group=GROUP) for name, value in roles.items())
    monkeypatch.setattr(runtime, "entry_points", lambda group: found.select(group=group))


def test_every_installed_role_can_be_loaded() -> None:
    assert "orchestrator" in known_roles()
    for name in known_roles():
        role = load_role(name)
        assert isinstance(role, Role)
        assert role.name == name


def test_an_unknown_role_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, bgp="x:y", audit="x:y")
    with pytest.raises(NotFoundError, match="there is no role 'coffee'; known: audit, bgp"):
        load_role("coffee")


def test_a_role_whose_extra_is_missing_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, ssh="not_installed_at_all:role")
    with pytest.raises(PreconditionError, match=r"needs .not_installed_at_all.*nocmesh\[all\]"):
        load_role("ssh")


def test_what_is_no_role_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, odd="json:dumps")
    with pytest.raises(PreconditionError, match=r"json:dumps is no nocmesh\.runtime\.Role"):
        load_role("odd")


async def test_waiting_ends_with_the_time_or_with_the_word() -> None:
    stopping = asyncio.Event()
    assert not await until(stopping, 0.001)
    waiting = asyncio.create_task(until(stopping, 60))
    stopping.set()
    assert await waiting
    assert await until(stopping, 60)


async def test_waiting_can_be_cancelled() -> None:
    waiting = asyncio.create_task(until(asyncio.Event(), 60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_clocks() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert FixedClock(noon).now() == noon
    assert SystemClock().now().tzinfo is UTC
