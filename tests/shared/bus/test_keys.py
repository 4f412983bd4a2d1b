"""Keys, tokens and signatures, against the reference library and hostile input."""

import base64
import json

import nkeys
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.bus import nkey, signing, tokens
from nocmesh.errors import SignatureError

KEY = nkey.Key(nkey.new_seed(nkey.ACCOUNT))


@pytest.mark.parametrize("kind", [nkey.OPERATOR, nkey.ACCOUNT, nkey.USER])
def test_the_reference_library_reads_our_seeds_and_verifies_our_signatures(kind: int) -> None:
    ours = nkey.Key(nkey.new_seed(kind))
    theirs = nkeys.from_seed(bytearray(ours.seed.encode()))  # type: ignore[no-untyped-call]
    assert theirs.public_key.decode() == ours.public
    assert theirs.verify(b"data", ours.sign(b"data"))
    assert nkey.verify(ours.public, b"data", theirs.sign(b"data"))


MISTYPED = KEY.seed[:20] + ("B" if KEY.seed[20] == "A" else "A") + KEY.seed[21:]


@pytest.mark.parametrize(
    "seed",
    ["", "SU", KEY.public, MISTYPED, "not base32!", KEY.seed.lower()],
    ids=["empty", "short", "public", "mistyped", "noise", "lower"],
)
def test_what_is_no_seed_is_refused(seed: str) -> None:
    with pytest.raises(ValueError):
        nkey.Key(seed)


@settings(max_examples=60)
@given(st.text(max_size=60), st.binary(max_size=80))
def test_a_hostile_key_or_signature_verifies_nothing(public: str, signature: bytes) -> None:
    assert not nkey.verify(public, b"data", signature)
    assert not nkey.verify(KEY.public, b"data", signature)


def test_a_token_gives_its_claims_back() -> None:
    claims = tokens.decode(tokens.encode({"sub": "x", "nats": {"a": [1]}}, KEY))
    assert (claims["sub"], claims["nats"], claims["iss"]) == ("x", {"a": [1]}, KEY.public)


def test_an_altered_token_is_refused() -> None:
    header, _, signature = tokens.encode({"sub": "x"}, KEY).split(".")
    body = base64.urlsafe_b64encode(json.dumps({"sub": "y", "iss": KEY.public}).encode()).decode().rstrip("=")
    with pytest.raises(SignatureError, match="altered"):
        tokens.decode(f"{header}.{body}.{signature}")


def test_a_token_of_another_algorithm_is_refused() -> None:
    _, body, signature = tokens.encode({"sub": "x"}, KEY).split(".")
    header = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"none"}').decode().rstrip("=")
    with pytest.raises(SignatureError):
        tokens.decode(f"{header}.{body}.{signature}")


@settings(max_examples=100)
@given(st.text(max_size=200) | st.binary(max_size=60).map(lambda b: ".".join([base64.b64encode(b).decode()] * 3)))
def test_a_hostile_token_is_refused(text: str) -> None:
    with pytest.raises(SignatureError):
        tokens.decode(text)


def test_a_deeply_nested_token_is_refused() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 20000).decode()
    with pytest.raises(SignatureError):
        tokens.decode(f"{deep}.{deep}.{deep}")


@settings(max_examples=60)
@given(st.lists(st.text(max_size=12), min_size=3, max_size=3), st.binary(max_size=20))
def test_no_part_of_what_is_signed_can_be_shifted_into_another(parts: list[str], body: bytes) -> None:
    subject, id, time = parts
    signed = signing.signed_bytes(subject, id, time, body)
    assert signed != signing.signed_bytes(subject + "x", id, time, body)
    if id:
        assert signed != signing.signed_bytes(subject + id[0], id[1:], time, body)


@pytest.mark.parametrize("signature", ["", "!!!", "é", "A" * 86, "x" * 10000])
def test_a_hostile_signature_is_not_valid(signature: str) -> None:
    assert not signing.is_signed_by(KEY.public, "s", "i", "t", b"", signature)
