"""What a role is handed, and how roles are found: the launcher alone knows them all.

A role is ``async def run(context)``: it starts what it needs, waits for ``context.stopping``, drains, returns.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from nocmesh.bus import Mesh
from nocmesh.clock import Clock
from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.log import Log
from nocmesh.settings import Settings

if TYPE_CHECKING:
    from nocmesh.inventory import InventoryDevice  # YAML, which few roles need

GROUP = "nocmesh.roles"
SIGN_INS = "nocmesh.sign_ins"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every role is handed; it lives as long as the role."""

    mesh: Mesh
    settings: Settings
    clock: Clock
    log: Log
    name: str
    """This instance's own name on the bus, as `bgp-7`."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the role shall drain and return."""


Run = Callable[[Context], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One kind of process: its name, its bus role, and the agent type where it has one."""

    name: str
    bus_role: str
    run: Run
    type: str = ""
    essential: bool = True
    """`nocmesh up` starts it."""


def known_roles() -> dict[str, str]:
    """Every role that is installed: name to ``module:attribute``, nothing loaded yet."""
    return {entry.name: entry.value for entry in entry_points(group=GROUP)}


def load_role(name: str) -> Role:
    """The role of that name.

    Raises NotFoundError that lists the known ones, PreconditionError when its extra is not installed.
    """
    found = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if not found:
        raise NotFoundError(f"there is no role {name!r}; known: {', '.join(sorted(known_roles()))}")
    try:
        role = found[0].load()
    except ModuleNotFoundError as missing:
        raise PreconditionError(
            f"role {name!r} needs {missing.name!r}: install the extra that carries it, pip install 'nocmesh[all]'"
        ) from missing
    if not isinstance(role, Role):
        raise PreconditionError(f"{found[0].value} is no nocmesh.runtime.Role")
    return role


SignIn = Callable[["InventoryDevice", Settings], Awaitable[str]]
"""Opens a session with a device and closes it: gives its prompt, or raises DeviceError."""


def load_sign_in(name: str = "ssh") -> SignIn:
    """The way in of that name, which an installed bridge brings along. Raises PreconditionError when none does."""
    for entry in entry_points(group=SIGN_INS, name=name):
        try:
            found: SignIn = entry.load()
            return found
        except ModuleNotFoundError as missing:
            raise PreconditionError(f"{missing.name!r} is missing: pip install 'nocmesh[bridges]'") from missing
    raise PreconditionError("no bridge is installed that signs in to devices: pip install 'nocmesh[bridges]'")


async def until(stopping: asyncio.Event, seconds: float) -> bool:
    """Wait ``seconds``, or less when ``stopping`` is set; says whether it is."""
    try:
        async with asyncio.timeout(seconds):  # wait_for would swallow a cancellation before Python 3.12
            await stopping.wait()
    except TimeoutError:
        return False
    return True
