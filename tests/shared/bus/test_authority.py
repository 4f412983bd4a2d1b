"""The keys of a mesh: made once, kept secret, given out by role."""

import stat
from pathlib import Path

import pytest

from nocmesh.bus import Authority, Credentials, tokens
from nocmesh.bus.rights import ROLES
from nocmesh.errors import InvalidInputError, NotFoundError, PreconditionError
from nocmesh.subjects import Zone


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "keys")
    credentials = authority.issue("bridge", "bridge-1")
    credentials.save(tmp_path / "creds" / "bridge.json")
    for path in (tmp_path / "keys" / "authority.json", tmp_path / "creds" / "bridge.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Credentials.load(tmp_path / "creds" / "bridge.json") == credentials


def test_an_opened_authority_is_the_same_mesh(tmp_path: Path) -> None:
    created = Authority.create(tmp_path)
    created.issue("agent", "bgp-1", type="bgp")
    opened = Authority.open(tmp_path)
    assert opened.trust() == created.trust()
    assert opened.issued() == {"bgp-1": "agent"}


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    Authority.create(tmp_path)
    with pytest.raises(PreconditionError, match="already holds"):
        Authority.create(tmp_path)


def test_a_role_that_is_new_gets_its_keys_when_the_authority_is_opened(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path)
    del authority._secrets.signers["AGENTS/agent"]
    authority._save()
    assert Authority.open(tmp_path).issue("agent", "bgp-1", type="bgp").name == "bgp-1"


def test_a_role_gets_a_certificate_for_each_zone_it_has_a_row_in(authority: Authority) -> None:
    assert set(authority.issue("agent", "a-1", type="bgp").jwts) == {Zone.AGENTS}
    assert set(authority.issue("publisher", "p-1").jwts) == {Zone.EDGE}
    assert set(authority.issue("subscriber", "s-1").jwts) == {Zone.EXT}
    assert set(authority.issue("orchestrator", "o-1").jwts) == {Zone.CORE, Zone.AGENTS, Zone.EDGE}
    assert set(authority.issue("provisioner", "prov-1").jwts) == set(Zone)


def test_a_user_jwt_carries_no_permissions_of_its_own(authority: Authority) -> None:
    claims = tokens.decode(authority.issue("agent", "a-2", type="bgp").jwts[Zone.AGENTS])
    assert claims["nats"]["pub"] == claims["nats"]["sub"] == {}
    assert claims["nats"]["tags"] == ["type:bgp"]
    assert claims["name"] == "a-2"


@pytest.mark.parametrize("name", ["", "a.b", "a b", "*", ">", "x" * 65, "é", "a\n"])
def test_a_name_that_is_no_token_is_refused(authority: Authority, name: str) -> None:
    with pytest.raises(InvalidInputError, match="name is"):
        authority.issue("agent", name, type="bgp")


@pytest.mark.parametrize("type_", ["", "BGP", "a.b", "x" * 33, "*"])
def test_an_agent_needs_a_type_that_is_a_small_token(authority: Authority, type_: str) -> None:
    with pytest.raises(InvalidInputError, match="type is"):
        authority.issue("agent", "a-3", type=type_)


def test_an_unknown_role_is_refused_with_the_known_ones(authority: Authority) -> None:
    with pytest.raises(InvalidInputError, match="orchestrator"):
        authority.issue("root", "x")


def test_who_was_never_given_a_key_cannot_be_revoked(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path)
    with pytest.raises(NotFoundError, match="nobody"):
        authority.revoke("ghost")


def test_the_seed_never_shows(authority: Authority) -> None:
    credentials = authority.issue("bridge", "bridge-2")
    assert credentials.seed not in repr(credentials) + str(credentials) + f"{[credentials]}"


def test_missing_and_broken_files_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="keys issue"):
        Credentials.load(tmp_path / "none.json")
    with pytest.raises(NotFoundError, match="keys init"):
        Authority.open(tmp_path)
    for content in (b"", b"\xff\xfe", b"[]", b"{}"):
        (tmp_path / "authority.json").write_bytes(content)
        with pytest.raises(PreconditionError):
            Credentials.load(tmp_path / "authority.json")
        with pytest.raises(PreconditionError):
            Authority.open(tmp_path)


def test_every_role_can_be_issued(authority: Authority) -> None:
    for role in ROLES:
        assert authority.issue(role, f"every-{role}", type="bgp" if role == "agent" else "").role == role


def test_the_operators_token_never_changes(tmp_path: Path) -> None:
    created = Authority.create(tmp_path)
    token = created.operator_jwt()
    assert Authority.open(tmp_path).operator_jwt() == token
    assert tokens.decode(token)["iat"] > 0
