"""A target: which device, where it listens, and how to log in to it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from nocmesh.errors import DeviceUnreachableError, NocmeshError
from nocmesh.messages.state import Door

SHELL_PLATFORM = "linux"
"""What is behind the door `shell`, whatever the device's own platform is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Everything that opening a session needs. Secrets are kept out of ``repr``."""

    name: str
    """Its ``place``: the device's name in the inventory, or that and the door; host keys are remembered under it."""
    platform: str
    """`cisco_iosxe`, `frr`, `arista_eos`, `linux`, …: see ``prompts.platform_knowledge``."""
    host: str
    port: int = 22
    username: str = ""
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    """The key itself, in PEM or OpenSSH format; never a path."""
    passphrase: str = field(default="", repr=False)
    """What opens the key; empty: nothing has locked it."""
    enable_password: str = field(default="", repr=False)
    """Empty: the session stays at the level at which the login left it."""
    host_key: str = ""
    """The pinned key, as `ssh-ed25519 AAAA…` or as `SHA256:…`. Empty: the host key store decides."""
    legacy: bool = False
    """Also offer SHA-1 key exchanges, CBC ciphers and ssh-rsa signatures: for old devices only."""
    max_sessions: int = 2
    """How many of the device's vtys we may hold at once."""
    logins_per_minute: int = 0
    """How many sessions we may open within a minute; 0: as many as it takes."""
    connect_timeout: float = 5.0
    """Seconds until somebody answers at the address: two repetitions of a lost first packet (RFC 6298 section 2)."""
    open_timeout: float = 20.0
    """Seconds for everything up to the first usable prompt: connect, log in, enable, paging off."""

    unlock: "Callable[[], Awaitable[Target]] | None" = field(default=None, repr=False, compare=False)
    """Gives the same target with its secrets, where they are opened for each session alone."""

    async def unlocked(self) -> "Target":
        """The target with its secrets. Raises DeviceUnreachableError when they cannot be had: no session, then."""
        if self.unlock is None:
            return self
        try:
            return await self.unlock()
        except NocmeshError as wrong:
            told = f"{self.name}: its credential cannot be opened: {wrong.message}"
            raise DeviceUnreachableError(told, device=self.name, problem="credential") from wrong


def platform_at(platform: str, door: Door) -> str:
    """What is spoken behind ``door`` of a device of ``platform``."""
    return platform if door == "cli" else SHELL_PLATFORM


def place(device: str, door: Door = "cli") -> str:
    """What a door of ``device`` is called, where sessions and host keys are kept."""
    return device if door == "cli" else f"{device}/{door}"
