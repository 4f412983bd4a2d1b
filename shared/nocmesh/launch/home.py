"""The data folder of a mesh: where keys, credentials, logs and the database lie, and who runs there."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from nocmesh.errors import PreconditionError
from nocmesh.messages.base import Message


class Endpoint(Message, frozen=True, kw_only=True):
    """Where a running mesh is reached: `data/run/endpoint.json`, for the CLI on the same machine."""

    nats_url: str
    http: str
    webhooks: str
    pid: int


class Home:
    """The folder; every path in it is made when it is first asked for, readable by its owner alone."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def folder(self, *parts: str) -> Path:
        """A folder below the data folder."""
        where = self.data.joinpath(*parts)
        where.mkdir(parents=True, exist_ok=True, mode=0o700)
        return where

    @property
    def keys(self) -> Path:
        """The keys of the mesh: operator, accounts, signing keys."""
        return self.folder("keys")

    @property
    def store(self) -> Path:
        """The broker's store."""
        return self.folder("nats")

    @property
    def logs(self) -> Path:
        """One log a process."""
        return self.folder("logs")

    def credentials(self, name: str) -> Path:
        """The credentials file of one instance."""
        return self.folder("credentials") / f"{name}.json"

    @property
    def endpoint_file(self) -> Path:
        """Where the running mesh says how it is reached."""
        return self.folder("run") / "endpoint.json"

    def endpoint(self) -> Endpoint | None:
        """How the mesh that runs here is reached, or None."""
        try:
            return msgspec.json.decode(self.endpoint_file.read_bytes(), type=Endpoint)
        except (FileNotFoundError, msgspec.MsgspecError):  # half written by one that was killed
            return None

    def write_endpoint(self, endpoint: Endpoint) -> None:
        """Say how it is reached."""
        self.endpoint_file.write_bytes(endpoint.to_json())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Only one mesh at a time uses the folder. Raises PreconditionError when another does."""
        lock = self.folder("run") / "lock"
        with lock.open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as taken:
                running = self.endpoint()
                who = f" (pid {running.pid}, {running.http})" if running else ""
                raise PreconditionError(
                    f"a mesh runs in {self.data} already{who}: stop it, or choose another folder with --data"
                ) from taken
            self.endpoint_file.unlink(missing_ok=True)  # of one that was killed
            try:
                yield
            finally:
                self.endpoint_file.unlink(missing_ok=True)


def private(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, readable by its owner alone from the first byte."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
