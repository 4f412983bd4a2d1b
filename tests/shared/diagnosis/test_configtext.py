"""Running configurations: normalised, hashed, cut into sections, compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.configlines import rendered
from nocmesh.diagnosis.configtext import normalise, sections, sha256_of, unified_diff, whole

FRR = """\
Building configuration...

Current configuration:
!
frr version 8.4.4
hostname r1
!
router bgp 65001
 neighbor 10.0.12.2 remote-as 65002
 !
 address-family ipv4 unicast
  network 10.255.0.1/32
 exit-address-family
 timers bgp 3 9
exit
!
end
"""
OLD_IOS = """\
Current configuration : 812 bytes
! NVRAM config last updated at 10:00:00 UTC Mon Mar 2 2026
version 12.4
ntp clock-period 17179738
router bgp 65001
 neighbor 10.0.12.2 remote-as 65002
 !
 address-family ipv4
 neighbor 10.0.12.2 activate
 exit-address-family
 address-family ipv6
 neighbor 10.0.12.2 activate
 exit-address-family
 maximum-paths 4
ip route 0.0.0.0 0.0.0.0 10.0.12.2
end
"""


def pairs(text: str) -> list[tuple[str, str]]:
    return [(line.section, line.text) for line in sections(text)]


def test_a_nested_line_has_the_chain_of_its_headers() -> None:
    assert pairs(FRR) == [
        ("", "frr version 8.4.4"),
        ("", "hostname r1"),
        ("", "router bgp 65001"),
        ("router bgp 65001", "neighbor 10.0.12.2 remote-as 65002"),
        ("router bgp 65001", "address-family ipv4 unicast"),
        ("router bgp 65001 / address-family ipv4 unicast", "network 10.255.0.1/32"),
        ("router bgp 65001", "timers bgp 3 9"),
    ]


def test_an_address_family_without_indentation_of_its_own_still_holds_its_lines() -> None:
    assert [section for section, text in pairs(OLD_IOS) if text.endswith("activate")] == [
        "router bgp 65001 / address-family ipv4",
        "router bgp 65001 / address-family ipv6",
    ]
    assert ("router bgp 65001", "maximum-paths 4") in pairs(OLD_IOS)
    assert ("", "ip route 0.0.0.0 0.0.0.0 10.0.12.2") in pairs(OLD_IOS)


def test_a_banner_may_hold_anything() -> None:
    text = (
        "hostname r1\nbanner motd ^C\nrouter bgp 1\n!\nend\n^C\n"
        "banner login #one line#\nbanner motd line hi\nip routing\nend\n"
    )
    assert pairs(text) == [
        ("", "hostname r1"),
        ("", "banner motd ^C"),
        ("banner motd", "router bgp 1"),
        ("banner motd", "!"),
        ("banner motd", "end"),
        ("banner motd", "^C"),
        ("", "banner login #one line#"),
        ("", "banner motd line hi"),
        ("", "ip routing"),
    ]
    assert whole(text)


def test_rendering_gives_each_level_its_blank() -> None:
    assert rendered(sections(FRR))[2:] == [
        "router bgp 65001",
        " neighbor 10.0.12.2 remote-as 65002",
        " address-family ipv4 unicast",
        "  network 10.255.0.1/32",
        " timers bgp 3 9",
    ]


@pytest.mark.parametrize(
    "noisy",
    [
        FRR.replace("Building configuration...\n", ""),
        FRR.replace("\n", "\r\n"),
        FRR.replace("!\nrouter", "! Last configuration change at 11:00:00\n!\n\nrouter"),
        FRR.replace("hostname r1", "hostname r1   "),
        "Load for five secs: 1%\nTime source is NTP, 11:00:00\n" + FRR,
    ],
)
def test_two_readings_of_one_configuration_have_one_hash(noisy: str) -> None:
    assert sha256_of("frr", noisy) == sha256_of("frr", FRR)


def test_the_clock_period_that_ios_writes_by_itself_does_not_count() -> None:
    assert sha256_of("cisco_iosxe", OLD_IOS) == sha256_of("cisco_iosxe", OLD_IOS.replace("17179738", "17179801"))


@pytest.mark.parametrize(
    "other",
    [
        FRR.replace("65002", "65003"),
        FRR.replace("  network 10.255.0.1/32\n", ""),
        FRR.replace("  network", " network"),
        FRR.replace("hostname r1", "hostname r1\nbanner motd #\n! note\n#"),
    ],
)
def test_another_configuration_has_another_hash(other: str) -> None:
    assert sha256_of("frr", other) != sha256_of("frr", FRR)


def test_a_diff_names_what_it_compares_and_is_empty_for_the_same() -> None:
    assert unified_diff("a\nb\n", "a\nc\n", "r1").splitlines() == [
        "--- r1 (before)",
        "+++ r1 (after)",
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+c",
    ]
    assert unified_diff("a\n", "a\n", "r1") == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "end\n",
        "lorem ipsum\nend\n",
        FRR.removesuffix("end\n"),
        FRR + "r1# ",
        FRR.replace("!\nrouter", "% Error\nrouter"),
        FRR.replace("!\nrouter", "Mar  2 11:00:00 r1 bgpd[1]: peer down\nrouter"),
        FRR.replace("!\nrouter", "2026/03/02 11:00:00 BGP: peer down\nrouter"),
        FRR.replace("!\nrouter", "*Mar  2 11:00:00: %SYS-5-CONFIG_I: Configured\nrouter"),
        FRR.replace("!\nrouter", " --More-- \nrouter"),
        FRR.replace("!\nrouter", "Broadcast message from root\nrouter"),
        FRR.replace("!\nrouter", "banner motd ^C\nrouter"),
    ],
)
def test_a_configuration_that_is_cut_or_mixed_with_something_else_is_not_whole(text: str) -> None:
    assert not whole(text)


def test_a_configuration_from_start_to_end_is_whole() -> None:
    assert whole(FRR)
    assert whole(OLD_IOS)


@given(st.text(alphabet="abc !^#\n\tbner motd%", max_size=200))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise("frr", text)
    assert [line for line in normalise("frr", once).splitlines() if line] == [
        line for line in once.splitlines() if line
    ]


@given(st.text(max_size=200))
def test_any_text_has_sections_and_a_verdict(text: str) -> None:
    assert all(line.text == line.text.rstrip() for line in sections(text))
    assert whole(text) in {True, False}
