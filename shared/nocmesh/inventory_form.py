"""The form of an inventory file: its entries, and what each value may be.

Pydantic's door for the inventory; ``nocmesh.inventory`` resolves what it reads.
"""

from datetime import UTC, datetime
from ipaddress import ip_address, ip_interface, ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from nocmesh.yamlfile import nearest

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
    if _like_a_number(text):
        expected = "expected four numbers of at most 255 without leading zeros, or a host name with letters"
        raise ValueError(f"{text!r} is no IP address, and no host name is numbers alone; {expected}; correct it")
    return text


def _like_a_number(text: str) -> bool:
    """Digits and dots that are no IP address: a slip of the pen, for no host name is so (RFC 1123 §2.1)."""
    try:
        ip_address(text)
    except ValueError:
        return not text.strip("0123456789.")
    return False


def _a_name(text: str) -> str:
    plain = text.replace(".", "").replace("-", "").replace("_", "")
    if not (plain.isascii() and plain.isalnum() and text[0].isalnum() and "--" not in text and len(text) <= 63):
        raise ValueError(f"{text!r} cannot be a name; expected letters, digits, '.', '-', '_' (no '--'), at most 63")
    return text


def _a_time(value: object) -> datetime:
    expected = "expected a time with its zone, such as 2026-01-31T22:00:00Z"
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError as error:
        raise ValueError(f"{str(value)[:40]!r} is no time; {expected}") from error
    if found is None or found.tzinfo is None:
        raise ValueError(f"{str(value)[:40]!r} is no time with a zone; {expected}")
    return found.astimezone(UTC)


IpAddress = Annotated[str, AfterValidator(_an_address)]
InterfaceAddress = Annotated[str, AfterValidator(_with_prefix)]
Prefix = Annotated[str, AfterValidator(_a_prefix)]
Host = Annotated[str, AfterValidator(_a_host)]
Name = Annotated[str, AfterValidator(_a_name)]
Time = Annotated[datetime, BeforeValidator(_a_time)]
Port = Annotated[int, Field(ge=1, le=65535)]
Asn = Annotated[int, Field(ge=1, le=4294967295)]
"""RFC 6793: four octets; 0 is reserved (RFC 7607)."""


class Entry(BaseModel):
    """Unknown keys are mistakes; nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VaultEntry(Entry):
    """A secret in a HashiCorp Vault, and under which keys of it stands what; empty: under our own name for it."""

    path: Annotated[str, Field(min_length=1)]
    """As `network/core`, without `data/`."""
    mount: str = "secret"
    """Of a key/value engine of version 2."""
    username: str = ""
    password: str = ""
    private_key: str = ""
    passphrase: str = ""
    enable_password: str = ""


class CredentialEntry(Entry):
    """How to sign in: a password, a private key, or both; or where that is: in the store, or in a Vault."""

    username: str = ""
    password: SecretStr | None = None
    private_key_file: str | None = None
    """Relative to the inventory file."""
    passphrase: SecretStr | None = None
    enable_password: SecretStr | None = None
    store: str = ""
    """The name of a credential in the store."""
    vault: VaultEntry | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> "CredentialEntry":
        given = self.model_fields_set
        if given & {"store", "vault"}:
            return self._elsewhere(sorted(given))
        if "username" not in given:
            raise ValueError("has no username; add it")
        if self.password is None and self.private_key_file is None:
            raise ValueError("has neither password nor private_key_file; add one")
        return self

    def _elsewhere(self, given: list[str]) -> "CredentialEntry":
        allowed = (["store"], ["vault"], ["username", "vault"])
        if given not in allowed or (not self.store and self.vault is None):
            raise ValueError(f"has {' and '.join(given)}; expected store, vault, or vault with username, and no more")
        return self


Passphrase = Annotated[SecretStr, Field(min_length=8, max_length=1024)]
"""RFC 3414 §11.2: at least eight characters."""


class SnmpEntry(Entry):
    """How to ask the device over SNMP: versions 1 and 2c with a community, 3 with a user (authPriv, AES-128).

    A secret stands here, in an environment variable (`…_env`), in a file beside the inventory (`…_file`), or in the
    credential that `…_store` names, in its field of that name.
    """

    version: Literal["1", "2c", "3"] = "2c"
    community: SecretStr = SecretStr("public")
    community_env: str = ""
    community_file: str = ""
    community_store: str = ""
    port: Port = 161
    user: Annotated[str, Field(max_length=32)] = ""
    auth: Literal["sha", "sha256"] = "sha256"
    """RFC 3414 §7 (HMAC-SHA-96) or RFC 7860 (HMAC-192-SHA-256)."""
    auth_password: Passphrase | None = None
    auth_password_env: str = ""
    auth_password_file: str = ""
    auth_password_store: str = ""
    privacy_password: Passphrase | None = None
    privacy_password_env: str = ""
    privacy_password_file: str = ""
    privacy_password_store: str = ""

    @model_validator(mode="after")
    def _whole(self) -> "SnmpEntry":
        for name in ("community", "auth_password", "privacy_password"):
            ways = (name, f"{name}_env", f"{name}_file", f"{name}_store")
            told = [key for key in ways if key in self.model_fields_set]
            if len(told) > 1:
                raise ValueError(f"has {' and '.join(told)}; keep one of them")
            if self.version == "3" and name != "community" and not told:
                raise ValueError(f"has version 3 and no {name}; add {name}, or {name}_env, _file or _store")
        if (self.version == "3") is not bool(self.user):
            raise ValueError("version 3 goes with a user, and a user with version 3; correct one of the two")
        return self


class ShellEntry(Entry):
    """A Linux shell beside the router's own CLI."""

    port: Port = 22
    credential: str


class InterfaceEntry(Entry):
    """An interface as it should be."""

    name: str
    addresses: list[InterfaceAddress] = []
    enabled: bool = True
    mtu: Annotated[int, Field(ge=64, le=65535)] | None = None
    description: str = ""


class NeighborEntry(Entry):
    """A BGP neighbour that should be there."""

    address: IpAddress
    remote_asn: Asn


class BgpEntry(Entry):
    """BGP as it should be."""

    asn: Asn
    router_id: IpAddress | Literal[""] = ""
    neighbors: list[NeighborEntry] = []
    networks: list[Prefix] = []


class OspfEntry(Entry):
    """OSPF as it should be: interfaces by area."""

    areas: dict[str, list[str]] = {}


class IsisEntry(Entry):
    """IS-IS as it should be."""

    net: str = ""
    level: str = ""
    interfaces: list[str] = []


class SoftwareEntry(Entry):
    """What should run."""

    version: str = ""
    packages: dict[str, str] = {}
    services: list[str] = []


class ConfigEntry(Entry):
    """Named configuration that drift is measured against."""

    template: str = ""
    stack: str = ""


class IntentEntry(Entry):
    """What should be, where somebody wrote it down."""

    bgp: BgpEntry | None = None
    ospf: OspfEntry | None = None
    isis: IsisEntry | None = None
    software: SoftwareEntry | None = None
    config: ConfigEntry | None = None


class DeviceEntry(Entry):
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
    max_sessions: Annotated[int, Field(ge=1, le=64)] = 2
    """How many of its vtys a bridge may hold at once, at each of its doors."""
    logins_per_minute: Annotated[int, Field(ge=0, le=1000)] = 0
    """How often a bridge may log in to its CLI within a minute; 0: as often as it needs."""
    simulated: bool = False
    snmp: SnmpEntry | None = None
    aliases: list[str] = []
    shell: ShellEntry | None = None
    interfaces: list[InterfaceEntry] = []
    intent: IntentEntry = IntentEntry()


class UserEntry(Entry):
    """A person, for labs and demos."""

    name: Name
    roles: list[PersonRole] = ["viewer"]


class LinkEntry(Entry):
    """A cable: `a` and `b` as `device:interface`."""

    a: str
    b: str


class WindowEntry(Entry):
    """A maintenance window: what may be down from when until when, and why."""

    device: str = ""
    interface: str = ""
    """As `device:interface`."""
    link: str = ""
    """As its two ends, `r1:r1-e0--r2:r2-e0`."""
    start: Annotated[Time, Field(alias="from")]
    until: Time
    reason: Annotated[str, Field(min_length=1)]


class InventoryFile(Entry):
    """The whole file."""

    version: Literal[1]
    credentials: dict[str, CredentialEntry] = {}
    devices: list[DeviceEntry] = []
    users: list[UserEntry] = []
    links: list[LinkEntry] = []
    maintenance: list[WindowEntry] = []


FILTERS = frozenset(
    {
        "id", "name", "site", "site_id", "site_group", "region", "location", "rack", "role", "role_id", "platform",
        "platform_id", "status", "tag", "tenant", "tenant_group", "manufacturer", "device_type", "model", "cluster",
        "has_primary_ip", "virtual_chassis", "q",
    }
)  # fmt: skip
"""NetBox ignores a filter that it does not know, and gives every device: so only these, and `cf_<custom field>`."""


class CredentialChoice(Entry):
    """Which credential a device of NetBox has: the first of tag, role, platform that is named here."""

    tag: dict[str, str] = {}
    role: dict[str, str] = {}
    platform: dict[str, str] = {}


class NetBoxEntry(Entry):
    """Where devices come from instead of a list, and which."""

    url: str
    """As `https://netbox.example.net`, without `/api`."""
    token_env: str = "NETBOX_TOKEN"  # noqa: S105 - the name of a variable
    """The environment variable that holds the token."""
    filters: dict[str, list[str]] = {}
    """As in the address of NetBox's list of devices: `{site: [ams], status: [active]}`; one value needs no list."""
    verify: bool = True
    ca_file: str = ""
    """The certificate of the authority that signed NetBox's."""
    timeout: Annotated[float, Field(gt=0, le=600)] = 30.0
    credential: str = ""
    """Of devices that `credential_by` gives none."""
    credential_by: CredentialChoice = CredentialChoice()
    platforms: dict[str, PlatformName] = {}
    """Slugs of this NetBox's platforms, where they are not among those that we know."""
    core_roles: list[str] = []
    """Roles whose devices carry the network."""

    @field_validator("filters", mode="before")
    @classmethod
    def _lists(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {key: one if isinstance(one, list) else [_worded(one)] for key, one in value.items()}

    @field_validator("filters")
    @classmethod
    def _known(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        for key in value:
            if key not in FILTERS and not key.startswith("cf_"):
                raise ValueError(f"no filter {key!r}; {nearest(key, FILTERS)}")
        return value

    @field_validator("url")
    @classmethod
    def _an_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise ValueError(f"{value!r} is no address of NetBox; expected one such as https://netbox.example.net")
        return value.rstrip("/").removesuffix("/api")


def _worded(value: object) -> object:
    """A filter's value as NetBox spells it."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else value


class NetBoxFile(Entry):
    """An inventory file whose devices and links come from NetBox."""

    version: Literal[1]
    netbox: NetBoxEntry
    credentials: dict[str, CredentialEntry] = {}
    users: list[UserEntry] = []
    maintenance: list[WindowEntry] = []
