"""Probes: what is typed for them passes the guard, and what comes back is counted, or called not understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.messages.probe import ProbeResult
from nocmesh.messages.state import Output
from nocmesh_bridges.platforms.probes import COUNTERS, Wish, counted, counters_ask, probe_ask, probed, too_fast
from nocmesh_bridges.ssh.guard import check_show

IPUTILS = """PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.
64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.281 ms
64 bytes from 10.0.0.2: icmp_seq=3 ttl=64 time=0.060 ms
64 bytes from 10.0.0.2: icmp_seq=4 ttl=64 time=0.057 ms

--- 10.0.0.2 ping statistics ---
4 packets transmitted, 3 received, 25% packet loss, time 171ms
rtt min/avg/max/mdev = 0.057/0.113/0.281/0.097 ms
"""
SILENT = """PING 10.0.0.6 (10.0.0.6) 56(84) bytes of data.

--- 10.0.0.6 ping statistics ---
5 packets transmitted, 0 received, 100% packet loss, time 204ms

"""
REFUSED = """PING 10.9.0.6 (10.9.0.6) 56(84) bytes of data.
From 10.0.0.1 icmp_seq=1 Destination Host Unreachable
From 10.0.0.1 icmp_seq=2 Destination Host Unreachable

--- 10.9.0.6 ping statistics ---
3 packets transmitted, 0 received, +2 errors, 100% packet loss, time 2030ms
pipe 3
"""
DAMAGED = """PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.
64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.2 ms (BAD CHECKSUM!)
64 bytes from 10.0.0.2: icmp_seq=2 ttl=64 time=0.2 ms

--- 10.0.0.2 ping statistics ---
2 packets transmitted, 1 received, +1 corrupted, 50% packet loss, time 1ms
rtt min/avg/max/mdev = 0.200/0.200/0.200/0.000 ms
"""
BUSYBOX = """PING 10.0.0.1 (10.0.0.1): 56 data bytes
64 bytes from 10.0.0.1: seq=1 ttl=64 time=0.098 ms

--- 10.0.0.1 ping statistics ---
2 packets transmitted, 1 packets received, 50% packet loss
round-trip min/avg/max = 0.073/0.085/0.098 ms
"""
JUNOS = """PING 10.0.0.1 (10.0.0.1): 56 data bytes
64 bytes from 10.0.0.1: icmp_seq=0 ttl=64 time=0.798 ms
64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.773 ms

--- 10.0.0.1 ping statistics ---
2 packets transmitted, 2 packets received, 0% packet loss
round-trip min/avg/max/stddev = 0.773/0.785/0.798/0.012 ms
"""
IOS = """Type escape sequence to abort.
Sending 5, 100-byte ICMP Echos to 10.0.0.1, timeout is 1 seconds:
.!!!!
Success rate is 80 percent (4/5), round-trip min/avg/max = 1/2/4 ms
"""
SNMP = """Ip: Forwarding DefaultTTL InReceives InHdrErrors
Ip: 1 64 900 {headers}
Icmp: InMsgs InErrors InCsumErrors InDestUnreachs
Icmp: 100 0 {icmp} 0
TcpExt: SyncookiesSent SyncookiesRecv
TcpExt: 0 0
IpExt: InNoRoutes InTruncatedPkts InCsumErrors InNoECTPkts
IpExt: 0 0 {ip} 77
"""


def result(text: str, **more: object) -> ProbeResult:
    return probed(Wish(target="10.0.0.2"), Output(command="ping", text=text, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "sent", "received", "first_lost", "lost"),
    [
        pytest.param(IPUTILS, 4, 3, False, 1, id="iputils"),
        pytest.param(SILENT, 5, 0, True, 4, id="nobody-answers"),
        pytest.param(REFUSED, 3, 0, True, 2, id="refused"),
        pytest.param(BUSYBOX, 2, 1, True, 0, id="busybox-warming-up"),
        pytest.param(JUNOS, 2, 2, False, 0, id="junos"),
        pytest.param(IOS, 5, 4, True, 0, id="ios-warming-up"),
        pytest.param(IOS.replace(".!!!!", "!!.!!"), 5, 4, False, 1, id="ios-loses-one"),
    ],
)
def test_what_was_lost_is_counted_and_the_first_is_not_held_against_the_link(
    text: str, sent: int, received: int, first_lost: bool, lost: int
) -> None:
    found = result(text)
    assert (found.status, found.sent, found.received) == ("parsed", sent, received)
    assert (found.first_lost, found.lost) == (first_lost, lost)
    assert found.quote is not None
    assert found.quote.text in text


def test_times_are_read() -> None:
    found = result(IPUTILS)
    assert (found.rtt_min, found.rtt_avg, found.rtt_max) == (0.057, 0.113, 0.281)
    assert result(IOS).rtt_avg == 2.0
    assert result(SILENT).rtt_avg is None


def test_answers_that_came_back_otherwise_are_told() -> None:
    assert result(DAMAGED).damaged == 1
    assert result(IPUTILS + "wrong data byte #16 should be 0x10 but was 0xff\n").damaged == 1


def test_what_is_answered_instead_is_told_once() -> None:
    assert result(REFUSED).refusals == ["Destination Host Unreachable"]
    nowhere = result("ping: connect: Network is unreachable\n")
    assert (nowhere.status, nowhere.sent, nowhere.refusals) == ("parsed", 0, ["Network is unreachable"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10 packets",
        "5 packets transmitted, 6 received, 0% packet loss, time 1ms",
        IPUTILS + SILENT,
        "Success rate is 120 percent (6/5)",
        IPUTILS.replace("4 packets", "9" * 40 + " packets"),
    ],
)
def test_counts_that_cannot_be_are_not_understood(text: str) -> None:
    found = result(text)
    assert (found.status, found.sent, found.received) == ("unparsed", None, None)


def test_a_command_that_is_not_there_is_rejected() -> None:
    assert result("sh: 1: ping: not found\n").status == "rejected"
    assert result("% Invalid input detected at '^' marker.\n").status == "rejected"
    assert result("", status="unasked").status == "unasked"


TRACE = """traceroute to 10.100.1.11 (10.100.1.11), 12 hops max, 60 byte packets
 1  10.100.0.1  0.123 ms
 2  *
 3  10.0.0.10  0.222 ms !H
"""
IOS_TRACE = """Type escape sequence to abort.
Tracing the route to 10.0.0.9
VRF info: (vrf in name/id, vrf out name/id)
  1 r2.example.net (10.0.0.2) 4 msec
  2  *
"""


def traced(text: str) -> ProbeResult:
    return probed(Wish(kind="traceroute", target="10.100.1.11"), Output(command="traceroute", text=text))


def test_hops_are_read_with_those_that_keep_silent() -> None:
    hops = traced(TRACE).hops
    assert [(hop.ttl, hop.address, hop.refusal) for hop in hops] == [
        (1, "10.100.0.1", ""),
        (2, "", ""),
        (3, "10.0.0.10", "!H"),
    ]
    assert hops[0].milliseconds == 0.123
    assert [hop.address for hop in traced(IOS_TRACE).hops] == ["10.0.0.2", ""]


@pytest.mark.parametrize("text", ["", " 2  10.0.0.1  1 ms\n", TRACE.replace(" 2 ", " 7 "), "bash: traceroute"])
def test_hops_with_holes_are_not_understood(text: str) -> None:
    assert traced(text).status == "unparsed"


def test_damage_is_what_the_counters_rose_by() -> None:
    before, after = (Output(command=COUNTERS, text=SNMP.format(headers=h, icmp=0, ip=i)) for h, i in ((0, 3), (7, 10)))
    found = counted(result(SILENT), before, after)
    assert found.checksum_errors == {"ip": 7}
    assert [quote.text for quote in found.checksum_quotes] == [
        "IpExt: InNoRoutes InTruncatedPkts InCsumErrors InNoECTPkts\nIpExt: 0 0 10 77"
    ]
    assert all(quote.text in after.text for quote in found.checksum_quotes)
    assert counted(result(SILENT), after, after).checksum_errors == {}


@pytest.mark.parametrize("torn", ["", "IpExt:", "IpExt: InCsumErrors\n\nIpExt: x", "IpExt: InCsumErrors\nIpExt: ²"])
def test_counters_that_cannot_be_read_say_nothing(torn: str) -> None:
    whole = Output(command=COUNTERS, text=SNMP.format(headers=0, icmp=0, ip=0))
    assert counted(result(SILENT), Output(command=COUNTERS, text=torn), whole).checksum_errors is None


def test_older_systems_say_that_it_is_too_fast() -> None:
    assert too_fast(Output(command="x", text="ping: cannot flood; minimal interval allowed for user is 200ms\n"))


@pytest.mark.parametrize("platform", ["linux", "cisco_iosxe", "arista_eos", "juniper_junos", "frr"])
@pytest.mark.parametrize("shell", [True, False])
@pytest.mark.parametrize("kind", ["ping", "traceroute"])
def test_what_is_typed_passes_the_guard_and_is_bounded(platform: str, shell: bool, kind: str) -> None:
    wish = Wish(kind=kind, target="10.0.0.2", count=99, size=1400, source="10.0.0.1")  # type: ignore[arg-type]
    ask = probe_ask(platform, wish, shell=shell)
    if platform == "frr" and not shell:
        assert ask is None  # its `ping` never ends
        return
    assert ask is not None
    check_show("linux" if shell else platform, ask.command)
    assert ask.door == ("shell" if shell and platform != "linux" else "cli")


def test_counters_are_asked_of_linux_alone() -> None:
    assert counters_ask("cisco_iosxe", shell=False) is None
    for platform, shell in (("linux", False), ("frr", True)):
        ask = counters_ask(platform, shell=shell)
        assert ask is not None
        check_show("linux", ask.command)


@given(
    st.sampled_from([IPUTILS, REFUSED, IOS, TRACE, SNMP, ""]),
    st.lists(st.tuples(st.integers(0, 600), st.text(max_size=12)), max_size=4),
    st.sampled_from(["ping", "traceroute"]),
)
def test_no_text_makes_the_reading_of_a_probe_fall_over(text: str, edits: list[tuple[int, str]], kind: str) -> None:
    for place, strange in edits:
        text = text[:place] + strange + text[place + len(strange) :]
    told = Output(command="x", text=text)
    found = probed(Wish(kind=kind, target="10.0.0.2"), told)  # type: ignore[arg-type]
    assert found.status in ("parsed", "unparsed", "rejected")
    assert found.lost <= (found.sent or 0)
    assert found.quote is None or found.quote.text in text
    assert counted(found, told, told).checksum_errors in (None, {})
