"""A throw-away PostgreSQL cluster for the tests of every room; a plain module beside the shared conftest."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _bin() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return debian[-1].parent if debian else None


def _missing(what: str) -> None:
    """A missing server skips at home and fails in CI."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(what)
    pytest.skip(what)


class Cluster:
    """A PostgreSQL server of our own, without fsync, on a free port."""

    def __init__(self, binaries: Path, folder: Path, user: str | None) -> None:
        self.binaries, self.folder, self.user = binaries, folder, user
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.process = subprocess.Popen(
            [
                str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(self.port), "-k", str(folder),
                "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "timezone=Asia/Tokyo",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **self.identity(),
        )  # fmt: skip

    def identity(self) -> dict[str, Any]:
        return {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}

    def run(self, program: str, *arguments: str, check: bool = True) -> int:
        command = [str(self.binaries / program), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=self.folder, **self.identity())
        assert done.returncode == 0 or not check, done.stderr
        return done.returncode

    def wait(self) -> None:
        deadline = time.monotonic() + 30
        while self.run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), check=False) != 0:
            assert self.process.poll() is None, "postgres ended while starting"
            assert time.monotonic() < deadline, "postgres did not answer within 30 s"
            time.sleep(0.05)

    def database(self) -> str:
        name = f"t{uuid.uuid4().hex}"
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", name)
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)  # "fast": ends sessions, then the server
        self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One server for all tests."""
    binaries = _bin()
    if binaries is None:
        _missing("PostgreSQL is not installed: no initdb")
    assert binaries is not None
    user = None
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam("postgres").pw_name
        except KeyError:
            _missing("PostgreSQL does not run as root and there is no user postgres")
    folder = Path(tempfile.mkdtemp(prefix="nocmesh-pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, user, user)
    running = Cluster(binaries, folder, user)
    try:
        running.wait()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder)
