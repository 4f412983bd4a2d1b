"""Permissions: what each role may do with its own key on a real broker, compared with the tables, attempt by attempt.

What is allowed is stated here anew, from the table of subjects and the plan; the templates are not asked.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from nocmesh.bus import Authority
from nocmesh.bus.link import Link
from nocmesh.bus.plan import STREAM_ZONES, load_plan
from nocmesh.bus.rights import ROLES, zones_of
from nocmesh.errors import BusError, DeniedError, NotFoundError
from nocmesh.proving.broker import MeshFor, shared_broker
from nocmesh.subjects import SUBJECTS, TRUSTED, Subject, Zone

pytestmark = pytest.mark.mesh

PLACE = re.compile(r"<(\w+)>")
PLAN = load_plan()
NAME, TYPE = "perm-1", "permtype"
AGENTS = ("agent", "monitor")
OUTSIDERS = ("publisher", "subscriber")
HOLDERS = {f"KV_{name}": bucket for name, bucket in PLAN.buckets.items()}
HOLDERS |= {f"OBJ_{name}": store for name, store in PLAN.objects.items()}
STREAMS = {**STREAM_ZONES, **{name: holder.zone for name, holder in HOLDERS.items()}}
DURABLES = [*PLAN.all_consumers(), PLAN.task_consumer(TYPE), PLAN.task_consumer("newtype")]

STREAM_VERBS = ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "MSG.GET", "SNAPSHOT", "RESTORE", "PEER.REMOVE")
CONSUMER_VERBS = ("DELETE", "PAUSE", "RESET", "UNPIN", "LEADER.STEPDOWN", "DURABLE.CREATE")
FORBIDDEN = (
    "$JS.API.INFO",
    "$JS.API.STREAM.CREATE.X",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.RESTORE.X",
    "$JS.API.STREAM.TEMPLATE.CREATE.X",
    "$JS.API.META.LEADER.STEPDOWN",
    "$JS.API.SERVER.REMOVE",
    "$JS.API.ACCOUNT.PURGE.X",
    "$JS.API.ACCOUNT.STREAM.MOVE.X.AUDIT",
    "$JS.FC.AUDIT.audit.x",
    "$JS.SNAPSHOT.RESTORE.X.x",
    "$JS.SNAPSHOT.ACK.AUDIT.x",
    "$JS.EVENT.ADVISORY.API",
    "$JSC.R.x",
    "$KV.made_up.key",
    "$O.made_up.C.x",
    "$SYS.REQ.SERVER.PING",
    "$SYS.REQ.ACCOUNT.X.CLAIMS.UPDATE",
    "$SYS.ACCOUNT.x",
    "_INBOX.somebody.else",
    "_INBOX.other-1.x",
    f"_INBOX.{NAME}.x",
    "_R_.x",
    "anything.else",
)
DEAF = (
    ">", "*", "ai.>", "ai.*.>", "$JS.>", "$JS.EVENT.ADVISORY.>", "$JS.API.>", "$JS.ACK.>", "$KV.>", "$O.>", "$SYS.>",
    "_INBOX.>", "_INBOX.*", "_INBOX.*.>", "_INBOX.other-1.>", "_INBOX.perm-2.>",
)  # fmt: skip
"""What nobody may listen to."""


@pytest.fixture(scope="module")
def nats_url(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of our own: these tests publish noise on every subject."""
    with shared_broker(authority, tmp_path_factory.mktemp("permissions")) as url:
        yield url


# --- what the tables say


def concrete(row: Subject, *, own: bool) -> str:
    """The row with the role's own name and type in it, or with somebody else's."""
    mine = {"agent_id": NAME, "type": TYPE} if own else {"agent_id": "other-1", "type": "othertype"}
    return PLACE.sub(lambda m: mine.get(m[1], "x"), row.pattern)


def may_say(role: str, row: Subject, *, own: bool) -> bool:
    bound = not row.addressed and bool({"agent_id", "type"} & set(PLACE.findall(row.pattern)))
    return role in row.writers and (own or not bound)


def may_hear(role: str, row: Subject, *, own: bool) -> bool:
    kept = row.stream is not None and role not in OUTSIDERS
    return role in row.readers and not kept and (own or not row.addressed)


def reads(role: str, stream: str) -> bool:
    """By direct get: a trusted role also what it writes itself; agents take tasks from their own consumer alone."""
    if stream in HOLDERS:
        return role in HOLDERS[stream].readers + HOLDERS[stream].writers
    if role in AGENTS and stream == "TASKS":
        return False
    rows = [row for row in SUBJECTS if row.stream == stream]
    return any(role in row.readers or (role in TRUSTED and role in row.writers) for row in rows)


def follows(role: str, stream: str) -> bool:
    """By consumers of its own making."""
    if role not in TRUSTED or not reads(role, stream):
        return False
    rows = [row for row in SUBJECTS if row.stream == stream]
    return stream in HOLDERS or any(role in row.readers or row.writers == (role,) for row in rows)


def owns(role: str, stream: str, durable: str) -> bool:
    if stream == "TASKS" and role in AGENTS:
        return durable == TYPE
    return any(each.role == role for each in DURABLES if (each.stream, each.durable) == (stream, durable))


def makes(role: str, stream: str, durable: str) -> bool:
    """A consumer of this name on a stream that it follows: never one that is another's."""
    planned = any((each.stream, each.durable) == (stream, durable) for each in PLAN.all_consumers())
    others = planned and not owns(role, stream, durable) and not (role == "orchestrator" and stream == "TASKS")
    return follows(role, stream) and not others


def said(role: str, zone: Zone) -> dict[str, bool]:
    """Every subject of every table that could be published on in ``zone``, and whether ``role`` may."""
    wanted: dict[str, bool] = dict.fromkeys(FORBIDDEN, False)
    for row in SUBJECTS:
        for own in (True, False):
            subject = concrete(row, own=own)
            wanted[subject] = wanted.get(subject, False) or (row.zone is zone and may_say(role, row, own=own))
    for name, holder in HOLDERS.items():
        prefix = name.replace("KV_", "$KV.").replace("OBJ_", "$O.")
        writes = holder.zone is zone and role in holder.writers
        wanted |= dict.fromkeys((f"{prefix}.key", f"{prefix}.C.x", f"{prefix}.M.x"), writes)
    for stream, where in STREAMS.items():
        wanted |= {f"$JS.{word}": where is zone and allowed for word, allowed in api(role, stream).items()}
    wanted |= dict.fromkeys(("$SRV.PING", "$SRV.INFO.x", "$SRV.STATS.x.y"), role in TRUSTED)
    return wanted


def api(role: str, stream: str) -> dict[str, bool]:
    """Every operation on ``stream`` and its consumers."""
    out = dict.fromkeys((f"API.STREAM.{verb}.{stream}" for verb in (*STREAM_VERBS, "LEADER.STEPDOWN")), False)
    out |= {f"API.CONSUMER.{verb}.{stream}": False for verb in ("NAMES", "LIST", "CREATE")}
    out |= {f"API.STREAM.INFO.{stream}": follows(role, stream)}
    out |= dict.fromkeys((f"API.DIRECT.GET.{stream}", f"API.DIRECT.GET.{stream}.ai.x"), reads(role, stream))
    durables = {each.durable for each in DURABLES if each.stream == stream} | {"follow-x"}
    for durable in durables:
        named, own = f"{stream}.{durable}", owns(role, stream, durable)
        out |= dict.fromkeys((f"API.CONSUMER.{verb}.{named}" for verb in CONSUMER_VERBS), False)
        made = makes(role, stream, durable)
        out |= dict.fromkeys((f"API.CONSUMER.CREATE.{named}", f"API.CONSUMER.CREATE.{named}.ai.x.y"), made)
        out |= {
            f"API.CONSUMER.MSG.NEXT.{named}": own or made,
            f"API.CONSUMER.INFO.{named}": own or follows(role, stream),
        }
        out |= {f"ACK.{named}.1.1.1.1.0": own}
    return out


def heard(role: str, zone: Zone) -> dict[str, bool]:
    """Every subject of every table that could be listened to in ``zone``, and whether ``role`` may."""
    wanted = dict.fromkeys(DEAF, False)
    for row in SUBJECTS:
        for own in (True, False):
            subject = concrete(row, own=own)
            wanted[subject] = wanted.get(subject, False) or (row.zone is zone and may_hear(role, row, own=own))
    serves = any(row.service and row.zone is zone and role in row.readers for row in SUBJECTS)
    return wanted | {"$SRV.PING": serves, f"_INBOX.{NAME}.>": True, f"_INBOX.{NAME}.x": True}


def said_by_probe() -> dict[str, bool]:
    """It sees how far everything has come, and no message."""
    wanted = dict.fromkeys({each for zone in Zone for each in said("probe", zone)}, False)
    seen = r"\$JS\.API\.(INFO|STREAM\.(NAMES|LIST)|STREAM\.INFO\.\w+|CONSUMER\.(NAMES|LIST)\.\w+)|\$SRV\..*"
    named = r"\$JS\.API\.CONSUMER\.INFO\.\w+\.[\w-]+"
    return {each: bool(re.fullmatch(f"{seen}|{named}", each)) for each in wanted}


def said_by_provisioner() -> dict[str, bool]:
    """All of JetStream and every bucket, and no subject."""
    wanted = {each for zone in Zone for each in said("provisioner", zone)}
    return {each: each.startswith(("$JS.API.", "$KV.", "$O.")) for each in wanted}


# --- what the broker says


@asynccontextmanager
async def linked(authority: Authority, url: str, role: str, zone: Zone) -> AsyncIterator[tuple[Link, set[str]]]:
    """A bare connection, and the subjects on which it was denied."""
    type_ = TYPE if role in AGENTS else ""
    link = await Link.open(url, zone, authority.issue(role, NAME, type=type_), lambda _: None)
    denied: set[str] = set()
    link._on_denied = lambda kind, subject: denied.add(f"{kind} {subject}")  # type: ignore[method-assign]
    yield link, denied
    await link.close()


async def denials(authority: Authority, url: str, role: str, zone: Zone, *, queue: str) -> set[str]:
    """What the broker denies of all that could be tried; a body that is no request keeps what is allowed harmless."""
    async with linked(authority, url, role, zone) as (link, denied):
        for subject in sorted(wanted_of(role, zone)[0]):
            await link.send(subject, b"!")
        for subject in sorted(wanted_of(role, zone)[1]):
            await link._client.subscribe(subject, queue=queue)
        await link.flush()
    return denied


def wanted_of(role: str, zone: Zone) -> tuple[dict[str, bool], dict[str, bool]]:
    if role == "probe":
        return said_by_probe(), heard(role, zone)
    if role == "provisioner":
        return said_by_provisioner(), heard(role, zone)
    return said(role, zone), heard(role, zone)


def test_the_matrix_is_large_enough_to_mean_something() -> None:
    sizes = [len(part) for role in ROLES for zone in zones_of(role) for part in wanted_of(role, zone)]
    assert sum(sizes) > 20_000
    for role in ROLES:
        allowed = [
            each for zone in zones_of(role) for part in wanted_of(role, zone) for each, may in part.items() if may
        ]
        assert allowed, role


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_do_what_the_tables_say_and_nothing_else(
    authority: Authority, nats_url: str, role: str
) -> None:
    for zone in zones_of(role):
        saying, hearing = wanted_of(role, zone)
        wanted = {f"publish {each.lower()}" for each, may in saying.items() if not may}
        wanted |= {f"subscription {each.lower()}" for each, may in hearing.items() if not may}
        for queue in ("", "q"):
            found = await denials(authority, nats_url, role, zone, queue=queue)
            assert sorted(wanted - found) == [], f"{role} may do in {zone} what no table says"
            assert sorted(found - wanted) == [], f"{role} may not do in {zone} what a table says"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_no_key_for_a_zone_where_it_has_nothing_to_do(authority: Authority, role: str) -> None:
    issued = authority.issue(role, f"zones-{role}", type=TYPE if role in AGENTS else "")
    assert set(issued.jwts) == set(zones_of(role))


async def test_after_all_of_it_everything_is_still_there(authority: Authority, nats_url: str) -> None:
    from nocmesh.bus import stored

    for zone in Zone:
        async with linked(authority, nats_url, "probe", zone) as (link, _):
            names = (await stored.call(link, "STREAM.NAMES"))["streams"]
            assert set(names) == {stream for stream, where in STREAMS.items() if where is zone}


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


def test_who_tells_people_writes_nothing_but_what_it_told_and_makes_no_consumer() -> None:
    """Stated once more, by hand: its process talks to half the internet."""
    assert zones_of("notify") == (Zone.CORE,)
    may = sorted(subject for subject, allowed in said("notify", Zone.CORE).items() if allowed)
    says = [each for each in may if not each.startswith("$JS.")]
    assert says == ["$KV.notified.C.x", "$KV.notified.M.x", "$KV.notified.key", "ai.dead.core.x"]
    owned = ("APPROVALS.notify", "INCIDENTS.notify", "DEVICE_RESULTS.notify")
    asks = {f"$JS.API.CONSUMER.{verb}.{each}" for each in owned for verb in ("INFO", "MSG.NEXT")}
    assert {each for each in may if each.startswith("$JS.API.CONSUMER")} == asks
    assert [subject for subject, allowed in heard("notify", Zone.CORE).items() if allowed] == [
        f"_INBOX.{NAME}.>",
        f"_INBOX.{NAME}.x",
    ]


def test_who_asks_netbox_answers_one_kind_of_call_and_touches_nothing_else() -> None:
    assert set(zones_of("netbox")) == {Zone.AGENTS, Zone.EDGE}
    says = {subject for zone in Zone for subject, allowed in said("netbox", zone).items() if allowed}
    own = {f"ai.{word}.{NAME}" for word in ("heartbeat", "metrics")}
    reads = {"$JS.API.DIRECT.GET.KV_inventory", "$JS.API.DIRECT.GET.KV_inventory.ai.x"}
    assert says == own | reads | {"ai.agents.register", "ai.agents.deregister"}
    assert [
        subject for subject, allowed in heard("netbox", Zone.EDGE).items() if allowed and "INBOX" not in subject
    ] == ["ai.inventory.changed"]
