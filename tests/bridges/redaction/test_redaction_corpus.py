"""No known secret is left in any line of the corpus, whatever the secret looks like.

The corpus is `lines.txt`: lines of all platforms, written by hand, with a place for the secret.
"""

import time
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from nocmesh_bridges.redact import mask, redact

FOLDER = Path(__file__).parent
PLACE = "{}"
LONG = 6
"""So many characters of a secret in a row are too many."""


def lines_of(name: str) -> list[str]:
    rows = (FOLDER / name).read_text().splitlines()
    return [row for row in rows if PLACE in row and not row.startswith("# ")]


CORPUS = lines_of("lines.txt")
QUOTED = [line for line in CORPUS if line.count(f'"{PLACE}"') == line.count(PLACE) and "://" not in line]
"""Lines whose secrets stand in quotes: there a blank is legal."""
PIECED = [line for line in CORPUS if any(f"{PLACE}{end}" in line for end in ("<", ":", "@", ",", "&")) or "://" in line]
"""Lines in which a character ends the secret that may stand in others."""
HASHED = [line for line in CORPUS if f"${PLACE}" in line]

LETTERS = st.characters(codec="ascii", categories=["L", "N"])
PRINTED = st.characters(codec="ascii", categories=["L", "N", "P", "S"])


def left_of(secret: str, line: str, shown: str) -> list[str]:
    """The long pieces of ``secret`` that ``shown`` still has, but for those that ``line`` has without it."""
    bare = line.replace(PLACE, "")
    pieces = {secret[at : at + LONG] for at in range(len(secret) - LONG + 1)}
    return [piece for piece in sorted(pieces) if piece in shown and piece not in bare]


def test_the_corpus_is_large_and_of_all_platforms() -> None:
    assert len(CORPUS) > 350
    heads = {
        row for row in (FOLDER / "lines.txt").read_text().splitlines() if row.startswith("# ") and " " not in row[2:]
    }
    assert {head[2:] for head in heads} >= {
        "cisco_iosxe", "cisco_iosxr", "cisco_nxos", "arista_eos", "juniper_junos", "frr", "linux",
    }  # fmt: skip


@pytest.mark.parametrize("secret", ["RemoveMe77x", "122A00190102180D3C2E", "9Zx!hidden#part", "1234567890"])
def test_no_line_of_the_corpus_leaks(secret: str) -> None:
    shown = {line: redact("", line.replace(PLACE, secret), key=b"key") for line in CORPUS}
    assert {line: text for line, text in shown.items() if secret in text} == {}


def check(secret: str, line: str) -> None:
    shown = redact("", line.replace(PLACE, secret), key=b"key")
    assert left_of(secret, line, shown) == [], shown


@settings(max_examples=400)
@given(secret=st.text(LETTERS, min_size=LONG, max_size=40), line=st.sampled_from(CORPUS))
def test_a_secret_of_letters_and_digits_is_masked_in_every_line(secret: str, line: str) -> None:
    check("q" + secret, line)


@settings(max_examples=400)
@given(
    secret=st.text(PRINTED, min_size=LONG, max_size=40),
    line=st.sampled_from(sorted(set(CORPUS) - set(PIECED) - set(HASHED) - set(QUOTED))),
)
@example(secret="ab,cdefghij", line="snmp-server community {} RO")
@example(secret="ab;cdefghij", line=" neighbor 10.0.0.2 password {}")
@example(secret='ab"cdefghij', line="tacacs-server key {}")
def test_a_secret_of_any_signs_is_masked_whole(secret: str, line: str) -> None:
    assume(PLACE not in secret and not secret.endswith((";", ",")))
    check("q" + secret, line)


@settings(max_examples=200)
@given(secret=st.text(PRINTED | st.just(" "), min_size=LONG, max_size=40), line=st.sampled_from(QUOTED))
def test_in_quotes_a_secret_may_hold_blanks(secret: str, line: str) -> None:
    assume(PLACE not in secret)
    check("q" + secret.replace("\\", "\\\\").replace('"', '\\"'), line)


@given(st.lists(st.sampled_from(CORPUS), min_size=1, max_size=6), st.text(LETTERS, min_size=LONG, max_size=20))
def test_what_was_masked_stays_as_it_is(lines: list[str], secret: str) -> None:
    once = redact("", "\n".join(line.replace(PLACE, f"q{secret}") for line in lines), key=b"key")
    assert redact("", once, key=b"key") == once


def test_a_name_below_its_field_in_xml_is_masked() -> None:
    text = "<community>\n  <name>s3cretword</name>\n  <authorization>read-only</authorization>\n</community>"
    assert "s3cretword" not in redact("juniper_junos", text)
    routes = "<community>\n  <name>65000:1</name>\n</community>"
    assert redact("juniper_junos", routes) == routes


HARMLESS = """
"community": "65001:100",
{"community": {"string": "65001:100 65001:200"}}
<community>65001:100</community>
 set community 65001:100 additive
Community: 65001:100 no-export
BGP routing table entry for 10.0.0.0/24, version 5
  10.0.12.2 from 10.0.12.2 (10.255.0.2)
Interface eth0 is up, line protocol is up
router bgp 65001
 neighbor 10.0.0.2 route-map OUT out
ip route 0.0.0.0/0 10.0.0.1
 isis authentication key-chain K
 ip ospf authentication key-chain K
 ip authentication mode eigrp 1 md5
 bfd-template x authentication sha-1 keychain K
aaa authentication login default group tacacs+ local
ssh-keygen
user@host:/var/log$
mac address 02:00:00:00:00:01 vlan 10
2026-01-01 12:00:00 %SYS-5-CONFIG_I: Configured from console by admin on vty0 (10.0.0.9)
crypto key generate rsa modulus 2048
ntp server 10.0.0.9 key 1
 mka pre-shared-key key-chain K
 lsp-password keychain K
""".strip("\n").splitlines()


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_no_secret_stays(line: str) -> None:
    assert redact("", line) == line


def test_one_secret_has_one_mask_in_every_form_of_a_line() -> None:
    for line in ("password {}", '"password": "{}"', "<password>{}</password>", "DB_PASSWORD={}"):
        assert mask("s3cretword", key=b"k") in redact("", line.replace(PLACE, "s3cretword"), key=b"k")


def test_tokens_that_tell_by_their_form_are_masked_wherever_they_stand() -> None:
    token = "ghp" + "_16C7e42F292c6912E7710c838347Ae178B4a"
    assert token not in redact("linux", f"remote: using {token} for the push")


@pytest.mark.parametrize(
    "line",
    [
        "password x" + " " * 20_000 + "y", "password" + " " * 20_000, "snmp x " * 4000, "secret 1 1 " * 4000,
        "x:y@" * 8000, "key " * 10_000, "a-" * 20_000 + "=", "username u password " * 2000,
    ],
    ids=lambda line: line[:12],
)  # fmt: skip
def test_no_line_of_a_hostile_device_holds_the_bridge_up(line: str) -> None:
    """Within the time of one look at a device, however long the line is."""
    began = time.process_time()
    redact("", line)
    assert time.process_time() - began < 5
