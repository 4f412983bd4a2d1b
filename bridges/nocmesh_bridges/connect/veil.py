"""Secrets out of what a target answered, before anything leaves the bridge. Pure.

What this process itself knows as a secret is masked wherever it stands; else what stands behind a name that says so,
and what the rules for devices find in a text.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from nocmesh_bridges.redact import mask, redact

_TELLING = re.compile(
    r"passw|passphrase|secret|token|api_?-?key|private_?-?key|community|credential|authorization|\bpsk\b", re.IGNORECASE
)
LEAST = 4
"""A shorter secret would mask half of every text."""


class Veil:
    """Masks the secrets of one target."""

    def __init__(self, secrets: Iterable[str] = (), *, key: bytes = b"") -> None:
        """``key`` is that of the masks."""
        self._secrets = sorted({each for each in secrets if len(each) >= LEAST}, key=len, reverse=True)
        self._key = key

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, mask(secret, key=self._key))
        return redact("", text, key=self._key)

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON value without secrets; ``name`` is what stands before it."""
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(each, str(key)) for key, each in value.items()}
        if isinstance(value, list):
            return [self.value(each, name) for each in value]
        if value in (None, "") or isinstance(value, bool):
            return value
        if _TELLING.search(name):
            return mask(str(value), key=self._key)
        return self.text(value) if isinstance(value, str) else value
