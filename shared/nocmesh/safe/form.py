"""The file of the credential store: its form, how a secret is bound to its place, and the seal over the whole. Pure.

Each secret is sealed under a key of its own, and that under the store's key. Both are bound to the store, the
credential's name, its user name, its devices and the field: moved anywhere else they do not open. The whole file
is signed, so that nothing in it can be altered, taken away or put back from an older copy of the same row.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from nocmesh.errors import InvalidInputError, SealError
from nocmesh.safe.crypto import KEY, NONCE, TAG, new_key, opened, same, sealed, signed

FieldName = Literal[
    "password", "private_key", "passphrase", "enable_password", "community", "auth_password", "privacy_password"
]
MOST_SECRET = 64 * 1024
"""Octets of one secret; the longest private keys have a few thousand."""
MOST_NAMES = 100_000

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")]
User = Annotated[str, Meta(max_length=255)]
KeyId = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
Wrapped = Annotated[bytes, Meta(min_length=NONCE + KEY + TAG, max_length=NONCE + KEY + TAG)]
Sealed = Annotated[bytes, Meta(min_length=NONCE + TAG, max_length=NONCE + MOST_SECRET + TAG)]
Time = Annotated[datetime, Meta(tz=True)]
Kind: TypeAlias = Literal["passphrase", "file"]
"""Where the store's key comes from: CREDENTIAL_ENCRYPTION_KEY, or the key file."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the file: nothing unknown in it."""


class Box(Part, frozen=True, kw_only=True):
    """One secret: sealed under its own key, which is wrapped under the store's."""

    wrapped: Wrapped
    sealed: Sealed


class Entry(Part, frozen=True, kw_only=True):
    """One credential."""

    username: User
    devices: list[Name]
    """For which alone it opens; none: for all."""
    created: Time
    changed: Time
    fields: dict[FieldName, Box]


class LockedBy(Part, frozen=True, kw_only=True):
    """The key that the store is locked with now."""

    id: KeyId
    kind: Kind
    salt: Annotated[bytes, Meta(min_length=16, max_length=16)]
    made: Time


class Retired(Part, frozen=True, kw_only=True):
    """A key that the store was locked with before."""

    id: KeyId
    until: Time


class StoreFile(Part, frozen=True, kw_only=True):
    """The whole file."""

    version: Literal[1]
    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    key: LockedBy
    retired: list[Retired] = []
    credentials: Annotated[dict[Name, Entry], Meta(max_length=MOST_NAMES)] = {}
    signature: Annotated[bytes, Meta(max_length=32)] = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kek:
    """The key-encryption key, as the two keys that are made of it. Never written."""

    id: str
    wrapping: bytes = field(repr=False)
    signing: bytes = field(repr=False)


def encoded(file: StoreFile) -> bytes:
    """``file`` as it lies on the disk: there is one way to write it."""
    return msgspec.json.format(msgspec.json.encode(file), indent=1) + b"\n"


def decoded(raw: bytes, where: object) -> StoreFile:
    """The file that ``encoded`` made ``raw`` of. Raises InvalidInputError that names ``where`` for anything else."""
    try:
        file = msgspec.json.decode(raw, type=StoreFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        told = str(wrong) if isinstance(wrong, msgspec.ValidationError) else type(wrong).__name__
        raise InvalidInputError(
            f"{where}: is no credential store ({told}); put a copy of it back, or name another file",
            field="credential_store",
        ) from wrong
    if encoded(file) != raw:
        raise InvalidInputError(
            f"{where}: was written by something else than nocmesh; put a copy of it back", field="credential_store"
        )
    return file


def signed_file(file: StoreFile, kek: Kek) -> StoreFile:
    """``file`` with its signature."""
    return msgspec.structs.replace(file, signature=_signature(file, kek))


def check(file: StoreFile, kek: Kek, where: object) -> None:
    """Raise SealError where ``file`` is not as it was when it was signed."""
    if not same(_signature(file, kek), file.signature):
        raise SealError(
            f"{where}: was altered since it was written: nothing in it is believed; put a copy of it back, and find "
            "out who can write there"
        )


def _signature(file: StoreFile, kek: Kek) -> bytes:
    return signed(kek.signing, encoded(msgspec.structs.replace(file, signature=b"")))


def bare_entry(username: str, devices: list[str], created: datetime, changed: datetime) -> Entry:
    """A credential without secrets yet."""
    return Entry(username=username, devices=sorted(set(devices)), created=created, changed=changed, fields={})


def lock(file: StoreFile, kek: Kek, name: str, entry: Entry, field: FieldName, secret: str) -> Box:
    """``secret``, sealed for this place and no other. Raises InvalidInputError."""
    key = new_key()
    label = _label(file.id, name, entry, field)
    wrapped = sealed(kek.wrapping, key, _key_label(kek, label))
    return Box(wrapped=wrapped, sealed=sealed(key, _octets(field, secret), label))


def unlock(file: StoreFile, kek: Kek, name: str, entry: Entry, field: FieldName) -> str:
    """The secret. Raises SealError when it was sealed for another place, or altered."""
    box = entry.fields[field]
    label = _label(file.id, name, entry, field)
    key = opened(kek.wrapping, box.wrapped, _key_label(kek, label))
    plain = opened(key, box.sealed, label) if key is not None else None
    if plain is None:
        raise SealError(
            f"credential {name!r}: its {field} was not sealed for this place: it was altered, or moved here from "
            "another credential, field, user or device; add it again with --replace, and find out who can write there",
            credential=name,
        )
    return plain.decode()


def rewrapped(file: StoreFile, old: Kek, new: Kek, name: str, entry: Entry) -> Entry:
    """``entry`` under another key of the store; what is sealed stays as it is. Raises SealError."""
    fields: dict[FieldName, Box] = {}
    for each, box in entry.fields.items():
        label = _label(file.id, name, entry, each)
        key = opened(old.wrapping, box.wrapped, _key_label(old, label))
        if key is None or opened(key, box.sealed, label) is None:
            unlock(file, old, name, entry, each)  # says what is wrong
            continue
        fields[each] = msgspec.structs.replace(box, wrapped=sealed(new.wrapping, key, _key_label(new, label)))
    return msgspec.structs.replace(entry, fields=fields)


def _label(store: str, name: str, entry: Entry, field: FieldName) -> bytes:
    """The place of a secret, without two places that are spelled alike."""
    return msgspec.json.encode(["nocmesh credential", 1, store, name, entry.username, entry.devices, field])


def _key_label(kek: Kek, label: bytes) -> bytes:
    return kek.id.encode() + b" " + label


def _octets(field: str, secret: str) -> bytes:
    try:
        plain = secret.encode()
    except UnicodeEncodeError:  # which has the secret in it
        raise InvalidInputError(f"{field}: is no Unicode text; give it in UTF-8", field=field) from None
    if not plain or len(plain) > MOST_SECRET:
        raise InvalidInputError(f"{field}: has {len(plain)} octets; expected 1 to {MOST_SECRET}", field=field)
    return plain
