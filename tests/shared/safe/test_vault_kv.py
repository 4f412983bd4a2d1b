"""HashiCorp Vault is read, with a token or an AppRole: a real server of its API, and one that answers oddly."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[2]))

from shared.netbox_server import NetBox, said, serving
from shared.safe.bao import ROOT, Bao, running

from nocmesh.errors import DeniedError, InvalidInputError, NocmeshError, NotFoundError, PreconditionError
from nocmesh.inventory import load_inventory
from nocmesh.safe import kv
from nocmesh.safe.kv import Vault
from nocmesh.safe.opener import Opener
from nocmesh.settings import Settings

pytestmark = pytest.mark.real

CANARY = "c4nary-in-the-vault"


@pytest.fixture(autouse=True)
def _no_vault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have one."""
    for name in [name for name in os.environ if name.startswith(("VAULT_", "NOCMESH_"))]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    with running(tmp_path_factory.mktemp("bao")) as server:
        server.put("network/core", username="nocmesh", password=CANARY, enable_password="en4ble", port=22)
        server.put("network/keys", key="PEM", login="ops")
        server.put("other", password=CANARY)
        server.put("network/gone", password=CANARY)
        server.ask("DELETE", "secret/data/network/gone")
        yield server


def vault_with(url: str, **given: Any) -> Vault:
    return Vault(Settings(vault_url=url, **given))


def test_a_secret_is_read_with_a_token_from_the_settings_or_a_file(bao: Bao, tmp_path: Path) -> None:
    expected = {"username": "nocmesh", "password": CANARY, "enable_password": "en4ble"}
    assert vault_with(bao.url, vault_token=ROOT).get("secret", "network/core") == expected
    (tmp_path / "token").write_text(f"{ROOT}\n")
    assert vault_with(bao.url, vault_token_file=tmp_path / "token").get("/secret/", "/network/core/") == expected


def test_the_usual_variables_of_vault_are_understood(bao: Bao, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_ADDR", bao.url)
    monkeypatch.setenv("VAULT_TOKEN", ROOT)
    assert Vault(Settings()).get("secret", "network/core")["password"] == CANARY


def test_an_app_role_signs_in_once_and_again_when_its_token_is_refused(bao: Bao, tmp_path: Path) -> None:
    role, secret = bao.role()
    (tmp_path / "secret").write_text(secret)
    vault = vault_with(bao.url, vault_role_id=role, vault_secret_id_file=tmp_path / "secret")
    assert vault.get("secret", "network/core")["password"] == CANARY
    first = vault._token
    assert vault.get("secret", "network/keys") == {"key": "PEM", "login": "ops"}
    assert vault._token == first
    bao.ask("POST", "auth/token/revoke", {"token": first})
    assert vault.get("secret", "network/core")["password"] == CANARY
    assert vault._token != first
    vault._until = 0.0
    assert vault.get("secret", "network/core")["password"] == CANARY
    with pytest.raises(DeniedError, match=r"/v1/secret/data/other: Vault refuses the token \(403.*permission denied"):
        vault.get("secret", "other")


def test_what_vault_does_not_give_is_told_with_what_to_do(bao: Bao, tmp_path: Path) -> None:
    root = vault_with(bao.url, vault_token=ROOT)
    with pytest.raises(NotFoundError, match="Vault has nothing there"):
        root.get("secret", "network/none")
    with pytest.raises(NotFoundError, match="its newest version was deleted"):
        root.get("secret", "network/gone")
    with pytest.raises(DeniedError, match="Vault refuses the token"):
        vault_with(bao.url, vault_token="wrong").get("secret", "network/core")
    with pytest.raises(DeniedError, match="refuses the AppRole; check VAULT_ROLE_ID"):
        vault_with(bao.url, vault_role_id="x", vault_secret_id=CANARY).get("secret", "network/core")
    for nothing in ({}, {"vault_token_file": tmp_path / "none"}, {"vault_role_id": "x"}, {"vault_token": "a\nb"}):
        with pytest.raises(PreconditionError, match=r"nothing to sign in|cannot be read"):
            vault_with(bao.url, **nothing).get("secret", "network/core")
    with pytest.raises(PreconditionError, match="VAULT_ADDR is not set"):
        Vault(Settings())
    with pytest.raises(PreconditionError, match="cannot be reached"):
        vault_with("http://127.0.0.1:1", vault_token=ROOT).get("secret", "network/core")


@pytest.mark.parametrize("path", ["", "/", "..", "a/../b", "a//b", "./x"])
def test_a_path_that_leads_elsewhere_is_not_asked_for(path: str) -> None:
    with pytest.raises(InvalidInputError, match="is no path in Vault"):
        vault_with("http://127.0.0.1:1", vault_token=ROOT).get("secret", path)


@given(path=st.text(min_size=1, max_size=30))
def test_any_path_stays_below_its_mount(path: str) -> None:
    try:
        quoted = kv._quoted(path)
    except InvalidInputError:
        return
    assert not set("?# ;") & set(quoted)
    assert quoted.count("/") == path.strip("/").count("/")


DEEP = b"[" * 200_000


@pytest.mark.parametrize(
    ("answer", "error", "why"),
    [
        ((200, "text/html", b"<html>"), InvalidInputError, "not as a key/value engine of version 2"),
        ((200, "application/json", DEEP), InvalidInputError, "not as a key/value engine"),
        (said(200, {"data": {"password": CANARY}}), InvalidInputError, "not as a key/value engine"),
        (said(200, {"data": {"data": [CANARY]}}), InvalidInputError, "not as a key/value engine"),
        (said(200, [CANARY]), InvalidInputError, "not as a key/value engine"),
        (said(503, {"errors": ["Vault is sealed"]}), PreconditionError, "sealed or not ready .*unseal it"),
        (said(307, {}), PreconditionError, "is somewhere else"),
        (said(500, {"errors": "x"}), PreconditionError, "Vault answers 500; look at its log"),
        (said(500, {"errors": [{"a": 1}]}), PreconditionError, "Vault answers 500"),
        ((200, "application/json", b"x" * (kv.MOST_BYTES + 1)), InvalidInputError, "an answer of more than"),
    ],
    ids=["html", "deep", "version 1", "list", "no object", "sealed", "standby", "broken", "odd errors", "huge"],
)
def test_an_odd_answer_is_an_error_without_a_secret(answer: Any, error: type[NocmeshError], why: str) -> None:
    with serving(NetBox(odd=lambda path, query: answer)) as server, pytest.raises(error, match=why) as caught:
        vault_with(server.url, vault_token=ROOT).get("secret", "network/core")
    assert CANARY not in str(caught.value)
    assert ROOT not in str(caught.value)


INVENTORY = """\
version: 1
credentials:
  core: {vault: {path: network/core}}
  keys: {vault: {path: network/keys, username: login, private_key: key}}
  named: {username: root, vault: {path: network/core}}
  lacking: {vault: {path: network/core, password: pass}}
  useless: {vault: {path: network/keys}}
devices:
"""


def test_the_inventory_names_a_secret_in_vault_and_the_bridge_opens_it(bao: Bao, tmp_path: Path) -> None:
    names = ("core", "keys", "named", "lacking", "useless")
    rows = (
        f"  - {{name: {name}, platform: frr, address: 192.0.2.{number}, credential: {name}}}\n"
        for number, name in enumerate(names)
    )
    (tmp_path / "inventory.yaml").write_text(INVENTORY + "".join(rows))
    inventory = load_inventory(tmp_path / "inventory.yaml", stored=())
    opener = Opener(Settings(data=tmp_path, vault_url=bao.url, vault_token=ROOT))
    core, keys, named, lacking, useless = (inventory.device(name).credential for name in names)
    found = opener.opened(core, "core")
    assert (found.username, found.password, found.enable_password, found.at) == ("nocmesh", CANARY, "en4ble", None)
    assert CANARY not in repr(found)
    assert (opener.opened(keys, "keys").username, opener.opened(keys, "keys").private_key) == ("ops", "PEM")
    assert (opener.opened(named, "named").username, opener.opened(named, "named").password) == ("root", CANARY)
    with pytest.raises(NotFoundError, match="secret/network/core in Vault has no text 'pass', which is to be the pass"):
        opener.opened(lacking, "lacking")
    with pytest.raises(PreconditionError, match="secret/network/keys in Vault signs in nowhere"):
        opener.opened(useless, "useless")
    assert json.dumps(inventory.network().to_dict()).count("vault") == 0
