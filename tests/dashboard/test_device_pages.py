"""Devices in the API: the list with each one's past, what it was like, and what has moved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from nocmesh.diagnosis.baseline import Book, Taken
from nocmesh.network import Device
from nocmesh_dashboard.devices import device_row

if TYPE_CHECKING:
    from dashboard.conftest import Board

pytestmark = pytest.mark.real

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
DEVICE = Device(name="r1", platform="frr", address="10.0.0.1", role="core", site="ams", core=True)
CATALOGUE = [{"name": name, "served_by": ["ssh-1"]} for name in ("config_diff", "device_baseline")]


def answered(board: Board, tool: str, **reply: Any) -> None:
    board.backend.catalogue = list(CATALOGUE)
    board.backend.tool_answers[tool] = {"status": "ok", "content": {}, "error": "", **reply}


def test_a_device_is_listed_with_what_is_known_of_its_past() -> None:
    taken = Taken(number=3, slot=0, at=NOON, until=NOON, why="start")
    row = device_row(DEVICE, Book(device="r1", at=NOON, good=3, versions=[taken]))
    assert (row["name"], row["core"], row["reading"], row["baseline"], row["latest"]) == ("r1", True, "ok", 3, 3)
    assert row["seen_at"] == NOON
    bare = device_row(DEVICE, None)
    assert (bare["reading"], bare["baseline"], bare["latest"], bare["seen_at"]) == ("not tried", 0, 0, None)


async def test_the_list_is_a_list(board: Board) -> None:
    board.backend.inventory = [device_row(DEVICE, None)]
    async with board.client("vera") as client:
        listed = (await client.get("/api/devices")).json()
    assert [row["name"] for row in listed["items"]] == ["r1"]
    assert listed["next"] is None


async def test_a_viewer_may_ask_what_moved(board: Board) -> None:
    answered(board, "config_diff", content={"device": "r1", "diff": "-a\n+b", "equal": False})
    async with board.client("vera") as client:
        found = await client.get("/api/devices/r1/config/diff", params={"from": "2", "to": "latest"})
    assert (found.status_code, found.json()["equal"]) == (200, False)
    assert board.backend.asked == [("tool", ("vera", "config_diff", {"device": "r1", "from": "2", "to": "latest"}))]


async def test_what_is_not_named_is_left_to_the_tool(board: Board) -> None:
    answered(board, "config_diff")
    async with board.client() as client:
        await client.get("/api/devices/r1/config/diff")
    assert board.backend.asked == [("tool", ("nina", "config_diff", {"device": "r1"}))]


async def test_a_baseline_is_configuration_state_and_versions(board: Board) -> None:
    content = {
        "outputs": [{"command": "device_baseline r1 baseline", "text": "hostname r1\n"}],
        "state": {"device": "r1", "platform": "frr"},
        "taken": {"number": 1},
        "good": 1,
        "versions": [],
    }
    answered(board, "device_baseline", content=content)
    async with board.client() as client:
        found = (await client.get("/api/devices/r1/baseline")).json()
    assert (found["device"], found["config"], found["taken"]) == ("r1", "hostname r1\n", {"number": 1})
    assert "outputs" not in found


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ({"status": "error", "error": "no device 'r9'", "content": {"kind": "NotFoundError"}}, 404),
        ({"status": "error", "error": "'from' is odd", "content": {"kind": "InvalidInputError"}}, 422),
        ({"status": "error", "error": "half a configuration", "content": {"kind": "DeviceError"}}, 409),
        ({"status": "unreachable", "error": "no route"}, 503),
    ],
)
async def test_what_goes_wrong_has_its_status_and_its_reason(board: Board, reply: Any, status: int) -> None:
    answered(board, "config_diff", **reply)
    async with board.client() as client:
        found = await client.get("/api/devices/r1/config/diff")
    assert (found.status_code, found.json()["error"]) == (status, reply["error"])
