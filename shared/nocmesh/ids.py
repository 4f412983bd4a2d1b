"""Ids: UUIDv7, sortable by the time at which they were made, and hashes of content."""

import hashlib
import os
import uuid
from datetime import datetime

import msgspec


def new_id(now: datetime) -> str:
    """A UUIDv7 (RFC 9562 §5.7) for ``now``: 48 bits of milliseconds, 74 random bits."""
    millis = int(now.timestamp() * 1000)
    value = (millis << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def digest(value: object) -> str:
    """The sha256, in hex, of ``value`` as canonical JSON (keys sorted, no blanks)."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def short_digest(*parts: str) -> str:
    """Thirty-two hex digits that name ``parts``, for deterministic ids; no part can be shifted into the next."""
    return digest(parts)[:32]
