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
    DeviceBusyError,
    DeviceRejectedError,
    DeviceSilentError,
    DeviceUnreachableError,
    NotFoundError,
    PreconditionError,
)
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.pool import WAITING, DevicePool
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


async def test_a_slow_device_holds_up_nobody_else() -> None:
    slow, other = Nasty(hostname="slow", answers=ANSWERS, hang=frozenset({"show 0"})), Nasty(answers=ANSWERS)
    async with running(slow), running(other):
        pool = pool_of(slow, other, at_once=4)

        async def ask(name: str, number: int) -> str:
            async with pool.session(name) as session:
                return await session.show(f"show {number}")

        stuck = [asyncio.create_task(ask("slow", 0)) for _ in range(WAITING + 2)]
        await until(lambda: pool.stats()["slow"]["waiting"] == WAITING)
        async with asyncio.timeout(5):
            got = await asyncio.gather(*(ask("r1", n) for n in range(20)))
        assert got == [f"answer {n}" for n in range(20)]
        assert (pool.stats()["slow"]["in_use"], pool.stats()["slow"]["waiting"]) == (2, WAITING)
        with pytest.raises(DeviceBusyError, match=f"slow is busy: {WAITING} callers wait for it already; ask again"):
            await ask("slow", 1)
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)
        assert await ask("slow", 1) == "answer 1"
        await pool.close()


async def test_whoever_has_waited_long_enough_is_told_that_the_device_is_busy() -> None:
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device, target={"max_sessions": 1}, wait_seconds=0.05)
        async with pool.session("r1"):
            with pytest.raises(DeviceBusyError, match=r"no session came free within 0.05 s"):
                async with pool.session("r1"):
                    pass
        async with pool.session("r1") as session:
            assert await session.show("show 1") == "answer 1"
        await pool.close()


async def test_a_device_that_counts_logins_is_not_logged_in_to_more_often() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device, clock=clock, target={"logins_per_minute": 2}, idle_seconds=3600)
        async with pool.session("r1"), pool.session("r1"):
            pass
        async with pool.session("r1") as kept:
            assert await kept.show("show 1") == "answer 1", "what is open needs no login"
        await pool.renew("r1")
        clock.at += timedelta(seconds=20)
        with pytest.raises(DeviceBusyError, match="it takes 2 logins a minute, the next in 40 s; ask again"):
            async with pool.session("r1"):
                pass
        assert device.logins == 2
        clock.at += timedelta(seconds=39.99)
        async with pool.session("r1"):
            assert device.logins == 3
        await pool.close()


async def test_a_change_waits_for_its_login_as_long_as_it_must() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    async with running(Nasty(answers=ANSWERS)) as device:
        pool = pool_of(device, clock=clock, target={"logins_per_minute": 1})
        async with pool.session("r1"):
            pass

        async def change() -> None:
            async with pool.session("r1", single_use=True):
                pass

        task = asyncio.create_task(change())
        await until(lambda: pool.stats()["r1"]["in_use"] == 1)
        done, _ = await asyncio.wait({task}, timeout=0.05)
        assert (done, device.logins) == (set(), 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await pool.close()


async def test_more_sessions_may_be_kept_than_are_lent_at_once() -> None:
    devices = [Nasty(hostname=f"r{n}", answers=ANSWERS) for n in (1, 2, 3)]
    async with running(devices[0]), running(devices[1]), running(devices[2]):
        pool = pool_of(*devices, limit=10, at_once=1)

        async def ask(name: str) -> str:
            async with pool.session(name) as session:
                assert sum(held["in_use"] for held in pool.stats().values()) == 1
                return await session.show("show 3")

        for _ in range(2):
            assert await asyncio.gather(*(ask(f"r{n}") for n in (1, 2, 3))) == ["answer 3"] * 3
        assert [device.logins for device in devices] == [1, 1, 1]
        await pool.close()
