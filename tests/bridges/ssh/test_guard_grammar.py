"""No line that configures is taken for one that reads, on any of seven platforms, however it is dressed up."""

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from nocmesh.errors import GuardError
from nocmesh_bridges.ssh.guard import check_show
from nocmesh_bridges.ssh.rules import FILTERS

COMMANDS = """
cisco_iosxe: configure terminal
cisco_iosxe: interface GigabitEthernet1
cisco_iosxe: no shutdown
cisco_iosxe: router bgp 65001
cisco_iosxe: ip route 0.0.0.0 0.0.0.0 10.0.0.1
cisco_iosxe: write memory
cisco_iosxe: reload
cisco_iosxe: copy running-config startup-config
cisco_iosxe: clear ip bgp *
cisco_iosxe: debug all
cisco_iosxe: username x secret y
cisco_iosxe: do reload
cisco_iosxe: end
cisco_iosxr: configure
cisco_iosxr: commit
cisco_iosxr: interface HundredGigE0/0/0/1
cisco_iosxr: no router bgp 1
cisco_iosxr: admin reload
cisco_iosxr: clear bgp *
cisco_iosxr: rollback configuration last 1
cisco_nxos: configure terminal
cisco_nxos: vlan 10
cisco_nxos: feature bgp
cisco_nxos: no feature ospf
cisco_nxos: copy r s
cisco_nxos: reload
cisco_nxos: run bash
cisco_nxos: checkpoint x
cisco_nxos: install all nxos x
arista_eos: configure session x
arista_eos: interface Ethernet1
arista_eos: shutdown
arista_eos: write
arista_eos: reload now
arista_eos: bash ls
arista_eos: clear ip bgp *
arista_eos: zerotouch disable
juniper_junos: configure
juniper_junos: set interfaces ge-0/0/0 disable
juniper_junos: delete protocols bgp
juniper_junos: commit
juniper_junos: request system reboot
juniper_junos: clear bgp neighbor
juniper_junos: rollback 1
juniper_junos: load override x
juniper_junos: edit protocols
juniper_junos: deactivate system services ssh
frr: configure terminal
frr: router bgp 65001
frr: no neighbor 10.0.0.2
frr: interface eth0
frr: shutdown
frr: write
frr: clear bgp *
frr: debug bgp updates
linux: ip link set dev eth0 down
linux: ip route del default
linux: ip addr add 10.0.0.1/24 dev eth0
linux: sysctl -w net.ipv4.ip_forward=0
linux: nft flush ruleset
linux: systemctl stop frr
linux: reboot
linux: vtysh -c 'configure terminal'
linux: bridge link set dev eth0 cost 1
linux: tc qdisc del dev eth0 root
"""
CONFIGURING: dict[str, list[str]] = {}
for _row in COMMANDS.strip().splitlines():
    CONFIGURING.setdefault(_row.partition(": ")[0], []).append(_row.partition(": ")[2])
READING = {
    "linux": [
        "ip -j addr",
        "ip route show",
        "uptime",
        "ss -tulnp",
        "nft list ruleset",
        "vtysh -c 'show version'",
        "ping -c 1 10.0.0.1",
    ]
}
SHOWS = ["show version", "show running-config", "show ip route", "sh ip int br", "ping 10.0.0.1", "traceroute 10.0.0.1"]
BETWEEN = [
    "; ", " ; ", ";", "\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029", "\x00", "\x1a", "\x03", "\x1b",
    " && ", " & ",    " || ", "`", " $(", " > ", " >> ", " < ", "\\\n", "\t", " ! ", "?", "\u00a0",
]  # fmt: skip
WRITERS = [
    "redirect",
    "tee",
    "append",
    "save",
    "file",
    "utility",
    "bash",
    "vsh",
    "sed",
    "xargs",
    "python",
    "sh",
    "email",
    "request",
]
LETTERS = str.maketrans({"o": "\u043e", "e": "\u0435", "s": "\u0455", "c": "\u0441", "i": "\u0131", "a": "\u0430"})


def through(platform: str, text: str) -> bool:
    try:
        check_show(platform, text)
    except GuardError as refused:
        return not refused.facts["reason"]
    return True


@st.composite
def dressed(draw: st.DrawFn) -> tuple[str, str]:
    """A configuring command in some dress of a reading one."""
    platform = draw(st.sampled_from(sorted(CONFIGURING)))
    command = draw(st.sampled_from(CONFIGURING[platform]))
    reading = draw(st.sampled_from(READING.get(platform, SHOWS)))
    words = command.split()
    short = " ".join([words[0][: draw(st.integers(1, len(words[0])))], *words[1:]])
    said = draw(st.sampled_from([command, short, command.upper(), command.title(), command.translate(LETTERS)]))
    between = draw(st.sampled_from(BETWEEN))
    return platform, draw(
        st.sampled_from(
            [
                said,
                f"  {said}",
                f"do {said}",
                f"{reading}{between}{said}",
                f"{said}{between}{reading}",
                f"show{between}{said}",
                f"vtysh -c 'show version' -c '{said}'",
                f'vtysh -c "{said}"',
                f"{reading} | {draw(st.sampled_from(WRITERS))} {said}",
                f"{reading} | include x | {draw(st.sampled_from(WRITERS))} x",
                f'"{said}"',
                f"'{said}'",
                f"({said})",
                f"! {said}",
            ]
        )
    )


@settings(max_examples=1000)
@given(dressed())
@example(("linux", "systemctl status -Hroot@10.0.0.9"))
@example(("linux", "nft list table -f x"))
def test_no_dress_makes_a_configuring_command_a_reading_one(attempt: tuple[str, str]) -> None:
    platform, text = attempt
    assume(text.split() != ["s"])
    assert not through(platform, text), text


@settings(max_examples=500)
@given(
    platform=st.sampled_from(sorted(FILTERS)),
    verb=st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=12),
    rest=st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=30),
)
def test_what_passes_begins_with_a_word_that_reads_and_filters_with_one_that_filters(
    platform: str, verb: str, rest: str
) -> None:
    text = f"{verb} {rest}"
    if through(platform, text):
        head, *filters = text.split("|")
        assert head.split()[0].lower() in ("show", "sho", "sh", "admin", "ping", "traceroute")
        assert all(each.split()[0].lower() in FILTERS[platform] for each in filters)


def test_the_dresses_are_of_something_that_passes() -> None:
    """Without its addition each reading command goes, so it is the addition that is refused."""
    assert all(through("linux", text) for text in READING["linux"])
    assert all(through("cisco_iosxe", text) for text in SHOWS)
