"""GET and WALK at a real snmpd: versions 1, 2c and 3, what fails, and where a walk ends."""

import asyncio

import pytest
from bridges.snmp.agents import Agent, free_udp_port, nina

from nocmesh.errors import DeviceError, DeviceSilentError, DeviceTimeoutError, DeviceUnreachableError
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.asking import Asker
from nocmesh_bridges.snmp.engine import Engine, Reply
from nocmesh_bridges.snmp.target import Target
from nocmesh_bridges.snmp.value import Value, VarBind

SYSTEM, NAME = "1.3.6.1.2.1.1", "1.3.6.1.2.1.1.5.0"


@pytest.fixture
def asker(engine: Engine) -> Asker:
    return Asker(engine, timeout=1.0, retries=1)


@pytest.mark.real
class TestARealAgent:
    @pytest.mark.parametrize("version", ["1", "2c"])
    async def test_with_a_community(self, agent: Agent, asker: Asker, version: str) -> None:
        [bind] = await asker.get(agent.target(version=version), [NAME])
        assert bind == VarBind(NAME, Value(v.STRING, b"r1"))
        assert bind.line == f"{NAME} = STRING: r1"

    @pytest.mark.parametrize("user", [nina(), nina("sha", "sha1")], ids=["sha256", "sha"])
    async def test_with_a_user(self, agent: Agent, asker: Asker, user: object) -> None:
        [bind] = await asker.get(agent.third(user), [NAME])  # type: ignore[arg-type]
        assert bind.value.words == "r1"

    @pytest.mark.parametrize("version", ["1", "2c"])
    async def test_an_object_that_is_not_there_is_told_beside_those_that_are(
        self, agent: Agent, asker: Asker, version: str
    ) -> None:
        missing = f"{SYSTEM}.99.0"
        binds = await asker.get(agent.target(version=version), [NAME, missing, f"{SYSTEM}.6.0"])
        assert [bind.value.kind for bind in binds] == [v.STRING, v.NO_SUCH_OBJECT, v.STRING]

    @pytest.mark.parametrize("how", ["1", "2c", "3"])
    async def test_a_walk_is_whole_and_keeps_to_its_subtree(self, agent: Agent, asker: Asker, how: str) -> None:
        target = agent.third(nina()) if how == "3" else agent.target(version=how)
        walked = await asker.walk(target, SYSTEM)
        assert walked.complete
        assert all(bind.oid.startswith(f"{SYSTEM}.") for bind in walked.varbinds)
        assert NAME in [bind.oid for bind in walked.varbinds]

    async def test_a_walk_that_ends_with_the_mib_is_whole(self, agent: Agent, asker: Asker) -> None:
        walked = await asker.walk(agent.target(community="narrow"), SYSTEM)
        assert walked.complete
        assert len(walked.varbinds) > 7

    async def test_a_walk_over_the_bound_says_that_there_is_more(self, agent: Agent, asker: Asker) -> None:
        walked = await asker.walk(agent.target(), SYSTEM, most=5)
        assert (len(walked.varbinds), walked.complete) == (5, False)

    async def test_a_wrong_community_is_silence_and_is_told_as_that(self, agent: Agent, engine: Engine) -> None:
        with pytest.raises(DeviceSilentError, match=r"community is wrong: version 2c does not tell"):
            await Asker(engine, timeout=0.3, retries=0).get(agent.target(community="other"), [NAME])

    @pytest.mark.parametrize(
        ("user", "why"),
        [
            (nina(password="another password"), "authentication password is wrong"),
            (nina(name="omar"), "knows no such user"),
            (nina("sha"), "authentication password is wrong"),
        ],
        ids=["password", "user", "algorithm"],
    )
    async def test_a_user_that_is_refused_is_told_why(self, agent: Agent, asker: Asker, user: object, why: str) -> None:
        with pytest.raises(DeviceUnreachableError, match=why):
            await asker.get(agent.third(user), [NAME])  # type: ignore[arg-type]

    async def test_many_requests_at_once_are_all_answered(self, agent: Agent, asker: Asker) -> None:
        told = await asyncio.gather(*(asker.get(agent.target(), [NAME]) for _ in range(20)))
        assert {bind.value.words for [bind] in told} == {"r1"}


@pytest.mark.real
async def test_nobody_there_is_silence(engine: Engine) -> None:
    target = Target(name="r9", host="127.0.0.1", port=free_udp_port(), community="public")
    with pytest.raises(DeviceSilentError, match=r"r9 does not answer SNMP at 127.0.0.1, UDP port \d+ \(asked 1 times"):
        await Asker(engine, timeout=0.2, retries=0).get(target, [NAME])


class Odd:
    """An engine whose device answers what a test says, request by request."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)

    async def after(self, *_: object) -> Reply:
        return self.replies.pop(0)

    get = after


def said(*oids: str) -> Reply:
    return Reply("", "noError", 0, [VarBind(oid, Value(v.INTEGER, 1)) for oid in oids])


def odd(*replies: Reply) -> Asker:
    return Asker(Odd(*replies))  # type: ignore[arg-type]


T = Target(name="r1", host="192.0.2.1")


async def test_a_device_that_falls_silent_in_the_midst_of_a_walk_leaves_nothing_that_looks_whole() -> None:
    asker = odd(said("1.3.6.1.2.1.1.1"), Reply("requestTimedOut", "", 0, []))
    with pytest.raises(DeviceTimeoutError, match="what it said before is not whole"):
        await asker.walk(T, "1.3.6.1.2.1.1")


@pytest.mark.parametrize("again", ["1.3.6.1.2.1.1.10", "1.3.6.1.2.1.1.9"], ids=["the same", "an earlier one"])
async def test_a_device_that_does_not_go_on_is_not_walked_for_ever(again: str) -> None:
    with pytest.raises(DeviceError, match="its agent does not go on"):
        await odd(said("1.3.6.1.2.1.1.9", "1.3.6.1.2.1.1.10"), said(again)).walk(T, "1.3.6.1.2.1.1")


async def test_oids_are_in_the_order_of_numbers_not_of_letters() -> None:
    walked = await odd(said("1.3.6.1.2.1.1.9", "1.3.6.1.2.1.1.10", "1.3.6.1.2.1.2.1")).walk(T, "1.3.6.1.2.1.1")
    assert [bind.oid for bind in walked.varbinds] == ["1.3.6.1.2.1.1.9", "1.3.6.1.2.1.1.10"]


async def test_an_empty_answer_is_no_end() -> None:
    with pytest.raises(DeviceError, match="not even that it ends"):
        await odd(said()).walk(T, "1.3.6.1.2.1.1")


async def test_an_answer_about_other_objects_is_refused() -> None:
    with pytest.raises(DeviceError, match="other objects"):
        await odd(said("1.3.6.1.2.1.1.6.0")).get(T, [NAME])
