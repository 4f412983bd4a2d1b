"""The command line in this process; and one mesh with a simulated network that all tests of the commands share."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from nocmesh.cli import main
from nocmesh.launch.mesh import free_port

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


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """``cli("incident", "list")`` in this process: its exit code and both its outputs."""
    for name in [name for name in os.environ if name.startswith("NOCMESH_")]:
        monkeypatch.delenv(name)

    def call(*words: str, **environment: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["nocmesh", *words])
        capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return call


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


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """The mesh, ready; its data folder was given by a relative path."""
    folder = tmp_path_factory.mktemp("up")
    network = subprocess.Popen(
        [sys.executable, "-m", "nocmesh.proving.simulated", "--inventory-out", str(folder / "inventory.yaml")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    http = f"127.0.0.1:{free_port()}"
    flags = ("--inventory", "inventory.yaml", "--data", "data", "--http", http, "--no-auth-for-loopback")
    where = ("--webhooks", f"127.0.0.1:{free_port()}", "--nats-port", str(free_port()))
    process = None
    try:
        assert network.stdout is not None
        network.stdout.readline()
        process = started("up", *flags, *where, errors=folder / "errors", cwd=folder)
        running = Up(folder / "data", f"http://{http}", process, folder / "errors", network)
        wait_for(lambda: "Ctrl-C stops it all" in running.said or process.poll() is not None)
        assert process.poll() is None, running.said
        words = [line.split() for line in running.said.splitlines() if line.startswith("sign in as")]
        running.tokens.update({line[3]: line[-1] for line in words})
        yield running
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(30)
        network.communicate(timeout=30)
