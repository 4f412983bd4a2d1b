"""The credential store: what goes in comes out, and what was moved, altered or locked with another key does not."""

import base64
import re
import string
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import SecretStr

from nocmesh.clock import FixedClock
from nocmesh.errors import DeniedError, InvalidInputError, NocmeshError, NotFoundError, PreconditionError, SealError
from nocmesh.safe import crypto, form, keys
from nocmesh.safe.form import Kek, StoreFile, decoded, encoded, signed_file, unlock
from nocmesh.safe.keys import KeySource
from nocmesh.safe.store import Safe
from nocmesh.settings import Settings

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
PASSPHRASE, NEXT = "correct horse battery staple", "another horse, other battery"
CORE = {"password": "p4ss-core", "enable_password": "en4ble-core"}
EDGE = {"password": "p4ss-edge", "private_key": "-----BEGIN PRIVATE KEY-----\nx\n"}
PEPPER = {"community": "c0mmunity"}


def safe_in(folder: Path, passphrase: str = "", clock: FixedClock | None = None) -> Safe:
    path = folder / "store.json"
    return Safe(path, KeySource(passphrase=passphrase, file=path.with_suffix(".key")), clock or FixedClock(NOON))


def filled(folder: Path, passphrase: str = "") -> Safe:
    safe = safe_in(folder, passphrase)
    safe.add("core", "nocmesh", CORE, ["r1", "r2"])  # type: ignore[arg-type]
    safe.add("edge", "nocmesh", EDGE, [])  # type: ignore[arg-type]
    safe.add("snmp", "", PEPPER, [])  # type: ignore[arg-type]
    return safe


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Safe:
    """One that nobody changes."""
    return filled(tmp_path_factory.mktemp("safe"))


@pytest.fixture(scope="module")
def opened_file(shared: Safe) -> tuple[StoreFile, Kek]:
    return shared._checked()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory, shared: Safe) -> Safe:
    """Another file with the same key, to be spoiled."""
    folder = tmp_path_factory.mktemp("scratch")
    (folder / "store.key").write_bytes(shared.path.with_suffix(".key").read_bytes())
    (folder / "store.key").chmod(0o600)
    return safe_in(folder)


def everything(safe: Safe) -> dict[str, Any]:
    return {name: dict(safe.open(name, "r1").secrets) for name in ("core", "edge", "snmp")}


ALL = {"core": CORE, "edge": EDGE, "snmp": PEPPER}


def test_what_goes_in_comes_out_for_the_devices_that_it_is_bound_to(shared: Safe) -> None:
    assert everything(shared) == ALL
    assert shared.open("core", "r2").username == "nocmesh"
    for device in ("r3", ""):
        with pytest.raises(DeniedError, match=r"'core' is bound to r1, r2; .* is not among them"):
            shared.open("core", device)


@given(secret=st.text(min_size=1, max_size=200), field=st.sampled_from(["password", "community", "private_key"]))
def test_any_text_goes_through(opened_file: tuple[StoreFile, Kek], secret: str, field: Any) -> None:
    file, kek = opened_file
    bare = form.bare_entry("ü", ["r1"], NOON, NOON)
    entry = replace(bare, fields={field: form.lock(file, kek, "x", bare, field, secret)})
    again = decoded(encoded(replace(file, credentials={"x": entry})), "x")
    assert unlock(again, kek, "x", again.credentials["x"], field) == secret


@pytest.mark.parametrize("secret", ["", "\ud800", "x" * (form.MOST_SECRET + 1)], ids=["empty", "surrogate", "long"])
def test_what_is_no_secret_is_refused_and_not_repeated(tmp_path: Path, secret: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^password: ") as caught:
        safe_in(tmp_path).add("x", "u", {"password": secret}, [])
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) < 100


@given(data=st.data())
def test_any_byte_that_is_altered_is_noticed(shared: Safe, scratch: Safe, data: st.DataObject) -> None:
    raw = bytearray(shared.path.read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    scratch.path.write_bytes(raw)
    for name in ALL:
        with pytest.raises((InvalidInputError, SealError, PreconditionError, NotFoundError)):
            safe_in(scratch.path.parent).open(name, "r1")


def test_every_single_byte_is_noticed(shared: Safe, scratch: Safe) -> None:
    raw = shared.path.read_bytes()
    believed = []
    for place in range(len(raw)):
        scratch.path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        try:
            believed.append((place, scratch._checked()))
        except (InvalidInputError, SealError, PreconditionError):
            continue
    assert believed == []


@given(data=st.data())
def test_any_cut_and_any_piece_put_twice_is_noticed(shared: Safe, scratch: Safe, data: st.DataObject) -> None:
    raw = shared.path.read_bytes()
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
    changed = data.draw(st.sampled_from([raw[:start] + raw[end:], raw[:end] + raw[start:]]))
    assume(changed != raw)
    scratch.path.write_bytes(changed)
    with pytest.raises((InvalidInputError, SealError, PreconditionError, NotFoundError)):
        safe_in(scratch.path.parent).open("core", "r1")


PLACES = [(name, field) for name, secrets in ALL.items() for field in secrets]
PAIRS = [(a, b) for a in PLACES for b in PLACES if a < b]


@pytest.mark.parametrize("part", ["wrapped", "sealed", "both"])
@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_ciphertexts_that_changed_places_do_not_open_even_if_the_file_were_signed_anew(
    opened_file: tuple[StoreFile, Kek], scratch: Safe, a: Any, b: Any, part: str
) -> None:
    file, kek = opened_file
    boxes = [file.credentials[name].fields[field] for name, field in (a, b)]
    kept = {"wrapped": ("sealed",), "sealed": ("wrapped",), "both": ()}[part]
    moved = file
    for (name, field), mine, other in ((a, *boxes), (b, *reversed(boxes))):
        entry = moved.credentials[name]
        box = replace(other, **{each: getattr(mine, each) for each in kept})
        entry = replace(entry, fields={**entry.fields, field: box})
        moved = replace(moved, credentials={**moved.credentials, name: entry})
    scratch.path.write_bytes(encoded(signed_file(moved, kek)))
    for name, field in (a, b):
        with pytest.raises(SealError, match=rf"{name!r}: its \w+ was not sealed for this place"):
            scratch._checked(name)
        with pytest.raises(SealError, match=field):
            unlock(moved, kek, name, moved.credentials[name], field)


def _renamed(file: StoreFile) -> StoreFile:
    entries = dict(file.credentials)
    entries["other"] = entries.pop("core")
    return replace(file, credentials=entries)


def _changed(**changes: Any) -> Callable[[StoreFile], StoreFile]:
    def change(file: StoreFile) -> StoreFile:
        return replace(file, credentials={**file.credentials, "core": replace(file.credentials["core"], **changes)})

    return change


def _other_field(file: StoreFile) -> StoreFile:
    fields = dict(file.credentials["core"].fields)
    fields["passphrase"] = fields.pop("password")
    return _changed(fields=fields)(file)


def _other_store(file: StoreFile) -> StoreFile:
    return replace(file, id="0" * 32)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (_renamed, "other"),
        (_other_field, "core"),
        (_other_store, "core"),
        (_changed(devices=["r3"]), "core"),
        (_changed(devices=[]), "core"),
        (_changed(devices=["r1", "r2", "r3"]), "core"),
        (_changed(username="root"), "core"),
    ],
    ids=["name", "field", "store", "device", "no device", "one more device", "user"],
)
def test_a_row_that_says_something_else_does_not_open_even_if_it_were_signed_anew(
    opened_file: tuple[StoreFile, Kek], scratch: Safe, change: Callable[[StoreFile], StoreFile], name: str
) -> None:
    file, kek = opened_file
    scratch.path.write_bytes(encoded(signed_file(change(file), kek)))
    with pytest.raises(SealError, match="was not sealed for this place: it was altered, or moved here"):
        safe_in(scratch.path.parent).open(name, "r3")


def test_a_row_that_was_taken_out_or_put_back_is_noticed_by_the_signature(tmp_path: Path) -> None:
    safe = filled(tmp_path)
    old = safe.looked()
    safe.add("core", "nocmesh", {"password": "newer"}, ["r1"], again=True)
    new = safe.looked()
    assert old is not None
    assert new is not None
    without = {name: entry for name, entry in new.credentials.items() if name != "core"}
    for rows in (without, {**new.credentials, "core": old.credentials["core"]}):
        safe.path.write_bytes(encoded(replace(new, credentials=rows)))
        with pytest.raises(SealError, match="was altered since it was written"):
            safe_in(tmp_path).open("edge")
        with pytest.raises(SealError):
            safe_in(tmp_path).add("x", "u", {"password": "p"}, [])


def test_changing_needs_no_file_to_exist_and_leaves_only_files_for_the_owner(tmp_path: Path) -> None:
    safe = filled(tmp_path / "new")
    assert {path.name for path in safe.path.parent.iterdir()} == {"store.json", "store.key", "store.lock"}
    assert {path.stat().st_mode & 0o777 for path in safe.path.parent.iterdir()} == {0o600}
    raw = safe.path.read_bytes()
    assert not [secret for secrets in ALL.values() for secret in secrets.values() if secret.encode() in raw]


def test_a_credential_is_replaced_only_where_that_is_meant_and_removed(tmp_path: Path) -> None:
    clock = FixedClock(NOON)
    safe = safe_in(tmp_path, clock=clock)
    safe.add("core", "a", {"password": "one"}, [])
    with pytest.raises(InvalidInputError, match="'core' is there already; use --replace"):
        safe.add("core", "b", {"password": "two"}, [])
    clock.at += timedelta(hours=1)
    entry = safe.add("core", "b", {"password": "two"}, ["r2", "r1", "r1"], again=True)
    assert (entry.created, entry.changed, entry.devices) == (NOON, clock.at, ["r1", "r2"])
    assert safe.open("core", "r1").secrets == {"password": "two"}
    safe.remove("core")
    assert safe.names() == frozenset()
    for refused in (safe.remove, safe.open, safe.entry):
        with pytest.raises(NotFoundError, match="no credential 'core'"):
            refused("core")


def test_names_are_there_without_any_key(tmp_path: Path) -> None:
    filled(tmp_path).path.with_suffix(".key").unlink()
    safe = safe_in(tmp_path)
    assert safe.names() == {"core", "edge", "snmp"}
    assert safe.entry("core").devices == ["r1", "r2"]
    with pytest.raises(PreconditionError, match=r"store\.key: the store's key file is not there"):
        safe.open("core", "r1")
    assert safe_in(tmp_path / "none").names() == frozenset()
    with pytest.raises(NotFoundError, match="there is no store at"):
        safe_in(tmp_path / "none").open("core")


def test_a_wrong_passphrase_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto, "COST", 2)
    filled(tmp_path, PASSPHRASE)
    assert not (tmp_path / "store.key").exists()
    assert everything(safe_in(tmp_path, PASSPHRASE)) == ALL
    with pytest.raises(PreconditionError, match="CREDENTIAL_ENCRYPTION_KEY holds another; set CREDENTIAL_ENCRYPTION"):
        safe_in(tmp_path, NEXT).open("core", "r1")
    with pytest.raises(PreconditionError, match="locked with CREDENTIAL_ENCRYPTION_KEY, which is not set; set C"):
        safe_in(tmp_path).open("core", "r1")


def test_a_key_file_of_another_store_or_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path).path.with_suffix(".key")
    good = path.read_bytes()
    path.write_bytes(base64.b64encode(b"k" * 32))
    with pytest.raises(PreconditionError, match=r"store\.key holds another; put the right key file there"):
        safe_in(tmp_path).open("edge")
    for spoiled in (b"", b"???", base64.b64encode(b"short"), b"\xff" * 44):
        path.write_bytes(spoiled)
        with pytest.raises(PreconditionError, match="is no key file"):
            safe_in(tmp_path).open("edge")
    path.write_bytes(good)
    path.chmod(0o640)
    with pytest.raises(PreconditionError, match="others can read it; it holds a key: chmod 600"):
        safe_in(tmp_path).open("edge")


@pytest.mark.parametrize("passphrase", ["short", "fifteen letters", "sixteen letters\n"])
def test_a_key_that_can_be_guessed_locks_no_store(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(InvalidInputError, match="16 printable characters or more") as caught:
        filled(tmp_path, passphrase)
    assert passphrase not in str(caught.value)
    assert not (tmp_path / "store.json").exists()


def test_rotation_keeps_every_secret_and_touches_none(tmp_path: Path) -> None:
    safe = filled(tmp_path)
    key = safe.path.with_suffix(".key")
    before, old = safe.looked(), key.read_bytes()
    safe.rotate()
    after = safe.looked()
    assert before is not None
    assert after is not None
    assert everything(safe_in(tmp_path)) == ALL
    for name, field in PLACES:
        mine, other = before.credentials[name].fields[field], after.credentials[name].fields[field]  # type: ignore[index]
        assert mine.sealed == other.sealed
        assert mine.wrapped != other.wrapped
    assert [retired.id for retired in after.retired] == [before.key.id]
    assert after.key.id != before.key.id
    assert len(keys.read_keys(key)) == 1
    key.write_bytes(old)
    with pytest.raises(PreconditionError, match="holds another"):
        safe_in(tmp_path).open("edge")


def test_the_key_may_go_from_a_file_to_a_passphrase_to_another_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crypto, "COST", 2)
    filled(tmp_path).rotate(PASSPHRASE)
    assert not (tmp_path / "store.key").exists()
    assert everything(safe_in(tmp_path, PASSPHRASE)) == ALL
    safe_in(tmp_path, PASSPHRASE).rotate(NEXT)
    assert everything(safe_in(tmp_path, NEXT)) == ALL
    with pytest.raises(PreconditionError, match="CREDENTIAL_ENCRYPTION_KEY holds another"):
        safe_in(tmp_path, PASSPHRASE).open("core", "r1")
    safe_in(tmp_path, NEXT).rotate()
    assert everything(safe_in(tmp_path)) == ALL
    assert everything(safe_in(tmp_path, "of the masks, and no more")) == ALL, "a key file is not asked the setting"
    with pytest.raises(NotFoundError, match="there is no credential store"):
        safe_in(tmp_path / "none").rotate()


def test_whoever_has_it_open_sees_what_another_process_changed(tmp_path: Path) -> None:
    bridge = filled(tmp_path)
    assert bridge.open("edge").secrets == EDGE
    other = safe_in(tmp_path)
    other.add("edge", "nocmesh", {"password": "newer"}, [], again=True)
    assert bridge.open("edge").secrets == {"password": "newer"}
    other.rotate()
    assert bridge.open("edge").secrets == {"password": "newer"}
    bridge.path.write_bytes(b"{}")
    with pytest.raises(InvalidInputError, match="is no credential store"):
        bridge.open("edge")


def test_what_many_add_at_once_is_all_there(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=safe_in(tmp_path).add, args=(f"c{number}", "u", {"password": "p"}, []))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert safe_in(tmp_path).names() == {f"c{number}" for number in range(8)}


def test_the_masks_and_the_store_have_keys_that_tell_nothing_of_each_other(tmp_path: Path) -> None:
    salt = b"s" * 16
    kek = keys.from_passphrase(PASSPHRASE, salt)
    assert kek == keys.from_passphrase(PASSPHRASE, salt)
    found = {kek.wrapping, kek.signing, PASSPHRASE.encode(), crypto.stretched(PASSPHRASE.encode(), salt)}
    other = keys.from_passphrase(PASSPHRASE, b"t" * 16)
    assert len(found | {other.wrapping, other.signing}) == 6
    assert PASSPHRASE not in repr(kek)
    assert repr(kek) == f"Kek(id={kek.id!r})"


def test_nothing_shows_a_secret(shared: Safe, opened_file: tuple[StoreFile, Kek]) -> None:
    source = KeySource(passphrase=PASSPHRASE, file=Path("k"))
    shown = repr(shared.open("core", "r1")) + repr(source) + repr(shared) + repr(opened_file)
    assert not [secret for secret in (*CORE.values(), PASSPHRASE) if secret in shown]


def test_the_settings_say_where_it_is(tmp_path: Path) -> None:
    assert Safe.of(Settings(data=tmp_path)).path == tmp_path / "credential-store.json"
    own = Settings(data=tmp_path, credential_store=tmp_path / "x.json", credential_encryption_key=SecretStr(PASSPHRASE))
    assert Safe.of(own).path == tmp_path / "x.json"
    assert Safe.of(own)._keys == KeySource(passphrase=PASSPHRASE, file=tmp_path / "x.key")


SMALL = {
    "version": 1,
    "id": "0" * 32,
    "key": {"id": "0" * 16, "kind": "file", "salt": "AAAAAAAAAAAAAAAAAAAAAA==", "made": "2026-11-29T12:00:00Z"},
    "retired": [],
    "credentials": {},
    "signature": "",
}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 100,
        b"[]",
        b"null",
        b"{" * 100_000,
        b'{"version":1,"x":' + b"[" * 100_000,
        b"\xff\xfe{}",
        msgspec.json.encode(SMALL | {"version": 2}),
        msgspec.json.encode(SMALL | {"more": 1}),
        msgspec.json.encode(SMALL | {"id": "../../etc"}),
        msgspec.json.encode(SMALL | {"key": {**SMALL["key"], "kind": "none"}}),  # type: ignore[dict-item]
        msgspec.json.encode(SMALL | {"key": {**SMALL["key"], "salt": ""}}),  # type: ignore[dict-item]
        msgspec.json.encode(SMALL | {"credentials": {"../x": {}}}),
        msgspec.json.encode(SMALL),  # whole, but written by something else
        encoded(decoded(msgspec.json.format(msgspec.json.encode(SMALL), indent=1) + b"\n", "x")).rstrip(),
    ],
)
def test_a_file_that_is_no_store_is_refused_with_its_name(tmp_path: Path, raw: bytes) -> None:
    safe = safe_in(tmp_path)
    safe.path.write_bytes(raw)
    for ask in (safe.names, lambda: safe.open("core"), lambda: safe.add("x", "u", {"password": "p"}, [])):
        with pytest.raises(InvalidInputError, match=re.escape(str(safe.path))):
            ask()
    assert safe.path.read_bytes() == raw


def test_a_folder_or_an_endless_file_in_its_place_is_refused(tmp_path: Path) -> None:
    safe = safe_in(tmp_path)
    safe.path.mkdir()
    with pytest.raises(PreconditionError, match="cannot be read"):
        safe.names()
    safe.path.rmdir()
    safe.path.symlink_to("/dev/zero")
    with pytest.raises(PreconditionError, match="larger than"):
        safe.names()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=string.printable, max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*SMALL, "x", "fields", "password"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(change=st.dictionaries(st.sampled_from(list(SMALL)), JSON, max_size=3))
def test_any_json_is_a_store_or_refused(change: dict[str, Any]) -> None:
    raw = msgspec.json.format(msgspec.json.encode({**SMALL, **change}), indent=1) + b"\n"
    try:
        file = decoded(raw, "x")
    except NocmeshError:
        return
    assert encoded(file) == raw
