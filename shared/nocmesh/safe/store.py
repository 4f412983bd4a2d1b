"""The credential store: one file, changed by one process at a time, whole or not at all.

Names, users and devices are read without any key; whatever opens or changes a secret checks the whole file first.
"""

import fcntl
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from nocmesh.clock import Clock, SystemClock
from nocmesh.errors import DeniedError, InvalidInputError, NotFoundError, PreconditionError
from nocmesh.failpoint import reached
from nocmesh.privatefile import read_bounded, write_secret
from nocmesh.safe.crypto import new_key
from nocmesh.safe.form import (
    Entry,
    FieldName,
    Kek,
    Kind,
    LockedBy,
    Retired,
    StoreFile,
    bare_entry,
    check,
    decoded,
    encoded,
    lock,
    rewrapped,
    signed_file,
    unlock,
)
from nocmesh.safe.keys import KeySource, check_passphrase, from_file, from_passphrase, made_keys, read_keys, write_keys
from nocmesh.settings import Settings
from nocmesh.yamlfile import nearest

FILE_NAME = "credential-store.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A credential, opened. Its secrets do not show in logs."""

    username: str
    secrets: Mapping[str, str] = field(repr=False)


class Safe:
    """The store at ``path``; nothing is made before something is put in."""

    def __init__(self, path: Path, keys: KeySource, clock: Clock) -> None:
        self.path = path
        self._keys = keys
        self._clock = clock
        self._guard = threading.Lock()
        self._read: tuple[tuple[int, ...], StoreFile, Kek] | None = None

    @classmethod
    def of(cls, settings: Settings, clock: Clock | None = None) -> "Safe":
        """The store that the settings name, else the one in the data folder."""
        path = settings.credential_store or settings.data / FILE_NAME
        given = settings.credential_encryption_key
        keys = KeySource(passphrase=given.get_secret_value() if given else "", file=path.with_suffix(".key"))
        return cls(path, keys, clock or SystemClock())

    def looked(self) -> StoreFile | None:
        """The file as it is, unchecked: for names, users and devices. Raises InvalidInputError, PreconditionError."""
        try:
            return decoded(read_bounded(self.path), self.path)
        except FileNotFoundError:
            return None

    def names(self) -> frozenset[str]:
        """The names of the credentials; no key is needed. Raises as ``looked``."""
        file = self.looked()
        return frozenset(file.credentials) if file else frozenset()

    def entry(self, name: str) -> Entry:
        """One credential, still closed; no key is needed. Raises NotFoundError, and as ``looked``."""
        return self._entry(self.looked(), name)

    def open(self, name: str, device: str = "") -> Opened:
        """The credential with its secrets, for ``device``.

        Raises NotFoundError; DeniedError when it is bound to other devices; SealError when it was moved or altered;
        PreconditionError when the key is another.
        """
        with self._guard:
            file, kek = self._believed(name)
        entry = self._entry(file, name)
        if entry.devices and device not in entry.devices:
            raise DeniedError(
                f"credential {name!r} is bound to {', '.join(entry.devices)}; {device or 'no device'} is not among "
                "them: name another credential, or add it again with --device",
                credential=name,
            )
        found: dict[str, str] = {each: unlock(file, kek, name, entry, each) for each in entry.fields}
        return Opened(username=entry.username, secrets=found)

    def add(
        self,
        name: str,
        username: str,
        given: Mapping[FieldName, str],
        devices: list[str],
        *,
        again: bool = False,
    ) -> Entry:
        """Put a credential in, ``again``: in the place of one of that name. Raises InvalidInputError, as ``open``."""
        with self._held():
            file, kek = self._checked() if self.path.exists() else self._new()
            old = file.credentials.get(name)
            if old is not None and not again:
                raise InvalidInputError(f"credential {name!r} is there already; use --replace", field="name")
            now = self._clock.now()
            bare = bare_entry(username, devices, old.created if old else now, now)
            entry = replace(bare, fields={each: lock(file, kek, name, bare, each, given[each]) for each in given})
            self._write(replace(file, credentials={**file.credentials, name: entry}), kek)
        return entry

    def remove(self, name: str) -> None:
        """Take a credential out. Raises NotFoundError, and as ``open``."""
        with self._held():
            self._entry(self.looked(), name)
            file, kek = self._checked()
            kept = {each: entry for each, entry in file.credentials.items() if each != name}
            self._write(replace(file, credentials=kept), kek)

    def rotate(self, passphrase: str = "") -> LockedBy:
        """Lock the store with another key: ``passphrase``, else a new one in the key file. Secrets stay as they are.

        At every moment the file on the disk opens with a key that is there. Raises as ``open``.
        """
        with self._held():
            if not self.path.exists():
                raise NotFoundError(f"{self.path}: there is no credential store; `nocmesh credential add` makes one")
            file, kek = self._checked()
            locked, new = self._another(file, passphrase)
            reached("safe.key_added")
            entries = {name: rewrapped(file, kek, new, name, entry) for name, entry in file.credentials.items()}
            retired = [*file.retired, Retired(id=file.key.id, until=locked.made)]
            self._write(replace(file, key=locked, retired=retired, credentials=entries), new)
            reached("safe.rewrapped")
            self._forget(locked)
        return locked

    def _new(self) -> tuple[StoreFile, Kek]:
        given = self._keys.passphrase
        salt = secrets.token_bytes(16)
        kek = (
            from_passphrase(check_passphrase(given), salt) if given else from_file(made_keys(self._keys.file)[0], salt)
        )
        locked = self._locked("passphrase" if given else "file", kek, salt)
        return StoreFile(version=1, id=secrets.token_hex(16), key=locked), kek

    def _another(self, file: StoreFile, passphrase: str) -> tuple[LockedBy, Kek]:
        """The next key; a new one in the key file stands beside the old one until that is not needed any more."""
        salt = secrets.token_bytes(16)
        if passphrase:
            kek = from_passphrase(check_passphrase(passphrase), salt)
            return self._locked("passphrase", kek, salt), kek
        raw = new_key()
        old = read_keys(self._keys.file) if file.key.kind == "file" else []
        write_keys(self._keys.file, [raw, *old])
        kek = from_file(raw, salt)
        return self._locked("file", kek, salt), kek

    def _forget(self, locked: LockedBy) -> None:
        """Keys of the key file that lock nothing any more."""
        if not self._keys.file.exists():
            return
        if locked.kind == "passphrase":
            self._keys.file.unlink()
            return
        keys = read_keys(self._keys.file)
        write_keys(self._keys.file, [raw for raw in keys if from_file(raw, locked.salt).id == locked.id])

    def _locked(self, kind: Kind, kek: Kek, salt: bytes) -> LockedBy:
        return LockedBy(id=kek.id, kind=kind, salt=salt, made=self._clock.now())

    def _entry(self, file: StoreFile | None, name: str) -> Entry:
        known = file.credentials if file else {}
        if name not in known:
            raise NotFoundError(f"no credential {name!r} in {self.path}; {nearest(name, known)}", credential=name)
        return known[name]

    def _checked(self, name: str = "") -> tuple[StoreFile, Kek]:
        """The file and its key, where both fit and nothing was altered; of ``name`` it is told what exactly was."""
        file = self.looked()
        if file is None:
            raise NotFoundError(f"no credential {name!r}: there is no store at {self.path}", credential=name)
        kek = self._keys.kek(file, self.path)
        entry = file.credentials.get(name)
        for each in entry.fields if entry else ():
            unlock(file, kek, name, entry, each)  # type: ignore[arg-type]  # it is there where it has fields
        check(file, kek, self.path)
        return file, kek

    def _believed(self, name: str) -> tuple[StoreFile, Kek]:
        """The same, read again only where the file has changed: a passphrase costs some tenths of a second."""
        try:
            stat = self.path.stat()
        except OSError:
            return self._checked(name)
        version = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        if self._read is None or self._read[0] != version:
            self._read = None
            self._read = (version, *self._checked(name))
        return self._read[1:]

    def _write(self, file: StoreFile, kek: Kek) -> None:
        content = encoded(signed_file(file, kek))
        decoded(content, self.path)  # what cannot be read again is not written
        write_secret(self.path, content)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One process at a time changes the store. Raises PreconditionError when it cannot be written."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as wrong:
            raise PreconditionError(f"{self.path}: cannot be written: {wrong.strerror}") from wrong
        try:
            fcntl.flock(beside, fcntl.LOCK_EX)
            yield
        finally:
            os.close(beside)


def names_stored(settings: Settings) -> frozenset[str]:
    """The names in the store that the settings mean. Raises InvalidInputError, PreconditionError."""
    return Safe.of(settings).names()
