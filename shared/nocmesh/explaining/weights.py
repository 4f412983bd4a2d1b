"""How much of a network a device is, where it has to be said which of two parts is the rest of it. Pure."""

from zlib import crc32

from nocmesh.network import Device

HOST = "host"
"""The role of what hangs at the edge and forwards nothing."""


def weight_of(device: Device) -> int:
    """Weights add up, and sums compare by core devices, then by what is no host, then by number.

    The checksum decides between parts that are equal in all of these, the same way every time.
    """
    return (int(device.core) << 120) + (int(device.role != HOST) << 90) + (1 << 60) + crc32(device.name.encode())
