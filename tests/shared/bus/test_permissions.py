"""Permissions: what each role may publish and hear, tried on a real broker and compared with the table of subjects."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from nocmesh.bus import Authority
from nocmesh.bus.link import Link
from nocmesh.bus.rights import ROLES, zones_of
from nocmesh.errors import BusError, DeniedError, NotFoundError
from nocmesh.proving.broker import MeshFor, shared_broker
from nocmesh.subjects import SUBJECTS, TRUSTED, Subject, Zone

pytestmark = pytest.mark.mesh

PLACE = re.compile(r"<(\w+)>")
NAME, TYPE = "perm-1", "permtype"
FORBIDDEN = (
    "$JS.API.STREAM.CREATE.X",
    "$JS.API.STREAM.DELETE.AUDIT",
    "$JS.API.STREAM.PURGE.JOURNAL",
    "$JS.API.STREAM.UPDATE.TASKS",
    "$JS.API.STREAM.MSG.DELETE.JOURNAL",
    "$JS.API.STREAM.MSG.GET.JOURNAL",
    "$JS.API.STREAM.SNAPSHOT.JOURNAL",
    "$JS.API.STREAM.RESTORE.X",
    "$JS.API.CONSUMER.DELETE.TASKS.bgp",
    "$JS.API.CONSUMER.PAUSE.TASKS.bgp",
    "$JS.API.ACCOUNT.PURGE.X",
    "$SYS.REQ.SERVER.PING",
    "$SYS.ACCOUNT.x",
    "_INBOX.somebody.else",
    "anything.else",
)


@pytest.fixture(scope="module")
def nats_url(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of our own: these tests publish noise on every subject."""
    with shared_broker(authority, tmp_path_factory.mktemp("permissions")) as url:
        yield url


def concrete(row: Subject, *, own: bool) -> str:
    """The row with the role's own name and type in it, or with somebody else's."""
    mine = {"agent_id": NAME, "type": TYPE} if own else {"agent_id": "other-1", "type": "othertype"}
    return PLACE.sub(lambda m: mine.get(m[1], "x"), row.pattern)


def expected_publish(role: str, row: Subject, *, own: bool) -> bool:
    bound = not row.addressed and bool({"agent_id", "type"} & set(PLACE.findall(row.pattern)))
    return role in row.writers and (own or not bound)


def expected_subscribe(role: str, row: Subject, *, own: bool) -> bool:
    kept = row.stream is not None and role not in ("publisher", "subscriber")
    return role in row.readers and not kept and (own or not row.addressed)


@asynccontextmanager
async def linked(authority: Authority, url: str, role: str, zone: Zone) -> AsyncIterator[tuple[Link, set[str]]]:
    """A bare connection, and the subjects on which it was denied."""
    type_ = TYPE if role in ("agent", "monitor") else ""
    link = await Link.open(url, zone, authority.issue(role, NAME, type=type_), lambda _: None)
    denied: set[str] = set()
    link._on_denied = lambda kind, subject: denied.add(f"{kind} {subject}")  # type: ignore[method-assign]
    yield link, denied
    await link.close()


async def tried(link: Link, denied: set[str], publish: set[str], subscribe: set[str]) -> set[str]:
    """What of it was denied."""
    for subject in sorted(publish):
        await link.send(subject, b"")
    for subject in sorted(subscribe):
        await link._client.subscribe(subject)
    await link.flush()
    return denied


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("provisioner", "probe")])
async def test_a_role_may_do_what_the_table_says_and_nothing_else(
    authority: Authority, nats_url: str, role: str
) -> None:
    for zone in zones_of(role):
        wanted: dict[str, bool] = {}
        for row in SUBJECTS:
            for own in (True, False):
                subject = concrete(row, own=own)
                allowed = row.zone is zone and expected_publish(role, row, own=own)
                wanted[f"publish {subject}"] = wanted.get(f"publish {subject}", False) or allowed
                heard = row.zone is zone and expected_subscribe(role, row, own=own)
                wanted[f"subscription {subject}"] = wanted.get(f"subscription {subject}", False) or heard
        wanted |= {f"publish {subject}": False for subject in FORBIDDEN}
        wanted |= {f"subscription {each}": False for each in (">", "_INBOX.>", "_INBOX.other-1.>", "$SYS.>", "ai.>")}
        async with linked(authority, nats_url, role, zone) as (link, denied):
            publish = {each.split(" ")[1] for each in wanted if each.startswith("publish")}
            subscribe = {each.split(" ")[1] for each in wanted if each.startswith("subscription")}
            found = await tried(link, denied, publish, subscribe)
        assert found == {each.lower() for each, allowed in wanted.items() if not allowed}, (role, zone)


def _api(role: str) -> dict[str, bool]:
    """JetStream rights in the AGENTS zone that matter, and who has them."""
    trusted = role in TRUSTED
    return {
        "CONSUMER.CREATE.SESSIONS.f.ai.agents.sessions.x.y": trusted,
        "CONSUMER.CREATE.TASKS.newtype.ai.tasks.assign.newtype": role == "orchestrator",
        "CONSUMER.MSG.NEXT.RESULTS.orchestrator": role == "orchestrator",
        f"CONSUMER.MSG.NEXT.TASKS.{TYPE}": role in ("agent", "monitor", "orchestrator"),
        "CONSUMER.MSG.NEXT.TASKS.bgp": role == "orchestrator",
        "DIRECT.GET.SESSIONS": role in ("agent", "monitor", "orchestrator", "incidents", "dashboard"),
        "DIRECT.GET.TASKS": role == "orchestrator",
    }


@pytest.mark.parametrize("role", ["agent", "orchestrator", "incidents", "dashboard", "bridge", "monitor"])
async def test_the_jetstream_api_is_as_narrow_as_the_role(authority: Authority, nats_url: str, role: str) -> None:
    wanted = _api(role)
    if role == "bridge":
        wanted = dict.fromkeys(wanted, False)
    if role in ("incidents", "dashboard"):
        wanted["CONSUMER.CREATE.SESSIONS.f.ai.agents.sessions.x.y"] = True
    async with linked(authority, nats_url, role, Zone.AGENTS) as (link, denied):
        found = await tried(link, denied, {f"$JS.API.{each}" for each in wanted}, set())
    assert found == {f"publish $js.api.{each.lower()}" for each, allowed in wanted.items() if not allowed}


async def test_an_agent_may_not_settle_the_tasks_of_another_type(mesh_for: MeshFor) -> None:
    agent = await mesh_for("agent", name="settle-1", type="isis")
    with pytest.raises(DeniedError):
        await agent.agents._link.request("$JS.ACK.TASKS.bgp.1.1.1.1.0", b"+TERM")


async def test_a_subscriber_reads_the_feed_and_says_nothing(mesh_for: MeshFor) -> None:
    from nocmesh.messages.incident import IncidentEvent

    subscriber = await mesh_for("subscriber")
    assert [x async for x in subscriber.ext.history("FEED", "ai.feed.>", IncidentEvent)] == []
    with pytest.raises(DeniedError):
        await subscriber.ext.publish("ai.feed.incidents.x", b"{}", id="x")


async def test_a_consumer_of_the_provisioner_is_no_longer_there_for_others(mesh_for: MeshFor) -> None:
    """The provisioner may do everything to streams, and nothing to subjects."""
    provisioner = await mesh_for("provisioner", name="prov-perm")
    with pytest.raises(DeniedError):
        await provisioner.core.publish("ai.workflows.journal.r", b"{}", id="x")
    with pytest.raises((DeniedError, NotFoundError, BusError)):
        await provisioner.core.publish("ai.approvals.decisions.r", b"{}", id="x")
