"""Secrets that a bridge has read itself can be put back; nobody else's can, and none is ever told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import GuardError
from nocmesh_bridges.redact import is_masked, masked_lines, redact
from nocmesh_bridges.ssh import secretlines
from nocmesh_bridges.ssh.secretlines import SecretLines

KEY = b"key"
CONFIG = """\
router bgp 65001
 neighbor 10.0.0.2 remote-as 65002
 neighbor 10.0.0.2 password open sesame
 neighbor 10.0.0.3 password an0ther
interface r1-e0
 ip ospf message-digest-key 1 md5 kEy1
 isis password md5 kEy2
end
"""


def shown(line: str) -> str:
    return redact("frr", line, key=KEY)


@pytest.fixture
def held() -> SecretLines:
    lines = SecretLines()
    lines.learn("r1", CONFIG, key=KEY)
    return lines


@pytest.mark.parametrize(
    "line",
    [
        "neighbor 10.0.0.2 password open sesame",
        "neighbor 10.0.0.3 password an0ther",
        "ip ospf message-digest-key 1 md5 kEy1",
        "isis password md5 kEy2",
    ],
)
def test_a_masked_line_of_the_device_is_typed_as_it_was(held: SecretLines, line: str) -> None:
    unmasked = held.unmasked("r1", ["router bgp 65001", shown(line)])
    assert unmasked.lines == ["router bgp 65001", line]
    assert unmasked.secret
    assert unmasked.told(line) == shown(line)
    assert line not in repr(unmasked)


def test_lines_without_a_mask_stay_as_they_are(held: SecretLines) -> None:
    unmasked = held.unmasked("r1", ["interface lo", "no shutdown"])
    assert (unmasked.lines, unmasked.secret) == (["interface lo", "no shutdown"], False)


@pytest.mark.parametrize(
    ("device", "line"),
    [
        ("r2", shown("neighbor 10.0.0.2 password open sesame")),
        ("r1", "neighbor 10.0.0.2 password <redacted:000000>"),
        ("r1", shown("neighbor 10.0.0.2 password open sesame").replace("10.0.0.2", "10.0.0.9")),
        ("r1", f"{shown('isis password md5 kEy2')} x"),
        ("r1", "description <redacted:abcdef>"),
    ],
    ids=["another-device", "another-secret", "another-neighbor", "another-line", "anything"],
)
def test_what_was_not_read_from_that_device_is_refused(held: SecretLines, device: str, line: str) -> None:
    with pytest.raises(GuardError, match="this bridge has not read it there") as refused:
        held.unmasked(device, [line])
    assert "sesame" not in refused.value.message


def test_a_bridge_that_has_just_started_holds_nothing() -> None:
    with pytest.raises(GuardError, match="since it started"):
        SecretLines().unmasked("r1", [shown("isis password md5 kEy2")])


def test_two_secrets_of_one_mask_are_not_told_apart(held: SecretLines, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = shown("isis password md5 kEy2")
    monkeypatch.setattr(secretlines, "masked_lines", lambda text, key: [(mask, "isis password md5 other")])
    held.learn("r1", "", key=KEY)
    with pytest.raises(GuardError, match="two secrets of the device have this mask"):
        held.unmasked("r1", [mask])


def test_a_device_cannot_make_a_mask_of_its_own(held: SecretLines) -> None:
    held.learn(
        "r9", "neighbor 10.0.0.2 password <redacted:abcdef>\n username x <redacted:abcdef> password evil", key=KEY
    )
    with pytest.raises(GuardError):
        held.unmasked("r9", ["neighbor 10.0.0.2 password <redacted:abcdef>"])


def test_a_block_of_lines_is_no_line() -> None:
    text = "-----BEGIN RSA PRIVATE KEY-----\nsecret password x\n-----END RSA PRIVATE KEY-----"
    assert list(masked_lines(text, key=KEY)) == []


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secretlines, "MOST_OF_A_DEVICE", 3)
    monkeypatch.setattr(secretlines, "MOST_LINES", 5)
    lines = SecretLines()
    for device in ("r1", "r2"):
        lines.learn(device, "\n".join(f"neighbor 10.0.0.{n} password s3cret{n}" for n in range(5)), key=KEY)
    kept = [
        (d, n)
        for d in ("r1", "r2")
        for n in range(5)
        if _held(lines, d, shown(f"neighbor 10.0.0.{n} password s3cret{n}"))
    ]
    assert kept == [("r1", 3), ("r1", 4), ("r2", 2), ("r2", 3), ("r2", 4)]


def _held(lines: SecretLines, device: str, line: str) -> bool:
    try:
        lines.unmasked(device, [line])
    except GuardError:
        return False
    return True


def test_what_the_device_says_is_told_without_the_secret(held: SecretLines) -> None:
    unmasked = held.unmasked("r1", [shown("neighbor 10.0.0.2 password open sesame")])
    said = "% bad line: neighbor 10.0.0.2 password open sesame (open sesame?)"
    assert "sesame" not in unmasked.hidden(said)


SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"<>;,'), min_size=1, max_size=30
)


@given(SECRETS)
def test_whatever_the_secret_is_its_line_comes_back_whole(secret: str) -> None:
    line = f"neighbor 10.0.0.2 password {secret}"
    lines = SecretLines()
    lines.learn("r1", line, key=KEY)
    mask = shown(line)
    assert is_masked(mask)
    unmasked = lines.unmasked("r1", [mask])
    assert unmasked.lines == [line]
    assert line not in unmasked.hidden(f"x {line} y")


@given(st.text(max_size=300))
def test_no_configuration_makes_it_fall_over(text: str) -> None:
    SecretLines().learn("r1", text, key=KEY)
