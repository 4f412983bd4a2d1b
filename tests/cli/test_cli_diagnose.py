"""`nocmesh diagnose`, `baseline` and `config`: a network as it is, and as it was."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from cli.calling import Cli, Said, Up, started, wait_for

from nocmesh.cli.diagnose import alert_in, timed
from nocmesh.cli.passing import passing_mesh
from nocmesh.cli.stopping import Stop
from nocmesh.errors import InvalidInputError, NotFoundError, PreconditionError, TooLateError
from nocmesh.launch.simulation import Simulation, start_simulation

NOW = "2026-07-01T12:00:00+00:00"
FIRING: dict[str, Any] = {
    "status": "firing",
    "alerts": [{"status": "firing", "labels": {"alertname": "BgpSessionDown", "instance": "core1"}}],
}


class Network:
    """A simulated network beside tests that are not asynchronous themselves."""

    def __init__(self, runner: "asyncio.Runner", simulation: Simulation) -> None:
        self._runner = runner
        self._simulation = simulation
        self.inventory = simulation.inventory

    def break_it(self, fault: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        return self._runner.run(self._simulation.break_it(fault))

    def ask(self, **request: Any) -> dict[str, Any]:
        return self._runner.run(self._simulation.ask(**request))


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with asyncio.Runner() as runner:
        simulation = runner.run(start_simulation(tmp_path))
        try:
            runner.run(simulation.started())
            yield Network(runner, simulation)
        finally:
            runner.run(simulation.stop())


def written(tmp_path: Path, content: Any, name: str = "alert.json") -> Path:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


EARLIER: set[int] = set()
"""Processes that ran when the test began, as the broker that all tests share."""


@pytest.fixture(autouse=True)
def _earlier() -> None:
    EARLIER.clear()
    EARLIER.update(each.pid for each in psutil.Process().children(recursive=True))


def children() -> list[str]:
    """Processes of ours that the test began and that still run."""
    return [
        " ".join(each.cmdline())
        for each in psutil.Process().children(recursive=True)
        if each.pid not in EARLIER and "proving.simulated" not in " ".join(each.cmdline())
    ]


# --- the alert


def test_a_body_of_alertmanager_is_taken_as_it_is_with_its_time_filled_in(tmp_path: Path) -> None:
    source, body = alert_in(written(tmp_path, FIRING), NOW)
    assert source == "alertmanager"
    assert body["alerts"][0]["startsAt"] == NOW


def test_a_source_with_its_body_may_be_yaml_as_in_a_case_file(tmp_path: Path) -> None:
    text = "source: generic\nbody: {title: link down, device: r1}\n"
    assert alert_in(written(tmp_path, text), NOW) == ("generic", {"title": "link down", "device": "r1"})


def test_a_time_that_is_there_stays() -> None:
    given = {"alerts": [{"startsAt": "then"}, 7]}
    assert timed(given, NOW) == given
    assert timed({"a": 1}, NOW) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[]", "expected a webhook's body"),
        ("source: ../x\nbody: {}\n", "source is"),
        ("source: 3\nbody: {}\n", "source is 3"),
        ("source: x\nbody: [1]\n", "body: expected a mapping"),
        ("a: [", "not YAML"),
    ],
)
def test_an_alert_that_is_none_is_refused_with_its_file(tmp_path: Path, content: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=why) as caught:
        alert_in(written(tmp_path, content), NOW)
    assert "alert.json" in caught.value.message


def test_an_alert_that_is_not_there_ends_with_four(cli: Cli, tmp_path: Path) -> None:
    said = cli("diagnose", "--inventory", "x", "--alert", str(tmp_path / "none"))
    assert (said.code, said.out) == (4, "")


def test_a_baseline_that_is_none_ends_before_anything_starts(cli: Cli, tmp_path: Path) -> None:
    alert = str(written(tmp_path, FIRING))
    missing = cli("diagnose", "--inventory", "x", "--alert", alert, "--baseline", str(tmp_path / "none"))
    assert (missing.code, "is no folder" in missing.err) == (4, True)
    (tmp_path / "base" / "r1").mkdir(parents=True)
    (tmp_path / "base" / "r1" / "meta.json").write_text("{")
    broken = cli("diagnose", "--inventory", "x", "--alert", alert, "--baseline", str(tmp_path / "base"))
    assert (broken.code, "meta.json: cannot be read" in broken.err) == (2, True)


# --- the whole commands


@pytest.mark.alone
@pytest.mark.mesh
def test_a_baseline_then_a_diagnosis_that_knows_it_and_nothing_is_changed(
    cli: Cli, network: Network, tmp_path: Path
) -> None:
    taken = cli("baseline", "--inventory", str(network.inventory), "--out", str(tmp_path / "base"), "-o", "json")
    assert taken.code == 0, taken.err
    rows = {row["device"]: row for row in taken.json["items"]}
    assert set(rows) == {"isp1", "isp2", "edge1", "edge2", "core1", "core2"}
    assert set(rows["core1"]["parsed"]) >= {"interfaces", "bgp", "routes", "config"}
    assert (Path(rows["core1"]["path"]) / "config.txt").read_text().startswith("frr version")
    alert, expected = network.break_it("bgp_asn_misconfig")
    body = written(tmp_path, {"source": "alertmanager", "body": alert})
    base = ("--baseline", str(tmp_path / "base"), "--keep", str(tmp_path / "kept"))
    found = cli("diagnose", "--inventory", str(network.inventory), "--alert", str(body), *base)
    assert found.code == 0, found.err
    report = found.json
    assert expected is not None
    assert [(c["resource"], c["fault_type"]) for c in report["root_causes"]] == [
        (expected["resource"], expected["fault_type"])
    ]
    assert report["state"] == "awaiting_approval"
    assert report["proposals"][0]["commands"]
    assert network.ask(do="shows")["shows"], "the fault is still there: nobody has touched it"
    assert children() == []
    assert (tmp_path / "kept" / "data" / "logs").is_dir()


@pytest.mark.alone
@pytest.mark.mesh
def test_secrets_are_masked_alike_then_and_now(cli: Cli, network: Network, tmp_path: Path) -> None:
    """Else every line with a password would seem to have moved."""
    base = tmp_path / "base"
    for _ in range(2):
        assert cli("baseline", "--inventory", str(network.inventory), "--out", str(base)).code == 0
    assert (base / "masking.key").stat().st_mode & 0o777 == 0o600

    async def looked() -> Any:
        async with passing_mesh(network.inventory, Stop(), baselines=base) as mesh:
            return await mesh.client.get("/api/devices/{}/config/diff", "edge1")

    found = asyncio.run(looked())
    assert "<redacted:" in (base / "edge1" / "config.txt").read_text()
    assert (found["equal"], found["diff"]) == (True, "")


@pytest.mark.alone
@pytest.mark.mesh
def test_without_a_baseline_it_lives_from_both_ends(cli: Cli, network: Network, tmp_path: Path) -> None:
    alert, expected = network.break_it("bgp_asn_misconfig")
    found = cli(
        "diagnose", "--inventory", str(network.inventory), "--alert", str(written(tmp_path, alert)), "-o", "table"
    )
    assert found.code == 0, found.err
    assert expected is not None
    device = expected["resource"].removeprefix("node/")
    assert f"{expected['fault_type']} on {device}" in " ".join(found.out.split())
    for title in ("WHAT BROKE", "SINCE WHEN", "HOW WE KNOW", "WHAT IT TAKES DOWN", "WHAT TO DO NEXT", "WHAT IT IS NOT"):
        assert title in found.out


@pytest.mark.alone
@pytest.mark.mesh
def test_a_network_that_is_well_is_said_to_be_well(cli: Cli, network: Network, tmp_path: Path) -> None:
    alert, _ = network.break_it("none")
    found = cli("diagnose", "--inventory", str(network.inventory), "--alert", str(written(tmp_path, alert)))
    assert found.code == 0, found.err
    assert (found.json["verdict"], found.json["root_causes"]) == ("false_positive", [])


@pytest.mark.alone
@pytest.mark.mesh
def test_a_device_that_cannot_be_reached_is_said_on_stderr_and_ends_with_one(
    cli: Cli, network: Network, tmp_path: Path
) -> None:
    inventory = network.inventory.read_text()
    entry = "  - {name: gone, platform: frr, address: 127.0.0.1, port: 1, credential: CRED}\n"
    credential = next(line.split(":")[1].strip() for line in inventory.splitlines() if "credential:" in line)
    changed = inventory.replace("devices:\n", "devices:\n" + entry.replace("CRED", credential))
    path = written(tmp_path, changed, "more.yaml")
    taken = cli("baseline", "--inventory", str(path), "--out", str(tmp_path / "base"), "-o", "name")
    assert taken.code == 1
    assert len(taken.out.split()) == 6
    assert "gone: no baseline: gone was never read" in taken.err
    assert not (tmp_path / "base" / "gone").exists()


@pytest.mark.alone
@pytest.mark.mesh
def test_an_alert_that_the_source_does_not_understand_is_refused_and_all_is_stopped(
    cli: Cli, network: Network, tmp_path: Path
) -> None:
    body = written(tmp_path, {"source": "nobody", "body": {"a": 1}})
    found = cli("diagnose", "--inventory", str(network.inventory), "--alert", str(body))
    assert (found.code, found.out) == (4, "") or found.code == 2, found.err
    assert children() == []


@pytest.mark.alone
@pytest.mark.mesh
def test_a_diagnosis_that_takes_too_long_ends_with_six(cli: Cli, network: Network, tmp_path: Path) -> None:
    quiet = {"status": "resolved", "alerts": [{"status": "resolved", "labels": {"alertname": "x"}}]}
    found = cli(
        "diagnose", "--inventory", str(network.inventory), "--alert", str(written(tmp_path, quiet)), "--timeout", "1"
    )
    assert (found.code, found.out) == (6, "")
    assert "opened no incident" in found.err
    assert children() == []


@pytest.mark.alone
@pytest.mark.mesh
def test_a_wrong_inventory_is_refused_before_anything_starts(cli: Cli, tmp_path: Path) -> None:
    path = written(tmp_path, "version: 1\ndevices: [{name: r1, platform: ffr}]\n", "bad.yaml")
    for words in (
        ("baseline", "--out", str(tmp_path / "base")),
        ("diagnose", "--alert", str(written(tmp_path, FIRING))),
    ):
        found = cli(words[0], "--inventory", str(path), *words[1:])
        assert found.code == 2
        assert "bad.yaml:2: devices[0].platform: expected 'frr'" in found.err


@pytest.mark.alone
@pytest.mark.mesh
def test_ctrl_c_stops_all_that_it_started(network: Network, tmp_path: Path) -> None:
    quiet = {"status": "resolved", "alerts": [{"status": "resolved", "labels": {"alertname": "x"}}]}
    errors = tmp_path / "errors"
    words = ("--inventory", str(network.inventory), "--alert", str(written(tmp_path, quiet)))
    process = started("diagnose", *words, errors=errors)
    try:
        wait_for(lambda: "diagnosing" in errors.read_text() or process.poll() is not None)
        below = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert not [each for each in below if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


async def _stopped_mesh(stop: Stop) -> None:
    async with passing_mesh(Path("x.yaml"), stop):
        pass


@pytest.mark.parametrize(
    ("missing", "stopped", "kind"), [("the baseline of r1", False, PreconditionError), ("", True, TooLateError)]
)
async def test_a_mesh_that_does_not_become_ready_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str, stopped: bool, kind: Any
) -> None:
    from nocmesh.cli import passing

    class Running:
        class mesh:
            class supervisor:
                hurry = staticmethod(lambda: None)

            class endpoint:
                http = "http://127.0.0.1:1"

    @asynccontextmanager
    async def prepared(settings: Any, *_: Any) -> AsyncIterator[Any]:
        logs = settings.data / "logs"
        logs.mkdir(parents=True)
        (logs / "bridge.log").write_text("warning r1 is odd\n")
        (logs / "core.log").write_text("")
        yield Running

    async def never(*_: Any) -> str:
        return missing

    monkeypatch.setattr(passing, "prepared_mesh", prepared)
    monkeypatch.setattr(passing, "ready", never)
    stop = Stop()
    if stopped:
        stop.event.set()
    with pytest.raises(kind):
        await _stopped_mesh(stop)
    assert "the last words of bridge" in capsys.readouterr().err


# --- what moved, on a mesh that runs


@pytest.mark.alone
@pytest.mark.mesh
def test_config_tells_what_moved_and_takes_it_for_normal_when_asked(cli: Cli, up: Up) -> None:
    def call(*words: str) -> Said:
        return cli("config", *words, "--data", str(up.data), "--user", "nina")

    same = call("diff", "isp2")
    assert (same.code, same.out) == (0, ""), same.err
    assert "nothing moved" in same.err
    up.ask(do="inject", fault="bgp_neighbor_shutdown")
    try:
        differing = [name for name in ("core1", "core2", "edge1", "edge2", "isp1") if call("diff", name).out]
        found = {name: call("diff", name, "-o", "json").json for name in differing}
        [broken] = [name for name, diff in found.items() if diff["diff"]]
        assert "shutdown" in found[broken]["diff"]
        assert "shutdown" in call("diff", broken).out
        assert call("versions", broken, "-o", "json").json["items"][0]["good"] is True
        accepted = call("accept", broken, "-o", "json")
        assert accepted.code == 0, accepted.err
        assert accepted.json["devices"] == {broken: 2}
        after = call("versions", broken, "-o", "json").json["items"]
        assert [version["good"] for version in after] == [False, True]
        assert call("diff", broken, "--from", "1", "--to", "2", "-o", "json").json["diff"] == found[broken]["diff"]
        assert call("diff", broken, "-o", "json").json["diff"] == ""
    finally:
        up.ask(do="heal")
    assert call("diff", "nowhere").code == 4
    assert call("diff", "isp2", "--from", "99").code == 4
    assert call("diff", "isp2", "--from", "running").code == 2
    assert call("accept", "nowhere").code == 1
    assert cli("config", "accept", "isp2", "--data", str(up.data)).code == 5


def test_a_report_needs_an_inventory_that_is_there(cli: Cli, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        alert_in(tmp_path / "none.json", NOW)
