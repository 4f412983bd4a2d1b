"""The inventory file: which devices there are, how to reach them, what should be on them.

Secrets stay in ``Inventory``; ``Inventory.network()`` is what the mesh may know. The file's form is in
docs/reference/inventory.md; every mistake in it is reported at once, with its line.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from nocmesh import network
from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.inventory_checks import mistakes_across
from nocmesh.inventory_credential import Credential, Credentials, Known, credential_of
from nocmesh.inventory_form import (
    DeviceEntry,
    IntentEntry,
    InventoryFile,
    NetBoxEntry,
    NetBoxFile,
    WindowEntry,
)
from nocmesh.inventory_snmp import Snmp, snmp_of
from nocmesh.log import logger
from nocmesh.yamlfile import Document, nearest, read_document, validated


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """The second way in: a Linux shell."""

    port: int
    credential: Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryDevice:
    """A device with all that a bridge needs to reach it."""

    device: network.Device
    credential: Credential
    host_key: str = ""
    legacy: bool = False
    max_sessions: int = 2
    logins_per_minute: int = 0
    snmp: Snmp | None = None
    shell: Shell | None = None

    @property
    def name(self) -> str:
        """Its name in the inventory."""
        return self.device.name

    @property
    def platform(self) -> str:
        """What runs on it, as `frr` or `cisco_iosxe`."""
        return self.device.platform

    @property
    def address(self) -> str:
        """Where its CLI listens."""
        return self.device.address

    @property
    def port(self) -> int:
        """The port of its CLI."""
        return self.device.port


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryUser:
    """A person of the file."""

    name: str
    roles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All of the file, resolved."""

    devices: list[InventoryDevice]
    links: list[network.Link]
    """As in the file: a file of one device may show links that lead out of it."""
    users: list[InventoryUser]
    maintenance: list[network.Window] = field(default_factory=list)

    def device(self, name: str) -> InventoryDevice:
        """The device of that name or alias. Raises NotFoundError with the nearest name."""
        found = self.network().device(name)
        for candidate in self.devices:
            if candidate.device is found:
                return candidate
        hint = nearest(name, (d.name for d in self.devices))
        raise NotFoundError(f"no device {name!r} in the inventory; {hint}", device=name)

    def network(self) -> network.Network:
        """What agents may know: no credential, no community; the links between the devices of the file."""
        names = {d.name for d in self.devices}
        inside = [link for link in self.links if link.a.device in names and link.b.device in names]
        return network.Network(
            devices=[d.device for d in self.devices], links=inside, maintenance=list(self.maintenance)
        )


def load_inventory(path: Path | str, *, stored: Known = None) -> Inventory:
    """The inventory file at ``path``.

    A credential that it does not define is one of the store, whose names are ``stored``; None: they are not at hand.
    Raises NotFoundError when it is not there, InvalidInputError that names the file and, for each mistake, line,
    place, what was expected and the nearest known word.
    """
    where = Path(path)
    return inventory_of(gathered(read_document(where)), where.parent, stored=stored)


def gathered(document: Document) -> Document:
    """``document`` itself, or where it names a NetBox, what that knows: the same form. Raises NocmeshError."""
    entry = netbox_in(document)
    if entry is None:
        return document
    from nocmesh.netbox import document_of, read_netbox  # HTTP only where it is needed

    found = read_netbox(entry)
    for reason in found.left_out:
        logger(netbox=entry.url).warning("device_left_out", reason=reason)
    return document_of(document.data, entry, found)


def netbox_in(document: Document) -> NetBoxEntry | None:
    """The NetBox that ``document`` takes its devices from; None: they stand in it. Raises InvalidInputError."""
    if not isinstance(document.data, dict) or "netbox" not in document.data:
        return None
    file, mistakes = validated(document, NetBoxFile)
    document.refuse(mistakes)
    assert file is not None
    return file.netbox


def check_keys(inventory: Inventory) -> None:
    """Raise PreconditionError when a private key's file cannot be read: the bridge would find out only later."""
    ways = [(device.name, credential) for device in inventory.devices for credential in ways_in(device)]
    for name, credential in ways:
        path = credential.private_key_file
        if path is not None and not os.access(path, os.R_OK):
            raise PreconditionError(f"{name}: its private key {path} cannot be read; correct private_key_file")


def ways_in(device: InventoryDevice) -> list[Credential]:
    """The credentials of its command line and of its shell."""
    return [device.credential, *([device.shell.credential] if device.shell else [])]


def inventory_of(document: Document, folder: Path, *, stored: Known = None) -> Inventory:
    """``document`` as an inventory; key files are looked for in ``folder``. Raises InvalidInputError."""
    file, mistakes = validated(document, InventoryFile)
    document.refuse([*mistakes, *mistakes_across(document, stored)])
    assert file is not None
    credentials = Credentials({name: credential_of(entry, folder) for name, entry in file.credentials.items()})
    return Inventory(
        devices=[_device(entry, credentials, folder) for entry in file.devices],
        links=[network.Link(a=_end(link.a), b=_end(link.b)) for link in file.links],
        users=[InventoryUser(name=user.name, roles=list(user.roles)) for user in file.users],
        maintenance=[_window(entry) for entry in file.maintenance],
    )


def _end(text: str) -> network.End:
    device, _, interface = text.partition(":")
    return network.End(device=device, interface=interface)


def _window(entry: WindowEntry) -> network.Window:
    ends = [entry.interface] if entry.interface else entry.link.split("--") if entry.link else []
    return network.Window(
        device=entry.device,
        ends=[_end(end) for end in ends],
        start=entry.start,
        until=entry.until,
        reason=entry.reason,
    )


def _device(entry: DeviceEntry, credentials: Credentials, folder: Path) -> InventoryDevice:
    snmp, shell = entry.snmp, entry.shell
    return InventoryDevice(
        device=_public(entry),
        credential=credentials[entry.credential],
        host_key=entry.host_key,
        legacy=entry.legacy,
        max_sessions=entry.max_sessions,
        logins_per_minute=entry.logins_per_minute,
        snmp=snmp_of(entry.name, snmp, folder) if snmp else None,
        shell=Shell(port=shell.port, credential=credentials[shell.credential]) if shell else None,
    )


def _public(entry: DeviceEntry) -> network.Device:
    kept: dict[str, Any] = entry.model_dump(
        include={"name", "platform", "address", "port", "role", "site", "core", "aliases", "simulated"}
    )
    interfaces = [network.IntendedInterface(**i.model_dump()) for i in entry.interfaces]
    shell = entry.shell is not None
    return network.Device(**kept, interfaces=interfaces, intent=_intent(entry.intent), shell=shell)


def _intent(entry: IntentEntry) -> network.Intent:
    # Entry and message have the same fields: the file's form is the mesh's form.
    intent: network.Intent = msgspec.convert(entry.model_dump(), network.Intent)
    return intent
