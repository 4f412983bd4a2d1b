"""Keys: Ed25519 seeds and public keys in the nkey text form, signing and verifying.

An nkey is base32 of a kind byte, 32 bytes of key and a CRC-16 (XMODEM), little end first; a seed has two bytes in
front instead of one (nats-io/nkeys).
"""

import base64
import binascii
import os

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

OPERATOR, ACCOUNT, USER = 14 << 3, 0, 20 << 3
_SEED = 18 << 3


def _crc16(data: bytes) -> bytes:
    return binascii.crc_hqx(data, 0).to_bytes(2, "little")


def _text(raw: bytes) -> str:
    return base64.b32encode(raw + _crc16(raw)).decode().rstrip("=")


def _raw(text: str) -> bytes:
    raw = base64.b32decode(text + "=" * (-len(text) % 8))
    if len(raw) < 3 or _crc16(raw[:-2]) != raw[-2:]:
        raise ValueError("the checksum of the key is wrong")
    return raw[:-2]


def new_seed(kind: int) -> str:
    """A new seed of ``kind`` (OPERATOR, ACCOUNT or USER), from the machine's random source."""
    return _text(bytes([_SEED | kind >> 5, (kind & 31) << 3]) + os.urandom(32))


class Key:
    """A seed that can sign."""

    def __init__(self, seed: str) -> None:
        raw = _raw(seed)
        if len(raw) != 34 or raw[0] & 248 != _SEED:
            raise ValueError("this is not the seed of an nkey")
        kind = (raw[0] & 7) << 5 | raw[1] >> 3
        self.seed = seed
        self._signing = SigningKey(raw[2:])
        self.public = _text(bytes([kind]) + bytes(self._signing.verify_key))

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of the signature over ``data``."""
        return bytes(self._signing.sign(data).signature)


def verify(public: str, data: bytes, signature: bytes) -> bool:
    """Whether ``signature`` over ``data`` was made by the seed of ``public``."""
    try:
        VerifyKey(_raw(public)[1:]).verify(data, signature)
    except (BadSignatureError, ValueError, binascii.Error):
        return False
    return True
