"""The tool against a real HTTP server that answers as NetBox does: pages, cache, refusals, and everything odd."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shared.netbox_server import TOKEN, Answer, NetBox, device, nested, said

from nocmesh.agent.toolbox import observed
from nocmesh.clock import FixedClock
from nocmesh.inventory_form import NetBoxEntry
from nocmesh.log import logger
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.session import ToolCall
from nocmesh.netbox import client_of
from nocmesh_bridges.netbox.cache import Cache
from nocmesh_bridges.netbox.lookup import TOOL, Lookup

pytestmark = pytest.mark.real


class Asking:
    """The tool, with a clock that can be moved."""

    def __init__(self, netbox: NetBox, *, seconds: float = 2.0) -> None:
        self.netbox = netbox
        self.clock = FixedClock(datetime(2026, 3, 1, tzinfo=UTC))
        self.cache = Cache(60)
        self.stale: list[str] = []
        client = client_of(NetBoxEntry(url=netbox.url), most_seconds=seconds)
        self.lookup = Lookup(client, self.cache, self.clock, logger(), lambda: self.stale)
        self.client = client

    async def ask(self, **arguments: Any) -> ToolReply:
        return await self.lookup.call(ToolRequest(tool=TOOL, call_id="c", arguments=arguments))

    async def rows(self, **arguments: Any) -> list[dict[str, Any]]:
        reply = await self.ask(**arguments)
        assert reply.status == "ok", reply.error
        rows: list[dict[str, Any]] = reply.content["rows"]
        return rows


@pytest.fixture
def asking(netbox: NetBox) -> Asking:
    return Asking(netbox)


async def test_devices_are_told_as_rows_over_all_pages_and_can_be_quoted(asking: Asking) -> None:
    reply = await asking.ask(what="devices", filters={"site": ["ams", "fra"]})
    observation = observed(ToolCall(call_id="c", tool=TOOL, arguments={}), reply)
    assert [row["name"] for row in observation.content["rows"]] == ["r1", "r2", "r3"]
    [output] = observation.outputs
    assert output.command == "netbox GET /api/dcim/devices/?site=ams&site=fra"
    assert '"name": "r3", "site": "fra"' in output.text
    assert len(output.text.splitlines()) == 3
    assert (reply.content["complete"], reply.content["cached"]) == (True, False)
    assert len(asking.netbox.asked) == 2  # the server's pages hold two


@pytest.mark.parametrize(
    ("what", "filters", "seen"),
    [
        ("interfaces", {"device": "r3"}, {"device": "device 3", "name": "eth0", "description": "spare"}),
        ("addresses", {"device": "r1"}, {"address": "10.0.0.1/24"}),
        ("cables", {"device": "r1"}, {"a": [11], "b": [12], "type": "cat6"}),
        ("circuits", {}, {"cid": "C-1", "provider": "carrier", "a": "ams"}),
        ("sites", {}, {"slug": "ams", "name": "Amsterdam"}),
    ],
)
async def test_every_list_can_be_asked(
    asking: Asking, what: str, filters: dict[str, str], seen: dict[str, Any]
) -> None:
    end = {"id": 1, "termination": nested(1, "ams")}
    asking.netbox.circuits = [{"id": 1, "cid": "C-1", "provider": nested(1, "carrier"), "termination_a": end}]
    asking.netbox.sites = [nested(1, "ams", name="Amsterdam")]
    [row] = await asking.rows(what=what, filters=filters)
    assert {key: row[key] for key in seen} == seen


async def test_what_is_cut_off_says_so_and_reads_no_further(asking: Asking) -> None:
    reply = await asking.ask(what="devices", limit=1)
    assert (len(reply.content["rows"]), reply.content["complete"]) == (1, False)
    assert "narrow the filters" in reply.content["note"]
    assert len(asking.netbox.asked) == 1


async def test_an_answer_is_kept_until_it_expires_or_its_subject_changes(asking: Asking) -> None:
    await asking.rows(what="sites")
    assert (await asking.ask(what="sites")).content["cached"]
    asking.clock.at += timedelta(seconds=61)
    assert not (await asking.ask(what="sites")).content["cached"]
    asking.netbox.sites = [nested(9, "new")]
    asking.cache.drop("site")
    assert [row["slug"] for row in await asking.rows(what="sites")] == ["new"]
    assert len(asking.netbox.asked) == 3


async def test_the_same_question_at_the_same_time_is_asked_once(asking: Asking) -> None:
    answers = await asyncio.gather(*(asking.rows(what="sites") for _ in range(20)))
    assert len(asking.netbox.asked) == 1
    assert all(answer == answers[0] for answer in answers)


async def test_where_the_mesh_differs_from_netbox_every_answer_says_so(asking: Asking) -> None:
    asking.stale = ["r9 is new in NetBox"]
    assert (await asking.ask(what="sites")).content["stale"] == ["r9 is new in NetBox"]


async def test_a_misspelt_filter_never_reaches_netbox(asking: Asking) -> None:
    reply = await asking.ask(what="devices", filters={"sit": "ams"})
    assert (reply.status, "did you mean 'site'" in reply.error) == ("error", True)
    assert asking.netbox.asked == []


async def test_an_answer_that_does_not_keep_to_a_filter_is_none(asking: Asking) -> None:
    asking.netbox.deaf = frozenset({"site"})
    reply = await asking.ask(what="devices", filters={"site": "ams"})
    assert (reply.status, "does not keep to the filter 'site'" in reply.error) == ("error", True)


Odd = Callable[[str, Any], Answer | None]


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        (lambda path, query: said(401, {"detail": f"Invalid token {TOKEN}"}), "refuses the token (401"),
        (lambda path, query: said(403, {"detail": "no permission"}), "give one that may read"),
        (lambda path, query: said(404, {}), "give the address of NetBox"),
        (lambda path, query: said(429, {"detail": "throttled"}), "ask again in a minute"),
        (lambda path, query: said(400, {"site": ["no such choice"]}), "does not take a filter"),
        (lambda path, query: said(502, {}), "look at its log"),
        (lambda path, query: (200, "text/html", f"<html>{TOKEN}".encode()), "no JSON"),
        (lambda path, query: said(200, {"results": [1]}), "expected a list of results"),
        (lambda path, query: said(200, {"results": [], "next": TOKEN}), "go round in a circle"),
        (lambda path, query: (200, "application/json", b"[" * 100_000), "no JSON"),
    ],
    ids=["401", "403", "404", "429", "400", "502", "html", "shape", "circle", "deep"],
)  # fmt: skip
async def test_what_goes_wrong_is_told_with_what_to_do_and_never_with_the_token(
    asking: Asking, odd: Odd, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asking.netbox.odd = odd
    reply = await asking.ask(what="sites")
    assert (reply.status, told in reply.error) == ("error", True), reply.error
    assert TOKEN not in f"{reply}{capsys.readouterr()}"
    asking.netbox.odd = lambda path, query: None
    assert (await asking.ask(what="sites")).status == "ok"  # an error is not kept


async def test_a_server_that_repeats_the_token_in_its_objects_tells_it_to_nobody(asking: Asking) -> None:
    asking.netbox.sites = [nested(1, TOKEN)]
    assert TOKEN not in f"{await asking.ask(what='sites')}"


async def test_netbox_is_not_waited_for_longer_than_the_bound(netbox: NetBox) -> None:
    held = threading.Event()
    netbox.odd = lambda path, query: (held.wait(5), None)[1]
    try:
        reply = await Asking(netbox, seconds=0.2).ask(what="sites")
    finally:
        held.set()
    assert (reply.status, "no answer within 0.2 s" in reply.error) == ("error", True)


async def test_a_list_that_never_ends_is_given_up_in_time(asking: Asking) -> None:
    asking.netbox.devices = [device(number, f"r{number}", None) for number in range(1, 900)]
    asking.netbox.page = 1

    def slow(path: str, query: Any) -> None:
        asking.clock.at += timedelta(seconds=1)

    asking.netbox.odd = slow
    reply = await asking.ask(what="devices", limit=1000)
    assert (reply.status, "not read within 12 s" in reply.error) == ("error", True)


async def test_an_answer_that_could_not_be_carried_is_an_error(asking: Asking) -> None:
    asking.netbox.page = 1000
    asking.netbox.sites = [nested(number, f"{'x' * 190}{number}", description="y" * 190) for number in range(1000)]
    reply = await asking.ask(what="sites", limit=1000)
    assert (reply.status, "ask with a smaller limit" in reply.error) == ("error", True)
