"""Messages as compressed JSON, for what would not fit into one message of the broker otherwise. Pure."""

import zlib
from typing import TypeVar

import msgspec

from nocmesh.errors import InvalidInputError
from nocmesh.messages.base import Message

Packed = TypeVar("Packed", bound=Message)


def packed(value: Message) -> bytes:
    """``value`` as compressed JSON."""
    return zlib.compress(value.to_json())


def unpacked(value: bytes, kind: type[Packed], *, limit: int, what: str, field: str, advice: str = "") -> Packed:
    """The message of that ``kind`` that ``packed`` made ``value`` of, at most ``limit`` bytes when it is unpacked.

    Raises InvalidInputError with ``field`` for anything else: it begins with ``what`` and ends with ``advice``.
    """
    try:
        opener = zlib.decompressobj()
        raw = opener.decompress(value, limit)
        if not opener.eof:
            raise InvalidInputError(f"{what} is cut off or too large{advice}", field=field)
        return msgspec.json.decode(raw, type=kind)
    except (zlib.error, msgspec.DecodeError) as wrong:
        raise InvalidInputError(f"{what} cannot be read: {wrong}{advice}", field=field) from wrong
