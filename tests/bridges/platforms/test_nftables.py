"""Packet filters, as `nft` prints them."""

import pytest
from bridges.platforms.recorded import recorded, text_of

from nocmesh.messages.state import FilterRule, Output
from nocmesh_bridges.platforms import state
from nocmesh_bridges.platforms.nftables import RULESET, ruleset_status

REAL = text_of(recorded("frr/r1", "frr"), RULESET)


def rules(text: str) -> list[FilterRule]:
    found = state("h1", "linux", ["filters"], [Output(command=RULESET, text=text)])
    for rule in found.filters or []:
        assert rule.quote is not None
        assert rule.quote.text in text
    return found.filters or []


def rule(
    text: str, family: str = "inet", hook: str = "type filter hook input priority filter; policy accept;"
) -> FilterRule:
    [found] = rules(f"table {family} t {{\n\tchain c {{\n\t\t{hook}\n\t\t{text}\n\t}}\n}}\n")
    return found


def test_a_real_ruleset_is_read_whole() -> None:
    found = rules(REAL)
    assert ruleset_status(REAL) == "parsed"
    assert len(found) == 16
    assert {r.name for r in found} == {
        *("arp filter input", "inet filter other", "inet filter input", "inet filter forward"),
        *("netdev isis ingress", "netdev isis mangling"),
    }
    assert [r.text for r in found if r.hook == "forward"][-1] == "policy drop"


@pytest.mark.parametrize(
    ("text", "action", "protocol", "ports"),
    [
        ('tcp dport 179 counter packets 12 bytes 8 drop comment "no { accept }"', "drop", "tcp", ["179"]),
        ("tcp sport 179 drop", "drop", "tcp", ["179"]),
        ("tcp dport { 80, 443, 8000-8080 } reject with tcp reset", "reject", "tcp", ["80", "443", "8000-8080"]),
        ("ip protocol ospf drop", "drop", "ospf", []),
        ("ip protocol 89 drop", "drop", "ospf", []),
        ("meta l4proto { icmp, ipv6-icmp } drop", "drop", "", []),
        ("icmp type echo-request limit rate 5/second accept", "accept", "icmp", []),
        ("icmpv6 type nd-neighbor-solicit drop", "drop", "icmpv6", []),
        ("meta l4proto ipv6-icmp drop", "drop", "icmpv6", []),
        ("numgen random mod 100 < 30 drop", "drop", "", []),
        ("meta l4proto udp @th,64,16 set 0xdead", "mangle", "udp", []),
        ("ether type ip numgen random mod 100 < 5 @nh,80,16 set 0xdead", "mangle", "", []),
        ("ether type arp drop", "drop", "arp", []),
        ("meta mark 0x1 tcp dport vmap { 22 : accept, 23 : drop }", "vmap", "tcp", []),
        ("jump other", "jump", "", []),
        ("counter packets 1 bytes 2", "continue", "", []),
        ('log prefix "drop "', "continue", "", []),
        ("@ll,112,16 0xfefe drop", "drop", "isis", []),
        ("ether daddr { 01:80:c2:00:00:14, 01:80:c2:00:00:15 } drop", "drop", "isis", []),
        ("ether daddr 09:00:2b:00:00:05 drop", "drop", "isis", []),
        ("ether daddr 01:80:c2:00:00:00 drop", "drop", "stp", []),
        ("ether daddr 01:80:c2:00:00:0e drop", "drop", "lldp", []),
    ],
)
def test_a_rule_says_what_it_does_to_what(text: str, action: str, protocol: str, ports: list[str]) -> None:
    found = rule(text)
    assert (found.action, found.protocol, found.ports, found.text) == (action, protocol, ports, text)


def test_addresses_and_interfaces_are_told() -> None:
    found = rule('iifname "r1-e1" ip saddr 10.0.0.0/8 ip daddr { 192.0.2.1, 192.0.2.2 } drop')
    assert (found.interface, found.source, found.destination) == ("r1-e1", "10.0.0.0/8", "{ 192.0.2.1, 192.0.2.2 }")
    other = rule('iifname != { "lo", "eth0" } ip saddr != 10.0.0.0/8 counter packets 3 bytes 4 drop')
    assert (other.interface, other.source, other.packets) == ("", "", 3)


def test_arp_is_told_by_its_family() -> None:
    assert rule("drop", "arp").protocol == "arp"
    assert rule("arp operation reply drop", "arp").protocol == "arp"


@pytest.mark.parametrize("devices", ['device "e0"', "devices = { e0, e1 }", 'devices = { "e0", "e1" }'])
def test_a_chain_at_devices_stands_at_each_of_them(devices: str) -> None:
    hook = f"type filter hook egress {devices} priority filter; policy accept;"
    found = rules(f"table netdev t {{\n\tchain c {{\n\t\t{hook}\n\t\tdrop\n\t}}\n}}\n")
    assert [r.interface for r in found] == (["e0", "e1"] if "e1" in devices else ["e0"])
    assert {r.hook for r in found} == {"egress"}


def test_what_is_wrapped_is_one_rule_quoted_by_its_beginning() -> None:
    text = "table ip t {\n\tchain c {\n\t\ttcp dport { 1, 2,\n\t\t\t 3 } drop\n\t}\n}\n"
    [found] = rules(text)
    assert found.ports == ["1", "2", "3"]
    assert found.quote is not None
    assert found.quote.text == "tcp dport { 1, 2,"


def test_sets_comments_and_flags_are_no_rules() -> None:
    text = (
        "# Warning: table ip t is managed by iptables-nft, do not touch!\n"
        "table ip t {\n\tflags dormant\n"
        "\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 192.0.2.1,\n\t\t\t 192.0.2.2 }\n\t}\n"
        '\tmap m {\n\t\ttype ipv4_addr : verdict\n\t}\n\tchain c {\n\t\tcomment "x"\n\t\taccept\n\t}\n}\n'
    )
    assert [r.text for r in rules(text)] == ["accept"]


def test_no_ruleset_is_empty_and_a_table_without_rules_too() -> None:
    for text in ("", "table ip t {\n}\n", "table ip t {\n\tchain c {\n\t}\n}\n"):
        found = state("h1", "linux", ["filters"], [Output(command=RULESET, text=text)])
        assert (found.status["filters"], found.filters) == ("empty", [])


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "table ip t {",
        "table ip t {\n chain c {\n drop\n",
        "table ip t {\n chain c {\n drop\n }\n",
        "table ip t {\n set s {\n",
        "table ip t {\n what is this\n}\n",
        "table ip t {\n chain c {\n strange {\n }\n }\n}\n",
        "table x t {\n}\n",
        "Error: syntax error\n",
        "table ip t {\n}\nr1#",
    ],
)
def test_another_text_is_not_understood(text: str) -> None:
    assert ruleset_status(text) == "unparsed"


def test_a_ruleset_that_was_cut_within_a_table_is_never_believed() -> None:
    lines = REAL.splitlines(keepends=True)
    ends = [index + 1 for index, line in enumerate(lines) if line == "}\n"]
    for kept in range(1, len(lines)):
        expected = "parsed" if kept in ends else "unparsed"
        assert ruleset_status("".join(lines[:kept])) == expected
