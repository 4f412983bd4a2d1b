"""SNMP access of a device, resolved; its secrets are looked up by whoever uses them, and show in no log.

A secret may lie in an environment variable or a file that the SNMP bridge alone has: other processes read the same
inventory.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nocmesh.errors import NocmeshError, PreconditionError

if TYPE_CHECKING:
    from nocmesh.inventory_form import SnmpEntry


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

    def reveal(self, stored: "OutOfStore | None" = None) -> str:
        """The secret; ``stored`` opens those in the store. Raises PreconditionError when it cannot be had."""
        if self.store:
            return self._stored(stored)
        if self.env:
            if not (found := os.environ.get(self.env, "")):
                raise PreconditionError(f"{self.of}: the variable {self.env} is empty; set it for the SNMP bridge")
            return found
        return self._read() if self.file else self.value

    def _stored(self, stored: "OutOfStore | None") -> str:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Snmp:
    """SNMP access: a community, or for version 3 a user with two passwords."""

    version: str
    port: int
    community: Secret
    user: str = ""
    auth: str = ""
    """`sha` or `sha256`."""
    auth_password: Secret | None = None
    privacy_password: Secret | None = None


def snmp_of(device: str, entry: "SnmpEntry", folder: Path) -> Snmp:
    """``entry`` of ``device``; files are looked for in ``folder``."""

    def secret(name: str) -> Secret:
        given = getattr(entry, name)
        file = getattr(entry, f"{name}_file")
        return Secret(
            of=f"{device}: snmp.{name}",
            value=given.get_secret_value() if given else "",
            env=getattr(entry, f"{name}_env"),
            file=folder / Path(file).expanduser() if file else None,
            store=getattr(entry, f"{name}_store"),
        )

    third = entry.version == "3"
    return Snmp(
        version=entry.version,
        port=entry.port,
        community=secret("community"),
        user=entry.user,
        auth=entry.auth if third else "",
        auth_password=secret("auth_password") if third else None,
        privacy_password=secret("privacy_password") if third else None,
    )
