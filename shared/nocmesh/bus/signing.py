"""What is signed: a message's subject, id, time and body, each with its length, so that none can be shifted."""

import base64
import binascii
import hashlib

from nocmesh.bus import nkey

VERSION = b"nocmesh-1"


def signed_bytes(subject: str, id: str, time: str, body: bytes) -> bytes:
    """The bytes that a signature covers; the body by its sha256."""
    fields = (VERSION, subject.encode(), id.encode(), time.encode(), hashlib.sha256(body).digest())
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def sign(key: nkey.Key, subject: str, id: str, time: str, body: bytes) -> str:
    """The signature as it stands in the header: base64url without padding."""
    return base64.urlsafe_b64encode(key.sign(signed_bytes(subject, id, time, body))).decode().rstrip("=")


def is_signed_by(public: str, subject: str, id: str, time: str, body: bytes, signature: str) -> bool:
    """Whether the holder of ``public`` signed exactly this."""
    try:
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except (binascii.Error, ValueError):
        return False
    return nkey.verify(public, signed_bytes(subject, id, time, body), raw)


def answer_subject(subject: str) -> str:
    """What an answer to ``subject`` is signed for: never a subject that somebody could publish on."""
    return f"answer to {subject}"
