"""The guard: everything that reads passes, nothing else does."""

from collections.abc import Callable
from pathlib import Path

import pytest
from bridges.ssh.attacks import IOS_SHOWS, LINES, ODD, OTHERS
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.errors import GuardError
from nocmesh_bridges.ssh.guard import check_line, check_show, only_operates
from nocmesh_bridges.ssh.rules import FILTERS, SHOW_VERBS

ATTACKS = [("cisco_iosxe", text) for text in IOS_SHOWS + ODD] + [
    (platform, text) for platform, block in OTHERS.items() for text in block.strip("\n").splitlines()
]
PLATFORMS = sorted(SHOW_VERBS)

REAL = """
cisco_iosxe: show running-config
cisco_iosxe: show run
cisco_iosxe: sh ip int br
cisco_iosxe: show ip bgp summary
cisco_iosxe: show ip bgp regexp ^65001_
cisco_iosxe: show ip bgp neighbors 10.0.0.1 advertised-routes
cisco_iosxe: show running-config | section router bgp
cisco_iosxe: show run | sec bgp
cisco_iosxe: show interfaces | include line protocol
cisco_iosxe: show ip route 10.0.0.0 255.0.0.0 longer-prefixes
cisco_iosxe: show logging | include %BGP-5
cisco_iosxe: show interfaces GigabitEthernet0/0/1.100
cisco_iosxe: show archive config differences nvram:startup-config system:running-config
cisco_iosxe: show terminal
cisco_iosxe: show run | inc Up$
cisco_iosxe: ping 10.0.0.1
cisco_iosxe: ping vrf mgmt 10.0.0.1 source Loopback0 repeat 5
cisco_iosxe: traceroute 10.0.0.1
frr: show bgp summary
frr: show bgp summary json
frr: show ip bgp
frr: show bgp ipv4 unicast neighbors 10.0.0.2
frr: show running-config
frr: show interface brief
frr: show ip route json
frr: show ip ospf neighbor
frr: show isis neighbor
frr: show run | include neighbor
arista_eos: show ip bgp summary | json
arista_eos: show interfaces status | no-more
arista_eos: show processes top once
cisco_nxos: show ip bgp summary vrf all | json-pretty
cisco_nxos: show interface brief | exclude down | no-more
cisco_nxos: show ip ospf neighbors vrf all
cisco_nxos: show running-config | section bgp | no-more
cisco_nxos: show logging last 200
cisco_nxos: show running-config interface Ethernet1/1
cisco_iosxr: show route ipv4 unicast 10.0.0.0/8 longer-prefixes
cisco_iosxr: show running-config router bgp
cisco_iosxr: show configuration commit changes last 1
cisco_iosxr: show logging last 200 | include BGP
cisco_iosxr: admin show platform
cisco_iosxr: admin show inventory
cisco_iosxr: show bgp instance all summary
juniper_junos: show bgp summary | no-more
juniper_junos: show configuration protocols bgp | display set
juniper_junos: show route 10.0.0.0/8 | match static | count
linux: ip -j addr
linux: ip -j -d link show dev eth0
linux: ip route show table all
linux: ip route get 10.0.0.1
linux: ip netns list
linux: ip -n r1 -j route
linux: bridge -j fdb show br br0
linux: nft -j list ruleset
linux: sysctl net.ipv4.ip_forward
linux: sysctl -n net.ipv4.conf.all.rp_filter
linux: cat /proc/net/dev
linux: cat /proc/sys/net/ipv4/ip_forward
linux: cat /sys/class/net/eth0/mtu
linux: ss -tlnp
linux: systemctl is-active frr
linux: systemctl status frr --no-pager
linux: journalctl --no-pager -u frr -n 100
linux: ping -c 3 -W 1 10.0.0.1
linux: traceroute -n 10.0.0.1
linux: ps aux
linux: df -h
linux: uptime
linux: tc -s qdisc show dev eth0
linux: vtysh -c 'show bgp summary json'
linux: vtysh -c "show running-config"
linux: ethtool eth0
linux: ip -j -s -s -d address show
linux: ip -j route show
linux: ip -j neigh show
linux: tc -j qdisc show
linux: nft list ruleset
linux: bridge -j fdb show
linux: lldpcli -f json show neighbors
linux: ps -eo pid,netns,stat,pcpu,rss,comm
linux: nft -a list ruleset
linux: ps -ww -C sshd,snmpd,zebra,ospf6d -o pid,ppid,args
linux: cat /proc/uptime /proc/net/snmp /proc/sys/kernel/hostname /etc/os-release
linux: dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Version}\\n'
""".strip().splitlines()

GOOD_LINES = (
    """
router bgp 65001
no router bgp 65001
neighbor 10.0.0.2 remote-as 65002
no neighbor 10.0.0.2 shutdown
neighbor 10.0.0.2 password s3cret
neighbor 10.0.0.2 ebgp-multihop 2
neighbor 10.0.0.2 description end of the line; not
address-family ipv4 unicast
 neighbor 10.0.0.2 activate
exit-address-family
exit-vrf
network 10.0.0.0/24
network 10.0.0.0 mask 255.255.255.0
redistribute connected
timers bgp 3 9
maximum-paths 4
bgp router-id 1.1.1.1
distance bgp 20 200 200
interface GigabitEthernet0/1
 ip address 10.0.0.1 255.255.255.0
 ip address 10.0.0.1/24
 no shutdown
 shutdown
 mtu 1500
 description to r2 (do not touch)
 ip ospf hello-interval 10
 ip ospf cost 10
 speed 1000
 duplex full
 switchport trunk allowed vlan 10,20
 spanning-tree portfast
 encapsulation dot1Q 10
 load-interval 30
 service-policy output x
 channel-group 1 mode active
 standby 1 priority 110
 vrrp 1 priority 110
router ospf 1
 passive-interface default
 area 0 range 10.0.0.0 255.0.0.0
 log-adjacency-changes
 auto-cost reference-bandwidth 10000
router isis 1
 net 49.0001.0000.0000.0001.00
 is-type level-2-only
 metric-style wide
ip route 10.0.0.0/8 10.0.0.2
ip route 10.0.0.0 255.0.0.0 10.0.0.2
ipv6 route 2001:db8::/32 2001:db8::1
ip prefix-list x seq 5 permit 10.0.0.0/8 le 24
ip as-path access-list 1 permit ^65001$
ip community-list standard x permit 65001:1
ip access-list extended x
 10 permit tcp any any eq 179
 deny ip any any
 remark bgp
ip access-group x in
access-list 1 permit 10.0.0.0
route-map x permit 10
 match ip address prefix-list y
 set local-preference 200
 set community 65001:1 additive
 on-match next
vlan 10
 name users
vrf definition x
 rd 65001:1
 route-target export 65001:1
mac address-table static 0000.0000.0001 vlan 1 interface Gi0/1
bfd interval 300 min_rx 300 multiplier 3
policy-map x
class-map match-any y
key chain ospf
ip forwarding
ip routing
default interface GigabitEthernet0/1
host 10.0.0.1
""".replace("; not", " of it")
    .strip("\n")
    .splitlines()
)


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) >= 200
    assert len(LINES) >= 100


def refusal(check: Callable[[str, str], None], platform: str, text: str) -> str:
    """The reason for which ``text`` is refused, or an empty string."""
    try:
        check(platform, text)
    except GuardError as error:
        return str(error.facts["reason"])
    return ""


def test_an_attack_that_pretends_to_read_is_refused() -> None:
    assert [attack for attack in ATTACKS if not refusal(check_show, *attack)] == []


def test_a_command_that_reads_passes() -> None:
    commands = [text.split(": ", 1) for text in REAL]
    assert [(name, text, why) for name, text in commands if (why := refusal(check_show, name, text))] == []


def test_the_real_commands_of_the_corpus_pass() -> None:
    folder = Path(__file__).parents[4] / "shared" / "show"
    if not folder.is_dir():
        pytest.skip("the corpus of real commands lies beside the repository, and is not here")
    commands = [(found.parent.name, found.name.replace("_", " ")) for found in folder.glob("*/*show_*")]
    assert len(commands) > 100
    for platform, command in commands:
        check_show(platform, command)


@pytest.mark.parametrize("platform", ["cisco_iosxe", "frr", "arista_eos", "cisco_nxos"])
def test_a_line_that_no_change_may_hold_is_refused(platform: str) -> None:
    lines = LINES + [text for text in ODD if "version" in text or not text.strip()]
    assert [line for line in lines if not refusal(check_line, platform, line)] == []


@pytest.mark.parametrize("platform", ["cisco_iosxe", "frr", "arista_eos", "cisco_nxos"])
def test_a_line_that_configures_passes(platform: str) -> None:
    assert [(line, why) for line in GOOD_LINES if (why := refusal(check_line, platform, line))] == []


@pytest.mark.parametrize(
    ("platform", "line"),
    [
        ("linux", "ip link set eth0 up"),
        ("windows", "router bgp 1"),
        ("cisco_nxos", "interface x > bootflash:y"),
        ("arista_eos", "description <x>"),
        ("juniper_junos", "set system login user x"),
        ("juniper_junos", "delete system services ssh"),
    ],
)
def test_what_a_platform_would_misread_is_refused(platform: str, line: str) -> None:
    with pytest.raises(GuardError):
        check_line(platform, line)


CLEAR = ["do clear ip bgp 10.0.0.2", "do clear ip bgp 2001:db8::2 soft", "do clear ip bgp 10.0.0.2 soft out"]


@pytest.mark.parametrize("platform", ["cisco_iosxe", "frr"])
def test_what_makes_lines_take_effect_may_follow_them(platform: str) -> None:
    assert [(line, why) for line in CLEAR if (why := refusal(check_line, platform, line))] == []


def test_ospf_begins_anew_only_where_nothing_asks_back() -> None:
    check_line("frr", "do clear ip ospf process")
    assert refusal(check_line, "cisco_iosxe", "do clear ip ospf process")


@pytest.mark.parametrize(
    "line",
    [
        "do clear ip bgp *", "do clear ip bgp 65001", "do clear ip bgp 10.0.0.2 soft out;x",
        "do clear ip ospf process x", "do  clear ip bgp 10.0.0.2", "Do clear ip bgp 10.0.0.2",
        "do clear ip bgp 10.0.0.2 in", "no do clear ip bgp 1.1.1.1", "do show running-config", "do reload",
        "do clear counters", "do clear ip route *", "clear ip bgp 10.0.0.2",
    ],
)  # fmt: skip
def test_nothing_else_is_operated_by_a_change(line: str) -> None:
    assert all(refusal(check_line, platform, line) for platform in ("cisco_iosxe", "frr", "arista_eos"))


def test_a_change_that_only_operates_is_told_from_one_that_configures() -> None:
    assert only_operates(CLEAR)
    assert not only_operates(["router bgp 65001", *CLEAR])


def test_junos_statements_pass_with_their_verb() -> None:
    check_line("juniper_junos", "set protocols bgp group x neighbor 10.0.0.2 peer-as 65002")
    check_line("juniper_junos", "delete protocols bgp group x")


@settings(max_examples=150)
@given(platform=st.sampled_from(PLATFORMS), text=st.text(max_size=60))
def test_whatever_passes_is_one_printable_line_that_begins_with_a_reading_verb(platform: str, text: str) -> None:
    for command in (text, f"show {text}", f"show version | {text}", f"show version {text}"):
        try:
            check_show(platform, command)
        except GuardError:
            continue
        assert command.isascii()
        assert command.isprintable()
        assert not set(command) & set(";&<>`\\!?{}")
        first, *filters = command.split("|")
        assert first.split()[0].lower() in (*SHOW_VERBS[platform], "admin", "ping", "traceroute")
        assert all(part.split()[0].lower() in FILTERS[platform] for part in filters)


@settings(max_examples=100)
@given(platform=st.sampled_from(PLATFORMS), cut=st.integers(1, 8), rest=st.text("abc 1", max_size=8))
def test_no_abbreviation_of_a_writing_filter_passes(platform: str, cut: int, rest: str) -> None:
    for word in ("redirect", "append", "tee", "save", "file", "utility", "request", "vsh", "sed"):
        for command in (f"show version | {word[:cut]} {rest}", f"show version|{word[:cut]}"):
            with pytest.raises(GuardError):
                check_show(platform, command)


@settings(max_examples=100)
@given(word=st.sampled_from(["end", "exit", "do", "username", "aaa", "banner", "snmp-server"]), cut=st.integers(1, 11))
def test_no_abbreviation_of_a_refused_line_passes(word: str, cut: int) -> None:
    for line in (word[:cut], f"{word[:cut]} x", f" no {word[:cut]} x", f"default {word[:cut].upper()} x"):
        with pytest.raises(GuardError):
            check_line("cisco_iosxe", line)
