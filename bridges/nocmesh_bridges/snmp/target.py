"""How to ask a device over SNMP, with its secrets revealed; they show in no log."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from nocmesh.errors import PreconditionError
from nocmesh.inventory import InventoryDevice
from nocmesh.inventory_snmp import OutOfStore, Snmp

MIN_PASSWORD = 8
"""RFC 3414 §11.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user of version 3: authenticated and encrypted, never less."""

    name: str
    auth: str
    """`sha` or `sha256`."""
    auth_password: str = field(repr=False)
    privacy_password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One device's agent."""

    name: str
    host: str
    port: int = 161
    version: str = "2c"
    community: str = field(default="", repr=False)
    user: User | None = None


def target_of(device: InventoryDevice, stored: OutOfStore | None = None) -> Target:
    """How to ask ``device``. Raises PreconditionError when it has no SNMP, or a secret of it cannot be had."""
    snmp = device.snmp
    if snmp is None:
        raise PreconditionError(f"{device.name} has no `snmp:` in the inventory; add one to ask it over SNMP")
    third = snmp.version == "3"
    return Target(
        name=device.name,
        host=device.address,
        port=snmp.port,
        version=snmp.version,
        community="" if third else snmp.community.reveal(stored),
        user=_user(device.name, snmp, stored) if third else None,
    )


def _user(name: str, snmp: Snmp, stored: OutOfStore | None) -> User:
    assert snmp.auth_password is not None
    assert snmp.privacy_password is not None
    auth, privacy = snmp.auth_password.reveal(stored), snmp.privacy_password.reveal(stored)
    if min(len(auth), len(privacy)) < MIN_PASSWORD:
        raise PreconditionError(f"{name}: an SNMPv3 password has less than {MIN_PASSWORD} characters (RFC 3414 §11.2)")
    return User(name=snmp.user, auth=snmp.auth, auth_password=auth, privacy_password=privacy)


def targets_of(
    devices: Iterable[InventoryDevice], stored: OutOfStore | None = None
) -> tuple[dict[str, Target], list[PreconditionError]]:
    """By device, those that can be asked; and why others that have SNMP cannot. ``stored`` opens the store."""
    found: dict[str, Target] = {}
    wrong: list[PreconditionError] = []
    for device in devices:
        if device.snmp is None:
            continue
        try:
            found[device.name] = target_of(device, stored)
        except PreconditionError as error:
            wrong.append(error)
    return found, wrong
