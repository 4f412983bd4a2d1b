"""The diff that commands will make, before anybody sends them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.configmerge import merged
from nocmesh.diagnosis.configtext import affected_diff

RUNNING = """\
hostname r1
interface r1-e0
 description to r2
 ip address 10.0.12.1/30
 shutdown
exit
router bgp 65001
 bgp router-id 10.255.0.1
 neighbor 10.0.12.2 remote-as 65003
 neighbor 10.0.12.2 password <redacted>
 neighbor 10.0.12.2 timers 3 9
 neighbor 10.0.13.2 remote-as 65004
 !
 address-family ipv4 unicast
  network 10.255.0.1/32
  neighbor 10.0.12.2 route-map A in
  neighbor 10.0.12.2 route-map B out
  no neighbor 10.0.13.2 activate
 exit-address-family
exit
ip route 10.8.0.0/16 10.0.12.2
end
"""
ROUTER = "router bgp 65001"
FAMILY = "address-family ipv4 unicast"


def changed(*commands: str) -> list[str]:
    """The lines that a diff takes away and adds, without its head."""
    return [line for line in affected_diff(RUNNING, commands).splitlines()[2:] if line[0] in "+-"]


@pytest.mark.parametrize(
    ("commands", "lines"),
    [
        (
            [ROUTER, "neighbor 10.0.12.2 remote-as 65002"],
            ["- neighbor 10.0.12.2 remote-as 65003", "+ neighbor 10.0.12.2 remote-as 65002"],
        ),
        ([ROUTER, " no neighbor 10.0.12.2 password"], ["- neighbor 10.0.12.2 password <redacted>"]),
        ([ROUTER, "no neighbor 10.0.12.2 password secret"], ["- neighbor 10.0.12.2 password <redacted>"]),
        ([ROUTER, "no neighbor 10.0.12.2 remote-as 65999"], []),
        ([ROUTER, "neighbor 10.0.12.2 timers connect 5"], ["+ neighbor 10.0.12.2 timers connect 5"]),
        ([ROUTER, "neighbor 10.0.19.2 remote-as 65009"], ["+ neighbor 10.0.19.2 remote-as 65009"]),
        ([ROUTER, "bgp router-id 10.9.9.9"], ["- bgp router-id 10.255.0.1", "+ bgp router-id 10.9.9.9"]),
        ([ROUTER, FAMILY, "network 10.7.0.0/16"], ["+  network 10.7.0.0/16"]),
        ([ROUTER, FAMILY, "no network 10.255.0.1/32"], ["-  network 10.255.0.1/32"]),
        ([ROUTER, "no network 10.255.0.1/32"], ["-  network 10.255.0.1/32"]),
        ([ROUTER, FAMILY, "network 10.255.0.1/32"], []),
        (
            [ROUTER, FAMILY, "neighbor 10.0.12.2 route-map C out"],
            ["-  neighbor 10.0.12.2 route-map B out", "+  neighbor 10.0.12.2 route-map C out"],
        ),
        (
            [ROUTER, FAMILY, "neighbor 10.0.13.2 activate"],
            ["-  no neighbor 10.0.13.2 activate"],
        ),
        ([ROUTER, FAMILY, "no neighbor 10.0.13.2 activate"], []),
        ([ROUTER, FAMILY, "no neighbor 10.0.12.2 activate"], ["+  no neighbor 10.0.12.2 activate"]),
        (
            [ROUTER, FAMILY, "exit-address-family", "neighbor 10.0.13.2 shutdown"],
            ["+ neighbor 10.0.13.2 shutdown"],
        ),
        (
            [ROUTER, "no neighbor 10.0.12.2"],
            [
                "- neighbor 10.0.12.2 remote-as 65003",
                "- neighbor 10.0.12.2 password <redacted>",
                "- neighbor 10.0.12.2 timers 3 9",
                "-  neighbor 10.0.12.2 route-map A in",
                "-  neighbor 10.0.12.2 route-map B out",
            ],
        ),
        (["interface r1-e0", "no shutdown"], ["- shutdown"]),
        (["interface r1-e0", "default shutdown"], ["- shutdown"]),
        (["interface r1-e0", "description peer"], ["- description to r2", "+ description peer"]),
        (["interface r1-e0", "ip address 10.0.99.1/30"], ["+ ip address 10.0.99.1/30"]),
        (
            ["interface r1-e0", "no shutdown", "exit", "ip route 10.1.0.0/16 10.0.12.2"],
            ["- shutdown", "+ip route 10.1.0.0/16 10.0.12.2"],
        ),
        ([ROUTER, "no ip route 10.8.0.0/16"], ["-ip route 10.8.0.0/16 10.0.12.2"]),
        (["hostname r9"], ["-hostname r1", "+hostname r9"]),
        (["router bgp 65001", "end", "", "! a note"], []),
        (["router ospf", "network 10.0.0.0/8 area 0"], ["+router ospf", "+ network 10.0.0.0/8 area 0"]),
    ],
    ids=lambda value: " ; ".join(value),
)
def test_commands_are_merged_as_a_device_merges_them(commands: list[str], lines: list[str]) -> None:
    assert changed(*commands) == lines


def test_removing_a_section_removes_all_in_it() -> None:
    removed = changed("no router bgp 65001")
    assert len(removed) == 11
    assert all(line.startswith("-") for line in removed)


def test_only_the_sections_that_are_touched_are_shown() -> None:
    assert "interface r1-e0" not in affected_diff(RUNNING, ["router bgp 65001", "neighbor 10.0.12.2 remote-as 65002"])


@given(st.sampled_from(["65002", "65003", "4200000000"]), st.sampled_from(["10.0.12.2", "10.0.13.2", "10.0.14.2"]))
def test_a_change_and_its_undoing_leave_nothing(asn: str, neighbor: str) -> None:
    before, _ = merged(RUNNING, [])
    old = next((line.text for line in before if line.text.startswith(f"neighbor {neighbor} remote-as")), "")
    undo = old or f"no neighbor {neighbor} remote-as {asn}"
    after, _ = merged(RUNNING, [ROUTER, f"neighbor {neighbor} remote-as {asn}", undo])
    assert after == before


@given(st.lists(st.text(max_size=30), max_size=6))
def test_any_commands_give_a_diff_or_none(commands: list[str]) -> None:
    assert isinstance(affected_diff(RUNNING, commands), str)
