"""Runs: each has its own id, network and folder; what has lost its folder is found by its names."""

from pathlib import Path

import pytest

from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.inventory import load_inventory
from nocmesh.lab import inside, runs
from nocmesh.lab.build import build
from nocmesh.lab.graph import named
from nocmesh.lab.inventory import inventory_yaml, known_hosts, ssh_config
from nocmesh.lab.names import Names, run_of
from nocmesh.lab.plan import LabPlan, Options

PLAN = build(named("campus"), Options(bgp="ibgp_rr"))


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of our own: registry, namespaces, links and FRRouting's folders."""
    place = tmp_path / "machine"
    monkeypatch.setattr(runs, "REGISTRY", place / "labs")
    for name in ("NAMESPACES", "FRR_CONFIG", "FRR_STATE", "LINKS"):
        (place / name).mkdir(parents=True)
        monkeypatch.setattr(runs, name, place / name)
    return place


def test_two_runs_share_no_id_no_network_and_no_folder(tmp_path: Path) -> None:
    one, other = (runs.claim(tmp_path / "labs", PLAN) for _ in range(2))
    assert one[0].run_id != other[0].run_id
    assert one[0].subnet != other[0].subnet
    assert one[2] != other[2]
    assert runs.read(one[2]) == (one[0], one[1])
    assert all(node.management.startswith(f"172.31.{one[0].subnet}.") for node in one[1].nodes)


def test_a_run_is_found_by_its_id_or_because_it_is_the_only_one(tmp_path: Path) -> None:
    root = tmp_path / "labs"
    with pytest.raises(NotFoundError, match="no lab is up"):
        runs.found(root, None)
    first = runs.claim(root, PLAN)[0].run_id
    assert runs.found(root, None) == root / first
    second = runs.claim(root, PLAN)[0].run_id
    with pytest.raises(NotFoundError, match=f"several labs are up: .*{second}"):
        runs.found(root, None)
    assert runs.found(tmp_path / "elsewhere", first) == root / first
    with pytest.raises(NotFoundError, match="no lab 'ffff'"):
        runs.found(root, "ffff")


def test_a_run_that_was_forgotten_leaves_nothing(tmp_path: Path, machine: Path) -> None:
    run, _, folder = runs.claim(tmp_path / "labs", PLAN)
    runs.forget(run.run_id, folder)
    assert not folder.exists()
    assert list((machine / "labs").iterdir()) == []


def test_what_has_lost_its_folder_is_a_stray(tmp_path: Path, machine: Path) -> None:
    kept = runs.claim(tmp_path / "labs", PLAN)[0].run_id
    (machine / "NAMESPACES" / f"nm-{kept}-r1").touch()
    (machine / "NAMESPACES" / "nm-beef-r1").touch()
    (machine / "LINKS" / "nmcafev12").touch()
    (machine / "FRR_CONFIG" / "nm-dead-r1").mkdir()
    (machine / "FRR_STATE" / "somebody").mkdir()
    (machine / "labs" / "f00d").symlink_to(tmp_path / "gone")
    assert runs.strays() == sorted({"beef", "cafe", "dead", "f00d"} - {kept})


def test_a_damaged_folder_is_told(tmp_path: Path) -> None:
    folder = runs.claim(tmp_path / "labs", PLAN)[2]
    (folder / "plan.json").write_text("{")
    with pytest.raises(PreconditionError, match="lab down --all"):
        runs.read(folder)
    (folder / "run.json").unlink()
    with pytest.raises(PreconditionError, match="lab down --all"):
        runs.run_at(folder)


def test_when_every_network_is_taken_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "SUBNETS", range(240, 241))
    runs.claim(tmp_path / "labs", PLAN)
    with pytest.raises(PreconditionError, match="no management network is free"):
        runs.claim(tmp_path / "labs", PLAN)


def test_labs_are_kept_where_state_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert runs.labs_folder() == tmp_path / "nocmesh" / "lab"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert runs.labs_folder().parts[-4:] == (".local", "state", "nocmesh", "lab")


@pytest.mark.parametrize(
    ("name", "run_id"),
    [
        ("nm-1a2b-r1", "1a2b"),
        ("nm1a2b", "1a2b"),
        ("nm1a2bv17", "1a2b"),
        ("nm-1a2b-", ""),
        ("nm-1A2B-r1", ""),
        ("xnm-1a2b-r1", ""),
        ("nm1a2bx", ""),
        ("eth0", ""),
        ("", ""),
    ],
)
def test_only_our_own_names_belong_to_a_run(name: str, run_id: str) -> None:
    assert run_of(name) == run_id


def test_every_name_of_a_run_leads_back_to_it_and_fits() -> None:
    names = Names("1a2b")
    made = [names.namespace("averylong9"), names.bridge, names.uplink(199)]
    assert [run_of(name) for name in made] == ["1a2b"] * 3
    assert all(len(name) <= 15 for name in (names.bridge, names.uplink(199)))


def test_no_process_is_taken_for_a_node_that_has_none() -> None:
    assert inside.network_id("nm-0000-none") == 0
    assert inside.first_process([]) == 0
    assert inside.first_process([2**22 + 1]) == 0
    inside.kill([2**22 + 1])


@pytest.mark.parametrize("options", [Options(igp="isis", bgp="ebgp"), Options(igp="ospf"), Options(bgp="ibgp_rr")])
@pytest.mark.parametrize("topology", ["campus", "abilene"])
def test_the_inventory_of_a_lab_is_one_that_loads(tmp_path: Path, options: Options, topology: str) -> None:
    plan = build(named(topology), options)
    _host_keys(plan, tmp_path)
    path = tmp_path / "inventory.yaml"
    path.write_text(inventory_yaml(plan, tmp_path), "utf-8")
    inventory = load_inventory(path)
    assert [device.name for device in inventory.devices] == [node.name for node in plan.nodes]
    assert [link.resource for link in inventory.links] == [cable.resource for cable in plan.cables]
    routers = [device for device in inventory.devices if device.platform == "frr"]
    assert len(routers) == sum(node.kind == "router" for node in plan.nodes)
    assert all(device.shell is not None and device.shell.port == 2222 for device in routers)
    assert all(device.host_key.startswith("ssh-ed25519 AAAA") for device in inventory.devices)
    intents = [device.device.intent for device in routers]
    assert all((intent.isis is not None) == (options.igp == "isis") for intent in intents)
    assert all((intent.ospf is not None) == (options.igp == "ospf") for intent in intents)
    assert all((intent.bgp is not None) == (options.bgp != "none") for intent in intents)
    assert {user.name for user in inventory.users} == {"nina", "omar"}


def test_ssh_finds_every_node_by_name_and_every_shell(tmp_path: Path) -> None:
    _host_keys(PLAN, tmp_path)
    text = ssh_config(PLAN, tmp_path)
    assert all(f"Host {node.name}\n" in text and f"Host {node.name}-shell\n" in text for node in PLAN.nodes)
    assert known_hosts(PLAN, tmp_path).splitlines()[0] == "sw1 ssh-ed25519 AAAAsw1"


def _host_keys(plan: LabPlan, folder: Path) -> None:
    for node in plan.nodes:
        (folder / "nodes" / node.name).mkdir(parents=True)
        (folder / "nodes" / node.name / "host_key.pub").write_text(f"ssh-ed25519 AAAA{node.name} comment\n")
