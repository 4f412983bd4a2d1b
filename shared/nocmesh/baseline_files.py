"""Baselines as files: one folder per device with its configuration, its typed state, and when it was taken.

What ``nocmesh baseline`` writes, and what a mesh reads again as known good.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from nocmesh.diagnosis.baseline import Snapshot
from nocmesh.errors import InvalidInputError, NotFoundError, PreconditionError
from nocmesh.messages.base import Message
from nocmesh.messages.state import DeviceState
from nocmesh.subjects import token

CONFIG, STATE, META = "config.txt", "state.json", "meta.json"
MASKING_KEY = "masking.key"
"""The key of the masks in the configurations: who compares with them must mask with the same one."""
MOST_DEVICES = 20_000


def write_snapshot(folder: Path, snapshot: Snapshot) -> Path:
    """Write ``snapshot`` under ``folder``, in a folder named after its device; gives that folder.

    ``meta.json`` comes last: what lacks it was not finished. Raises PreconditionError when it cannot be written.
    """
    where = folder / token(snapshot.device)
    bare = msgspec.structs.replace(snapshot, config="", state=None)
    try:
        where.mkdir(parents=True, exist_ok=True)
        (where / META).unlink(missing_ok=True)
        _write(where / CONFIG, snapshot.config.encode())
        _write(where / STATE, _pretty(snapshot.state) if snapshot.state else b"null\n")
        _write(where / META, _pretty(bare))
    except OSError as wrong:
        raise PreconditionError(f"{where} cannot be written: {wrong.strerror}; give another folder") from wrong
    return where


def read_snapshots(folder: Path) -> Sequence[Snapshot]:
    """Every baseline under ``folder``.

    Raises NotFoundError when there is none, InvalidInputError that names the file that cannot be read.
    """
    if not folder.is_dir():
        raise NotFoundError(f"{folder} is no folder; expected one that `nocmesh baseline --out` wrote")
    metas = sorted(folder.glob(f"*/{META}"))[:MOST_DEVICES]
    if not metas:
        raise NotFoundError(f"{folder} holds no baseline: expected a folder per device with {META} in it")
    return [_read(meta.parent) for meta in metas]


def copy_key(source: Path, target: Path) -> None:
    """Put the masking key of the folder ``source`` into ``target``, for its owner alone, where it is there.

    Raises PreconditionError when it cannot be read or written.
    """
    try:
        if (source / MASKING_KEY).is_file():
            target.mkdir(parents=True, exist_ok=True)
            (target / MASKING_KEY).touch(0o600)
            (target / MASKING_KEY).write_bytes((source / MASKING_KEY).read_bytes())
    except OSError as wrong:
        raise PreconditionError(f"{target / MASKING_KEY} cannot be written: {wrong.strerror}") from wrong


def _read(where: Path) -> Snapshot:
    bare: Snapshot = _decoded(where / META, Snapshot)
    if token(bare.device) != where.name:
        raise InvalidInputError(f"{where / META}: is of {bare.device[:80]!r}, not of {where.name}", field="device")
    state: DeviceState | None = _decoded(where / STATE, DeviceState | None)
    config = _bytes(where / CONFIG)
    try:
        return msgspec.structs.replace(bare, config=config.decode(), state=state)
    except UnicodeDecodeError as wrong:
        raise InvalidInputError(f"{where / CONFIG}: not UTF-8 at byte {wrong.start}; take it again") from wrong


def _decoded(path: Path, kind: Any) -> Any:
    try:
        return msgspec.json.decode(_bytes(path), type=kind)
    except msgspec.DecodeError as wrong:
        raise InvalidInputError(f"{path}: cannot be read: {wrong}; take the baseline again") from wrong


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as wrong:
        raise InvalidInputError(f"{path}: cannot be read ({wrong.strerror}); take the baseline again") from wrong


def _pretty(value: Message) -> bytes:
    return msgspec.json.format(value.to_json(), indent=2) + b"\n"


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(data)
    draft.replace(path)
