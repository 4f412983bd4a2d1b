"""Who this engine is to the senders of informs: an id that lasts, and how often it has started (RFC 3414 §2.2)."""

import os
import secrets
import tempfile
from pathlib import Path

from nocmesh.errors import PreconditionError

FILE = "snmp-engine"
_FORMAT = bytes.fromhex("80004fb805")
"""RFC 3411 §5: the enterprise of pysnmp, and octets of our own choice."""
MOST_BOOTS = 2_147_483_647


def identity(folder: Path) -> tuple[bytes, int]:
    """The engine's id and its boots, one more than at the last start. Raises PreconditionError for a broken file."""
    path = folder / FILE
    engine_id, boots = _kept(path) if path.exists() else (_FORMAT + secrets.token_bytes(8), 0)
    boots = min(boots + 1, MOST_BOOTS)
    folder.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=folder, prefix=f".{FILE}-")
    with os.fdopen(handle, "w") as file:
        file.write(f"{engine_id.hex()} {boots}\n")
    Path(draft).replace(path)
    return engine_id, boots


def _kept(path: Path) -> tuple[bytes, int]:
    words = path.read_text().split()
    try:
        engine_id, boots = bytes.fromhex(words[0]), int(words[1])
    except (ValueError, IndexError) as wrong:
        told = f"{path} is broken: expected an engine id in hexadecimal and a number; remove it, and a new one is made"
        raise PreconditionError(told) from wrong
    return engine_id, boots
