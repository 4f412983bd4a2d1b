"""`device_probe` over real sessions: what is asked is checked before anything is typed, and counted afterwards."""

from typing import Any

import pytest
from bridges.platforms.test_probes import IPUTILS, SNMP
from bridges.ssh.test_asking import R1, doors

from nocmesh.errors import InvalidInputError
from nocmesh.messages.probe import ProbeResult
from nocmesh.network import Device
from nocmesh_bridges.platforms.probes import COUNTERS, Wish
from nocmesh_bridges.ssh.probing import MOST, Prober, wish_of

pytestmark = pytest.mark.real

PING = "ping -c 4 -i 0.02 -W 1 10.0.0.2"
SLOW = "ping -c 4 -i 0.2 -W 1 10.0.0.2"
COUNTED = SNMP.format(headers=0, icmp=0, ip=3)


class Known:
    def device(self, arguments: dict[str, Any]) -> Device:
        return R1


async def test_a_router_is_probed_through_its_shell_and_what_it_printed_is_recorded() -> None:
    async with doors(shell={"answers": {PING: IPUTILS}}) as router:
        answer = await Prober(Known(), router.asker).tools["device_probe"]({"target": "10.0.0.2", "count": 4})
        assert router.cli.typed == []
    [output] = answer["outputs"]
    assert (output["command"], output["door"]) == (PING, "shell")
    assert answer["probe"]["quote"]["text"] in output["text"]
    assert (answer["probe"]["sent"], answer["probe"]["received"]) == (4, 3)


async def test_damaged_packets_are_counted_around_the_probe() -> None:
    async with doors(shell={"answers": {PING: IPUTILS, COUNTERS: COUNTED}}) as router:
        result, outputs = await Prober(Known(), router.asker).result(
            R1, Wish(target="10.0.0.2", count=4), counters=True
        )
    assert [output.command for output in outputs] == [COUNTERS, PING, COUNTERS]
    assert (result.lost, result.checksum_errors) == (1, {})


async def test_a_system_that_finds_it_too_fast_is_asked_slowly() -> None:
    fast = "ping: cannot flood; minimal interval allowed for user is 200ms\n"
    async with doors(shell={"answers": {PING: fast, SLOW: IPUTILS}}) as router:
        result, outputs = await Prober(Known(), router.asker).result(R1, Wish(target="10.0.0.2", count=4))
    assert ([output.command for output in outputs], result.sent) == ([SLOW], 4)


async def test_a_router_without_a_bounded_way_is_not_asked() -> None:
    async with doors() as router:
        lone = Device(name="r9", platform="frr", address="127.0.0.1")
        result, outputs = await Prober(Known(), router.asker).result(lone, Wish(target="10.0.0.2"))
    assert (result, outputs) == (ProbeResult(target="10.0.0.2", status="unasked"), [])


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"target": "r2"},
        {"target": "10.0.0.2; reboot"},
        {"target": "10.0.0.0/24"},
        {"target": "224.0.0.5"},
        {"target": "255.255.255.255"},
        {"target": "0.0.0.0"},
        {"target": "fe80::1%eth0;reboot"},
        {"target": ["10.0.0.2"]},
        {"target": "10.0.0.2", "count": 0},
        {"target": "10.0.0.2", "count": MOST + 1},
        {"target": "10.0.0.2", "count": True},
        {"target": "10.0.0.2", "count": "5"},
        {"target": "10.0.0.2", "size": 70_000},
        {"target": "10.0.0.2", "source": "lo"},
        {"target": "10.0.0.2", "kind": "flood"},
    ],
)
def test_what_is_no_fair_question_is_refused_with_what_was_expected(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=r"expected|must be|known"):
        wish_of(arguments)
