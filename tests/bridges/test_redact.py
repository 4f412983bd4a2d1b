"""Redaction: known secrets are masked, the same one alike, and what is no secret stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh_bridges.redact import mask, redact

S = "Zx9!hidden"
LINES = f"""
enable secret 5 $1$mERr${S}
enable secret 9 $9$nhEmQVczB7dqsO$X.{S}
enable password {S}
enable algorithm-type sha256 secret {S}
username admin privilege 15 secret 9 $9${S}
username admin password 7 0822455D0A16{S}
username admin password 5 $5$ABCD${S}  role network-admin
username admin secret sha512 $6${S}
 neighbor 10.0.0.2 password {S}
 neighbor 10.0.0.2 password 7 {S}
 neighbor 10.0.0.2 password two words {S}
 neighbor 2001:db8::1 password {S}
 neighbor PEERS password encrypted {S}
 password {S}
 password 7 {S}
password {S}
snmp-server community {S} RO
snmp-server community 7 {S} ro
snmp-server host 10.0.0.9 version 2c {S}
snmp-server host 10.0.0.9 traps version 2c {S} bgp
snmp-server host 10.0.0.9 vrf mgmt version 3 priv {S}
snmp-server host 10.0.0.9 {S}
snmp-server user u g v3 auth sha {S} priv aes 128 other{S}
snmp-server user u network-admin auth md5 0x{S} priv 0x{S}2 localizedkey
set snmp community {S} authorization read-only
    community {S} {{
rocommunity {S} default
com2sec local localhost {S}
createUser u SHA {S} AES other{S}
 key-string {S}
 key-string 7 {S}
  key-octet-string 7 {S} cryptographic-algorithm AES_128_CMAC
  hello-password hmac-md5 encrypted {S}
  hello-password text clear {S}
 lsp-password hmac-md5 encrypted {S}
  password encrypted {S}
    password 3 {S}
 secret 10 $6${S}
  ip ospf message-digest-key 1 md5 3 {S}
   message-digest-key 1 md5 encrypted {S}
    text-authentication {S}
  neighbor 192.0.2.3:0 password encrypted {S}
snmp-server community encrypted {S} RO SystemOwner
snmp-server host 192.0.2.9 traps version 2c encrypted {S}
snmp-server user u g v3 auth sha encrypted {S} priv aes 128 encrypted {S}2 SystemOwner
  key-string "{S}"
 ip ospf authentication-key {S}
 ip ospf authentication-key 7 {S}
 ip ospf message-digest-key 1 md5 {S}
 ip ospf message-digest-key 1 md5 7 {S}
 area 0 virtual-link 1.1.1.1 message-digest-key 1 md5 {S}
 isis password {S}
 isis authentication key 7 x secret {S}
 area-password {S}
 domain-password md5 {S}
 area-password clear {S}
 standby 1 authentication {S}
 standby 1 authentication md5 key-string {S}
 vrrp 1 authentication text {S}
ntp authentication-key 1 md5 {S} 7
tacacs-server key {S}
tacacs-server host 10.0.0.9 key 7 {S}
radius-server host 10.0.0.9 auth-port 1812 acct-port 1813 key {S}
 key {S}
 key 7 {S}
 server-private 10.0.0.9 key 7 {S}
crypto isakmp key {S} address 10.0.0.1
crypto isakmp key 6 {S} hostname x
 pre-shared-key {S}
 pre-shared-key local {S}
 pre-shared-key address 10.0.0.1 key {S}
  pre-shared-key ascii-text "$9${S}"; ## SECRET-DATA
 wpa-psk ascii 0 {S}
 security wpa psk set-key ascii 0 {S}
 ppp chap password 0 {S}
 ppp pap sent-username u password 7 {S}
ip ftp password {S}
 l2tp tunnel password {S}
    encrypted-password "$6$salt${S}"; ## SECRET-DATA
    authentication-key "$9${S}"; ## SECRET-DATA
    secret "$9${S}"; ## SECRET-DATA
 plain-text-password-value "{S}";
set system root-authentication encrypted-password "$6$x${S}"
archive path ftp://user:{S}@10.0.0.9/x
copy http://u:{S}@h/x
Authorization: Bearer {S}
api_key = {S}
api-key: {S}
password={S}
"password": "{S}"
token hash $2y$10${S}
description the password is {S[0]}; $1$abc${S}
""".strip("\n").splitlines()

HARMLESS = """
service password-encryption
security passwords min-length 8
hostname r1
router bgp 65001
 neighbor 10.0.0.2 remote-as 65002
 key chain ospf
 key 1
key chain bgp
 neighbor 10.0.0.2 send-community both
 set community 65001:100 additive
ip community-list standard x permit 65001:1
 community 65001:1
 authentication mode md5
  hello-password keychain core
   authentication message-digest keychain core
  isis authentication-type md5 level-2
 ip ospf authentication message-digest
aaa authentication login default local
snmp-server location lab
snmp-server contact noc
ip ssh version 2
%BGP-3-NOTIFICATION: received from 10.0.0.2 4/0 (hold time expired)
%TCP-6-BADAUTH: Invalid MD5 digest from 10.0.0.2(179)
  Peer had a password mismatch
  the password is wrong
Community: 65001:100
BGP neighbor is 10.0.0.2, remote AS 65002
10.0.0.2 4 65002 100 100 0 0 0 01:00:00 5 6 key
http://10.0.0.1:8080/api
""".strip("\n").splitlines()

PEM = f"""before
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAA{S}
-----END OPENSSH PRIVATE KEY-----
after"""


@pytest.mark.parametrize("platform", ["cisco_iosxe", "cisco_nxos", "cisco_iosxr", "frr", "juniper_junos"])
def test_no_secret_is_left_in_any_line_that_is_known_to_hold_one(platform: str) -> None:
    assert len(LINES) > 70
    assert [line for line in LINES if S in redact(platform, line)] == []


def test_what_is_no_secret_stays() -> None:
    assert [line for line in HARMLESS if redact("frr", line) != line] == []


def test_the_line_around_a_secret_stays() -> None:
    assert redact("frr", " neighbor 10.0.0.2 password x1") == f" neighbor 10.0.0.2 password {mask('x1')}"
    assert redact("cisco_iosxe", "snmp-server community x1 RO 10") == f"snmp-server community {mask('x1')} RO 10"


def test_the_same_secret_has_the_same_mask_wherever_it_stands() -> None:
    text = redact("frr", f" neighbor 10.0.0.2 password {S}\n key-string {S}\n neighbor 10.0.0.3 password other")
    masks = [line.rpartition(" ")[2] for line in text.splitlines()]
    assert masks[0] == masks[1] != masks[2]


def test_a_key_makes_masks_that_nobody_else_can_guess() -> None:
    assert mask(S, key=b"one") != mask(S, key=b"two") != mask(S)
    assert redact("frr", f"password {S}", key=b"one") == f"password {mask(S, key=b'one')}"


@pytest.mark.parametrize("cut", [0, 40])
def test_a_pem_block_is_masked_even_when_it_is_cut(cut: int) -> None:
    text = redact("linux", PEM[: len(PEM) - cut])
    assert S not in text
    assert text.startswith("before\n-----BEGIN") is False
    assert "OPENSSH PRIVATE KEY" in text
    assert ("after" in text) == (cut == 0)


@settings(max_examples=60)
@given(
    secret=st.text(
        st.characters(codec="ascii", exclude_characters=' \t\r\n";,$<>:/@|\\', categories=["L", "N", "P"]), min_size=6
    ),
    line=st.sampled_from(LINES),
)
def test_any_secret_in_a_known_place_is_masked(secret: str, line: str) -> None:
    marked = "q" + secret
    assert marked not in redact("cisco_iosxe", line.replace(S, marked)).replace(line.split(S)[0], "")


@settings(max_examples=100)
@given(text=st.text(max_size=200) | st.lists(st.sampled_from(LINES + HARMLESS), max_size=8).map("\n".join))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    once = redact("frr", text)
    assert redact("frr", once) == once
    assert once.count("\n") <= text.count("\n")


def test_a_megabyte_without_secrets_is_quick_and_untouched() -> None:
    text = "*> 10.0.0.0/24 192.0.2.1 0 65001 65002 i\n" * 25_000
    assert redact("frr", text) == text
