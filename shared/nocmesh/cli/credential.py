"""What ``nocmesh credential`` does. No secret is ever printed, nor taken from the command line."""

import getpass
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import msgspec

from nocmesh.cli.output import Format, say, show_done, show_list, show_one
from nocmesh.errors import DeviceError, InvalidInputError, NotFoundError, PreconditionError
from nocmesh.inventory import InventoryDevice, load_inventory
from nocmesh.inventory_credential import Credential, Stored
from nocmesh.privatefile import read_bounded
from nocmesh.runtime import load_sign_in
from nocmesh.safe.form import MOST_SECRET, Entry, FieldName, Name, StoreFile
from nocmesh.safe.keys import SETTING
from nocmesh.safe.store import Safe
from nocmesh.settings import Settings

COLUMNS = ("name", "username", "fields", "devices", "created", "changed", "rotated")
SIGNS_IN = frozenset({"password", "private_key", "enable_password", "passphrase"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be added, and where its secrets come from."""

    name: str
    username: str
    from_stdin: list[str]
    private_key_file: Path | None
    prompt: bool
    devices: list[str]
    again: bool


def add(settings: Settings, wish: Wish, form: Format) -> None:
    """Put it in. Raises InvalidInputError, PreconditionError, SealError; no message has a secret in it."""
    _check_names(wish)
    given = _given(wish)
    if not given:
        told = "no secret is given: use --prompt, --private-key-file, or --password-stdin and the like"
        raise InvalidInputError(f"{wish.name}: {told}", field="password")
    if SIGNS_IN & given.keys() and not wish.username:
        raise InvalidInputError(f"{wish.name}: who signs in? use --username", field="username")
    safe = Safe.of(settings)
    entry = safe.add(wish.name, wish.username, given, wish.devices, again=wish.again)
    say(f"{wish.name} is in {safe.path}")
    show_done(_row(wish.name, entry, safe.looked()), "name", form)


def list_all(settings: Settings, form: Format) -> None:
    """Print what is in the store."""
    file = Safe.of(settings).looked()
    entries = sorted(file.credentials.items()) if file else []
    show_list([_row(name, entry, file) for name, entry in entries], COLUMNS, "name", form)


def show(settings: Settings, name: str, form: Format) -> None:
    """Print one. Raises NotFoundError."""
    safe = Safe.of(settings)
    file = safe.looked()
    row = _row(name, safe.entry(name), file)
    assert file is not None
    lock = {"kind": file.key.kind, "id": file.key.id, "made": file.key.made, "before": [old.id for old in file.retired]}
    show_one({**row, "store": str(safe.path), "key": lock}, "name", form)


def remove(settings: Settings, name: str, form: Format) -> None:
    """Take it out. Raises NotFoundError."""
    Safe.of(settings).remove(name)
    show_done({"name": name, "removed": True}, "name", form)


def rotate(settings: Settings, form: Format, *, stdin: bool, prompt: bool, key_file: bool) -> None:
    """Lock the store with another key. Raises InvalidInputError where it is not said which."""
    safe = Safe.of(settings)
    file = safe.looked()
    if stdin + prompt + key_file > 1:
        raise InvalidInputError("one new key is enough: --new-key-stdin, --prompt or --key-file", field="new-key")
    if file and file.key.kind == "passphrase" and not (stdin or prompt or key_file):
        told = f"the store is locked with {SETTING}: give the next one with --new-key-stdin or --prompt"
        raise InvalidInputError(f"{told}, or go over to a key file with --key-file", field="new-key")
    passphrase = _lines(1)[0] if stdin else _asked(f"the next {SETTING}") if prompt else ""
    locked = safe.rotate(passphrase)
    if locked.kind == "passphrase":
        say(f"now set {SETTING} to the new key everywhere, and start the bridges again")
    show_done({"key": locked.id, "kind": locked.kind, "store": str(safe.path)}, "key", form)


async def attempt(settings: Settings, name: str, device: str, form: Format) -> int:
    """Sign in with it; 0 when that works. Raises NotFoundError, PreconditionError."""
    safe = Safe.of(settings)
    safe.entry(name)
    assert settings.inventory is not None
    found = load_inventory(settings.inventory).device(device)
    tried = replace(found, credential=Credential(username="", at=Stored(name=name)))
    facts = await _tried(tried, settings)
    said = facts.pop("said", "")
    if said:
        say(said)
    row = {"name": name, "device": found.name, "address": f"{found.address}:{found.port}", **facts}
    show_list([row], list(row), "name", form) if form is Format.TABLE else show_one({**row, "said": said}, "name", form)
    return 0 if row["works"] else 1


async def _tried(device: InventoryDevice, settings: Settings) -> dict[str, Any]:
    sign_in = load_sign_in()
    began = time.monotonic()
    try:
        prompt = await sign_in(device, settings)
    except DeviceError as wrong:
        return {"works": False, "problem": wrong.facts.get("problem", "session"), "said": wrong.message}
    return {"works": True, "problem": "", "prompt": prompt, "seconds": round(time.monotonic() - began, 2)}


def _row(name: str, entry: Entry, file: StoreFile | None) -> dict[str, Any]:
    made = file.key.made if file else entry.created
    return {
        "name": name,
        "username": entry.username,
        "fields": list(entry.fields),
        "devices": entry.devices or ["any"],
        "created": entry.created,
        "changed": entry.changed,
        "rotated": made if made > entry.changed else None,
    }


def _check_names(wish: Wish) -> None:
    for field, value in [("name", wish.name), *(("device", each) for each in wish.devices)]:
        try:
            msgspec.convert(value, Name)
        except msgspec.ValidationError as wrong:
            told = "expected letters, digits, '.', '-', '_', at most 63"
            raise InvalidInputError(f"{value!r} cannot be the name of a {field}; {told}", field=field) from wrong
    if len(wish.username) > 255 or not wish.username.isprintable():
        raise InvalidInputError("the username is no line of at most 255 printable characters", field="username")


def _given(wish: Wish) -> dict[FieldName, str]:
    found = dict(zip(wish.from_stdin, _lines(len(wish.from_stdin)), strict=True))
    if wish.private_key_file is not None:
        found["private_key"] = _key(wish.private_key_file)
    if wish.prompt:
        found |= _prompted([field for field in ("password", "enable_password") if field not in found])
    return cast("dict[FieldName, str]", found)


def _prompted(fields: Sequence[str]) -> dict[str, str]:
    asked = {field: _asked(f"{field.replace('_', ' ')} (empty: none)") for field in fields}
    return {field: secret for field, secret in asked.items() if secret}


def _asked(what: str) -> str:
    """What a person types, twice the same, unseen."""
    if not sys.stdin.isatty():
        raise PreconditionError("there is no terminal to ask at; give secrets on standard input instead")
    first = getpass.getpass(f"{what}: ")
    if first and getpass.getpass("again: ") != first:
        raise InvalidInputError("the two are not the same; nothing was changed", field="prompt")
    return first


def _lines(count: int) -> list[str]:
    """So many lines of standard input. Raises InvalidInputError, without any of them."""
    if not count:
        return []
    raw = sys.stdin.buffer.read((count + 1) * (MOST_SECRET + 2))
    try:
        text = raw.decode()
    except UnicodeDecodeError:  # which has all of it in it
        raise InvalidInputError("standard input is not UTF-8", field="stdin") from None
    lines = text.removesuffix("\n").split("\n")
    lines = [line.removesuffix("\r") for line in lines]
    if len(lines) != count or not all(lines):
        told = f"expected {count} line{'s' * (count > 1)} on standard input, none of them empty; found {len(lines)}"
        raise InvalidInputError(told, field="stdin")
    return lines


def _key(path: Path) -> str:
    try:
        text = read_bounded(path).decode()
    except FileNotFoundError as missing:
        raise NotFoundError(f"{path}: there is no private key there") from missing
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path}: is no private key in PEM or OpenSSH format", field="private_key") from None
    if "PRIVATE KEY" not in text[:200]:
        raise InvalidInputError(f"{path}: is no private key in PEM or OpenSSH format", field="private_key")
    return text
