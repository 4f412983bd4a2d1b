"""Files for their owner alone: written whole or not at all, and read only where nobody else can."""

import os
from pathlib import Path

from nocmesh.errors import PreconditionError

MOST_BYTES = 16 * 1024 * 1024


def write_secret(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step, with mode 0600; it outlives a power cut. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_bounded(path: Path) -> bytes:
    """What is in ``path``. Raises FileNotFoundError; PreconditionError when it cannot be read, or is far too large."""
    try:
        with path.open("rb") as file:
            found = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as wrong:
        raise PreconditionError(f"{path}: cannot be read ({wrong.strerror}); it must belong to this user") from wrong
    if len(found) > MOST_BYTES:
        raise PreconditionError(f"{path}: larger than {MOST_BYTES} bytes; check that it is the right file")
    return found


def read_secret(path: Path) -> bytes:
    """The same, of a file that others must not be able to read. Raises PreconditionError when they are."""
    found = read_bounded(path)
    if path.stat().st_mode & 0o077:
        raise PreconditionError(f"{path}: others can read it; it holds a key: chmod 600 {path}")
    return found
