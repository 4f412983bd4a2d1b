"""The network as agents know it: one compressed value in the KV bucket ``inventory``."""

from nocmesh.bus import Bus
from nocmesh.network import Network
from nocmesh.packing import packed, unpacked

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
    return packed(network)


def unpack(value: bytes) -> Network:
    """What ``pack`` made. Raises InvalidInputError for anything else."""
    return unpacked(value, Network, limit=MAX_BYTES, what=f"the network in the bucket {BUCKET!r}", field=KEY)
