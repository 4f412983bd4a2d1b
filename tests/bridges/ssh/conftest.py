"""The nasty device is a plain module beside these tests, `bridges.ssh.nasty`; and nobody waits long for it."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter silences than in the field: less is believed to be an end that is none, so the tests are the harder."""
    monkeypatch.setattr("nocmesh_bridges.ssh.dialogue.SETTLE_SECONDS", 0.01)
    monkeypatch.setattr("nocmesh_bridges.ssh.dialogue.SILENCE_SECONDS", 0.1)
    monkeypatch.setattr("nocmesh_bridges.ssh.dialogue.STUCK_SECONDS", 0.15)
    monkeypatch.setattr("nocmesh_bridges.ssh.dialogue.FIRST_SECONDS", 0.5)
