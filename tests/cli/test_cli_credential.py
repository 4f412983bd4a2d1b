"""`nocmesh credential`: secrets go in by standard input or a terminal, and never come out again."""

import asyncio
import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.calling import Cli, Said

from nocmesh.proving.simulated.server import Access, SimulatedNetwork
from nocmesh.proving.simulated.topology import PAIR
from nocmesh.safe.store import Safe
from nocmesh.settings import Settings

pytestmark = pytest.mark.real

CANARY, ENABLE = "c4nary-passw0rd ä", "c4nary-enable"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc4nary\n-----END OPENSSH PRIVATE KEY-----\n"


class Store:
    """Commands about one store; nothing that they print may hold a canary."""

    def __init__(self, cli: Cli, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._cli, self.folder, self._patch = cli, folder, patch
        self.printed: list[str] = []

    def __call__(self, *words: str, stdin: bytes = b"", **environment: str) -> Said:
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        said = self._cli("credential", *words, "--data", str(self.folder), **environment)
        self.printed += [said.out, said.err]
        return said

    def secrets(self, name: str, device: str = "", **given: str) -> dict[str, str]:
        settings = Settings(data=self.folder, **given)
        return dict(Safe.of(settings).open(name, device).secrets)


@pytest.fixture
def store(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    store = Store(cli, tmp_path, monkeypatch)
    yield store
    assert not [text for text in store.printed if "c4nary" in text]


BOTH = ("--password-stdin", "--enable-password-stdin")
TYPED = f"{CANARY}\n{ENABLE}\n".encode()


def test_a_credential_is_added_listed_shown_and_removed(store: Store) -> None:
    said = store("add", "core", "--username", "nocmesh", *BOTH, "--device", "r1", "--device", "r2", stdin=TYPED)
    assert (said.code, said.out) == (0, "core\n"), said.err
    assert store.secrets("core", "r1") == {"password": CANARY, "enable_password": ENABLE}
    [row] = store("list", "-o", "json").json["items"]
    assert {key: row[key] for key in ("name", "username", "fields", "devices", "rotated")} == {
        "name": "core",
        "username": "nocmesh",
        "fields": ["password", "enable_password"],
        "devices": ["r1", "r2"],
        "rotated": None,
    }
    shown = store("show", "core", "-o", "json").json
    assert (shown["key"]["kind"], shown["key"]["before"]) == ("file", [])
    for form in ("table", "yaml", "name", "json"):
        assert "core" in store("list", "-o", form).out
        assert "core" in store("show", "core", "-o", form).out
    assert store("remove", "core").out == "core\n"
    assert store("list", "-o", "json").json == {"items": []}
    assert store("show", "core").code == store("remove", "core").code == 4


def test_every_kind_of_secret_goes_in(store: Store, tmp_path: Path) -> None:
    (tmp_path / "id").write_text(KEY)
    words = ("--passphrase-stdin", "--private-key-file", str(tmp_path / "id"))
    assert store("add", "key", "--username", "u", *words, stdin=f"{CANARY}\n".encode()).code == 0
    assert store.secrets("key") == {"private_key": KEY, "passphrase": CANARY}
    v3 = ("--community-stdin", "--auth-password-stdin", "--privacy-password-stdin")
    assert store("add", "snmp", *v3, stdin=b"c4nary-1\r\nc4nary-2\r\nc4nary-3").code == 0
    assert list(store.secrets("snmp").values()) == ["c4nary-1", "c4nary-2", "c4nary-3"]


@pytest.mark.parametrize(
    ("words", "stdin", "why"),
    [
        (("core", "--username", "u"), b"", "no secret is given: use --prompt"),
        (("core", "--password-stdin"), b"c4nary\n", "who signs in? use --username"),
        (("core", "--username", "u", *BOTH), b"c4nary\n", "expected 2 lines on standard input"),
        (("core", "--username", "u", "--password-stdin"), b"c4nary\nc4nary\n", "expected 1 line on standard input"),
        (("core", "--username", "u", "--password-stdin"), b"\n", "none of them empty"),
        (("core", "--username", "u", "--password-stdin"), b"c4nary\xff\n", "standard input is not UTF-8"),
        (("core", "--username", "u", "--password-stdin"), b"c4nary" * 20_000, "password: has 120000 octets"),
        (("../x", "--username", "u", "--password-stdin"), b"c4nary\n", "'../x' cannot be the name of a name"),
        (("core", "--username", "u", "--password-stdin", "--device", "a b"), b"c4nary\n", "the name of a device"),
        (("core", "--username", "u\n", "--password-stdin"), b"c4nary\n", "the username is no line"),
        (("core", "--username", "u", "--private-key-file", os.devnull), b"", "is no private key in PEM"),
    ],
)
def test_what_cannot_be_added_is_said_without_the_secret(
    store: Store, words: tuple[str, ...], stdin: bytes, why: str
) -> None:
    said = store("add", *words, stdin=stdin)
    assert (said.code, said.out) == (2, "")
    assert why in said.err
    assert not list(store.folder.iterdir()) or store("list", "-o", "json").json == {"items": []}


def test_without_a_terminal_there_is_nobody_to_ask(store: Store) -> None:
    said = store("add", "core", "--username", "u", "--prompt")
    assert (said.code, "there is no terminal to ask at" in said.err) == (3, True)


def test_the_key_is_rotated_from_a_file_to_a_passphrase_and_on(store: Store) -> None:
    store("add", "core", "--username", "u", "--password-stdin", stdin=CANARY.encode())
    first = store("show", "core", "-o", "json").json["key"]["id"]
    second = store("rotate").out.strip()
    assert second not in ("", first)
    assert store("show", "core", "-o", "json").json["key"]["before"] == [first]
    assert store("list", "-o", "json").json["items"][0]["rotated"]
    one, two = "c4nary-of-the-store-1", "c4nary-of-the-store-2"
    said = store("rotate", "--new-key-stdin", stdin=one.encode())
    assert (said.code, "now set CREDENTIAL_ENCRYPTION_KEY" in said.err) == (0, True)
    assert store("remove", "core").code == 3
    assert "give the next one with --new-key-stdin" in store("rotate", CREDENTIAL_ENCRYPTION_KEY=one).err
    assert store("rotate", "--new-key-stdin", stdin=b"short", CREDENTIAL_ENCRYPTION_KEY=one).code == 2
    assert store("rotate", "--new-key-stdin", "--key-file", stdin=two.encode()).code == 2
    assert store("rotate", "--new-key-stdin", stdin=two.encode(), CREDENTIAL_ENCRYPTION_KEY=one).code == 0
    assert store.secrets("core", credential_encryption_key=two) == {"password": CANARY}
    assert store("rotate", "--key-file", CREDENTIAL_ENCRYPTION_KEY=two).code == 0
    assert store.secrets("core") == {"password": CANARY}


@pytest.mark.parametrize("where", ["safe.key_added", "safe.rewrapped"])
def test_a_rotation_that_dies_in_the_middle_leaves_a_store_that_opens(store: Store, where: str) -> None:
    store("add", "core", "--username", "u", "--password-stdin", stdin=CANARY.encode())
    words = [sys.executable, "-m", "nocmesh.cli", "credential", "rotate", "--data", str(store.folder)]
    died = subprocess.run(words, env={**os.environ, "NOCMESH_FAILPOINT": where}, timeout=60, check=False)
    assert died.returncode == -9
    assert store.secrets("core") == {"password": CANARY}
    assert store("rotate").code == 0
    assert store.secrets("core") == {"password": CANARY}
    assert len((store.folder / "credential-store.key").read_text().split()) == 1


def test_the_inventory_is_checked_against_the_names_in_the_store_without_its_key(
    store: Store, cli: Cli, tmp_path: Path
) -> None:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(
        "version: 1\ndevices: [{name: r1, platform: frr, address: 192.0.2.1, credential: core}]\n",
    )
    words = ("inventory", "check", str(inventory), "--data", str(tmp_path))
    said = cli(*words)
    assert said.code == 2
    assert ":2: devices[0].credential: no credential 'core' under credentials, nor in the credential store" in said.err
    store("add", "core", "--username", "u", "--password-stdin", stdin=CANARY.encode())
    (tmp_path / "credential-store.key").unlink()
    assert cli(*words).code == 0


async def test_a_credential_is_tried_on_a_device_and_what_is_wrong_is_said(store: Store, tmp_path: Path) -> None:
    access = Access(password=CANARY, enable_password=ENABLE)
    async with SimulatedNetwork.running(PAIR, access=access) as network:
        inventory = tmp_path / "inventory.yaml"
        inventory.write_text(network.inventory_yaml().replace(CANARY, "x").replace(ENABLE, "y"))

        def add(name: str, *words: str, typed: str) -> None:
            assert store("add", name, "--username", "nocmesh", *BOTH, *words, stdin=typed.encode()).code == 0

        async def tried(name: str, device: str = "r1") -> Said:
            words = ("test", name, "--inventory", str(inventory), "--device", device, "-o", "json")
            return await asyncio.to_thread(store, *words)

        add("good", typed=f"{CANARY}\n{ENABLE}\n")
        add("wrong", typed=f"c4nary-other\n{ENABLE}\n")
        add("enable", typed=f"{CANARY}\nc4nary-other\n")
        add("bound", "--device", "r9", typed=f"{CANARY}\n{ENABLE}\n")
        devices = {node.dialect: node.name for node in network.model.nodes.values()}
        for device in devices.values():
            good = await tried("good", device)
            assert (good.code, good.json["works"], good.json["device"]) == (0, True, device), good.err
        iosxe = devices["cisco_iosxe"]
        for name, problem, why in (
            ("wrong", "login", "refused the login of 'nocmesh'"),
            ("enable", "enable", "refused the enable password"),
            ("bound", "credential", "'bound' is bound to r9"),
        ):
            said = await tried(name, iosxe)
            assert (said.code, said.json["works"], said.json["problem"]) == (1, False, problem), said.err
            assert why in said.err
        assert (await tried("none")).code == (await tried("good", "r9")).code == 4
    said = await tried("good")
    assert (said.code, said.json["problem"]) == (1, "unreachable")


def test_at_a_terminal_secrets_are_asked_for_unseen(store: Store) -> None:
    """Both passwords, typed twice each; what the terminal shows is what a person would see."""
    ours, theirs = os.openpty()
    words = [sys.executable, "-m", "nocmesh.cli", "credential", "add", "core", "--username", "u", "--prompt"]
    process = subprocess.Popen(
        [*words, "--data", str(store.folder)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    said = b""
    try:
        for question, typed in ((b"none): ", CANARY), (b"again: ", CANARY), (b"none): ", ENABLE), (b"again: ", ENABLE)):
            while not said.endswith(question):
                byte = process.stderr.read(1)
                assert byte, said
                said += byte
            os.write(ours, typed.encode() + b"\n")
            said += process.stderr.read(1)  # the line ends once it is read
        assert process.wait(30) == 0, process.stderr.read()
        os.set_blocking(ours, False)
        with contextlib.suppress(BlockingIOError):
            said += os.read(ours, 4096)
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
        os.close(theirs)
    assert store.secrets("core") == {"password": CANARY, "enable_password": ENABLE}
    assert b"c4nary" not in said
