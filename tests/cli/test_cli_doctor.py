"""The doctor: each probe on something sound, and on something broken."""

import socket
from pathlib import Path

import pytest
from cli.calling import Cli, Said

from nocmesh.bus import Authority
from nocmesh.cli import doctor
from nocmesh.launch.home import Endpoint, Home
from nocmesh.ports import free_port

pytestmark = pytest.mark.real


def finding(said: Said, check: str) -> tuple[str, str]:
    [row] = [row for row in said.json["items"] if row["check"] == check]
    return row["state"], row["finding"]


def look(cli: Cli, data: Path, *flags: str, **environment: str) -> Said:
    free = {"NOCMESH_HTTP": f"127.0.0.1:{free_port()}", "NOCMESH_WEBHOOKS": f"127.0.0.1:{free_port()}"}
    return cli("doctor", "-o", "json", "--data", str(data), *flags, **{**free, **environment})


def test_a_fresh_installation_is_well(cli: Cli, tmp_path: Path) -> None:
    said = look(cli, tmp_path)
    assert said.code == 0, said.out
    assert "`nocmesh up`" in finding(said, "keys")[1]
    assert "`nocmesh up`" in finding(said, "broker")[1]


def test_a_missing_extra_is_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EXTRAS", {"asyncssh": "bridges", "no_such_module": "nothing"})
    said = look(cli, tmp_path)
    assert said.code == 3
    assert finding(said, "extras") == ("wrong", "not installed: nothing; pip install 'nocmesh[all]'")


def test_a_broker_that_cannot_be_started_is_told(cli: Cli, tmp_path: Path) -> None:
    said = look(cli, tmp_path, NOCMESH_NATS_SERVER=str(tmp_path / "nothing"))
    assert said.code == 3
    state, why = finding(said, "nats-server")
    assert state == "wrong"
    assert "2.14.3" in why


def test_a_folder_that_cannot_be_written_is_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = look(cli, tmp_path / "file")
    assert said.code == 3
    assert finding(said, "data folder")[0] == "wrong"


def test_a_disk_that_is_nearly_full_is_told(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LOW_DISK", 1 << 62)
    assert "stops when the disk is full" in finding(look(cli, tmp_path), "data folder")[1]


def test_a_taken_port_is_told(cli: Cli, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        said = look(cli, tmp_path, NOCMESH_WEBHOOKS=where)
    assert finding(said, "ports") == ("wrong", f"{where} is taken: stop what listens there, or choose another port")


def test_a_mesh_that_does_not_answer_is_told(cli: Cli, tmp_path: Path) -> None:
    home = Home(tmp_path)
    Authority.create(home.keys)
    url = f"nats://127.0.0.1:{free_port()}"
    home.write_endpoint(Endpoint(nats_url=url, http="http://x", webhooks="http://y", pid=1))
    said = look(cli, tmp_path)
    assert said.code == 3
    state, why = finding(said, "broker")
    assert state == "wrong"
    assert url in why
    assert finding(said, "keys")[1] == "0 identities were issued"


@pytest.mark.parametrize(
    ("conf", "state", "part"),
    [
        (None, "ok", "not ours"),
        ("jetstream {\n  sync_interval: always\n}", "ok", "one copy"),
        ("jetstream {}", "wrong", "power cut"),
    ],
)
def test_how_durable_it_is(conf: str | None, state: str, part: str, cli: Cli, tmp_path: Path) -> None:
    if conf is not None:
        (Home(tmp_path).store / "nats-server.conf").write_text(conf)
    found = finding(look(cli, tmp_path), "durability")
    assert found[0] == state
    assert part in found[1]


def test_the_inventory_is_counted_or_its_mistakes_are_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("version: 1\ndevices: []\nusers: [{name: nina, roles: [operator]}]\n")
    (tmp_path / "bad.yaml").write_text("version: 1\ndevises: []\n")
    good = look(cli, tmp_path / "data", "--inventory", str(tmp_path / "good.yaml"))
    assert finding(good, "inventory") == ("ok", "0 devices, 0 links, 1 users")
    bad = look(cli, tmp_path / "data", "--inventory", str(tmp_path / "bad.yaml"))
    assert bad.code == 3
    assert "bad.yaml:2" in finding(bad, "inventory")[1]


def test_a_database_that_cannot_be_reached_is_told(cli: Cli, tmp_path: Path) -> None:
    said = look(cli, tmp_path, NOCMESH_DATABASE_URL="mysql://x/y")
    assert said.code == 3
    assert finding(said, "database")[0] == "wrong"
