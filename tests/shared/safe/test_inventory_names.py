"""An inventory names what is in the credential store; only who opens it has the secrets."""

from pathlib import Path

import pytest

from nocmesh.errors import DeniedError, InvalidInputError, NotFoundError, PreconditionError
from nocmesh.inventory import Inventory, inventory_of, load_inventory
from nocmesh.inventory_credential import InVault, Stored
from nocmesh.safe.opener import Opener
from nocmesh.safe.store import Safe
from nocmesh.settings import Settings
from nocmesh.yamlfile import parse_document
from nocmesh_bridges.snmp.target import targets_of

STORED = ("core", "edge")
INVENTORY = """\
version: 1
credentials:
  lab: {username: admin, password: in-the-file}
  edge-too: {store: edge}
  hashi: {vault: {path: network/core, mount: kv, password: pw}}
devices:
  - {name: r1, platform: frr, address: 192.0.2.1, credential: core, shell: {port: 2222, credential: edge-too}}
  - {name: r2, platform: frr, address: 192.0.2.2, credential: lab, snmp: {community_store: snmp}}
  - {name: r3, platform: frr, address: 192.0.2.3, credential: hashi}
"""


def read(text: str, stored: tuple[str, ...] | None = (*STORED, "snmp")) -> Inventory:
    return inventory_of(parse_document(text, "lab.yaml"), Path(), stored=stored)


def test_a_name_that_the_file_does_not_define_is_one_of_the_store() -> None:
    for inventory in (read(INVENTORY), read(INVENTORY, None)):
        r1, r2, r3 = inventory.devices
        assert r1.credential.at == Stored(name="core")
        assert r1.shell is not None
        assert r1.shell.credential.at == Stored(name="edge")
        assert (r2.credential.at, r2.credential.password) == (None, "in-the-file")
        assert r3.credential.at == InVault(mount="kv", path="network/core", keys={"password": "pw"})


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        (
            "credential: core",
            "credential: coer",
            7,
            "no credential 'coer' under credentials, nor in the credential store",
        ),
        ("credential: core", "credential: cor", 7, "did you mean 'core'?"),
        ("store: edge", "store: egde", 4, "no credential 'egde' in the credential store; did you mean 'edge'?"),
        ("community_store: snmp", "community_store: smnp", 8, "'smnp' in the credential store; did you mean 'snmp'?"),
        ("{store: edge}", "{store: edge, username: u}", 4, "has store and username; expected store, vault, or vault"),
        ("{store: edge}", "{store: ''}", 4, "has store; expected store, vault"),
        ("{store: edge}", "{vault: }", 4, "has vault; expected"),
        ("path: network/core, ", "", 5, "is missing"),
        ("pw}", "pw, pasword: x}", 5, "unknown key 'pasword'; did you mean 'password'?"),
        ("{username: admin, password: in-the-file}", "{password: x}", 3, "has no username; add it"),
        ("{community_store: snmp}", "{community_store: snmp, community: x}", 8, "keep one of them"),
    ],
)
def test_what_is_in_neither_or_in_both_is_told_with_its_line(old: str, new: str, line: int, why: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(INVENTORY.replace(old, new))
    assert f"lab.yaml:{line}: " in str(caught.value)
    assert why in str(caught.value)


def test_secrets_are_there_once_they_are_opened_and_not_before(tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    settings = Settings(data=tmp_path)
    safe = Safe.of(settings)
    safe.add("core", "nocmesh", {"password": "p4ss", "enable_password": "en4ble"}, ["r1"])
    safe.add("edge", "root", {"private_key": "PRIVATE KEY", "passphrase": "w0rds"}, [])
    safe.add("snmp", "", {"community": "c0mmunity"}, [])
    inventory = load_inventory(tmp_path / "inventory.yaml", stored=safe.names())
    opener = Opener(settings)
    r1 = inventory.device("r1")
    assert r1.shell is not None
    core, edge = opener.opened(r1.credential, "r1"), opener.opened(r1.shell.credential, "r1")
    assert (core.username, core.password, core.enable_password, core.at) == ("nocmesh", "p4ss", "en4ble", None)
    assert (edge.username, edge.private_key, edge.passphrase) == ("root", "PRIVATE KEY", "w0rds")
    assert not [secret for secret in ("p4ss", "en4ble", "PRIVATE", "w0rds") if secret in repr((core, edge, inventory))]
    with pytest.raises(DeniedError, match="bound to r1"):
        opener.opened(r1.credential, "r2")
    assert opener.missing(inventory.devices) == []
    safe.remove("core")
    assert opener.missing(inventory.devices) == [("r1", "core")]
    with pytest.raises(NotFoundError, match="no credential 'core'"):
        opener.opened(r1.credential, "r1")


def test_what_nobody_can_sign_in_with_is_told(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    Safe.of(settings).add("core", "nocmesh", {"community": "c"}, [])
    with pytest.raises(PreconditionError, match="credential 'core' signs in nowhere: it needs"):
        Opener(settings).opened(read(INVENTORY).device("r1").credential, "r1")


def test_a_community_may_lie_in_the_store(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    devices = read(INVENTORY).devices
    found, wrong = targets_of(devices, Opener(settings).secret)
    assert found == {}
    assert "r2: snmp.community: no credential 'snmp'" in wrong[0].message
    Safe.of(settings).add("snmp", "", {"auth_password": "12345678"}, [])
    assert "has no community, only auth_password" in targets_of(devices, Opener(settings).secret)[1][0].message
    Safe.of(settings).add("snmp", "", {"community": "c0mmunity"}, ["r2"], again=True)
    found, wrong = targets_of(devices, Opener(settings).secret)
    assert (found["r2"].community, wrong) == ("c0mmunity", [])
    assert "which this process does not open" in targets_of(devices)[1][0].message


def test_version_3_may_take_both_passwords_of_the_store(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    snmp = "{version: '3', user: nina, auth_password_store: v3, privacy_password_store: v3}"
    devices = read(INVENTORY.replace("{community_store: snmp}", snmp), None).devices
    Safe.of(settings).add("v3", "", {"auth_password": "auth-auth", "privacy_password": "priv-priv"}, [])
    user = targets_of(devices, Opener(settings).secret)[0]["r2"].user
    assert user is not None
    assert (user.auth_password, user.privacy_password) == ("auth-auth", "priv-priv")
