"""The inventory file: what it gives, and every mistake in it at once."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError, NotFoundError, PreconditionError
from nocmesh.inventory import Inventory, inventory_of, load_inventory
from nocmesh.network import End
from nocmesh.yamlfile import parse_document

CONTRACT = """\
version: 1
credentials:                      # a file for labs and tests; in production by name from the credential store
  lab: {username: admin, private_key_file: ./id_ed25519}        # or password, enable_password, passphrase
devices:
  - name: r1
    platform: frr                 # frr, linux, cisco_iosxe, cisco_iosxr, cisco_nxos, arista_eos, juniper_junos
    address: 172.31.99.11
    port: 22
    credential: lab
    host_key: "ssh-ed25519 AAAA…" # optional; without it trust on first use
    role: core                    # core, edge, distribution, access, host, …
    site: ams
    core: true                    # a change here is critical; role is only a label
    snmp: {version: "2c", community: public, port: 161}
    aliases: [r1.example.net]
    shell: {port: 2222, credential: lab}       # optional second way in: a Linux shell beside the router CLI
    interfaces:
      - {name: r1-e0, addresses: [10.0.12.1/30], enabled: true, mtu: 1500, description: to r2}
    intent:                       # optional: what should be, where somebody wrote it down
      bgp: {asn: 65001, router_id: 10.255.0.1, neighbors: [{address: 10.0.12.2, remote_asn: 65002}],
            networks: [10.255.0.1/32]}
      ospf: {areas: {"0.0.0.0": [r1-e0, lo]}}
      isis: {net: 49.0001.0000.0000.0001.00, level: 1-2, interfaces: [r1-e0]}
      software: {version: "8.4.4", packages: {frr: "8.4"}, services: [bgpd, ospfd]}
      config: {template: edge-base, stack: core-routing}     # named, versioned; drift is measured against it
users:                            # for labs and demos; in production from sign-in
  - {name: nina, roles: [operator, approver]}
  - {name: omar, roles: [operator, approver]}
links:
  - {a: "r1:r1-e0", b: "r2:r2-e0"}
"""
TWO = """\
version: 1
credentials:
  lab: {username: admin, password: s3cret, enable_password: en4ble}
  key: {username: ops, private_key_file: /keys/id, passphrase: w0rds}
devices:
  - {name: r1, platform: frr, address: 127.0.0.1, port: 2201, credential: lab, legacy: true, simulated: true}
  - name: R2
    platform: cisco_iosxe
    address: 127.0.0.1
    port: 2202
    credential: key
    interfaces: [{name: Gi0/0, addresses: [10.0.12.2/30, "2001:db8::1/64"]}]
links:
  - {a: "r1:e0", b: "R2:Gi0/0"}
"""


def read(text: str) -> Inventory:
    return inventory_of(parse_document(text, "lab.yaml"), Path("/etc/nocmesh"), stored=())


def refusal(text: str) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        read(text)
    return caught.value


def test_the_file_of_the_contract_loads_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "lab.yaml"
    path.write_text(CONTRACT)
    inventory = load_inventory(str(path))
    device = inventory.device("r1")
    assert (device.name, device.platform, device.address, device.port) == ("r1", "frr", "172.31.99.11", 22)
    assert device.credential.private_key_file == tmp_path / "id_ed25519"
    assert device.snmp is not None
    assert (device.snmp.version, device.snmp.community.reveal(), device.snmp.port) == ("2c", "public", 161)
    assert device.shell is not None
    assert (device.shell.port, device.shell.credential.username) == (2222, "admin")
    assert [(user.name, user.roles) for user in inventory.users] == [
        ("nina", ["operator", "approver"]),
        ("omar", ["operator", "approver"]),
    ]
    assert inventory.links[0].resource == "link/r1:r1-e0--r2:r2-e0"


def test_the_network_has_the_intent_and_no_secret() -> None:
    network = read(CONTRACT).network()
    device = network.device("r1.example.net")
    assert device is not None
    assert device.core
    assert device.interfaces[0].addresses == ["10.0.12.1/30"]
    intent = device.intent
    assert intent.bgp is not None
    assert (intent.bgp.asn, intent.bgp.neighbors[0].remote_asn) == (65001, 65002)
    assert intent.ospf is not None
    assert intent.ospf.areas == {"0.0.0.0": ["r1-e0", "lo"]}
    assert intent.isis is not None
    assert intent.isis.level == "1-2"
    assert intent.software is not None
    assert intent.software.packages == {"frr": "8.4"}
    assert intent.config is not None
    assert intent.config.stack == "core-routing"
    body = read(TWO).network().to_json()
    assert not [secret for secret in (b"s3cret", b"en4ble", b"w0rds", b"/keys") if secret in body]


def test_how_much_a_device_bears_is_said_beside_it() -> None:
    first, second = read(TWO.replace("legacy: true", "max_sessions: 4, logins_per_minute: 6")).devices
    assert (first.max_sessions, first.logins_per_minute) == (4, 6)
    assert (second.max_sessions, second.logins_per_minute) == (2, 0)


def test_secrets_are_resolved_and_do_not_show() -> None:
    inventory = read(TWO)
    first, second = inventory.device("r1"), inventory.device("r2")
    assert (first.credential.password, first.credential.enable_password) == ("s3cret", "en4ble")
    assert (second.credential.passphrase, second.credential.private_key_file) == ("w0rds", Path("/keys/id"))
    assert (first.legacy, first.device.simulated, second.legacy) == (True, True, False)
    assert not [secret for secret in ("s3cret", "en4ble", "w0rds") if secret in repr(inventory)]


def test_links_join_devices_by_their_names() -> None:
    network = read(TWO).network()
    assert network.neighbours("r1")[0][2] == End(device="R2", interface="Gi0/0")


def test_a_link_that_leads_out_of_an_excerpt_is_no_link_of_the_network() -> None:
    assert read(CONTRACT).network().links == []


def test_a_device_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'r1'"):
        read(TWO).device("r11")


MISTAKES = [
    ("platform: cisco_iosxe", "platfrom: cisco_iosxe", 8, "unknown key 'platfrom'; did you mean 'platform'?"),
    ("platform: cisco_iosxe", "platfrom: cisco_iosxe", 7, "devices[1].platform: is missing"),
    ("platform: cisco_iosxe", "platform: cisco_ios", 8, "expected 'frr', 'linux', 'cisco_iosxe'"),
    ("version: 1", "version: 2", 1, "version: expected 1"),
    ("name: R2", "name: r1", 7, "the name 'r1' is already taken, on line 6"),
    ("name: R2", "name: R1", 7, "the name 'r1' is already taken"),
    ("name: R2", "name: a:b", 7, "'a:b' cannot be a name"),
    ("name: R2", 'name: ""', 7, "cannot be a name"),
    ("name: R2", "name: 7", 7, "expected text; write it in quotes"),
    ("port: 2202", "port: 2201", 9, "the address 127.0.0.1 port 2201 is already taken"),
    ("port: 2202", "port: 99999", 10, "expected less than or equal to 65535"),
    ("address: 127.0.0.1\n", "address: 'a b'\n", 9, "is no address"),
    ("address: 127.0.0.1\n", "address: 300.31.1.11\n", 9, "'300.31.1.11' is no IP address, and no host name"),
    ("address: 127.0.0.1\n", "address: 10.1.2\n", 9, "expected four numbers of at most 255"),
    ("address: 127.0.0.1\n", "address: 10.0.0.1.\n", 9, "or a host name with letters; correct it"),
    ("address: 127.0.0.1\n", "address: '10000001'\n", 9, "no host name is numbers alone"),
    (
        "credential: key",
        "credential: keey",
        11,
        "no credential 'keey' under credentials, nor in the credential store; did you mean 'key'?",
    ),
    ("private_key_file: /keys/id, ", "", 4, "has neither password nor private_key_file"),
    ("10.0.12.2/30", "10.0.12.2", 12, "lacks its prefix length"),
    ("10.0.12.2/30", "10.0.12.x/30", 12, "is no interface address"),
    ("R2:Gi0/0", "R2:Gi0/1", 14, "R2 has no interface 'Gi0/1'; did you mean"),
    ("R2:Gi0/0", "r9:e0", 14, "no device 'r9'; expected one of: R2, r1"),
    ("R2:Gi0/0", "R2", 14, "'R2' is no link end; expected device:interface"),
    ("R2:Gi0/0", "r1:e0", 14, "both ends are the same"),
    ("links:", "lnks:", 13, "unknown key 'lnks'; did you mean 'links'?"),
    ("links:", "users: [{name: n}, {name: n}, {name: o, roles: [king]}]\nlinks:", 13, "the user 'n' is already taken"),
    ("links:", "users: [{name: n, roles: [king]}]\nlinks:", 13, "users[0].roles[0]: expected 'viewer'"),
    ("links:", "links: 3\nusers:", 13, "links: expected a valid list"),
    (
        "port: 2202",
        "intent: {bgp: {asn: 0}}",
        10,
        "devices[1].intent.bgp.asn: expected greater than or equal to 1",
    ),
    ("port: 2202", "intent: {bgp: {asn: 1, networks: [10.0.0.1/8]}}", 10, "is no prefix"),
    ("port: 2202", "intent: {bgp: {asn: 1, router_id: x}}", 10, "'x' is no IP address"),
    ("port: 2202", "intent: {bgb: {}}", 10, "unknown key 'bgb'; did you mean 'bgp'?"),
    ("port: 2202", "intent: {software: {version: 8.10}}", 10, "expected text; write it in quotes"),
    ("port: 2202", "shell: {credential: nobody}", 10, "no credential 'nobody'"),
    ("port: 2202", "port: 2202\n    port: 2203", 11, "devices[1].port: given twice"),
    ("port: 2202", "interfaces: [{name: a}, {name: a}]", 12, "given twice"),
    ("interfaces: [{name: Gi0/0, ", "interfaces: [{name: Gi0/0}, {name: Gi0/0, ", 12, "'Gi0/0' is already taken"),
    (
        "{name: Gi0/0, addresses: [10.0.12.2/30",
        "{name: a, addresses: [10.0.12.2/24]}, {name: Gi0/0, addresses: [10.0.12.2/30",
        12,
        "the interface address 10.0.12.2 is already taken, on line 12",
    ),
    ("port: 2202", "port: 2202\n    shell: {port: 2201, credential: key}", 11, "127.0.0.1 port 2201 is already taken"),
    ("port: 2202", "aliases: [r1]", 10, "the name 'r1' is already taken"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_named_with_its_line_and_what_was_expected(old: str, new: str, line: int, words: str) -> None:
    assert old in TWO
    told = str(refusal(TWO.replace(old, new))).splitlines()
    assert any(text.startswith(f"lab.yaml:{line}: ") and words in text for text in told), told


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = TWO.replace("platform: frr", "platform: frrr").replace("credential: key", "credential: x")
    error = refusal(text.replace("R2:Gi0/0", "r9:e0"))
    assert [mistake["line"] for mistake in error.facts["mistakes"]] == [6, 11, 14]
    assert error.field == "devices[0].platform"


def test_no_error_shows_a_secret() -> None:
    assert "s3cret" not in str(refusal(TWO.replace("password: s3cret", "password: [s3cret]")))


@pytest.mark.parametrize("text", ["", "- 1\n", "just text", "3", "null"])
def test_a_file_that_is_no_mapping_says_what_is_expected(text: str) -> None:
    assert "expected a mapping of version, credentials" in str(refusal(text))


def test_two_links_from_nowhere_to_nowhere_are_refused_even_in_an_excerpt() -> None:
    assert "neither end" in str(refusal(CONTRACT.replace('"r1:r1-e0"', '"r3:e0"')))


SIX = """\
version: 1
credentials: {c: {username: u, password: p}}
devices:
  - {name: r1, platform: frr, address: "2001:db8::1", credential: c, shell: {port: 22, credential: c}}
  - {name: r2, platform: frr, address: "2001:DB8:0::1", credential: c}
  - {name: r3, platform: frr, address: R3.example.net, credential: c}
  - {name: r4, platform: frr, address: r3.EXAMPLE.net, credential: c}
"""


def test_an_address_in_another_spelling_is_the_same_address() -> None:
    told = str(refusal(SIX)).splitlines()
    assert [line.split(": ")[0] for line in told] == ["lab.yaml:5", "lab.yaml:7"]
    assert "2001:db8::1 port 22 is already taken, on line 4" in told[0]


def test_what_may_be_in_several_places_is_no_mistake() -> None:
    """Anycast, link-local addresses, and a shell behind the port of the command line."""
    anycast = "interfaces: [{name: lo, addresses: [10.9.9.9/32, 'fe80::1/64']}]"
    text = TWO.replace("port: 2201,", f"port: 2201, {anycast}, shell: {{port: 2201, credential: lab}},")
    text = text.replace("{name: Gi0/0", "{name: lo, addresses: [10.9.9.9/32, 'fe80::1/64']}, {name: Gi0/0")
    text = text.replace("r1:e0", "r1:lo")
    assert len(read(text).devices) == 2


BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "lab.yaml:2: aliases"),
        ("version: !!python/object/apply:os.system ['true']\n", "tags"),
        ("version: !secret x\n", "tags"),
        ("[" * 5000, "nested deeper"),
        ("{a: " * 5000, "nested deeper"),
        ("version: 1\n---\nversion: 1\n", "not YAML"),
        ("version: [1\n", "not YAML"),
        ("a: b: c\n", "not YAML"),
        ("? [a, b]\n: 1\n", "a key must be a plain word"),
        ("\x00", "not YAML"),
        ("version: 1\n\tdevices: []\n", "not YAML"),
        ("%YAML 9.9\n---\na: 1\n", "lab.yaml"),
    ],
    ids=range(12),
)
def test_hostile_yaml_is_refused_with_a_reason(text: str, words: str) -> None:
    assert words in str(refusal(text))


def test_a_file_that_is_not_there_too_large_or_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="give the path"):
        load_inventory(tmp_path / "none.yaml")
    with pytest.raises(NotFoundError, match="cannot be read"):
        load_inventory(tmp_path)
    path = tmp_path / "lab.yaml"
    path.write_bytes(b"version: 1 # \xff\n")
    with pytest.raises(InvalidInputError, match="UTF-8"):
        load_inventory(path)
    with path.open("wb") as sparse:
        sparse.truncate(9 * 1024 * 1024)
    with pytest.raises(InvalidInputError, match="larger than"):
        load_inventory(path)


def test_numbers_are_read_as_yaml_1_2_means_them() -> None:
    data = parse_document("[0x10, 0o17, 010, 1_000, 1e3, .inf, true, ~, yes, 2026-01-01]", "n").data
    assert data == [16, 15, 10, 1000, 1000.0, ".inf", True, None, "yes", "2026-01-01"]


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=12,
    ),
    st.sampled_from(["credentials", "devices", "users", "links"]),
)
def test_any_shape_of_data_is_read_or_refused(value: object, key: str) -> None:
    try:
        inventory = read(json.dumps({"version": 1, key: value}))
    except InvalidInputError as error:
        told = str(error)
        assert told.startswith("lab.yaml:")
    else:
        assert inventory.devices == []


def snmp(entry: str, folder: Path = Path("/inventory")) -> Inventory:
    text = TWO.replace("simulated: true}", f"simulated: true, snmp: {{{entry}}}}}")
    return inventory_of(parse_document(text, "inventory.yaml"), folder)


THIRD = 'version: "3", user: nina'


def test_an_snmp_user_has_its_passwords_from_wherever_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "privacy").write_text("from a file\n")
    monkeypatch.setenv("R1_AUTH", "from the environment")
    found = snmp(f"{THIRD}, auth_password_env: R1_AUTH, privacy_password_file: privacy", tmp_path).device("r1").snmp
    assert found is not None
    assert (found.user, found.auth) == ("nina", "sha256")
    assert found.auth_password is not None
    assert found.privacy_password is not None
    assert found.auth_password.reveal() == "from the environment"
    assert found.privacy_password.reveal() == "from a file"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (THIRD, "no auth_password"),
        (f"{THIRD}, auth_password: long enough", "no privacy_password"),
        (f"{THIRD}, auth_password: long enough, auth_password_env: X, privacy_password_env: Y", "keep one of them"),
        ("community: public, community_file: x", "keep one of them"),
        ('version: "3", auth_password_env: X, privacy_password_env: Y', "goes with a user"),
        ("user: nina", "goes with a user"),
        (f"{THIRD}, auth_password: t0ny, privacy_password: long enough", "at least 8"),
        (f"{THIRD}, auth: md5, auth_password_env: X, privacy_password_env: Y", "sha256"),
    ],
)
def test_an_snmp_entry_that_cannot_work_is_told_without_its_secrets(entry: str, expected: str) -> None:
    with pytest.raises(InvalidInputError, match=expected) as told:
        snmp(entry)
    assert "t0ny" not in str(told.value)
    assert "long enough" not in str(told.value)


def test_one_snmp_user_with_two_pairs_of_passwords_is_told_with_both_lines() -> None:
    first = f"snmp: {{{THIRD}, auth_password: pass phrase 1, privacy_password: pass phrase 2}}"
    text = TWO.replace("simulated: true}", f"simulated: true, {first}}}")
    text = text.replace("    port: 2202\n", f"    port: 2202\n    {first.replace('phrase 1', 'phrase 3')}\n")
    with pytest.raises(InvalidInputError, match=r"user 'nina' has other passwords .*line 6") as told:
        inventory_of(parse_document(text, "inventory.yaml"), Path())
    assert "phrase" not in str(told.value)


@pytest.mark.parametrize("where", ["community_env: NOT_SET_ANYWHERE", "community_file: not-there"])
def test_an_snmp_secret_that_is_not_there_stops_whoever_needs_it_and_nobody_else(where: str) -> None:
    found = snmp(where).device("r1").snmp
    assert found is not None
    with pytest.raises(PreconditionError, match=r"r1: snmp\.community"):
        found.community.reveal()


def test_snmp_secrets_show_in_no_text() -> None:
    found = snmp(f"{THIRD}, auth_password: pass phrase 1, privacy_password: pass phrase 2").device("r1")
    assert "phrase" not in repr(found)
    assert "phrase" not in str(found.device.to_dict())
