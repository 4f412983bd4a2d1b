"""The form of a target file: databases, REST services, local commands. Pydantic's door for them."""

import re
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from nocmesh.messages.change import Risk
from nocmesh.policy.form import RISKS

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
_PLACE = re.compile(r"\{(\w*)\}")


def _a_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", text):
        raise ValueError(f"{text!r} cannot be a name; expected small letters, digits, '-' and '_', at most 63")
    return text


def _a_network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError as wrong:
        raise ValueError(f"{text!r} is no network ({wrong}); expected one such as 10.1.0.0/16") from wrong
    return text


def _a_base(text: str) -> str:
    parts = urlsplit(text)
    wrong = parts.query or parts.fragment or "@" in parts.netloc or ".." in parts.path or "\\" in text
    if parts.scheme not in ("http", "https") or not parts.hostname or wrong:
        raise ValueError(f"{text!r} is no base address; expected one such as https://netbox.example.net/api")
    return text.rstrip("/")


def _a_prefix(text: str) -> str:
    if not text.startswith("/") or ".." in text or not re.fullmatch(r"[A-Za-z0-9._~/-]+", text):
        raise ValueError(f"{text!r} is no beginning of a path; expected one such as /dcim/")
    return text


def _a_header(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text) or text.lower() in ("host", "content-length", "connection"):
        raise ValueError(f"{text!r} cannot be set; expected the name of a header such as Authorization")
    return text


Name = Annotated[str, AfterValidator(_a_name)]
NetworkText = Annotated[str, AfterValidator(_a_network)]
Base = Annotated[str, AfterValidator(_a_base)]
PathPrefix = Annotated[str, AfterValidator(_a_prefix)]
Header = Annotated[str, AfterValidator(_a_header)]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _SecretForm(_Form):
    env: str = ""
    file: str = ""
    """Relative to the target file."""

    @model_validator(mode="after")
    def _one_place(self) -> "_SecretForm":
        if bool(self.env) == bool(self.file):
            raise ValueError("a secret stands in `env` or in `file`, one of them")
        return self


class AccountEntry(_SecretForm):
    """Who signs in to a database; its password stands in a variable or a file."""

    user: str = Field(min_length=1)


class HeaderEntry(_SecretForm):
    """A header with a secret: ``prefix`` stands before it, as `Bearer `."""

    name: Header
    prefix: str = ""


class _Target(_Form):
    name: Name
    site: str = ""
    """For freezes and the change budget."""
    core: bool = False
    """Every change of it is critical."""


class DatabaseEntry(_Target):
    """A database that may be asked."""

    engine: Literal["postgresql"]
    address: str = Field(min_length=1)
    port: int = Field(5432, ge=1, le=65535)
    database: str = Field(min_length=1)
    tls: Literal["verify", "off"] = "verify"
    ca_file: str = ""
    reader: AccountEntry
    writer: AccountEntry | None = None
    """Without one nothing is written."""
    seconds: float = Field(10.0, gt=0, le=60)
    """What one statement may take."""
    rows: int = Field(200, ge=1, le=5000)


class ServiceEntry(_Target):
    """A REST service."""

    url: Base
    methods: tuple[Method, ...] = ("GET",)
    paths: tuple[PathPrefix, ...] = Field(min_length=1)
    """What may follow the base address: these, and what lies under those that end with `/`."""
    headers: tuple[HeaderEntry, ...] = ()
    networks: tuple[NetworkText, ...] = ()
    """Where its addresses may lie, beside those that are public; a metadata address only by itself."""
    ca_file: str = ""
    seconds: float = Field(10.0, gt=0, le=60)
    kilobytes: int = Field(256, ge=1, le=512)


class ParameterEntry(_Form):
    """What may stand in the place of a parameter: one of ``enum``, a whole number, a name, or an IP address."""

    enum: tuple[str, ...] = ()
    type: Literal["", "name", "ip", "integer"] = ""
    least: int | None = None
    most: int | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> "ParameterEntry":
        if bool(self.enum) == bool(self.type):
            raise ValueError("a parameter is an `enum` or has a `type` (name, ip, integer), one of them")
        if (self.type == "integer") != (self.least is not None and self.most is not None):
            raise ValueError("an integer has `least` and `most`, and nothing else has")
        if any(not each or not each.isprintable() for each in self.enum):
            raise ValueError("an `enum` lists printable texts")
        return self


class CommandEntry(_Target):
    """A command of the machine that the connectors run on."""

    argv: tuple[str, ...] = Field(min_length=1)
    """The program by its whole path, and its arguments; `{parameter}` is filled in."""
    parameters: dict[str, ParameterEntry] = {}
    read_only: bool = False
    risk: Risk = "high"
    seconds: float = Field(10.0, gt=0, le=300)
    megabytes: int = Field(512, ge=16, le=65536)
    """Of memory, for each of its processes; what it writes to a file may be as large."""
    kilobytes: int = Field(64, ge=1, le=512)
    """Of output that is kept."""
    network: bool = False
    """It may use the network; without this it has none, where that can be had."""

    @model_validator(mode="after")
    def _whole(self) -> "CommandEntry":
        used = {name for word in self.argv for name in _PLACE.findall(word)}
        if used != set(self.parameters):
            raise ValueError(f"argv uses {sorted(used)}, and parameters are {sorted(self.parameters)}")
        if not self.argv[0].startswith("/") or "{" in self.argv[0]:
            raise ValueError(f"{self.argv[0]!r} is no program by its whole path, such as /usr/bin/dig")
        if self.read_only != (self.risk == "low"):
            raise ValueError("what is read_only has the risk low, and only that: say both or neither")
        assert self.risk in RISKS
        return self


class TargetFile(_Form):
    """A target file."""

    version: Literal[1]
    databases: tuple[DatabaseEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    commands: tuple[CommandEntry, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> "TargetFile":
        names = [each.name for each in (*self.databases, *self.services, *self.commands)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two targets are called {', '.join(twice)}: every target has a name of its own")
        return self
