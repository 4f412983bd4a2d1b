"""NATS JWTs: claims signed by an nkey (nats-io/jwt, version 2)."""

import base64
import binascii
import hashlib
from typing import Any

import msgspec

from nocmesh.bus import nkey
from nocmesh.errors import SignatureError

_HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}
_LONGEST = 64 * 1024
"""A user's token is under 1 KB; an account's, which carries the templates of all roles, under 32 KB."""


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(claims: dict[str, Any], signer: nkey.Key) -> str:
    """The token of ``claims``: ``iss`` and ``jti`` are added, and it is signed by ``signer``."""
    claims = {**claims, "iss": signer.public}
    claims["jti"] = base64.b32encode(hashlib.sha256(msgspec.json.encode(claims)).digest()).decode().rstrip("=")
    signed = f"{_b64(msgspec.json.encode(_HEADER))}.{_b64(msgspec.json.encode(claims))}"
    return f"{signed}.{_b64(signer.sign(signed.encode()))}"


def decode(token: str) -> dict[str, Any]:
    """The claims of ``token``, which its own ``iss`` has signed; whether ``iss`` may, the caller must know.

    Raises SignatureError when it is no token, or altered.
    """
    try:
        header, body, signature = token[:_LONGEST].split(".")
        algorithm = msgspec.json.decode(_unb64(header), type=dict[str, str])
        claims = msgspec.json.decode(_unb64(body), type=dict[str, Any])
        raw = _unb64(signature)
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError) as error:
        raise SignatureError(f"this is no certificate: {error}; expected a NATS user JWT") from error
    if algorithm != _HEADER or not nkey.verify(str(claims.get("iss", "")), f"{header}.{body}".encode(), raw):
        raise SignatureError("a certificate's signature does not match: it was altered; expected a NATS user JWT")
    return claims
