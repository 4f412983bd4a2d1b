"""What a line of a log says: that something came or went, by a table; whatever else stands there says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.loglines import Said, said
from nocmesh.messages.state import LogEntry


def told(source: str, text: str, mnemonic: str = "") -> Said | None:
    return said(LogEntry(source=source, mnemonic=mnemonic, text=text))


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("BGP", "%ADJCHANGE: neighbor 10.0.0.2(r2) in vrf default Up", ("bgp", "up", "10.0.0.2")),
        ("BGP", "%ADJCHANGE: neighbor 2001:db8::2 in vrf red Down Hold timer", ("bgp", "down", "2001:db8::2")),
        (
            "OSPF",
            "AdjChg: Nbr 10.255.0.2, NbrIP 10.0.0.2 (default) on r1-e0:10.0.0.1: Full -> Deleted (KillNbr)",
            ("ospf", "down", "r1-e0"),
        ),
        (
            "OSPF",
            "AdjChg: Nbr 10.255.0.2, NbrIP 10.0.0.2 (default) on r1-e0:10.0.0.1: Exchange -> Full (ExchangeDone)",
            ("ospf", "up", "r1-e0"),
        ),
        (
            "ISIS",
            "%ADJCHANGE: Adjacency to r2 (r1-e0) for level-1 changed from Up to Down, circuit is being brought down",
            ("isis", "down", "r1-e0"),
        ),
        (
            "ISIS",
            "%ADJCHANGE: Adjacency to 0102.5500.0002 (r1-e0) for level-1 changed from Initializing to Up, unspecified",
            ("isis", "up", "r1-e0"),
        ),
        ("OSPF", "Terminating on signal", ("daemon", "down", "ospfd")),
        ("BGP", "Configuration Read in Took: 00:00:00", ("daemon", "up", "bgpd")),
        ("kernel", "br0: port 1(sw1-e0) entered disabled state", ("interface", "down", "sw1-e0")),
        ("kernel", "br0: port 1(sw1-e0) entered forwarding state", ("interface", "up", "sw1-e0")),
        ("kernel", "e1000e 0000:00:1f.6 eno1: NIC Link is Down", ("interface", "down", "eno1")),
        ("kernel", "igb 0000:01:00.0 eth2: igb: eth2 NIC Link is Up 1000 Mbps", ("interface", "up", "eth2")),
        ("kernel", "eth0: Link is Up - 1Gbps/Full - flow control off", ("interface", "up", "eth0")),
        ("systemd-networkd", "eth0: Lost carrier", ("interface", "down", "eth0")),
    ],
)
def test_a_line_of_frr_or_linux_is_understood(source: str, text: str, expected: tuple[str, str, str]) -> None:
    found = told(source, text)
    assert found is not None
    assert (found.layer, found.says, found.what) == expected


@pytest.mark.parametrize(
    ("source", "mnemonic", "text", "expected"),
    [
        ("LINK", "UPDOWN", "Interface Gi0/1, changed state to down", ("interface", "down", "Gi0/1")),
        ("LINK", "CHANGED", "Interface Gi0/1, changed state to administratively down", ("interface", "down", "Gi0/1")),
        ("LINEPROTO", "UPDOWN", "Line protocol on Interface Gi0/1, changed state to up", ("interface", "up", "Gi0/1")),
        ("BGP", "ADJCHANGE", "neighbor 10.0.0.1 Down BGP Notification sent", ("bgp", "down", "10.0.0.1")),
        ("BGP", "ADJCHANGE", "neighbor 10.0.0.1 Up ", ("bgp", "up", "10.0.0.1")),
        (
            "OSPF",
            "ADJCHG",
            "Process 1, Nbr 10.0.0.2 on GigabitEthernet0/1 from FULL to DOWN, Neighbor Down: Dead timer expired",
            ("ospf", "down", "GigabitEthernet0/1"),
        ),
        (
            "OSPF",
            "ADJCHG",
            "Process 1, Nbr 10.0.0.2 on GigabitEthernet0/1 from LOADING to FULL, Loading Done",
            ("ospf", "up", "GigabitEthernet0/1"),
        ),
        (
            "CLNS",
            "ADJCHANGE",
            "ISIS: Adjacency to r2 (GigabitEthernet0/1) Down, hold time expired",
            ("isis", "down", "GigabitEthernet0/1"),
        ),
        ("SYS", "RESTART", "System restarted --", ("device", "up", "")),
        ("SYS", "CONFIG_I", "Configured from console by nina on vty0", ("config", "changed", "")),
    ],
)
def test_a_line_of_ios_is_understood(source: str, mnemonic: str, text: str, expected: tuple[str, str, str]) -> None:
    found = told(source, text, mnemonic)
    assert found is not None
    assert (found.layer, found.says, found.what) == expected


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("OSPF", "AdjChg: Nbr 1.1.1.1, NbrIP 10.0.0.2 (default) on r1-e0:10.0.0.1: Init -> ExStart (2-WayReceived)"),
        ("ISIS", "%ADJCHANGE: Adjacency to r2 (r1-e0) for level-1 changed from Unknown to Initializing, unspecified"),
        ("BGP", "bgp_update_receive: rcvd End-of-RIB for IPv4 Unicast from 10.0.0.9 in vrf default"),
        ("sshd", "%ADJCHANGE: neighbor 10.0.0.2(r2) in vrf default Up"),
        ("BGP", "%ADJCHANGE: neighbor 10.0.0.2(x) in vrf default Up) in vrf default Down Hold timer"),
        ("kernel", "audit: type=1400 Link is Upsetting"),
    ],
)
def test_other_lines_say_nothing(source: str, text: str) -> None:
    assert told(source, text) is None


@given(
    st.text(max_size=200), st.sampled_from(["BGP", "OSPF", "ISIS", "kernel", "LINK", "SYS", ""]), st.text(max_size=20)
)
def test_no_line_makes_the_table_fall_over(text: str, source: str, mnemonic: str) -> None:
    found = told(source, text, mnemonic)
    assert found is None or found.says in ("up", "down", "changed")
