"""`nocmesh inventory`: a file is checked, and NetBox is written out as one."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.calling import Cli

sys.path.append(str(Path(__file__).parents[1]))

from shared.netbox_server import TOKEN, NetBox, cable, device, interface, serving

pytestmark = pytest.mark.real

GOOD = """\
version: 1
credentials: {default: {username: admin, password: secret}}
devices:
  - {name: r1, platform: frr, address: 192.0.2.1, credential: default, core: true}
  - {name: r2, platform: cisco_iosxe, address: 192.0.2.2, credential: default}
links: [{a: "r1:e0", b: "r2:e0"}]
"""


@pytest.fixture
def netbox() -> Iterator[NetBox]:
    with serving(
        NetBox(
            devices=[device(1, "r1", "10.0.0.1/24"), device(2, "r2", "10.0.0.2/24"), device(3, "panel", None)],
            interfaces=[interface(11, 1, "eth1"), interface(21, 2, "eth1")],
            cables=[cable(1, 11, 21)],
        )
    ) as server:
        yield server


def test_a_good_file_is_told_in_numbers(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(GOOD)
    said = cli("inventory", "check", str(path), "-o", "json")
    assert (said.code, said.err) == (0, "")
    assert said.json == {
        "file": str(path),
        "devices": 2,
        "links": 1,
        "users": 0,
        "platforms": {"cisco_iosxe": 1, "frr": 1},
        "core": ["r1"],
    }


def test_a_bad_file_ends_with_two_and_every_mistake_with_its_line(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(GOOD.replace("frr", "ffr").replace("192.0.2.2", "192.0.2.1").replace('"r2:e0"', '"r9:e0"'))
    said = cli("inventory", "check", str(path))
    assert (said.code, said.out) == (2, "")
    assert f"{path}:4: devices[0].platform: expected 'frr'" in said.err
    assert f"{path}:5: devices[1].address: the address 192.0.2.1 port 22 is already taken, on line 4" in said.err
    assert f"{path}:6: links[0].b: no device 'r9'; expected one of: r1, r2" in said.err


def test_a_key_file_that_cannot_be_read_is_found_before_the_bridge_needs_it(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(GOOD.replace("password: secret", "private_key_file: id_none"))
    said = cli("inventory", "check", str(path))
    assert said.code == 3
    assert f"r1: its private key {tmp_path / 'id_none'} cannot be read" in said.err
    (tmp_path / "id_none").write_text("KEY")
    assert cli("inventory", "check", str(path)).code == 0


def test_a_file_that_is_not_there_ends_with_four(cli: Cli, tmp_path: Path) -> None:
    assert cli("inventory", "check", str(tmp_path / "none")).code == 4


def test_what_netbox_knows_becomes_a_file_that_lacks_only_the_credential(
    cli: Cli, netbox: NetBox, tmp_path: Path
) -> None:
    path = tmp_path / "inventory.yaml"
    said = cli("inventory", "from-netbox", f"{netbox.url}/?site=ams", "--out", str(path), NETBOX_TOKEN=TOKEN)
    assert (said.code, said.out) == (0, ""), said.err
    assert "left out: panel: it has no primary address" in said.err
    assert "2 devices, 1 links; 1 left out" in said.err
    assert "no credential 'default' under credentials" in cli("inventory", "check", str(path)).err
    path.write_text(path.read_text() + "credentials: {default: {username: admin, password: secret}}\n")
    checked = cli("inventory", "check", str(path), "-o", "json")
    assert checked.code == 0, checked.err
    assert (checked.json["devices"], checked.json["links"]) == (2, 1)


def test_without_a_file_it_goes_to_standard_output(cli: Cli, netbox: NetBox) -> None:
    words = ("--token-env", "OTHER", "--credential", "ssh")
    said = cli("inventory", "from-netbox", f"netbox+{netbox.url}", *words, OTHER=TOKEN)
    assert said.code == 0, said.err
    assert said.out.startswith(f"# From {netbox.url}")
    assert "credential: ssh" in said.out


def test_it_is_printed_as_asked(cli: Cli, netbox: NetBox) -> None:
    def said(form: str) -> str:
        return cli("inventory", "from-netbox", netbox.url, "-o", form, NETBOX_TOKEN=TOKEN).out

    assert [one["name"] for one in json.loads(said("json"))["devices"]] == ["r1", "r2"]
    assert said("name").split() == ["r1", "r2"]
    assert said("table").split()[:3] == ["NAME", "PLATFORM", "ADDRESS"]


def test_a_netbox_without_a_device_for_us_ends_with_one(cli: Cli, netbox: NetBox) -> None:
    netbox.devices = netbox.devices[2:]
    assert cli("inventory", "from-netbox", netbox.url, NETBOX_TOKEN=TOKEN).code == 1


def test_what_netbox_refuses_has_its_exit_code(cli: Cli, netbox: NetBox, tmp_path: Path) -> None:
    assert cli("inventory", "from-netbox", netbox.url, NETBOX_TOKEN="wrong").code == 5
    assert cli("inventory", "from-netbox", netbox.url).code == 3
    assert cli("inventory", "from-netbox", "nowhere", NETBOX_TOKEN=TOKEN).code == 2
    nowhere = str(tmp_path / "none" / "x.yaml")
    assert cli("inventory", "from-netbox", netbox.url, "--out", nowhere, NETBOX_TOKEN=TOKEN).code == 3


def test_a_file_that_names_a_netbox_is_checked_against_it(cli: Cli, netbox: NetBox, tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(
        f"version: 1\nnetbox: {{url: '{netbox.url}', credential: lab}}\n"
        "credentials: {lab: {username: admin, password: secret}}\n"
    )
    said = cli("inventory", "check", str(path), "-o", "json", NETBOX_TOKEN=TOKEN)
    assert said.code == 0, said.err
    assert said.json["devices"] == 2
