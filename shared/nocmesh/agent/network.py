"""The network as agents know it: one compressed value in the KV bucket ``inventory``."""

import zlib

import msgspec

from nocmesh.bus import Bus
from nocmesh.errors import InvalidInputError
from nocmesh.network import Network

BUCKET = "inventory"
KEY = "network"
MAX_BYTES = 64 * 1024 * 1024


async def load_network(agents: Bus) -> Network:
    """The network as it was last published; an empty one when nobody has."""
    entry = await agents.bucket(BUCKET).get(KEY)
    return unpack(entry.value) if entry else Network()


async def publish_network(agents: Bus, network: Network) -> None:
    """Make ``network`` known to every agent."""
    await agents.bucket(BUCKET).put(KEY, pack(network))


def pack(network: Network) -> bytes:
    """``network`` as compressed JSON: ten thousand devices stay under the broker's message limit."""
    return zlib.compress(network.to_json())


def unpack(value: bytes) -> Network:
    """What ``pack`` made. Raises InvalidInputError for anything else."""
    try:
        opener = zlib.decompressobj()
        raw = opener.decompress(value, MAX_BYTES)
        if not opener.eof:
            raise InvalidInputError(f"the network in the bucket {BUCKET!r} is cut off or too large", field=KEY)
        return msgspec.json.decode(raw, type=Network)
    except (zlib.error, msgspec.DecodeError) as wrong:
        raise InvalidInputError(f"the network in the bucket {BUCKET!r} cannot be read: {wrong}", field=KEY) from wrong
