"""Runs: each lab's id, folder and management network, written down before anything is made.

A run's folder lies in the labs folder; `/run/nocmesh/labs/<id>` points to it, machine-wide as the namespaces are.
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.lab.build import moved
from nocmesh.lab.names import FRR_CONFIG, FRR_STATE, LINKS, NAMESPACES, run_of
from nocmesh.lab.plan import LabPlan
from nocmesh.messages.base import Message
from nocmesh.yamlfile import nearest

REGISTRY = Path("/run/nocmesh/labs")
RUN_FILE, PLAN_FILE = "run.json", "plan.json"
SUBNETS = range(1, 250)


class Run(Message, frozen=True, kw_only=True):
    """One lab, as its folder tells it."""

    run_id: str
    topology: str
    subnet: int
    """Of the management network: 172.31.N.0/24; simulated devices have none."""
    simulated: bool = False


def labs_folder() -> Path:
    """Where labs are kept: `$XDG_STATE_HOME/nocmesh/lab`, else `~/.local/state/nocmesh/lab`."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "nocmesh" / "lab"


def claim(root: Path, plan: LabPlan) -> tuple[Run, LabPlan, Path]:
    """A new run in `root`: its id, its management network and its folder are nobody else's. Nothing else is made."""
    with _locked():
        run_id = _free_id()
        run = Run(run_id=run_id, topology=plan.topology, subnet=_free_subnet())
        placed = moved(plan, run.subnet)
        folder = root.absolute() / run_id
        folder.mkdir(parents=True, mode=0o700)
        save(folder / RUN_FILE, run)
        save(folder / PLAN_FILE, placed)
        (REGISTRY / run_id).symlink_to(folder)
    return run, placed, folder


def claim_simulated(root: Path, topology: str) -> tuple[Run, Path]:
    """A new run of simulated devices in `root`; it needs nothing of the machine, so nothing else knows of it."""
    while True:
        run = Run(run_id=secrets.token_hex(2), topology=topology, subnet=0, simulated=True)
        folder = root.absolute() / run.run_id
        try:
            folder.mkdir(parents=True, mode=0o700)
        except FileExistsError:
            continue
        save(folder / RUN_FILE, run)
        return run, folder


def save(path: Path, value: Message) -> None:
    """The message as a file, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(value.to_json(), indent=1))
    draft.replace(path)


def forget(run_id: str, folder: Path | None) -> None:
    """The run is no more: its folder and its entry."""
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    (REGISTRY / run_id).unlink(missing_ok=True)


def forget_folder(folder: Path) -> None:
    """A run of simulated devices is no more."""
    shutil.rmtree(folder, ignore_errors=True)


def read(folder: Path) -> tuple[Run, LabPlan]:
    """What a run's folder tells. Raises: PreconditionError when it is damaged."""
    run = run_at(folder)
    try:
        plan = msgspec.json.decode((folder / PLAN_FILE).read_bytes(), type=LabPlan)
    except (OSError, msgspec.DecodeError) as error:
        raise PreconditionError(f"{folder}: {error}; take the lab down with `nocmesh lab down --all`") from error
    return run, plan


def run_at(folder: Path) -> Run:
    """The run whose folder it is. Raises: PreconditionError when that is damaged."""
    try:
        return msgspec.json.decode((folder / RUN_FILE).read_bytes(), type=Run)
    except (OSError, msgspec.DecodeError) as error:
        raise PreconditionError(f"{folder}: {error}; take the lab down with `nocmesh lab down --all`") from error


def found(root: Path, run_id: str | None) -> Path:
    """The folder of a run; without id of the only one in `root`. Raises: NotFoundError that lists the runs."""
    known = kept(root)
    if run_id is None:
        if len(known) == 1:
            return root.absolute() / known[0]
        told = f"several labs are up: {', '.join(known)}; name one" if known else "no lab is up; `nocmesh lab up NAME`"
        raise NotFoundError(told)
    for folder in (root.absolute() / run_id, registered(run_id)):
        if folder is not None and (folder / RUN_FILE).exists():
            return folder
    raise NotFoundError(f"no lab {run_id[:40]!r}; {nearest(run_id[:40], known)}")


def place(root: Path, run_id: str) -> Path:
    """The folder that a run of `root` has, be it damaged or not."""
    return root.absolute() / run_id


def kept(root: Path) -> list[str]:
    """The ids of the runs in `root`, the oldest first."""
    folders = [entry for entry in root.iterdir() if entry.is_dir()] if root.is_dir() else []
    return [entry.name for entry in sorted(folders, key=lambda entry: entry.stat().st_mtime)]


def registered(run_id: str) -> Path | None:
    """Its folder, wherever that lies; None: no such run, or its folder is gone."""
    entry = REGISTRY / run_id
    return entry.readlink() if entry.is_symlink() and entry.exists() else None


def strays() -> list[str]:
    """Runs that have left something on this machine and have no folder any more."""
    places = [entry.name for place in (NAMESPACES, FRR_CONFIG, FRR_STATE, LINKS) for entry in _entries(place)]
    seen = {run_of(name) for name in places} | {entry.name for entry in _entries(REGISTRY)}
    return sorted(run_id for run_id in seen if run_id and registered(run_id) is None)


def _entries(place: Path) -> list[Path]:
    return list(place.iterdir()) if place.is_dir() else []


@contextmanager
def _locked() -> Iterator[None]:
    """Two labs that come up at once do not choose the same numbers."""
    REGISTRY.mkdir(parents=True, exist_ok=True)
    with (REGISTRY.parent / "labs.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _free_id() -> str:
    while True:
        run_id = secrets.token_hex(2)
        if not (REGISTRY / run_id).is_symlink() and run_id not in strays():
            return run_id


def _free_subnet() -> int:
    taken = {_subnet_of(entry) for entry in _entries(REGISTRY)} | _connected()
    for number in SUBNETS:
        if number not in taken:
            return number
    raise PreconditionError("no management network is free in 172.31.0.0/16; take a lab down: `nocmesh lab down RUN`")


def _subnet_of(entry: Path) -> int:
    try:
        return int(json.loads((entry / RUN_FILE).read_bytes())["subnet"])
    except (OSError, ValueError, KeyError):
        return 0  # its folder is gone: what is left of its network is seen in the kernel's routes


def _connected() -> set[int]:
    """Third octets of 172.31.0.0/16 that the kernel has routes for (proc_net_route(5): little-endian hex)."""
    try:
        lines = Path("/proc/net/route").read_text("ascii").splitlines()[1:]
    except OSError:
        return set()
    octets = [bytes.fromhex(line.split()[1])[::-1] for line in lines]
    return {address[2] for address in octets if address[:2] == bytes((172, 31))}
