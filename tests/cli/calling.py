"""Calling commands: what one came to, and commands as processes of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

PATIENCE = 60.0


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Said]


@dataclass
class Up:
    """A running `nocmesh up` and the simulated network that it looks after."""

    data: Path
    http: str
    process: "subprocess.Popen[bytes]"
    errors: Path
    network: "subprocess.Popen[bytes]"
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        return self.errors.read_text()

    def ask(self, **request: Any) -> Any:
        """One request to the simulated network."""
        assert self.network.stdin is not None
        assert self.network.stdout is not None
        self.network.stdin.write(json.dumps(request).encode() + b"\n")
        self.network.stdin.flush()
        return json.loads(self.network.stdout.readline())

    def alert(self, fault: str) -> None:
        """Break the network, and tell as its monitoring system would."""
        alert = self.ask(do="inject", fault=fault)["alert"]
        answer = httpx2.post(f"{self.http}/api/webhooks/alertmanager", json=alert, trust_env=False)
        assert answer.status_code == 202


def wait_for(condition: Callable[[], object], within: float = PATIENCE) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def started(*words: str, errors: Path, cwd: Path | None = None, **environment: str) -> "subprocess.Popen[bytes]":
    """A command as a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOCMESH_")}
    with errors.open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "nocmesh.cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**kept, **environment},
            cwd=cwd,
            start_new_session=True,
        )
