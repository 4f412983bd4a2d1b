"""Where a setting comes from, and how a wrong one is told: environment, file, names."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from nocmesh.errors import InvalidInputError

PREFIX = "NOCMESH_"
FILE_NAME = "nocmesh.toml"

ALSO_KNOWN_AS: Mapping[str, str] = {
    "nats_url": "NATS_URL",
    "anthropic_api_key": "ANTHROPIC_API_KEY",
    "openrouter_api_key": "OPENROUTER_API_KEY",
    "default_llm_provider": "DEFAULT_LLM_PROVIDER",
    "default_llm_model": "DEFAULT_LLM_MODEL",
    "max_concurrent_agents": "MAX_CONCURRENT_AGENTS",
    "agent_task_timeout": "AGENT_TASK_TIMEOUT",
    "approval_timeout_minutes": "APPROVAL_TIMEOUT_MINUTES",
    "embedding_model": "EMBEDDING_MODEL",
    "embedding_dimension": "EMBEDDING_DIMENSION",
    "credential_encryption_key": "CREDENTIAL_ENCRYPTION_KEY",
    "vault_url": "VAULT_ADDR",
    "vault_token": "VAULT_TOKEN",
    "vault_role_id": "VAULT_ROLE_ID",
    "vault_secret_id": "VAULT_SECRET_ID",
    "vault_namespace": "VAULT_NAMESPACE",
    "vault_ca_file": "VAULT_CACERT",
    "agent_id": "AGENT_ID",
    "service_id": "SERVICE_ID",
}
"""Names that other systems already use; the name with our prefix wins where both are set."""

NEVER_SHOWN = frozenset(
    {
        "anthropic_api_key",
        "openrouter_api_key",
        "credential_encryption_key",
        "vault_token",
        "vault_secret_id",
        "token",
        "database_url",
        "nats_url",
        "snmp_trap_community",
        "notify",
        "netbox_webhook_secret",
    }
)
"""Fields whose value may hold a password: no error repeats it."""


class Environment(PydanticBaseSettingsSource):
    """Variables, by field; an empty one counts as unset."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of a field's variable, or None."""
        for variable in variables_of(field_name):
            if os.environ.get(variable):
                return os.environ[variable], field_name, False
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every field that a variable sets."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class TomlFile(Environment):
    """Keys of the file; they are the fields' own names."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path | None) -> None:
        super().__init__(settings_cls)
        self._path = path

    def __call__(self) -> dict[str, Any]:
        """Everything that the file says. Raises InvalidInputError for a key that is no setting."""
        if self._path is None:
            return {}
        values = parsed(self._path)
        for key in values:
            if key not in self.settings_cls.model_fields or key == "config":
                raise unknown_key(key, self._path, self.settings_cls)
        return values


def variables_of(field: str) -> list[str]:
    """The environment variables that set ``field``, the strongest first."""
    also = ALSO_KNOWN_AS.get(field)
    return [PREFIX + field.upper(), *([also] if also else [])]


def file_named(flag: object) -> Path | None:
    """The settings file: the flag's, the environment's, or the one in the working folder."""
    named = flag or os.environ.get(PREFIX + "CONFIG")
    if named:
        return Path(str(named)).expanduser()
    here = Path(FILE_NAME)
    return here if here.is_file() else None


def parsed(path: Path) -> dict[str, Any]:
    """The values of a settings file. Raises InvalidInputError when it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInputError(
            f"the settings file {path} cannot be read: {error}; expected TOML, one `name = value` a line",
            field=PREFIX + "CONFIG",
            reason=str(error),
        ) from error


def unknown_key(key: str, where: object, settings: type[BaseSettings]) -> InvalidInputError:
    """What to raise for a setting that does not exist."""
    near = difflib.get_close_matches(key, settings.model_fields, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "docs/reference/settings.md lists them all"
    return InvalidInputError(f"{where}: there is no setting `{key}`; {hint}", field=key, reason="unknown setting")


def explained(error: ValidationError, flags: Mapping[str, Any], settings: type[BaseSettings]) -> InvalidInputError:
    """The first thing that is wrong: where it was set, to what, and what was expected."""
    first = error.errors(include_url=False, include_context=True)[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return unknown_key(field, "the flags", settings)
    origin, value = _origin(field, flags)
    shown = "its value (not shown)" if field in NEVER_SHOWN else repr(value)
    expected = first["msg"].removeprefix("Value error, ")
    return InvalidInputError(
        f"{origin} is {shown}: {expected[:1].lower()}{expected[1:]}", field=origin, reason=expected
    )


def _origin(field: str, flags: Mapping[str, Any]) -> tuple[str, Any]:
    if field in flags:
        return f"--{field.replace('_', '-')}", flags[field]
    for variable in variables_of(field):
        if os.environ.get(variable):
            return variable, os.environ[variable]
    path = file_named(flags.get("config"))
    return f"{field} in {path}", parsed(path).get(field) if path else None
