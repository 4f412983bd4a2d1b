"""What the launcher decides before anything runs: names, credentials, identities, ports, the environment."""

import asyncio
import os
import socket
import sys
from pathlib import Path
from select import select
from typing import Any

import msgspec
import pytest

from nocmesh.agent.base import Agent, role_of
from nocmesh.bus import Authority, Credentials
from nocmesh.errors import (
    BusError,
    DeniedError,
    InvalidInputError,
    NotFoundError,
    PreconditionError,
)
from nocmesh.launch.home import Home
from nocmesh.launch.host import credentials_of, host, instance_name, role_named
from nocmesh.launch.leash import let_go, on_loss
from nocmesh.launch.mesh import (
    GROUPS,
    IDENTITIES,
    Identity,
    broker_port,
    check_free,
    environment_of,
    groups_of,
    issue,
    open_authority,
    program,
    secrets_of,
)
from nocmesh.launch.prepare import prepare
from nocmesh.launch.supervisor import tail
from nocmesh.ports import OURS, free_port, is_free
from nocmesh.proving.broker import eventually
from nocmesh.runtime import Context, Role, known_roles, load_role
from nocmesh.settings import Settings
from nocmesh.subjects import Zone


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NOCMESH_") or name in ("AGENT_ID", "SERVICE_ID")]:
        monkeypatch.delenv(name)


# --- identities


def test_the_launchers_identities_are_those_of_the_roles() -> None:
    """They are written down, so that the process that stays loads no role; this holds them to the roles."""
    roles = [load_role(name) for name in known_roles()]
    assert sorted(IDENTITIES) == sorted(Identity(role.name, role.bus_role, role.type) for role in roles)


def test_every_role_runs_in_exactly_one_process() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(known_roles())


@pytest.mark.parametrize(
    ("entry", "traps", "runs"),
    [
        ("", None, False),
        ("    snmp: {version: '2c', community: public}", None, True),
        ('    "snmp": {"version": "2c"}', None, True),
        ("    snmpless: yes", None, False),
        ("", "127.0.0.1:1162", True),
    ],
)
def test_the_snmp_bridge_runs_where_there_is_something_to_ask_or_to_hear(
    tmp_path: Path, entry: str, traps: str | None, runs: bool
) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(f"devices:\n  - name: r1\n{entry}\n", "utf-8")
    settings = Settings.model_validate({"inventory": path, "snmp_traps": traps})
    assert ("snmp" in groups_of(settings)) is runs
    assert set(groups_of(settings)) >= set(GROUPS) - {"snmp", "connect", "netbox", "notify"}


@pytest.mark.parametrize(
    ("text", "runs"),
    [("netbox:\n  url: x\n", True), ('{"version": 1, "netbox": {"url": "x"}}', True), ("devices: []\n", False)],
)
def test_the_netbox_bridge_runs_where_the_inventory_names_one(tmp_path: Path, text: str, runs: bool) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(text, "utf-8")
    assert ("netbox" in groups_of(Settings(data=tmp_path, inventory=path))) is runs


def test_people_are_told_by_a_process_of_its_own_that_alone_knows_their_addresses(tmp_path: Path) -> None:
    quiet, told = Settings(data=tmp_path), Settings(data=tmp_path, notify="json://s3cret")
    assert "notify" not in groups_of(quiet)
    assert groups_of(told)["notify"] == ("notify",)
    assert "s3cret" not in str(environment_of(told, "nats://x"))
    assert {group: secrets_of(group, told)["NOCMESH_NOTIFY"] for group in groups_of(told)} == {
        **dict.fromkeys(groups_of(quiet), ""),
        "notify": "json://s3cret",
    }


def test_links_lead_to_this_meshs_own_dashboard_unless_another_address_is_set(tmp_path: Path) -> None:
    assert environment_of(Settings(data=tmp_path, http="127.0.0.1:9"), "x")["NOCMESH_URL"] == "http://127.0.0.1:9"
    assert environment_of(Settings(data=tmp_path, url="https://noc"), "x")["NOCMESH_URL"] == "https://noc"


def test_the_connectors_run_where_a_file_of_targets_is_named(tmp_path: Path) -> None:
    assert "connect" not in groups_of(Settings())
    assert "connect" in groups_of(Settings(targets=tmp_path / "targets.yaml"))


def test_an_identity_keeps_its_key_over_starts(tmp_path: Path) -> None:
    home = Home(tmp_path)
    authority = open_authority(home)
    issue(authority, home, IDENTITIES, "nats://127.0.0.1:1")
    first = {each.name: Credentials.load(home.credentials(each.name)) for each in IDENTITIES}
    issue(open_authority(home), home, IDENTITIES, "nats://127.0.0.1:2")
    again = {each.name: Credentials.load(home.credentials(each.name)) for each in IDENTITIES}
    assert {name: each.seed for name, each in first.items()} == {name: each.seed for name, each in again.items()}
    assert {each.url for each in again.values()} == {"nats://127.0.0.1:2"}


def test_an_identity_whose_role_has_work_in_another_zone_by_now_gets_a_key_for_it(tmp_path: Path) -> None:
    home, who = Home(tmp_path), Identity("audit", "audit")
    issue(open_authority(home), home, [who], "nats://x")
    now = Credentials.load(home.credentials("audit"))
    assert set(now.jwts) == {Zone.CORE, Zone.EXT}
    msgspec.structs.replace(now, jwts={Zone.CORE: now.jwts[Zone.CORE]}).save(home.credentials("audit"))
    issue(open_authority(home), home, [who], "nats://x")
    assert set(Credentials.load(home.credentials("audit")).jwts) == {Zone.CORE, Zone.EXT}


def test_keys_of_another_mesh_are_replaced(tmp_path: Path) -> None:
    home = Home(tmp_path)
    who = Identity("bgp", "agent", "bgp")
    issue(Authority.create(tmp_path / "other"), home, [who], "nats://x")
    before = Credentials.load(home.credentials("bgp"))
    issue(open_authority(home), home, [who], "nats://x")
    assert Credentials.load(home.credentials("bgp")).seed != before.seed


def test_an_instance_is_named_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert instance_name("bgp", Settings()) == "bgp"
    monkeypatch.setenv("SERVICE_ID", "svc-1")
    assert instance_name("bgp", Settings()) == "svc-1"
    monkeypatch.setenv("AGENT_ID", "bgp-7")
    assert instance_name("bgp", Settings()) == "bgp-7"


def test_credentials_are_a_file_or_lie_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "bgp.json").write_text("{}")
    assert credentials_of("bgp", Settings(credentials=tmp_path)) == tmp_path / "bgp.json"
    assert credentials_of("x", Settings(credentials=tmp_path / "bgp.json")) == tmp_path / "bgp.json"
    with pytest.raises(PreconditionError, match="nocmesh keys issue --name ospf"):
        credentials_of("ospf", Settings(credentials=tmp_path))
    with pytest.raises(PreconditionError, match=r"credentials/ospf\.json"):
        credentials_of("ospf", Settings(data=tmp_path))


# --- ports and environment


@pytest.mark.real
def test_a_taken_port_is_told_by_name() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        with pytest.raises(PreconditionError, match=f"127.0.0.1:{port} is taken"):
            check_free("127.0.0.1", port)
        with pytest.raises(PreconditionError, match="is taken"):
            broker_port(Settings(nats_port=port))
        unasked = Settings.model_construct(nats_port=port, nats_host="127.0.0.1", _fields_set=set())
        assert broker_port(unasked) != port
    check_free("127.0.0.1", free_port())


@pytest.mark.real
def test_the_brokers_port_is_the_one_that_was_asked_for() -> None:
    port = free_port()
    assert broker_port(Settings(nats_port=port)) == port
    assert is_free("127.0.0.1", broker_port(Settings(nats_port=0)))


def test_processes_are_told_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = environment_of(Settings(data="data", inventory="inventory.yaml"), "nats://x")
    assert told["NOCMESH_DATA"] == str(tmp_path / "data")
    assert told["NOCMESH_CREDENTIALS"] == str(tmp_path / "data" / "credentials")
    assert told["NOCMESH_INVENTORY"] == str(tmp_path / "inventory.yaml")
    assert told["NOCMESH_DATABASE_URL"] == f"sqlite:///{tmp_path}/data/nocmesh.db"
    assert "NOCMESH_INVENTORY" not in environment_of(Settings(data="data"), "nats://x")


def test_what_processes_are_told_are_settings_that_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data=tmp_path, inventory=tmp_path / "i", heartbeat_seconds=0.5, no_auth_for_loopback=True)
    for name, value in environment_of(settings, "nats://x").items():
        monkeypatch.setenv(name, value)
    heard = Settings()
    assert heard.nats_url == "nats://x"
    ours = {"nats_url": None, "credentials": None, "needed_agents": settings.needed_agents}
    assert heard.model_copy(update=ours) == settings
    assert set(heard.needed_agents.split(",")) >= {"orchestrator", "triage", "bgp", "ospf", "monitor"}
    assert "ssh" not in heard.needed_agents


def test_a_group_is_hosted_by_one_kept_process(tmp_path: Path) -> None:
    started = program("edge", ("alerts", "dashboard"), {"A": "b"}, Home(tmp_path))
    assert list(started.arguments)[-4:] == ["run-roles", "--kept", "alerts", "dashboard"]
    assert started.log == tmp_path / "logs" / "edge.log"


def test_last_words_are_the_last(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(None) == tail(log) == ""
    log.write_text("")
    assert tail(log) == ""
    log.write_bytes(b"1\n2\n\xff3\n")
    assert tail(log, 2) == f"\n    2\n    \N{REPLACEMENT CHARACTER}3\n    ({log})"


# --- a class of one's own

MODULE = """
from nocmesh.agent.base import Agent, role_of

class Greeter(Agent):
    type = "greeter"

ROLE = role_of(Greeter)
NUMBER = 7
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_greeter.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    monkeypatch.delitem(sys.modules, "own_greeter", raising=False)
    return "own_greeter"


@pytest.mark.parametrize("attribute", ["Greeter", "ROLE"])
def test_a_class_of_ones_own_is_a_role(attribute: str, own: str) -> None:
    role = role_named(f"{own}:{attribute}")
    assert (role.name, role.bus_role, role.type) == ("greeter", "agent", "greeter")


def test_what_is_no_agent_is_refused(own: str) -> None:
    with pytest.raises(InvalidInputError, match="is a int; expected a subclass of"):
        role_named(f"{own}:NUMBER")
    with pytest.raises(NotFoundError, match="has no 'Fly'"):
        role_named(f"{own}:Fly")
    with pytest.raises(NotFoundError, match="no module 'nowhere_at_all'"):
        role_named("nowhere_at_all:Greeter")


def test_an_installed_role_is_found_by_its_name() -> None:
    assert role_named("triage").type == "triage"
    with pytest.raises(NotFoundError, match=r"'fly'; known: .*triage"):
        role_named("fly")


# --- the leash


async def test_a_kept_process_begins_at_the_word_and_learns_of_the_end() -> None:
    ours, keepers = os.pipe()
    waits = asyncio.create_task(let_go(ours))
    await asyncio.sleep(0)  # one turn of the loop: it has begun to read, and nothing came
    assert not waits.done()
    os.write(keepers, b"go\n")
    assert await waits
    lost = asyncio.Event()
    on_loss(lost.set, ours)
    os.write(keepers, b"more\n")
    await eventually(lambda: select([ours], [], [], 0)[0] == [])
    assert not lost.is_set()
    os.close(keepers)
    await asyncio.wait_for(lost.wait(), 5)
    os.close(ours)


async def test_a_keeper_that_died_before_its_word_lets_nobody_go() -> None:
    ours, keepers = os.pipe()
    os.close(keepers)
    assert not await let_go(ours)
    os.close(ours)


# --- hosting


def settings_for(tmp_path: Path, url: str, **more: Any) -> Settings:
    return Settings(data=tmp_path, credentials=tmp_path / "keys", nats_url=url, log_level="error", **more)


async def test_without_a_broker_it_says_which_setting_names_one(tmp_path: Path, authority: Authority) -> None:
    authority.issue("agent", "triage", type="triage").save(tmp_path / "triage.json")
    with pytest.raises(PreconditionError, match="NOCMESH_NATS_URL"):
        await host(["triage"], Settings(credentials=tmp_path / "triage.json", log_level="error"))


class Resting(Agent):
    """Does nothing, until it is told to stop or its time is over."""

    type = "resting"

    async def run(self) -> None:
        await self.context.stopping.wait()


class Failing(Resting):
    type = "failing"

    async def run(self) -> None:
        raise DeniedError("it may not")


class Ending(Resting):
    type = "ending"

    async def run(self) -> None:
        """Ends at once, without a word."""


class Stubborn(Resting):
    type = "stubborn"

    async def run(self) -> None:
        await asyncio.Event().wait()


@pytest.fixture
def at_home(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Credentials for these agents, and their names known."""
    (tmp_path / "keys").mkdir()
    roles: dict[str, Role] = {}
    for each in (Resting, Failing, Ending, Stubborn):
        authority.issue("agent", each.type, type=each.type).save(tmp_path / "keys" / f"{each.type}.json")
        roles[each.type] = role_of(each)
    monkeypatch.setattr("nocmesh.launch.host.role_named", roles.__getitem__)
    return tmp_path


@pytest.mark.mesh
async def test_the_failure_of_one_role_is_the_end_of_its_process(at_home: Path, nats_url: str) -> None:
    with pytest.raises(DeniedError, match="it may not"):
        await asyncio.wait_for(host(["resting", "failing"], settings_for(at_home, nats_url)), 20)


@pytest.mark.mesh
async def test_the_end_of_one_role_is_the_end_of_its_process(at_home: Path, nats_url: str) -> None:
    await asyncio.wait_for(host(["resting", "ending"], settings_for(at_home, nats_url)), 20)


@pytest.mark.mesh
async def test_a_role_that_does_not_stop_is_cut_off(at_home: Path, nats_url: str) -> None:
    await asyncio.wait_for(host(["ending", "stubborn"], settings_for(at_home, nats_url, shutdown_seconds=0.2)), 20)


@pytest.mark.mesh
async def test_a_broker_that_closes_the_door_for_ever_ends_the_process(
    at_home: Path, nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Context] = []

    async def shut_out(self: Resting) -> None:
        told.append(self.context)
        await self.context.stopping.wait()

    monkeypatch.setattr(Resting, "run", shut_out)
    running = asyncio.create_task(host(["resting"], settings_for(at_home, nats_url)))
    await eventually(lambda: told)
    link = told[0].mesh.agents._link
    link._on_closed("the key was revoked")
    with pytest.raises(BusError, match="closed the connection for ever: the key was revoked"):
        await asyncio.wait_for(running, 20)


def test_every_process_is_told_the_policy_the_store_and_the_confirm_time(tmp_path: Path) -> None:
    told = Settings(policy=tmp_path / "p.yaml", credential_store=tmp_path / "c", confirm_seconds=90)
    found = environment_of(told, "nats://x")
    assert found["NOCMESH_POLICY"] == str(tmp_path / "p.yaml")
    assert found["NOCMESH_CREDENTIAL_STORE"] == str(tmp_path / "c")
    assert float(found["NOCMESH_CONFIRM_SECONDS"]) == 90


def test_a_free_port_is_none_that_a_connection_going_out_may_be_given() -> None:
    assert all(free_port() in OURS for _ in range(20))


async def test_a_policy_that_is_laxer_is_refused_before_any_role_begins(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("version: 1\nrisks: {critical: {approvals: 1}}\n", "utf-8")
    with pytest.raises(InvalidInputError, match=r"policy\.yaml:2: .*takes 2 approvals at least"):
        await prepare(Settings(data=tmp_path, policy=path))
