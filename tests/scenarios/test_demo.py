"""`nocmesh demo`, as whoever tries the project first runs it."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = [pytest.mark.mesh, pytest.mark.alone]


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: list[str]
    err: str

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.out[-1])
        return report


async def demo(*arguments: str) -> Ended:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NOCMESH_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "nocmesh.cli", "demo", "--headless", "-o", "json", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(100):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode().splitlines(), err.decode())


async def test_the_demo_goes_from_alert_to_verified_fix() -> None:
    ended = await demo()
    assert ended.code == 0, ended.err
    assert len(ended.out) == 1
    report = ended.report
    assert (report["state"], report["verdict"]) == ("closed", "true_positive")
    causes = [(cause["resource"], cause["fault_type"]) for cause in report["root_causes"]]
    assert causes == [("node/core1", "bgp_asn_misconfig")]
    [proposal] = report["proposals"]
    assert proposal["device"] == "core1"
    assert proposal["commands"] == ["router bgp 65000", "neighbor 10.0.11.1 remote-as 65001"]
    assert proposal["rollback"] == ["router bgp 65000", "neighbor 10.0.11.1 remote-as 65010"]
    assert report["proposal"] == proposal
    assert (report["outcome"]["verification"], report["outcome"]["rolled_back"]) == ("passed", False)
    assert all(evidence["quote"] for cause in report["root_causes"] for evidence in cause["evidence"])
    assert "approved by nina, omar" in ended.err


async def test_the_demo_without_a_fault_and_with_another_one() -> None:
    """Side by side: two meshes on one machine do not disturb each other."""
    healthy, shut = await asyncio.gather(demo("--fault", "none"), demo("--fault", "interface_admin_down"))
    assert (healthy.code, shut.code) == (0, 0), healthy.err + shut.err
    assert (healthy.report["state"], healthy.report["verdict"]) == ("closed", "false_positive")
    assert healthy.report["root_causes"] == healthy.report["proposals"] == []
    assert healthy.report["outcome"] is None
    assert "APPLIED" not in healthy.err
    assert (shut.report["state"], shut.report["outcome"]["verification"]) == ("closed", "passed")
    causes = [(cause["resource"], cause["fault_type"]) for cause in shut.report["root_causes"]]
    assert causes == [("interface/core2/GigabitEthernet2", "interface_admin_down")]


async def test_an_unknown_fault_is_answered_with_the_known_ones() -> None:
    ended = await demo("--fault", "gremlins")
    assert (ended.code, ended.out) == (4, [])
    assert "'gremlins'" in ended.err
    assert "bgp_asn_misconfig" in ended.err
    assert "Traceback" not in ended.err
