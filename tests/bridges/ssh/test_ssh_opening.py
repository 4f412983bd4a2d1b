"""Opening a session: every way in which it fails is one error that says what to do."""

import asyncio
import socket
import warnings
from pathlib import Path

import asyncssh
import pytest
from bridges.ssh.nasty import HOST_KEY, OTHER_KEY, Nasty, running, until

from nocmesh.errors import DeviceUnreachableError, InvalidInputError, NotFoundError
from nocmesh_bridges.ssh.hostkeys import HostKeys
from nocmesh_bridges.ssh.session import DeviceSession
from nocmesh_bridges.ssh.target import Target

pytestmark = pytest.mark.real

PUBLIC = HOST_KEY.export_public_key().decode().strip()


async def refusal(target: Target, keys: HostKeys | None = None) -> DeviceUnreachableError:
    with pytest.raises(DeviceUnreachableError) as caught:
        await DeviceSession.open(target, host_keys=keys or HostKeys())
    assert caught.value.device == target.name
    return caught.value


async def test_a_wrong_password_is_said_and_leaves_no_host_key_behind() -> None:
    keys = HostKeys()
    async with running(Nasty()) as device:
        error = await refusal(device.target(password="wrong"), keys)
    assert "refused the login of 'ops'" in error.message
    assert isinstance(error.__cause__, asyncssh.PermissionDenied)
    assert keys.known("r1") is None
    assert "wrong" not in error.message


async def test_a_closed_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await refusal(Nasty(port=taken.getsockname()[1]).target())
    assert "refuses connections" in error.message


async def test_a_name_that_does_not_resolve_is_said() -> None:
    error = await refusal(Nasty(port=22).target(host="nowhere.invalid"))
    assert "nowhere.invalid" in error.message


async def test_a_server_that_never_speaks_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # the kernel accepts, nobody answers
        error = await refusal(Nasty(port=deaf.getsockname()[1]).target(open_timeout=0.2))
    assert "in time" in error.message or "within 0.2 s" in error.message


async def test_a_terminal_that_never_prompts_is_given_up_in_time() -> None:
    async with running(Nasty(silent=True, banner="booting...\n")) as device:
        error = await refusal(device.target(open_timeout=0.5))
        assert "booting" in error.message
        await until(lambda: device.sessions == 0)


async def test_a_platform_with_other_prompts_is_said() -> None:
    async with running(Nasty(hostname="user$host")) as device:
        error = await refusal(device.target(open_timeout=3.0))
    assert "check the platform (cisco_iosxe)" in error.message


async def test_full_vtys_are_said() -> None:
    async with running(Nasty(max_sessions=1)) as device:
        first = await DeviceSession.open(device.target(), host_keys=HostKeys())
        error = await refusal(device.target())
        assert "vtys" in error.message
        await first.close()
        await first.close()


async def test_a_terminal_that_closes_at_once_is_said() -> None:
    async with running(Nasty(no_terminal=True)) as device:
        assert "closed the session" in (await refusal(device.target())).message


async def test_a_refused_terminal_is_said() -> None:
    class Refusing(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return False

    server = await asyncssh.listen("127.0.0.1", 0, server_factory=Refusing, server_host_keys=[HOST_KEY])
    async with server:
        error = await refusal(Nasty(port=server.get_port()).target())
    assert "opens no terminal" in error.message


async def test_a_key_that_another_process_learned_meanwhile_is_not_overruled(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    ours = HostKeys(path)
    HostKeys(path).remember("r1", OTHER_KEY.export_public_key().decode().strip())
    async with running(Nasty()) as device:
        assert "another host key than at first use" in (await refusal(device.target(), ours)).message
        await until(lambda: device.sessions == 0)


async def test_an_unreadable_private_key_is_said() -> None:
    error = await refusal(Nasty(port=22).target(private_key="no key"))
    assert "private key" in error.message


async def test_an_unknown_platform_is_said_with_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match="cisco_iosxe"):
        await DeviceSession.open(Nasty(port=22).target(platform="windows"), host_keys=HostKeys())


async def test_a_cancelled_opening_leaves_no_connection_behind() -> None:
    async with running(Nasty(silent=True)) as device:
        task = asyncio.create_task(DeviceSession.open(device.target(), host_keys=HostKeys()))
        await until(lambda: device.sessions == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: device.sessions == 0)


async def test_a_private_key_logs_in() -> None:
    own = asyncssh.generate_private_key("ssh-ed25519")
    listen = {"authorized_client_keys": asyncssh.import_authorized_keys(own.export_public_key().decode())}
    async with running(Nasty(password="other", listen=listen)) as device:
        target = device.target(private_key=own.export_private_key().decode(), password="")
        session = await DeviceSession.open(target, host_keys=HostKeys())
        await session.close()
        assert not session.alive


async def test_a_locked_private_key_logs_in_with_its_passphrase_alone() -> None:
    own = asyncssh.generate_private_key("ssh-ed25519")
    locked = own.export_private_key("pkcs8-pem", passphrase="open sesame").decode()
    listen = {"authorized_client_keys": asyncssh.import_authorized_keys(own.export_public_key().decode())}
    async with running(Nasty(password="other", listen=listen)) as device:
        session = await DeviceSession.open(
            device.target(private_key=locked, passphrase="open sesame", password=""), host_keys=HostKeys()
        )
        await session.close()
        for passphrase in ("", "open barley"):
            error = await refusal(device.target(private_key=locked, passphrase=passphrase, password=""))
            assert "its passphrase where it has one" in error.message
            assert "barley" not in error.message


async def test_secrets_are_not_in_the_representation_of_a_target() -> None:
    target = Nasty(port=22).target(
        password="hunter2", enable_password="hunter3", private_key="hunter4", passphrase="hunter5"
    )
    assert "hunter" not in repr(target)


async def test_a_key_trusted_at_first_use_is_kept_in_the_file_and_a_changed_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "known_hosts"
    device = Nasty()
    async with running(device):
        await (await DeviceSession.open(device.target(), host_keys=HostKeys(path))).close()
    assert path.read_text() == f"r1 {PUBLIC}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    device.host_key, device.typed = OTHER_KEY, []
    async with running(device):
        error = await refusal(device.target(), HostKeys(path))
        assert "has changed" in error.message
        assert HOST_KEY.get_fingerprint() in error.message
        assert OTHER_KEY.get_fingerprint() in error.message
        assert device.logins == 1
        keys = HostKeys(path)
        keys.forget("r1")
        await (await DeviceSession.open(device.target(), host_keys=keys)).close()


@pytest.mark.parametrize(
    "pin", [PUBLIC, f"{PUBLIC} a comment", HOST_KEY.get_fingerprint()], ids=["key", "with a comment", "fingerprint"]
)
async def test_a_pinned_key_needs_no_store(pin: str) -> None:
    async with running(Nasty()) as device:
        await (await DeviceSession.open(device.target(host_key=pin))).close()


@pytest.mark.parametrize(
    "pin",
    [OTHER_KEY.export_public_key().decode(), OTHER_KEY.get_fingerprint(), "rubbish"],
    ids=["key", "fingerprint", "rubbish"],
)
async def test_another_key_than_the_pinned_one_is_refused_whatever_the_store_says(pin: str) -> None:
    keys = HostKeys()
    keys.remember("r1", PUBLIC)
    async with running(Nasty()) as device:
        assert "has changed" in (await refusal(device.target(host_key=pin), keys)).message
        assert device.logins == 0


async def test_without_a_pin_and_without_a_store_no_key_is_trusted() -> None:
    async with running(Nasty()) as device:
        with pytest.raises(DeviceUnreachableError, match="none is pinned"):
            await DeviceSession.open(device.target())


def test_two_processes_do_not_overwrite_each_others_keys(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    one, two = HostKeys(path), HostKeys(path)
    one.remember("r1", "ssh-ed25519 AAAA")
    two.remember("r2", "ssh-ed25519 BBBB")
    assert HostKeys(path).known("r1") == "ssh-ed25519 AAAA"
    with pytest.raises(DeviceUnreachableError, match="another host key"):
        two.remember("r1", "ssh-ed25519 CCCC")


def test_a_broken_line_of_the_key_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("r1 ssh-ed25519 AAAA\n\nr2 rubbish\n")
    with pytest.raises(InvalidInputError, match="line 3"):
        HostKeys(path)


OLD = {
    "kex_algs": ["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"],
    "encryption_algs": ["aes128-cbc", "3des-cbc"],
    "signature_algs": ["ssh-rsa"],
}


async def test_an_old_device_is_reached_only_where_legacy_is_set() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cryptography says that these algorithms are old; that is the point
        old = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
        async with running(Nasty(host_key=old, listen=OLD)) as device:
            assert "set legacy: true" in (await refusal(device.target())).message
            session = await DeviceSession.open(device.target(legacy=True), host_keys=HostKeys())
            await session.close()
