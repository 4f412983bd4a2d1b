"""compose.yaml: it is valid, every role is in it, and each container may do as little as it needs."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from nocmesh.cli.app import app

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SCHEMA: dict[str, Any] = json.loads((ROOT / "tests" / "data" / "compose-spec.json").read_text())

COMMANDS: dict[str, tuple[str, ...]] = {
    "provision": ("bus", "provision"),
    "orchestrator": ("agent", "run", "orchestrator"),
    "incidents": ("agent", "run", "incidents"),
    "approvals": ("agent", "run", "approvals"),
    "audit": ("agent", "run", "audit"),
    "triage": ("agent", "run", "triage"),
    "bgp": ("agent", "run", "bgp"),
    "ospf": ("agent", "run", "ospf"),
    "isis": ("agent", "run", "isis"),
    "stp": ("agent", "run", "stp"),
    "layer2": ("agent", "run", "layer2"),
    "remediation": ("agent", "run", "remediation"),
    "monitor": ("agent", "run", "monitor"),
    "bridge-ssh": ("bridge", "run", "ssh"),
    "bridge-snmp": ("bridge", "run", "snmp"),
    "bridge-connect": ("bridge", "run", "connect"),
    "bridge-netbox": ("bridge", "run", "netbox"),
    "bridge-notify": ("bridge", "run", "notify"),
    "alerts": ("bridge", "run", "alerts"),
    "dashboard": ("dashboard",),
}
"""Service to its `nocmesh` command."""
FOREIGN = {"nats": "nats:2.15-alpine", "postgres": "postgres:17-alpine"}


def test_the_file_is_valid_by_the_compose_specification() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(COMPOSE, SCHEMA, jsonschema.Draft7Validator)


def test_the_schema_would_refuse_a_mistake() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"services": {"x": {"imag": "y"}}}, SCHEMA, jsonschema.Draft7Validator)


def test_every_role_is_a_service() -> None:
    assert SERVICES.keys() == COMMANDS.keys() | FOREIGN.keys()


@pytest.mark.parametrize("service", COMMANDS)
def test_a_service_runs_its_own_command(service: str) -> None:
    command = SERVICES[service]["command"]
    assert command[0] == "nocmesh"
    assert tuple(command[1 : 1 + len(COMMANDS[service])]) == COMMANDS[service]


@pytest.mark.parametrize("service", COMMANDS)
def test_a_services_command_is_one_that_there_is(service: str) -> None:
    told = CliRunner().invoke(app, [*SERVICES[service]["command"][1:], "--help"])
    assert told.exit_code == 0, told.output
    assert "Usage: nocmesh" in told.output


def test_a_command_that_there_is_not_would_be_found() -> None:
    assert CliRunner().invoke(app, ["agent", "fly", "--help"]).exit_code == 2


@pytest.mark.parametrize("service", FOREIGN)
def test_a_foreign_image_is_pinned(service: str) -> None:
    assert SERVICES[service]["image"] == FOREIGN[service]


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_may_do_as_little_as_it_needs(service: str) -> None:
    spec = SERVICES[service]
    assert spec["read_only"] is True
    assert spec["cap_drop"] == ["ALL"]
    assert "cap_add" not in spec
    assert "privileged" not in spec
    assert spec["security_opt"] == ["no-new-privileges:true"]
    assert spec["restart"].split(":")[0] in ("unless-stopped", "on-failure")
    assert not any("docker.sock" in str(volume) for volume in spec.get("volumes", []))


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - {"nats"}))
def test_no_container_of_ours_runs_as_root(service: str) -> None:
    user = SERVICES[service]["user"]
    assert user
    assert not user.startswith("0")


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - {"provision"}))
def test_every_lasting_service_has_a_health_check(service: str) -> None:
    check = SERVICES[service]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= check.keys()


@pytest.mark.parametrize("service", sorted(COMMANDS.keys() - {"provision"}))
def test_a_role_has_credentials_of_its_own_and_no_secret_in_its_environment(service: str) -> None:
    spec = SERVICES[service]
    sources = [secret["source"] for secret in spec["secrets"] if secret["target"] == "credentials"]
    assert sources == [spec["environment"]["AGENT_ID"]]
    assert spec["environment"]["NOCMESH_CREDENTIALS"] == "/run/secrets/credentials"
    assert not [name for name in spec["environment"] if "PASSWORD" in name or "SEED" in name or "DATABASE" in name]


def test_no_two_roles_share_an_identity() -> None:
    names = [SERVICES[service]["environment"]["AGENT_ID"] for service in COMMANDS.keys() - {"provision"}]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", ["secrets", "configs"])
def test_every_secret_and_config_is_declared_and_used(kind: str) -> None:
    used = {item["source"] for spec in SERVICES.values() for item in spec.get(kind, [])}
    assert used == COMPOSE[kind].keys()
    assert all(item["file"].startswith("./data/compose/") for item in COMPOSE[kind].values())


@pytest.mark.parametrize("service", SERVICES)
def test_networks_volumes_and_dependencies_exist(service: str) -> None:
    spec = SERVICES[service]
    assert set(spec["networks"]) <= COMPOSE["networks"].keys()
    named = {volume.split(":")[0] for volume in spec.get("volumes", []) if not volume.startswith(".")}
    assert named <= COMPOSE["volumes"].keys()
    assert set(spec.get("depends_on", {})) <= SERVICES.keys()


def test_only_the_roles_that_serve_people_open_a_port_and_only_to_this_machine() -> None:
    ports = {service: spec["ports"] for service, spec in SERVICES.items() if "ports" in spec}
    assert ports.keys() == {"alerts", "dashboard"}
    assert all(port.startswith("127.0.0.1:") for opened in ports.values() for port in opened)


def test_the_script_makes_every_file_that_is_mounted() -> None:
    script = (ROOT / "scripts" / "compose-keys").read_text()
    for name, secret in COMPOSE["secrets"].items():
        file = Path(secret["file"])
        known = name if "credentials" in file.parts else file.name
        assert known in script, name


@pytest.mark.parametrize("copied", ["shared", "agents", "bridges", "mcp-servers", "dashboard", "nats", "LICENSE"])
def test_the_image_gets_what_the_wheel_is_built_from(copied: str) -> None:
    assert copied in (ROOT / "Containerfile").read_text()
    assert f"!{copied}" in (ROOT / ".containerignore").read_text().splitlines()
