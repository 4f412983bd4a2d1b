"""The guard of changes at a shell: whole known commands pass, and nothing that a shell would interpret."""

import shlex

import pytest
from bridges.ssh.attacks import LINES, ODD
from hypothesis import example, given
from hypothesis import strategies as st

from nocmesh.errors import GuardError
from nocmesh.messages.change import Risk
from nocmesh.policy.judge import Asked, judge
from nocmesh.policy.policy import built_in
from nocmesh_bridges.ssh import shellguard
from nocmesh_bridges.ssh.guard import MAX_SHELL_LENGTH, check_line

KNOWN = "/usr/lib/frr/ospfd -d -N nm-1a2b-r1 -A 127.0.0.1 -M snmp"
ALLOWED = {
    "medium": """
ip link set dev eth0 up
ip link set dev r1-e0 down
ip link set dev eth0.100 mtu 9000
ip link set dev eth0 address 02:00:00:aa:bb:cc
ip neigh flush dev eth0
ping -c 1 -W 1 10.0.0.1
""",
    "high": """
ip link set dev eth0 master br0
ip link set dev eth0 nomaster
ip link set dev br0 type bridge stp_state 1
ip link set dev br0 type bridge priority 4096
bridge link set dev eth0 cost 2
bridge link set dev eth0 priority 32
bridge link set dev eth0 guard off
bridge link set dev eth0 root_block on
""",
    "critical": """
ip addr add 10.0.0.1/24 dev eth0
ip addr del 2001:db8::1/64 dev eth0
ip addr replace 10.0.0.1/24 dev eth0
ip route add 10.0.0.0/8 via 10.1.0.1
ip route del default
ip route replace default via 10.0.0.1 dev eth0 metric 100
ip route replace 2001:db8::/32 via fe80::1 dev eth0
ip route add blackhole 10.9.0.0/16
ip route del unreachable 10.9.0.0/16 metric 5
sysctl -w net.ipv4.ip_forward=1
nft delete rule inet filter input handle 4
nft delete chain inet filter input
nft delete table inet filter
vtysh -N nm-1a2b-r1 -b -d ospfd
vtysh -b -d bgpd
""",
}
UNDO = r"""
nft 'insert rule inet filter input index 0 iifname != { "lo", "eth0" } meta l4proto icmp drop'
nft 'add rule netdev filter egress ether daddr { 01:80:c2:00:00:14, 09:00:2b:00:00:05 } drop'
nft 'add rule inet filter input tcp dport 179 counter packets 5 bytes 300 drop'
pkill -x -F /var/run/frr/nm-1a2b-r1/ospfd.pid ospfd
pkill -x -F /run/snmpd.pid snmpd
"""

REFUSED = r"""
ip link set dev eth0 up; reboot
ip link set dev eth0 up && reboot
ip link set dev eth0 up || reboot
ip link set dev eth0 up | sh
ip link set dev eth0 up & reboot
ip link set dev eth0 up > /etc/passwd
ip link set dev eth0 up < /dev/tcp/10.0.0.9/80
ip link set dev $(reboot) up
ip link set dev `reboot` up
ip link set dev ${IFS}eth0 up
ip link set dev $IFS up
ip link set dev eth0 up #
ip link set dev eth* up
ip link set dev eth? up
ip link set dev eth[01] up
ip link set dev {eth0,eth1} up
ip link set dev ~ up
ip link set dev eth0\ up
ip link set dev 'eth0' up
ip link set dev "eth0" up
ip link set dev !! up
ip link set dev !$ up
ip link set dev -all up
ip link set dev eth0 netns 1
ip link set dev eth0 name eth9
ip link set dev eth0 alias x
ip link set dev eth0 txqueuelen 0
ip link set dev eth0 xdp obj /tmp/x.o
ip link set dev eth0 vf 0 trust on
ip link set group default down
ip link set dev eth0 mtu 1
ip link set dev eth0 mtu 15000000
ip link set dev eth0 mtu -1
ip link set dev eth0 address 02:00:00:aa:bb
ip link set dev averyveryverylongname up
ip link set dev br0 type bridge stp_state 2
ip link set dev br0 type bridge vlan_filtering 1
ip link set dev br0 type bridge ageing_time 0
ip link del dev eth0
ip link add dev x type dummy
ip -b /tmp/x
ip -batch /tmp/x
ip -force link set dev eth0 up
ip -n r1 link set dev eth0 up
ip netns exec r1 reboot
ip netns del r1
ip addr flush dev eth0
ip addr add 10.0.0.1 dev eth0
ip addr add 10.0.0.1/24 dev eth0 label x
ip addr add 10.0.0.1/24 dev eth0 dev eth1
ip route flush table main
ip route add 10.0.0.0/8 via 10.1.0.1 table 100
ip route add 10.0.0.0/8 via 10.1.0.1 onlink
ip route add local 10.0.0.0/8 dev lo
ip route save
ip route restore
ip route replace 10.0.0.0/8 nexthop via 10.0.0.1 nexthop via 10.0.0.2
ip rule add from all table 100
ip xfrm state add
ip tuntap add dev tun0 mode tun
sysctl -w net.ipv4.ip_forward=2
sysctl -w net.ipv4.ip_forward=1 kernel.core_pattern=x
sysctl -w kernel.core_pattern=x
sysctl -w net.ipv4.conf.all.rp_filter=0
sysctl -p /tmp/x
sysctl --load=/tmp/x
sysctl net.ipv4.ip_forward=1
nft -f /tmp/x
nft -i
nft flush ruleset
nft list ruleset
nft add rule inet filter input drop
nft insert rule inet filter input drop
nft 'add table inet x'
nft 'add rule inet filter input drop; flush ruleset'
nft 'add rule inet filter input drop' ; reboot
nft 'add rule inet filter input drop' 'flush ruleset'
nft 'add rule inet filter input drop''
nft 'add rule inet filter input drop\n flush ruleset'
nft "add rule inet filter input drop"
nft 'flush ruleset'
nft 'include "/tmp/x"'
nft 'delete rule inet filter input handle 4'
nft 'insert rule inet filter input index 99999 drop'
nft 'insert rule inet filter input handle 4 drop'
nft 'add rule inet filter input $x'
nft 'add rule inet filter input `reboot`'
nft delete rule inet filter input handle 4 handle 5
nft delete rule inet filter input index 4
nft delete set inet filter x
nft delete table inet filter; reboot
nft --file=/tmp/x
nft delete rule bogus filter input handle 4
bridge link set dev eth0 state 3
bridge link set dev eth0 learning off
bridge link set dev eth0 hairpin on
bridge link set dev eth0 guard maybe
bridge -batch /tmp/x
bridge fdb add 02:00:00:00:00:01 dev eth0
bridge vlan add dev eth0 vid 5
ip neigh flush all
ip neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0
ping -f 10.0.0.1
ping -c 1 -W 1 -I eth0 10.0.0.1
tc qdisc add dev eth0 root tbf rate 1kbit burst 1kb latency 1ms
tc qdisc del dev eth0 root
tc -batch /tmp/x
vtysh
vtysh -c 'configure terminal'
vtysh -b
vtysh -b -d sshd
vtysh -N .. -b -d ospfd
vtysh -f /tmp/x -b -d ospfd
vtysh -N r1 -f /tmp/x -b -d ospfd
vtysh -N -b -d ospfd
vtysh -b -d ospfd --vty_socket /tmp
pkill ospfd
pkill -9 -x ospfd
pkill -x -F /run/x.pid sshd
pkill -x -F /run/x.pid init
pkill -x -F /run/../etc/x.pid snmpd
pkill -F /run/x.pid
kill 1
kill -9 -1
systemctl start snmpd
systemctl stop sshd
service snmpd start
reboot
shutdown -h now
rm -rf /
dd if=/dev/zero of=/dev/sda
cat /etc/shadow
echo 1
printf x
tee /etc/passwd
cp /bin/sh /tmp/x
chmod +s /bin/sh
curl http://10.0.0.9/x
wget http://10.0.0.9/x
python3 -c 'x'
perl -e x
awk x
find / -exec x
env x
exec sh
sudo reboot
su -
bash
sh
. /tmp/x
source /tmp/x
eval x
alias ip=reboot
export PATH=/tmp
PATH=/tmp ip link set dev eth0 up
LD_PRELOAD=/tmp/x.so ip link set dev eth0 up
ip() { reboot }
:
true
/bin/sh
/bin/bash -c reboot
/usr/sbin/sshd -f /tmp/x
/usr/sbin/snmpd -c /tmp/x
/usr/lib/frr/ospfd -d
/usr/lib/frr/ospfd -d -N nm-1a2b-r1 -A 127.0.0.1 -M snmp -f /tmp/x
/tmp/ospfd -d
/usr/lib/frr/../../../tmp/ospfd -d
ospfd -d
./ospfd -d
""".strip("\n").splitlines()

STRANGE = [
    *ODD,
    "ip link set dev eth0 up\nreboot",
    "ip link set dev eth0 up\rreboot",
    "ip link set dev eth0 up\x00",
    "ip\tlink set dev eth0 up",
    "ip  link set dev eth0 up",
    " ip link set dev eth0 up",
    "ip link set dev eth0 up ",
    "ip link set dev eth0 u\u0440",
    "\u0456p link set dev eth0 up",
    "ip link set dev eth0 up\uff1breboot",
    "ip link set dev eth0\u00a0up",
    "ip link set dev eth0 up\u2028reboot",
    "ip link set dev \u202eeth0 up",
    "ip link set dev eth\uff10 up",
    "ip addr add \u0661\u0660.0.0.1/24 dev eth0",
    "sysctl -w net.ipv4.ip_forward=\u0661",
    "ip route add 10.0.0.0/8 via 10.1.0.1" + " metric 1" * 60,
    "nft 'add rule inet filter input " + "x" * 500 + "'",
    KNOWN + " " + "x" * 500,
    "nft 'add rule inet filter input tcp dport 179 drop\nflush ruleset'",
]


def risk_of(line: str) -> Risk:
    return judge(built_in(), Asked(lines=[line], door="shell", platform="linux")).risk


def passes(line: str, *, undo: bool = False, known: tuple[str, ...] = (KNOWN,)) -> bool:
    try:
        check_line("linux", line, undo=undo, known=known)
    except GuardError:
        return False
    return True


def lines(block: str) -> list[str]:
    return block.strip("\n").splitlines()


@pytest.mark.parametrize(("risk", "line"), [(risk, line) for risk, block in ALLOWED.items() for line in lines(block)])
def test_what_a_remedy_needs_passes_and_has_its_risk(risk: str, line: str) -> None:
    assert passes(line)
    assert risk_of(line) == risk


@pytest.mark.parametrize("line", lines(UNDO))
def test_what_only_puts_back_passes_in_a_rollback_alone(line: str) -> None:
    assert passes(line, undo=True)
    assert not passes(line)
    assert risk_of(line) == "critical"


def test_a_daemon_is_started_only_as_it_ran_when_all_was_well() -> None:
    assert passes(KNOWN)
    assert risk_of(KNOWN) == "critical"
    assert not passes(KNOWN, known=())
    assert not passes(f"{KNOWN} -f /tmp/x")
    with pytest.raises(GuardError, match="ran nothing by exactly this command line"):
        check_line("linux", f"{KNOWN} -u root", known=[KNOWN])


def test_even_what_the_device_ran_must_have_the_shape_of_a_daemon() -> None:
    for line in ("/bin/sh -c reboot", "/usr/sbin/sshd -D", "/usr/lib/frr/ospfd -d; reboot", "reboot", "/tmp/ospfd"):
        assert not passes(line, known=(line,))


@pytest.mark.parametrize("line", REFUSED)
def test_everything_else_is_refused(line: str) -> None:
    assert not passes(line)
    assert not passes(line, undo=True)


@pytest.mark.parametrize("line", STRANGE, ids=range(len(STRANGE)))
def test_strange_characters_blanks_and_lengths_are_refused(line: str) -> None:
    assert not passes(line, undo=True, known=(KNOWN, line))


@pytest.mark.parametrize("line", LINES)
def test_lines_of_a_router_are_no_commands_of_a_shell(line: str) -> None:
    assert not passes(line, undo=True)


META = set(";&|<>$`\\*?[]~#()\n\r\t\x00%^")
BARE = META | set("'\"{}!")
SEEDS = [line for block in (*ALLOWED.values(), UNDO) for line in lines(block)] + [KNOWN]


@given(st.sampled_from(SEEDS), st.sampled_from(sorted(META)), st.data())
def test_no_line_with_a_metacharacter_passes(seed: str, meta: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(seed)))
    line = seed[:at] + meta + seed[at:]
    assert not passes(line, undo=True, known=(KNOWN, line))


@given(st.text(max_size=80))
@example("nft '")
@example("nft ''")
@example("nft 'add rule inet f i x' ")
def test_whatever_passes_is_words_to_a_shell(text: str) -> None:
    """The shell sees plain words: what it would interpret stands inside one pair of single quotes, as one word."""
    if passes(text, undo=True, known=(text,)):
        assert_plain(text)


@given(st.sampled_from(SEEDS), st.text(max_size=12), st.data())
def test_whatever_passes_after_an_edit_is_words_to_a_shell(seed: str, more: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(start, min(len(seed), start + 6)))
    line = seed[:start] + more + seed[end:]
    if passes(line, undo=True, known=(line,)):
        assert_plain(line)


def assert_plain(line: str) -> None:
    assert line.isascii()
    assert line.isprintable()
    assert len(line) <= MAX_SHELL_LENGTH
    assert not set(line) & META
    head, *inside = line.split("'")
    assert not set(head) & BARE
    assert len(inside) in (0, 2)
    if inside:
        assert (head, inside[1]) == ("nft ", "")
        assert shlex.split(line) == ["nft", inside[0]]
    else:
        assert shlex.split(line) == line.split(" ")


# --- the whole change


START, LOAD, END = KNOWN, "vtysh -N nm-1a2b-r1 -b -d ospfd", "pkill -x -F /var/run/frr/nm-1a2b-r1/ospfd.pid ospfd"


def test_a_rollback_ends_what_the_change_starts_and_nothing_else() -> None:
    assert shellguard.out_of_place([START, LOAD], [END]) == ""
    assert "does not end ospfd" in shellguard.out_of_place([START], [])
    assert "does not start" in shellguard.out_of_place(["ip link set dev e0 up"], [END])
    assert "does not start" in shellguard.out_of_place([LOAD], [])
    assert "does not start" in shellguard.out_of_place([START], [END, END.replace("ospfd", "bgpd")])


CONFIG = (
    "interface eth0\n mtu 1500\n up\n address 172.31.0.5/24\ninterface eth1\n mtu 1500\n up\n address 172.31.0.50/24\n"
)


@pytest.mark.parametrize(
    "line",
    [
        "ip link set dev eth0 down",
        "ip addr del 172.31.0.5/24 dev eth0",
        "ip link set dev eth0 address 02:00:00:00:00:01",
        "ip route replace default via 10.0.0.1 dev eth0",
        "ip link set dev eth0 master br0",
    ],
)
def test_nothing_touches_the_interface_by_which_we_came(line: str) -> None:
    assert "by which we reach the device" in shellguard.cuts_us_off(CONFIG, "172.31.0.5", [line])
    assert shellguard.cuts_us_off(CONFIG, "172.31.0.50", [line]) == ""
    assert shellguard.cuts_us_off(CONFIG, "172.31.0.5", [line.replace("eth0", "eth1")]) == ""
