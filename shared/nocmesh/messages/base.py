"""What all messages have in common."""

from typing import Any

import msgspec

SCHEMA_VERSION = 1


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A value on the bus: frozen, keyword-only, unknown fields tolerated."""

    def to_json(self) -> bytes:
        """The body as it goes on the wire."""
        return msgspec.json.encode(self)

    def to_dict(self) -> dict[str, Any]:
        """The body as plain dicts and lists, times as RFC 3339 text."""
        result: dict[str, Any] = msgspec.to_builtins(self)
        return result
