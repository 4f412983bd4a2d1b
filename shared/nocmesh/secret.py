"""A secret that lies in a file or an environment variable, and is looked up by whoever uses it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from nocmesh.errors import PreconditionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """Where a secret is."""

    of: str
    """Whose it is and what, for errors: `r1: snmp.community`."""
    value: str = field(default="", repr=False)
    env: str = ""
    file: Path | None = None

    def reveal(self) -> str:
        """The secret. Raises PreconditionError when its variable or file holds none."""
        if self.env:
            if not (found := os.environ.get(self.env, "")):
                raise PreconditionError(f"{self.of}: the variable {self.env} is empty; set it for its bridge")
            return found
        return self._read() if self.file else self.value

    def _read(self) -> str:
        assert self.file is not None
        try:
            found = self.file.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as wrong:
            raise PreconditionError(f"{self.of}: its file cannot be read: {wrong}") from wrong
        if not found:
            raise PreconditionError(f"{self.of}: the file {self.file} is empty")
        return found
