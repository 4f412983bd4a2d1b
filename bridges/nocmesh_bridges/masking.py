"""The key of the masks that stand for secrets: the same for every bridge of a machine."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from nocmesh.baseline_files import MASKING_KEY, copy_key
from nocmesh.settings import Settings


def masking_key(settings: Settings) -> bytes:
    """The key of the masks: CREDENTIAL_ENCRYPTION_KEY where it is set, else the one in the data folder.

    A new one is that of the baselines that the settings name: masks of before must be the masks of now.
    """
    if settings.credential_encryption_key:
        return settings.credential_encryption_key.get_secret_value().encode()
    path = Path(settings.data) / MASKING_KEY
    if not path.exists() and settings.baselines:
        copy_key(settings.baselines, path.parent)
    if not path.exists():
        _make_key(path)
    return path.read_bytes()


def _make_key(path: Path) -> None:
    """Whole or not at all, and for us alone: another bridge may start at the same time, or this one die here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".masking-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
