"""The inventory file: which devices there are, how to reach them, what should be on them.

Secrets stay in ``Inventory``; ``Inventory.network()`` is what the mesh may know. The file's form is in
docs/reference/inventory.md; every mistake in it is reported at once, with its line.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from nocmesh import network
from nocmesh.errors import NotFoundError
from nocmesh.inventory_checks import mistakes_across
from nocmesh.yamlfile import Document, nearest, read_document, validated

PlatformName = Literal["frr", "linux", "cisco_iosxe", "cisco_iosxr", "cisco_nxos", "arista_eos", "juniper_junos"]
PersonRole = Literal["viewer", "operator", "approver", "admin"]


def _an_address(text: str) -> str:
    try:
        ip_address(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no IP address; expected one such as 10.0.12.2") from error
    return text


def _with_prefix(text: str) -> str:
    try:
        ip_interface(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no interface address; expected one such as 10.0.12.1/30") from error
    if "/" not in text:
        raise ValueError(f"{text!r} lacks its prefix length; expected one such as {text}/30")
    return text


def _a_prefix(text: str) -> str:
    try:
        ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no prefix ({error}); expected one such as 10.255.0.1/32") from error
    return text


def _a_host(text: str) -> str:
    if not text or any(c.isspace() or c in "/@" for c in text):
        raise ValueError(f"{text!r} is no address; expected an IP address or a host name")
    return text


def _a_name(text: str) -> str:
    plain = text.replace(".", "").replace("-", "").replace("_", "")
    if not (plain.isascii() and plain.isalnum() and text[0].isalnum() and "--" not in text and len(text) <= 63):
        raise ValueError(f"{text!r} cannot be a name; expected letters, digits, '.', '-', '_' (no '--'), at most 63")
    return text


IpAddress = Annotated[str, AfterValidator(_an_address)]
InterfaceAddress = Annotated[str, AfterValidator(_with_prefix)]
Prefix = Annotated[str, AfterValidator(_a_prefix)]
Host = Annotated[str, AfterValidator(_a_host)]
Name = Annotated[str, AfterValidator(_a_name)]
Port = Annotated[int, Field(ge=1, le=65535)]
Asn = Annotated[int, Field(ge=1, le=4294967295)]
"""RFC 6793: four octets; 0 is reserved (RFC 7607)."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CredentialEntry(_Entry):
    """How to sign in: a password, a private key, or both."""

    username: str
    password: SecretStr | None = None
    private_key_file: str | None = None
    """Relative to the inventory file."""
    passphrase: SecretStr | None = None
    enable_password: SecretStr | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> "CredentialEntry":
        if self.password is None and self.private_key_file is None:
            raise ValueError("has neither password nor private_key_file; add one")
        return self


class SnmpEntry(_Entry):
    """How to ask the device over SNMP."""

    version: Literal["1", "2c", "3"] = "2c"
    community: SecretStr = SecretStr("public")
    port: Port = 161


class ShellEntry(_Entry):
    """A Linux shell beside the router's own CLI."""

    port: Port = 22
    credential: str


class InterfaceEntry(_Entry):
    """An interface as it should be."""

    name: str
    addresses: list[InterfaceAddress] = []
    enabled: bool = True
    mtu: Annotated[int, Field(ge=64, le=65535)] | None = None
    description: str = ""


class NeighborEntry(_Entry):
    """A BGP neighbour that should be there."""

    address: IpAddress
    remote_asn: Asn


class BgpEntry(_Entry):
    """BGP as it should be."""

    asn: Asn
    router_id: IpAddress | Literal[""] = ""
    neighbors: list[NeighborEntry] = []
    networks: list[Prefix] = []


class OspfEntry(_Entry):
    """OSPF as it should be: interfaces by area."""

    areas: dict[str, list[str]] = {}


class IsisEntry(_Entry):
    """IS-IS as it should be."""

    net: str = ""
    level: str = ""
    interfaces: list[str] = []


class SoftwareEntry(_Entry):
    """What should run."""

    version: str = ""
    packages: dict[str, str] = {}
    services: list[str] = []


class ConfigEntry(_Entry):
    """Named configuration that drift is measured against."""

    template: str = ""
    stack: str = ""


class IntentEntry(_Entry):
    """What should be, where somebody wrote it down."""

    bgp: BgpEntry | None = None
    ospf: OspfEntry | None = None
    isis: IsisEntry | None = None
    software: SoftwareEntry | None = None
    config: ConfigEntry | None = None


class DeviceEntry(_Entry):
    """One device."""

    name: Name
    platform: PlatformName
    address: Host
    port: Port = 22
    credential: str
    host_key: str = ""
    """Empty: trusted on first use."""
    role: str = ""
    site: str = ""
    core: bool = False
    legacy: bool = False
    """Offer the SHA-1 and CBC algorithms that old devices need; for this device only."""
    simulated: bool = False
    snmp: SnmpEntry | None = None
    aliases: list[str] = []
    shell: ShellEntry | None = None
    interfaces: list[InterfaceEntry] = []
    intent: IntentEntry = IntentEntry()


class UserEntry(_Entry):
    """A person, for labs and demos."""

    name: Name
    roles: list[PersonRole] = ["viewer"]


class LinkEntry(_Entry):
    """A cable: `a` and `b` as `device:interface`."""

    a: str
    b: str


class InventoryFile(_Entry):
    """The whole file."""

    version: Literal[1]
    credentials: dict[str, CredentialEntry] = {}
    devices: list[DeviceEntry] = []
    users: list[UserEntry] = []
    links: list[LinkEntry] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A resolved credential. Its secrets do not show in logs."""

    username: str
    password: str = field(default="", repr=False)
    private_key_file: Path | None = None
    passphrase: str = field(default="", repr=False)
    enable_password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snmp:
    """SNMP access."""

    version: str
    community: str = field(repr=False)
    port: int


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
        return network.Network(devices=[d.device for d in self.devices], links=inside)


def load_inventory(path: Path | str) -> Inventory:
    """The inventory file at ``path``.

    Raises NotFoundError when it is not there, InvalidInputError that names the file and, for each mistake, line,
    place, what was expected and the nearest known word.
    """
    where = Path(path)
    return inventory_of(read_document(where), where.parent)


def inventory_of(document: Document, folder: Path) -> Inventory:
    """``document`` as an inventory; key files are looked for in ``folder``. Raises InvalidInputError."""
    file, mistakes = validated(document, InventoryFile)
    document.refuse([*mistakes, *mistakes_across(document)])
    assert file is not None
    credentials = {name: _credential(entry, folder) for name, entry in file.credentials.items()}
    return Inventory(
        devices=[_device(entry, credentials) for entry in file.devices],
        links=[network.Link(a=_end(link.a), b=_end(link.b)) for link in file.links],
        users=[InventoryUser(name=user.name, roles=list(user.roles)) for user in file.users],
    )


def _credential(entry: CredentialEntry, folder: Path) -> Credential:
    return Credential(
        username=entry.username,
        password=_revealed(entry.password),
        private_key_file=None if entry.private_key_file is None else folder / Path(entry.private_key_file).expanduser(),
        passphrase=_revealed(entry.passphrase),
        enable_password=_revealed(entry.enable_password),
    )


def _revealed(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


def _end(text: str) -> network.End:
    device, _, interface = text.partition(":")
    return network.End(device=device, interface=interface)


def _device(entry: DeviceEntry, credentials: dict[str, Credential]) -> InventoryDevice:
    snmp, shell = entry.snmp, entry.shell
    return InventoryDevice(
        device=_public(entry),
        credential=credentials[entry.credential],
        host_key=entry.host_key,
        legacy=entry.legacy,
        snmp=Snmp(version=snmp.version, community=_revealed(snmp.community), port=snmp.port) if snmp else None,
        shell=Shell(port=shell.port, credential=credentials[shell.credential]) if shell else None,
    )


def _public(entry: DeviceEntry) -> network.Device:
    kept: dict[str, Any] = entry.model_dump(
        include={"name", "platform", "address", "port", "role", "site", "core", "aliases", "simulated"}
    )
    interfaces = [network.IntendedInterface(**i.model_dump()) for i in entry.interfaces]
    return network.Device(**kept, interfaces=interfaces, intent=_intent(entry.intent))


def _intent(entry: IntentEntry) -> network.Intent:
    # Entry and message have the same fields: the file's form is the mesh's form.
    return msgspec.convert(entry.model_dump(), network.Intent)
