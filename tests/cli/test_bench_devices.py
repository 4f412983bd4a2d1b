"""``nocmesh bench devices``: what it counts, on few devices; the figures themselves are nobody's promise."""

import importlib.util
import json

import pytest
from cli.calling import Cli
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.agent import toolbox
from nocmesh.cli.device_bench import COLUMNS, rows_of
from nocmesh.cli.fleet_bench import verdict
from nocmesh.errors import InvalidInputError
from nocmesh.launch.farm import A_PROCESS, hostname_of, shares
from nocmesh.messages.session import Observation
from nocmesh.messages.state import Output


@given(devices=st.integers(2, 3000))
def test_devices_are_shared_out_alike_among_few_processes(devices: int) -> None:
    found = shares(devices)
    assert sum(found) == devices
    assert max(found) - min(found) <= 1
    assert 2 <= min(found) <= max(found) <= A_PROCESS


def test_one_device_is_no_farm() -> None:
    with pytest.raises(InvalidInputError, match="at least 2"):
        shares(1)


@pytest.mark.parametrize(
    ("status", "error", "text", "how"),
    [
        ("ok", "", "hostname ams1\nend\n", "answered"),
        ("ok", "", "hostname ams12\nend\n", "wrong"),
        ("ok", "", "", "wrong"),
        ("error", "it is busy", "", "failed"),
        ("unreachable", "", "", "wrong"),
    ],
)
def test_a_read_is_answered_by_the_right_device_or_fails_and_says_why(
    status: str, error: str, text: str, how: str
) -> None:
    outputs = [Output(command="c", door="cli", text=text)]
    seen = Observation(observation_id="o", tool="t", status=status, error=error, outputs=outputs)  # type: ignore[arg-type]
    assert verdict(seen, hostname_of("ams1-3")) == how


def test_rates_are_told_as_times_of_a_session_for_each_read() -> None:
    def rate(way: str, reads: int, sessions: int, seconds: float) -> dict[str, object]:
        counts = {"reads": reads, "sessions": sessions, "failed": 0}
        return {"way": way, **counts, "seconds": seconds, "cpu_seconds": seconds / 2}

    warm, naive = rows_of([rate("pool", 400, 3, 1.0), rate("asyncssh, a session a read", 50, 50, 0.5)])
    assert (warm["reads_per_second"], warm["times_asyncssh"], warm["cpu_ms_per_read"]) == (400.0, 4.0, 1.25)
    assert (warm["sessions_per_second"], warm["times_netmiko"]) == (None, None)
    assert (naive["sessions_per_second"], naive["times_asyncssh"]) == (100.0, 1.0)


def test_the_last_bridge_is_not_killed(cli: Cli) -> None:
    said = cli("bench", "devices", "--bridges", "1", "--kill")
    assert said.code == 2
    assert "one must be left" in said.err


@pytest.mark.real
def test_every_way_reads_every_device_and_hears_the_same(cli: Cli) -> None:
    said = cli("bench", "devices", "--devices", "4", "--reads", "40", "-o", "json")
    assert said.code == 0, said.err
    rows = json.loads(said.out)["items"]
    netmiko = importlib.util.find_spec("netmiko") is not None
    assert len(rows) == 3 + netmiko
    assert ("netmiko: not installed, left out" in said.err) is not netmiko
    assert [set(row) for row in rows] == [set(COLUMNS)] * len(rows)
    assert [(row["reads"], row["failed"]) for row in rows] == [(4, 0), *[(40, 0)] * (len(rows) - 1)]
    assert rows[0]["sessions"] == 4
    assert rows[1]["sessions"] <= 4, "two a device, and one of them was open"
    assert rows[2]["sessions"] == 40
    assert "4 simulated devices, processes: 1" in said.err


@pytest.mark.alone
@pytest.mark.mesh
def test_a_bridge_that_is_killed_in_the_middle_costs_no_read(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolbox, "TRY_SECONDS", 3.0)
    words = ("--devices", "30", "--reads", "300", "--bridges", "2", "--kill")
    said = cli("bench", "devices", *words, "-o", "json")
    assert said.code == 0, said.err
    [row] = json.loads(said.out)["items"]
    assert "killed one bridge" in said.err
    assert (row["reads"], row["answered_once"] + row["failed_clearly"]) == (300, 300)
    assert (row["lost"], row["wrong"]) == (0, 0), (
        "an answer that came after its call was asked again is counted, no fault"
    )
    assert row["answered_once"] > 150, "those of the second half too: the other bridge has the devices now"
