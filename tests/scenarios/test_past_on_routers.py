"""On real routers: what they were like, what has moved since, and a diagnosis that knows the difference."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from nocmesh.baseline_files import read_snapshots
from nocmesh.cli.passing import passing_mesh
from nocmesh.cli.stopping import Stop
from nocmesh.lab.faults import injecting
from nocmesh.lab.faults.alerts import alert_of
from nocmesh.lab.lab import Lab
from nocmesh.lab.plan import Options

sys.path.append(str(Path(__file__).parents[1]))

from shared.lab.faulting import planned, standing

pytestmark = [pytest.mark.lab, pytest.mark.mesh, pytest.mark.timeout(300)]

FAULT, PLACE = "ospf_area_misconfiguration", "node/leaf2"


async def nocmesh(*words: str) -> tuple[int, str, str]:
    """A command as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "nocmesh.cli", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_routers_are_held_against_what_they_were(tmp_path: Path) -> None:
    plan = planned("clos", Options(igp="ospf", bgp="ibgp_rr", spines=2, leaves=2, hosts=1))
    async with standing(plan, tmp_path) as lab:
        inventory = tmp_path / "inventory.yaml"
        inventory.write_text(lab.inventory_yaml())
        await _taken(inventory, tmp_path / "base")
        moved = await _moved(lab, inventory)
        assert "ip ospf area 0.0.0.9" in moved["diff"]
        told = {each["what"]: each for each in moved["state_diff"]}
        assert any(each["what"].startswith("OSPF neighbour") and each["kind"] == "gone" for each in told.values())
        assert any("area" in each["fields"] for each in told.values())
        await _diagnosed(lab, inventory, tmp_path)


async def _taken(inventory: Path, base: Path) -> None:
    """Every router and host, every view that its platform has."""
    code, out, err = await nocmesh("baseline", "--inventory", str(inventory), "--out", str(base), "-o", "json")
    assert code == 0, err
    rows = {row["device"]: row for row in json.loads(out)["items"]}
    assert set(rows) == {"spine1", "spine2", "leaf1", "leaf2", "h1"}
    assert set(rows["leaf2"]["parsed"]) >= {"interfaces", "neighbors", "routes", "bgp", "ospf", "system", "config"}
    states = {snapshot.device: snapshot.state for snapshot in read_snapshots(base)}
    assert states["leaf2"] is not None
    assert states["leaf2"].ospf is not None
    assert len(states["leaf2"].ospf.neighbors) == 2


async def _moved(lab: Lab, inventory: Path) -> dict[str, Any]:
    """The fault comes while a mesh looks on: what it says has moved."""
    async with passing_mesh(inventory, Stop(), trust=True) as mesh:
        quiet = await mesh.client.get("/api/devices/{}/config/diff", "leaf2")
        assert quiet["diff"] == ""
        fault = await injecting.inject(lab, FAULT, PLACE)
        assert await injecting.becomes(lab, fault, shown=True)
        moved: dict[str, Any] = await mesh.client.get("/api/devices/{}/config/diff", "leaf2")
        return moved


async def _diagnosed(lab: Lab, inventory: Path, folder: Path) -> None:
    """The alert that monitoring would send, a baseline from before, and nobody to approve anything."""
    [fault] = [each for each in injecting.injected(lab) if each.fault_type == FAULT]
    alert = folder / "alert.json"
    alert.write_text(json.dumps({"source": "alertmanager", "body": alert_of(lab.plan, fault)}))
    base = ("--baseline", str(folder / "base"))
    code, out, err = await nocmesh("diagnose", "--inventory", str(inventory), "--alert", str(alert), *base)
    assert code == 0, err
    causes = [(cause["resource"], cause["fault_type"]) for cause in json.loads(out)["root_causes"]]
    assert (PLACE, FAULT) in causes
    assert await injecting.shows(lab, fault), "nobody has touched the routers"
