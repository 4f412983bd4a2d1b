"""Sealing and opening, and keys out of keys. The door to cryptography; pure but for the nonces.

AES-256-GCM as in NIST SP 800-38D, HKDF-SHA-256 (RFC 5869), scrypt (RFC 7914).
"""

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

KEY = 32
"""Octets of a key."""
NONCE = 12
"""Octets of a nonce (SP 800-38D §8.2): random, and each key seals once or a few thousand times."""
TAG = 16
COST = 2**15
"""Of scrypt: 32 MiB and some tenths of a second, once a process."""


def new_key() -> bytes:
    """A key that nobody has had."""
    return secrets.token_bytes(KEY)


def sealed(key: bytes, plain: bytes, label: bytes) -> bytes:
    """``plain`` as nonce and ciphertext that opens with ``key`` and the same ``label`` only."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, label)


def opened(key: bytes, box: bytes, label: bytes) -> bytes | None:
    """What was sealed; None: with another key, under another label, or altered since."""
    if len(box) < NONCE + TAG:
        return None
    try:
        return AESGCM(key).decrypt(box[:NONCE], box[NONCE:], label)
    except InvalidTag:
        return None


def derived(secret: bytes, purpose: str, salt: bytes = b"") -> bytes:
    """A key for one purpose, out of a secret with enough chance in it: it tells nothing about those for others."""
    return HKDF(algorithm=SHA256(), length=KEY, salt=salt or None, info=purpose.encode()).derive(secret)


def stretched(secret: bytes, salt: bytes) -> bytes:
    """A key out of what people choose: each guess costs as much as we pay once."""
    return Scrypt(salt=salt, length=KEY, n=COST, r=8, p=1).derive(secret)


def signed(key: bytes, content: bytes) -> bytes:
    """The HMAC-SHA-256 of ``content``."""
    return hmac.digest(key, content, "sha256")


def same(a: bytes, b: bytes) -> bool:
    """Whether both are equal, without telling by its duration where they differ."""
    return hmac.compare_digest(a, b)
