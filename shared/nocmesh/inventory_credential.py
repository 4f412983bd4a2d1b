"""A credential of the inventory: resolved, or only named: in the credential store, or in a HashiCorp Vault.

What is only named is opened by the process that uses it (``nocmesh.safe.opener``); all others never have it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nocmesh.inventory_form import CredentialEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A credential of that name in the store."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InVault:
    """A secret in a key/value engine of a Vault, and which of its keys is what."""

    mount: str
    path: str
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By field of ours. A field that is not among them is looked for under its own name, and may be missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A credential. Its secrets do not show in logs."""

    username: str
    password: str = field(default="", repr=False)
    private_key_file: Path | None = None
    private_key: str = field(default="", repr=False)
    """The key itself, where it came out of the store or a Vault."""
    passphrase: str = field(default="", repr=False)
    enable_password: str = field(default="", repr=False)
    at: Stored | InVault | None = None
    """Where it is; None: it is all here."""


def credential_of(entry: "CredentialEntry", folder: Path) -> Credential:
    """``entry``; a key file is looked for in ``folder``."""
    return Credential(
        username=entry.username,
        password=entry.password.get_secret_value() if entry.password else "",
        private_key_file=None if entry.private_key_file is None else folder / Path(entry.private_key_file).expanduser(),
        passphrase=entry.passphrase.get_secret_value() if entry.passphrase else "",
        enable_password=entry.enable_password.get_secret_value() if entry.enable_password else "",
        at=_place(entry),
    )


def _place(entry: "CredentialEntry") -> Stored | InVault | None:
    if entry.store:
        return Stored(name=entry.store)
    if entry.vault is None:
        return None
    names = entry.vault.model_dump(exclude={"mount", "path"}, exclude_defaults=True)
    return InVault(mount=entry.vault.mount, path=entry.vault.path, keys=MappingProxyType(names))


class Credentials:
    """Those of a file by name; one that it does not define is one of the store."""

    def __init__(self, defined: Mapping[str, Credential]) -> None:
        self._defined = defined

    def __getitem__(self, name: str) -> Credential:
        """The credential of that name."""
        return self._defined.get(name) or Credential(username="", at=Stored(name=name))


Known = Collection[str] | None
"""The names in the store; None: it is not at hand, and any name may be in it."""
