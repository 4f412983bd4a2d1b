"""What is injected into a lab, written down before the first step: a crash leaves nothing that cannot be healed."""

import os
from pathlib import Path

import msgspec

from nocmesh.errors import PreconditionError
from nocmesh.lab.faults.kinds import Injection
from nocmesh.messages.base import Message

FILE = "faults.json"


class Injected(Message, frozen=True, kw_only=True):
    """A fault that a lab has."""

    fault_type: str
    resource: str
    params: dict[str, str] = {}
    """All of them, defaults included."""
    injection: Injection

    @property
    def label(self) -> dict[str, str]:
        """What a case's `expect` says of it."""
        return {"resource": self.resource, "fault_type": self.fault_type}


def read(folder: Path) -> list[Injected]:
    """What is injected, the oldest first. Raises: PreconditionError when the file is damaged."""
    path = folder / FILE
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Injected])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PreconditionError(
            f"{path}: {error}; expected what `nocmesh lab inject` wrote: take the lab down and up again"
        ) from error


def write(folder: Path, injected: list[Injected]) -> None:
    """All of it at once: a reader sees the old list or the new one."""
    path = folder / FILE
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(injected), indent=1))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
