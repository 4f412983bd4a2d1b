"""Histories on the bus: what the monitor saw of each device, one bounded value each, in the bucket `history`."""

from nocmesh.bus import Bus
from nocmesh.diagnosis.history import History, unpack
from nocmesh.subjects import token

BUCKET = "history"


def history_key(device: str) -> str:
    """Where the device's history lies in the bucket `history`."""
    return token(device)


async def load_history(agents: Bus, device: str) -> History | None:
    """What was seen of the device; None: nobody has looked yet. Raises InvalidInputError when it cannot be read."""
    entry = await agents.bucket(BUCKET).get(history_key(device))
    return unpack(entry.value, entry.key) if entry else None
