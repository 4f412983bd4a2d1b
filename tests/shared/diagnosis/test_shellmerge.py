"""What shell commands do to a Linux system's configuration, and whether it can be undone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.shellmerge import affected_diff, merged, remaining, undoes

RUNNING = """\
system
 hostname h1
 net.ipv4.ip_forward 0
daemons
 snmpd
 sshd
interface br0
 mtu 1500
 up
 mac 02:00:00:00:00:01
 address 2001:db8::1/64
 bridge stp_state 1
 bridge priority 32768
interface e0
 mtu 1500
 up
 mac 02:00:00:00:00:02
 address 10.0.0.5/24
 address 10.0.1.5/24
interface e1
 mtu 1500
 down
 mac 02:00:00:00:00:03
 address 10.9.0.5/24
 master br0
 bridge-port cost 2
 bridge-port root_block 1
routes
 10.8.0.0/16 via 10.9.0.1 dev e1
 blackhole 10.7.0.0/16
 default via 10.0.0.1 dev e0
filter inet f in input
 tcp dport 179 drop
 iifname != { "lo", "eth0" } meta l4proto icmp drop
 tcp dport 22 counter accept
"""
RULES = {
    ("inet f in", "4"): "tcp dport 179 drop",
    ("inet f in", "9"): "tcp dport 22 counter packets 7 bytes 420 accept",
}


def changed(*commands: str) -> list[str]:
    """The lines that a diff takes away and adds."""
    return [x for x in affected_diff(RUNNING, commands, RULES).splitlines()[2:] if x[0] in "+-"]


CASES = [
    pytest.param("ip link set dev e0 mtu 1400", ["- mtu 1500", "+ mtu 1400"], id="mtu"),
    pytest.param("ip link set dev e1 up", ["- down", "+ up"], id="up"),
    pytest.param("ip link set dev br0 down", ["- up", "+ down", "- address 2001:db8::1/64"], id="down-with-ipv6"),
    pytest.param("ip link set dev e0 down", ["- up", "+ down", "- default via 10.0.0.1 dev e0"], id="down"),
    pytest.param(
        "ip link set dev e0 address 02:00:00:00:00:FF",
        ["- mac 02:00:00:00:00:02", "+ mac 02:00:00:00:00:ff"],
        id="mac",
    ),
    pytest.param("ip link set dev e0 master br0", ["+ master br0"], id="master"),
    pytest.param(
        "ip link set dev e1 nomaster",
        ["- master br0", "- bridge-port cost 2", "- bridge-port root_block 1"],
        id="nomaster",
    ),
    pytest.param(
        "ip link set dev br0 type bridge stp_state 0", ["- bridge stp_state 1", "+ bridge stp_state 0"], id="stp"
    ),
    pytest.param(
        "ip link set dev br0 type bridge priority 0", ["- bridge priority 32768", "+ bridge priority 0"], id="priority"
    ),
    pytest.param("bridge link set dev e1 cost 200", ["- bridge-port cost 2", "+ bridge-port cost 200"], id="cost"),
    pytest.param(
        "bridge link set dev e1 root_block off",
        ["- bridge-port root_block 1", "+ bridge-port root_block 0"],
        id="guard",
    ),
    pytest.param("ip addr add 10.0.0.9/24 dev e0", ["+ address 10.0.0.9/24"], id="address"),
    pytest.param("ip addr del 10.0.1.5/24 dev e0", ["- address 10.0.1.5/24"], id="one-of-two-addresses"),
    pytest.param(
        "ip addr del 10.9.0.5/24 dev e1",
        ["- address 10.9.0.5/24", "- 10.8.0.0/16 via 10.9.0.1 dev e1"],
        id="the-last-address",
    ),
    pytest.param(
        "ip route replace default via 10.0.0.254 dev e0",
        ["- default via 10.0.0.1 dev e0", "+ default via 10.0.0.254 dev e0"],
        id="replace",
    ),
    pytest.param("ip route add default via 10.0.0.254 dev e0", [], id="a-route-that-is-there-is-not-added"),
    pytest.param("ip route del blackhole 10.7.0.0/16", ["- blackhole 10.7.0.0/16"], id="blackhole"),
    pytest.param("ip route del 10.7.0.0/16", [], id="a-route-of-another-kind"),
    pytest.param("ip route del default", ["- default via 10.0.0.1 dev e0"], id="a-route-by-its-destination"),
    pytest.param(
        "sysctl -w net.ipv4.ip_forward=1", ["- net.ipv4.ip_forward 0", "+ net.ipv4.ip_forward 1"], id="sysctl"
    ),
    pytest.param("nft delete rule inet f in handle 4", ["- tcp dport 179 drop"], id="rule"),
    pytest.param("nft delete rule inet f in handle 9", ["- tcp dport 22 counter accept"], id="a-rule-that-counts"),
    pytest.param("nft delete rule inet f in handle 5", [], id="a-handle-that-is-nobodys"),
    pytest.param("/usr/sbin/lldpd -u /run/lldpd.pid", ["+ lldpd"], id="start"),
    pytest.param("pkill -x -F /run/snmpd.pid snmpd", ["- snmpd"], id="end"),
    pytest.param("ip neigh flush dev e0", [], id="what-is-no-configuration"),
    pytest.param("vtysh -N r1 -b -d ospfd", [], id="what-shows-nothing"),
    pytest.param("ip link set dev e7 up", [], id="an-interface-that-is-not-there"),
    pytest.param("reboot", [], id="what-is-not-known"),
    pytest.param("ip link set dev 'e0", [], id="half-a-line"),
]


@pytest.mark.parametrize(("command", "diff"), CASES)
def test_each_command_has_its_effect_and_no_other(command: str, diff: list[str]) -> None:
    assert [line.replace("- ", "-", 1).replace("+ ", "+", 1) for line in changed(command)] == [
        line.replace("- ", "-", 1).replace("+ ", "+", 1) for line in diff
    ]


@pytest.mark.parametrize("command", [case.values[0] for case in CASES])
def test_what_was_done_has_nothing_more_to_do(command: str) -> None:
    after = "".join(f"{h}\n" + "".join(f" {x}\n" for x in xs) for h, xs in merged(RUNNING, [command], RULES).items())
    rules = {key: text for key, text in RULES.items() if "delete rule" not in command or key[1] not in command}
    assert affected_diff(after, [command], rules) == ""
    assert remaining(after, [command], rules) == []


UNDONE = [
    pytest.param(["ip link set dev e0 mtu 1400"], ["ip link set dev e0 mtu 1500"], id="mtu"),
    pytest.param(
        [
            "ip addr del 10.9.0.5/24 dev e1",
            "ip addr add 10.9.0.6/24 dev e1",
            "ip route replace 10.8.0.0/16 via 10.9.0.1 dev e1",
        ],
        [
            "ip addr del 10.9.0.6/24 dev e1",
            "ip addr add 10.9.0.5/24 dev e1",
            "ip route replace 10.8.0.0/16 via 10.9.0.1 dev e1",
        ],
        id="readdressed-with-its-routes",
    ),
    pytest.param(
        ["nft delete rule inet f in handle 4", "nft delete rule inet f in handle 9"],
        [
            "nft 'add rule inet f in tcp dport 22 counter accept'",
            "nft 'insert rule inet f in index 0 tcp dport 179 drop'",
        ],
        id="rules-in-their-places",
    ),
    pytest.param(
        ["ip link set dev e1 nomaster"],
        ["ip link set dev e1 master br0", "bridge link set dev e1 cost 2", "bridge link set dev e1 root_block on"],
        id="out-of-the-bridge-with-its-settings",
    ),
    pytest.param(["/usr/sbin/lldpd -u /run/x.pid"], ["pkill -x -F /run/x.pid lldpd"], id="daemon"),
]


@pytest.mark.parametrize(("commands", "rollback"), UNDONE)
def test_an_exact_rollback_is_known_for_one(commands: list[str], rollback: list[str]) -> None:
    assert undoes(RUNNING, commands, rollback, RULES)


@pytest.mark.parametrize(
    ("commands", "rollback"),
    [
        pytest.param(["ip link set dev e0 mtu 1400"], [], id="none"),
        pytest.param(["ip link set dev e0 mtu 1400"], ["ip link set dev e0 mtu 1499"], id="another-value"),
        pytest.param(["ip addr del 10.9.0.5/24 dev e1"], ["ip addr add 10.9.0.5/24 dev e1"], id="without-its-routes"),
        pytest.param(["ip link set dev e1 nomaster"], ["ip link set dev e1 master br0"], id="without-its-settings"),
        pytest.param(
            ["nft delete rule inet f in handle 4"], ["nft 'add rule inet f in tcp dport 179 drop'"], id="another-place"
        ),
        pytest.param(
            ["nft delete rule inet f in handle 4"],
            ["nft 'insert rule inet f in index 0 tcp dport 179 accept'"],
            id="another-rule",
        ),
        pytest.param(["nft delete table inet f"], ["nft 'add rule inet f in tcp dport 179 drop'"], id="a-whole-table"),
    ],
)
def test_a_rollback_that_is_not_exact_is_known_for_one(commands: list[str], rollback: list[str]) -> None:
    assert not undoes(RUNNING, commands, rollback, RULES)


def test_of_a_rollback_only_that_is_typed_which_has_something_to_do() -> None:
    half = RUNNING.replace(" address 10.9.0.5/24\n", "").replace(" 10.8.0.0/16 via 10.9.0.1 dev e1\n", "")
    back = [
        "ip addr del 10.9.0.6/24 dev e1",
        "ip addr add 10.9.0.5/24 dev e1",
        "ip route replace 10.8.0.0/16 via 10.9.0.1 dev e1",
    ]
    assert remaining(half, back) == back[1:]
    assert remaining(RUNNING, back) == []


def test_a_rule_that_is_back_is_not_put_back_twice() -> None:
    assert remaining(RUNNING, ["nft 'insert rule inet f in index 0 tcp dport 179 drop'"]) == []
    assert remaining(RUNNING, ["nft 'add rule inet f in tcp dport 22 counter packets 1 bytes 2 accept'"]) == []


@given(st.lists(st.text(max_size=60), max_size=4), st.text(max_size=300))
def test_no_text_makes_it_fall_over(commands: list[str], running: str) -> None:
    assert isinstance(affected_diff(running, commands), str)
    assert isinstance(remaining(running, commands), list)


COMMANDS = [case.values[0] for case in CASES]


@given(st.lists(st.sampled_from(COMMANDS), max_size=6))
def test_what_remains_of_commands_leads_where_they_lead(commands: list[str]) -> None:
    left = remaining(RUNNING, commands, RULES)
    goal, start = merged(RUNNING, commands, RULES), merged(RUNNING, [])
    ordered = [{k: sorted(v) for k, v in tree.items()} for tree in (merged(RUNNING, left, RULES), goal, start)]
    assert ordered[0] == ordered[1] or (left == [] and ordered[1] == ordered[2])
