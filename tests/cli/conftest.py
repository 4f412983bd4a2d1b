"""The command line in this process; and one mesh with a simulated network that all tests of the commands share."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nocmesh.cli import main
from nocmesh.ports import free_port

sys.path.append(str(Path(__file__).parents[1]))

from cli.calling import Cli, Said, Up, started, wait_for


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
            assert process.wait(30) == 0
        network.communicate(timeout=30)
