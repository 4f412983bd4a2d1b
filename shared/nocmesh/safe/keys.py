"""The key that locks the store: out of CREDENTIAL_ENCRYPTION_KEY, or out of a key file beside the store.

The masks of redaction use the same setting: what locks the store is derived from it for that purpose alone, so
neither use tells anything about the other.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nocmesh.errors import InvalidInputError, PreconditionError
from nocmesh.privatefile import read_secret, write_secret
from nocmesh.safe.crypto import KEY, derived, new_key, stretched
from nocmesh.safe.form import Kek, LockedBy, StoreFile

SETTING = "CREDENTIAL_ENCRYPTION_KEY"
SHORTEST = 16
"""Characters of a passphrase: a store that is stolen can be tried at leisure."""
PURPOSE = "nocmesh credential store"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySource:
    """What this process can open a store with."""

    passphrase: str = field(default="", repr=False)
    file: Path

    def kek(self, store: StoreFile, where: object) -> Kek:
        """The key of ``store``. Raises PreconditionError that says what to set."""
        candidates = self._candidates(store.key, where)
        for found in candidates:
            if found.id == store.key.id:
                return found
        raise PreconditionError(
            f"{where}: is locked with the key {store.key.id} of {store.key.made:%Y-%m-%d %H:%M} UTC, and "
            f"{self._place(store.key)} holds another{_age(store, candidates)}; {_remedy(store.key)}",
            key=store.key.id,
        )

    def _candidates(self, locked: LockedBy, where: object) -> list[Kek]:
        if locked.kind == "file":
            return [from_file(raw, locked.salt) for raw in read_keys(self.file)]
        if not self.passphrase:
            raise PreconditionError(f"{where}: is locked with {SETTING}, which is not set; {_remedy(locked)}")
        return [from_passphrase(self.passphrase, locked.salt)]

    def _place(self, locked: LockedBy) -> str:
        return SETTING if locked.kind == "passphrase" else str(self.file)


def from_passphrase(passphrase: str, salt: bytes) -> Kek:
    """The key that people chose. Its first step parts it from the masks, whose key is the passphrase itself."""
    own = derived(passphrase.encode(errors="surrogateescape"), f"{PURPOSE}: passphrase")
    return _kek(stretched(own, salt))


def from_file(raw: bytes, salt: bytes) -> Kek:
    """The key of a key file."""
    return _kek(derived(raw, f"{PURPOSE}: key file", salt))


def _kek(root: bytes) -> Kek:
    return Kek(
        id=derived(root, f"{PURPOSE}: id").hex()[:16],
        wrapping=derived(root, f"{PURPOSE}: wrapping"),
        signing=derived(root, f"{PURPOSE}: signing"),
    )


def check_passphrase(passphrase: str) -> str:
    """``passphrase``, if a store may be locked with it. Raises InvalidInputError, which does not repeat it."""
    if len(passphrase) < SHORTEST or not passphrase.isprintable():
        raise InvalidInputError(
            f"{SETTING} must have {SHORTEST} printable characters or more before it locks a store: make one with "
            "`openssl rand -base64 32`",
            field=SETTING,
        )
    return passphrase


def read_keys(path: Path) -> list[bytes]:
    """The keys of a key file, one a line; one alone but in the midst of a rotation. Raises PreconditionError."""
    try:
        lines = read_secret(path).split()
    except FileNotFoundError as missing:
        raise PreconditionError(f"{path}: the store's key file is not there; put a copy of it back") from missing
    try:
        keys = [base64.b64decode(line, validate=True) for line in lines]
    except binascii.Error as wrong:
        raise PreconditionError(f"{path}: is no key file: expected base64; put a copy of it back") from wrong
    if not keys or any(len(key) != KEY for key in keys):
        raise PreconditionError(f"{path}: is no key file: expected keys of {KEY} octets; put a copy of it back")
    return keys


def write_keys(path: Path, keys: Sequence[bytes]) -> None:
    """Put ``keys`` there, at once. Raises OSError."""
    write_secret(path, b"".join(base64.b64encode(key) + b"\n" for key in keys))


def made_keys(path: Path) -> list[bytes]:
    """The keys of the file; of a new one where there is none."""
    if not path.exists():
        write_keys(path, [new_key()])
    return read_keys(path)


def _age(store: StoreFile, candidates: Sequence[Kek]) -> str:
    """Whether one of them is an older key of the store."""
    until = {retired.id: retired.until for retired in store.retired}
    old = next((until[found.id] for found in candidates if found.id in until), None)
    return f", which it was locked with until {old:%Y-%m-%d %H:%M} UTC" if old else ""


def _remedy(locked: LockedBy) -> str:
    if locked.kind == "file":
        return "put the right key file there"
    return f"set {SETTING} to the one that the store was made or last rotated with"
