"""The pool: bounded, fair, and never lending what is no longer good."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from socket import socket
from typing import Any

import pytest
from bridges.ssh.nasty import Nasty, running, until

from nocmesh.clock import FixedClock
from nocmesh.errors import (
    DeviceRejectedError,
    DeviceSilentError,
    DeviceUnreachableError,
    NotFoundError,
    PreconditionError,
)
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.target import Target

pytestmark = pytest.mark.real

ANSWERS: dict[str, str | bytes] = {f"show {n}": f"answer {n}\n" for n in range(20)}


def pool_of(*devices: Nasty, clock: FixedClock | None = None, **options: Any) -> DevicePool:
    targets = [device.target(**options.pop("target", {})) for device in devices]
    clock = clock or FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    return DevicePool(targets, clock, host_keys=HostKeys(), **options)


async def test_twenty_callers_share_two_vtys_and_all_are_served() -> None:
    async with running(Nasty(answers=ANSWERS, max_sessions=2)) as device:
        pool = pool_of(device)

        async def ask(number: int) -> str:
            async with pool.session("r1") as session:
                return await session.show(f"show {number}")

        got = await asyncio.gather(*(ask(n) for n in range(20)))
        assert got == [f"answer {n}" for n in range(20)]
        assert device.most <= 2
        assert pool.stats()["r1"]["opened"] <= 2
        await pool.close()
        await until(lambda: device.sessions == 0)


async def test_fresh_sessions_count_towards_the_bound_too() -> None:
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device)

        async def ask(number: int) -> None:
            async with pool.session("r1", single_use=number % 2 == 0) as session:
                assert await session.show(f"show {number}") == f"answer {number}"

        await asyncio.gather(*(ask(n) for n in range(8)))
        await pool.close()
        assert device.most <= 3  # the device itself notices a closed session a moment later


async def test_a_change_session_is_fresh_and_not_lent_again() -> None:
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device)
        async with pool.session("r1") as first:
            pass
        async with pool.session("r1", single_use=True) as change:
            assert change is not first
            assert not first.alive
        assert not change.alive
        assert pool.stats()["r1"]["idle"] == 0
        await pool.close()


async def test_a_session_is_used_again_until_it_has_been_idle_too_long() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device, clock=clock)
        async with pool.session("r1") as first:
            pass
        async with pool.session("r1") as again:
            assert again is first
        clock.at += timedelta(seconds=59)
        await pool.sweep()
        assert pool.stats()["r1"]["idle"] == 1
        clock.at += timedelta(seconds=2)
        await pool.sweep()
        assert pool.stats()["r1"]["idle"] == 0
        assert not first.alive
        await pool.close()


async def test_the_pool_sweeps_by_itself() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device, clock=clock, idle_seconds=0.1)
        async with pool.session("r1"):
            pass
        clock.at += timedelta(seconds=1)
        await until(lambda: pool.stats()["r1"]["idle"] == 0)
        await pool.close()


async def test_a_session_that_broke_is_not_lent_again() -> None:
    async with running(Nasty(answers=ANSWERS, drop=frozenset({"show 1"}))) as device:
        pool = pool_of(device)
        with pytest.raises(Exception, match="closed the session"):
            async with pool.session("r1") as session:
                await session.show("show 1")
        async with pool.session("r1") as session:
            assert await session.show("show 2") == "answer 2"
        await pool.close()


async def test_a_kept_session_that_the_device_closed_is_replaced() -> None:
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device)
        async with pool.session("r1") as first:
            first._wire.abort()
            await until(lambda: first._wire.closed)
        async with pool.session("r1") as second:
            assert await second.show("show 2") == "answer 2"
        await pool.close()


async def test_an_error_of_the_command_keeps_the_session() -> None:
    async with running(Nasty(answers=ANSWERS, rejects=frozenset({"show x"}))) as device:
        pool = pool_of(device)
        with pytest.raises(DeviceRejectedError):
            async with pool.session("r1") as session:
                await session.show("show x")
        assert pool.stats()["r1"]["idle"] == 1
        await pool.close()


async def test_a_device_that_fails_is_left_alone_for_a_while_but_not_by_changes() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with running(Nasty(answers=ANSWERS, password="other")) as device:
        pool = pool_of(device, clock=clock, failures=2, pause=15)

        async def fails(match: str, **how: bool) -> None:
            with pytest.raises(DeviceUnreachableError, match=match):
                async with pool.session("r1", **how):
                    pass

        for _ in range(3):
            await fails("refused the login", background=True)
        assert not pool.stats()["r1"]["shut"], "nobody waited for these"
        await fails("refused the login")
        await fails("refused the login")
        await fails(r"opened no session \(times in a row: 2\); it is tried again in 15 s|in 16 s")
        assert pool.stats()["r1"]["shut"]
        await fails("refused the login", single_use=True)
        device.password = "cisco"
        clock.at += timedelta(seconds=16)
        async with pool.session("r1") as session:
            assert await session.show("show 1") == "answer 1"
        assert pool.stats()["r1"] == {
            "in_use": 0,
            "idle": 1,
            "waiting": 0,
            "opened": 1,
            "failures": 0,
            "shut": False,
        }
        await pool.close()


async def test_a_device_where_nobody_answers_is_tried_once_and_left_alone_after_that() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    with socket() as silent, ExitStack() as callers:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        port = silent.getsockname()[1]
        for _ in range(2):  # what the kernel answers by itself; who comes then, it lets wait
            caller = callers.enter_context(socket())
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        target = Target(name="r1", platform="cisco_iosxe", host="127.0.0.1", port=port, connect_timeout=0.2)
        pool = DevicePool([target], clock, pause=15)
        with pytest.raises(DeviceSilentError, match=rf"nobody answers at r1 at 127.0.0.1:{port}: check that it is up"):
            async with pool.session("r1"):
                pass
        with pytest.raises(DeviceUnreachableError, match=r"opened no session \(times in a row: 1\)"):
            async with pool.session("r1"):
                pass
        await pool.close()


async def test_the_limit_in_all_closes_what_is_idle_elsewhere() -> None:
    devices = [Nasty(hostname=f"r{n}", answers=ANSWERS) for n in (1, 2, 3)]
    async with running(devices[0]), running(devices[1]), running(devices[2]):
        pool = pool_of(*devices, limit=2)
        for name in ("r1", "r2", "r3", "r1"):
            async with pool.session(name) as session:
                assert await session.show("show 3") == "answer 3"
            assert sum(held["idle"] for held in pool.stats().values()) <= 2
        await pool.close()


async def test_a_cancelled_waiter_gives_its_place_back() -> None:
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device, target={"max_sessions": 1})

        async def ask() -> str:
            async with pool.session("r1") as session:
                return await session.show("show 1")

        async with pool.session("r1"):
            waiter = asyncio.create_task(ask())
            await until(lambda: pool.stats()["r1"]["waiting"] == 1)
            waiter.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiter
        assert pool.stats()["r1"]["waiting"] == 0
        assert await ask() == "answer 1"
        await pool.close()


async def test_an_unknown_device_is_answered_with_the_known_ones() -> None:
    pool = pool_of(Nasty(port=22))
    with pytest.raises(NotFoundError, match="known are: r1"):
        async with pool.session("r9"):
            pass
    await pool.close()


async def test_a_closed_pool_lends_nothing_and_takes_back_what_it_lent() -> None:
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device)
        async with pool.session("r1") as session:
            await pool.close()
            assert await session.show("show 1") == "answer 1"
        assert not session.alive
        with pytest.raises(PreconditionError):
            async with pool.session("r1"):
                pass


async def test_a_session_that_was_opened_while_a_daemon_was_away_is_not_kept() -> None:
    async with running(Nasty(answers={"show daemons": " zebra ospfd\n"})) as device:
        pool = pool_of(device, target={"platform": "frr"})
        async with pool.session("r1", single_use=True):
            pass
        device.answers["show daemons"] = " zebra\n"
        async with pool.session("r1") as blind:
            assert blind.parts == {"zebra"}
        device.answers["show daemons"] = " zebra ospfd\n"
        async with pool.session("r1") as whole:
            assert whole.parts == {"zebra", "ospfd"}
        async with pool.session("r1") as again:
            assert again is whole
        await pool.close()


async def test_what_is_gone_for_long_is_not_waited_for_and_an_old_session_is_looked_at_anew() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with running(Nasty(answers={"show daemons": " zebra ospfd\n"})) as device:
        pool = pool_of(device, clock=clock, target={"platform": "frr"}, idle_seconds=3600)
        async with pool.session("r1") as first:
            clock.at += timedelta(minutes=3)
        async with pool.session("r1") as second:
            assert second is not first, "it may miss what has come since"
        device.answers["show daemons"] = " zebra\n"
        clock.at += timedelta(minutes=11)
        async with pool.session("r1", single_use=True):
            pass
        async with pool.session("r1") as third:
            pass
        async with pool.session("r1") as fourth:
            assert fourth is third, "the daemon is no longer expected"
        await pool.close()


async def test_sessions_that_were_given_up_are_not_lent_again() -> None:
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device)
        async with pool.session("r1") as first:
            await pool.renew("r1")
            assert await first.show("show 1") == "answer 1"
        async with pool.session("r1") as second:
            assert second is not first
        await pool.renew("r1")
        async with pool.session("r1") as third:
            assert third is not second
        await pool.close()
