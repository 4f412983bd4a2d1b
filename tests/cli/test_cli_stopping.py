"""Ctrl-C: one press asks, another one kills; a press that comes twice is one."""

import asyncio

import pytest

from nocmesh.cli import stopping
from nocmesh.cli.stopping import Stop


async def test_the_first_asks_and_a_later_one_kills(monkeypatch: pytest.MonkeyPatch, capsys: object) -> None:
    monkeypatch.setattr(stopping, "ONE_PRESS_SECONDS", 0.0)
    killed = asyncio.Event()
    stop = Stop()
    stop.hurry = killed.set
    stop.signalled()
    assert stop.event.is_set()
    assert not stop.hurried
    await asyncio.sleep(0.001)
    stop.signalled()
    assert stop.hurried
    assert killed.is_set()


async def test_one_press_that_comes_twice_kills_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    stop = Stop()
    stop.signalled()
    stop.signalled()
    assert not stop.hurried
    assert capsys.readouterr().err.count("stopping") == 1
