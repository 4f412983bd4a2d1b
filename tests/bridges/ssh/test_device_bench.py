"""The benchmark of reading: an inventory in, a line a round out."""

from dataclasses import replace
from pathlib import Path

import pytest
from bridges.ssh.nasty import Nasty, running

from nocmesh.inventory import load_inventory
from nocmesh.proving.simulated.server import SimulatedNetwork
from nocmesh.proving.simulated.topology import PAIR
from nocmesh.safe.opener import Opener
from nocmesh.settings import Settings
from nocmesh_bridges.platforms import VIEWS
from nocmesh_bridges.ssh import bench, rates, rivals
from nocmesh_bridges.ssh.role import targets_of

pytestmark = pytest.mark.real


def inventory(path: Path, port: int) -> Path:
    path.write_text(
        "version: 1\n"
        "credentials:\n"
        "  ops: {username: ops, password: cisco}\n"
        "devices:\n"
        f"  - {{name: r1, platform: frr, address: 127.0.0.1, port: {port}, credential: ops}}\n"
    )
    return path


async def test_each_round_reads_every_device_and_the_first_one_opens_the_sessions(tmp_path: Path) -> None:
    async with running(
        Nasty(answers={"show ip route json": "{}\n", "show running-config": "hostname r1\nend\n"})
    ) as device:
        rounds = await bench.measured(str(inventory(tmp_path / "one.yaml", device.port)), rounds=2)
        assert device.logins == 1
        assert [len(found.read) for found in rounds] == [1, 1]
        assert "1 devices  12 commands" in str(rounds[0])
        assert f"2 of {len(VIEWS)} views told" in str(rounds[1])
        assert (await bench.measured(str(tmp_path / "one.yaml"), "linux", rounds=1))[0].read == []


@pytest.mark.parametrize("arguments", [[], [""], ["a", "b", "c"]])
def test_it_says_how_it_is_used(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(arguments) == 2
    assert "INVENTORY" in capsys.readouterr().err


def test_it_prints_a_line_a_round(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main([str(inventory(tmp_path / "one.yaml", 9)), "linux"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["cold", "warm", "warm", "warm"]


async def test_what_a_device_does_not_answer_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "has_netmiko", bool)
    async with SimulatedNetwork.running(PAIR) as network:
        (tmp_path / "two.yaml").write_text(network.inventory_yaml())
        one, two = targets_of(load_inventory(tmp_path / "two.yaml").devices, Opener(Settings()))
        found = await rates.measured([one, replace(two, port=9)], 6)
    assert [(rate.reads, rate.failed) for rate in found] == [(2, 1), (6, 3), (6, 3)]
    assert [rate.way for rate in found] == [rates.COLD, rates.WARM, rates.NAIVE]


@pytest.mark.parametrize("arguments", [[], ["a"], ["a", "many"], ["a", "0"], ["a", "1", "c"]])
def test_the_rates_say_how_they_are_used(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert rates.main(arguments) == 2
    assert "INVENTORY READS" in capsys.readouterr().err
