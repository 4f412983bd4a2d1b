"""What an inventory only names, opened: out of the credential store, or out of a HashiCorp Vault.

Only a process that signs in to devices makes one, and each secret is opened when a session needs it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.inventory import InventoryDevice, ways_in
from nocmesh.inventory_credential import Credential, InVault, Stored
from nocmesh.safe.store import Safe
from nocmesh.settings import Settings

SECRETS = ("password", "private_key", "passphrase", "enable_password")


class Opener:
    """Opens credentials and single secrets."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is read or asked yet."""
        self._settings = settings
        self._safe = Safe.of(settings)
        self._vault: object = None

    def missing(self, devices: Iterable[InventoryDevice]) -> list[tuple[str, str]]:
        """Device and credential, where it names one that the store does not have. Raises as ``Safe.looked``."""
        ways = [(device.name, way.at) for device in devices for way in ways_in(device)]
        named = [(device, at.name) for device, at in ways if isinstance(at, Stored)]
        names = self._safe.names() if named else frozenset()
        return [(device, name) for device, name in named if name not in names]

    async def credential(self, named: Credential, device: str) -> Credential:
        """``named`` with its secrets, for ``device``; it blocks nobody meanwhile. Raises NocmeshError."""
        return await asyncio.to_thread(self.opened, named, device)

    def opened(self, named: Credential, device: str) -> Credential:
        """The same, waiting for file or server."""
        if isinstance(named.at, Stored):
            found = self._safe.open(named.at.name, device)
            return _whole(named, found.username, found.secrets, f"credential {named.at.name!r}")
        if isinstance(named.at, InVault):
            return self._out_of_vault(named, named.at)
        return named

    def secret(self, name: str, device: str, field: str) -> str:
        """One secret of a credential in the store. Raises NocmeshError."""
        found = self._safe.open(name, device).secrets
        if field not in found:
            has = ", ".join(found)
            raise NotFoundError(f"credential {name!r} has no {field}, only {has}; add it again with --replace")
        return found[field]

    def _out_of_vault(self, named: Credential, at: InVault) -> Credential:
        from nocmesh.safe.kv import Vault  # HTTP only where it is needed

        if not isinstance(self._vault, Vault):
            self._vault = Vault(self._settings)
        assert isinstance(self._vault, Vault)
        held = self._vault.get(at.mount, at.path)
        for field, key in at.keys.items():
            if key not in held:
                raise NotFoundError(f"{at.mount}/{at.path} in Vault has no text {key!r}, which is to be the {field}")
        found = {field: held.get(at.keys.get(field, field), "") for field in ("username", *SECRETS)}
        return _whole(named, named.username or found.pop("username"), found, f"{at.mount}/{at.path} in Vault")


def _whole(named: Credential, username: str, found: Mapping[str, str], where: str) -> Credential:
    """Raises PreconditionError where nobody could sign in with it."""
    if not username or not (found.get("password") or found.get("private_key")):
        raise PreconditionError(f"{where} signs in nowhere: it needs a username, and a password or a private_key")
    return replace(
        named,
        at=None,
        username=username,
        password=found.get("password", ""),
        private_key=found.get("private_key", ""),
        passphrase=found.get("passphrase", ""),
        enable_password=found.get("enable_password", ""),
    )
