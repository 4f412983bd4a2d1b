"""A secret that lies in a file, an environment variable or the credential store, looked up by whoever uses it."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nocmesh.errors import NocmeshError, PreconditionError

OutOfStore = Callable[[str, str, str], str]
"""Name of the credential, device, field: gives the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where a secret is."""

    of: str
    """Whose it is and what, for errors: `r1: snmp.community`."""
    value: str = field(default="", repr=False)
    env: str = ""
    file: Path | None = None
    store: str = ""
    """The credential in the store that has it."""

    def reveal(self, stored: OutOfStore | None = None) -> str:
        """The secret; ``stored`` opens those in the store. Raises PreconditionError when it cannot be had."""
        if self.store:
            return self._stored(stored)
        if self.env:
            if not (found := os.environ.get(self.env, "")):
                raise PreconditionError(f"{self.of}: the variable {self.env} is empty; set it for its bridge")
            return found
        return self._read() if self.file else self.value

    def _stored(self, stored: OutOfStore | None) -> str:
        device, _, key = self.of.partition(": snmp.")
        if stored is None:
            raise PreconditionError(f"{self.of}: is in the credential store, which this process does not open")
        try:
            return stored(self.store, device, key)
        except NocmeshError as wrong:
            raise PreconditionError(f"{self.of}: {wrong.message}") from wrong

    def _read(self) -> str:
        assert self.file is not None
        try:
            found = self.file.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as wrong:
            raise PreconditionError(f"{self.of}: its file cannot be read: {wrong}") from wrong
        if not found:
            raise PreconditionError(f"{self.of}: the file {self.file} is empty")
        return found
