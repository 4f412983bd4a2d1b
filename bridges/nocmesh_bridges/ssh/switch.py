"""A switch on a device that takes a change back by itself, unless it is confirmed in time.

Armed before the first line of a change is typed. Confirming and going back exclude each other on the device, so what
the device says is so, whoever was slow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from nocmesh.errors import DeviceError, DeviceUnreachableError, NocmeshError
from nocmesh.network import Device
from nocmesh_bridges.ssh import switchscript
from nocmesh_bridges.ssh.pool import DevicePool
from nocmesh_bridges.ssh.secretlines import HIDDEN, Unmasked
from nocmesh_bridges.ssh.session import DeviceSession, LineResult
from nocmesh_bridges.ssh.switchscript import SwitchState
from nocmesh_bridges.ssh.target import place

ASK_SECONDS = 20.0
"""For one question to the switch, or all lines that place it."""
ARM_SECONDS = 20.0
"""Until it must say that it is armed."""
GRACE_SECONDS = 60.0
"""So long after its time a device that went back may take to be reachable again, and to say so."""
LOOK_AGAIN_SECONDS = 0.5
FAILPOINT = "bridge.arming"


class Switch:
    """One switch on one device."""

    def __init__(self, pool: DevicePool, device: Device, switch_id: str, seconds: float) -> None:
        """``seconds`` after it was armed, or from now if somebody else has armed it, it fires."""
        self.id = switch_id
        self.over = False
        """It will do nothing any more, and the device knows nothing of it."""
        self._pool = pool
        self._place = place(device.name, "cli" if device.platform == "linux" else "shell")
        self._seconds = seconds
        self._fires = _now() + seconds

    @property
    def left(self) -> float:
        """Seconds until it may fire."""
        return self._fires - _now()

    @property
    def hope(self) -> float:
        """Seconds for which it is worth while to look for the device: if it was cut off, it comes back by itself."""
        return self.left + GRACE_SECONDS

    async def arm(self, rollback: Unmasked, *, router: bool) -> str:
        """Place it, start it, and see it armed; why that could not be, else an empty text.

        ``router``: the rollback is typed into vtysh in configuration mode; else each line is a command. No error tells
        what was typed, for it may hold a secret.
        """
        launched = False
        try:
            async with self._pool.session(self._place, single_use=True) as session:
                program = await _program(session) if router else ()
                for line in switchscript.placing(self.id, rollback.lines, router=router):
                    await _typed(session, line)
                launched = True
                self._fires = _now() + self._seconds
                await _typed(session, switchscript.launching(self.id, int(self._seconds), program))
                return await self._seen_armed(session)
        except NocmeshError as wrong:
            if not launched:
                await self.remove()
            return f"{type(wrong).__name__} while it was placed; {HIDDEN}" if rollback.secret else wrong.message

    async def look(self) -> SwitchState:
        """What it says, asked until the device answers or there is no hope. Raises DeviceError then."""
        return await self._patiently(lambda: self._asked(""))

    async def keep(self) -> bool:
        """Confirm the change; False: the device does not say that it is, for it had begun to take it back.

        Raises DeviceError as ``look`` does.
        """
        state = await self._patiently(lambda: self._asked(switchscript.keeping(self.id)))
        return state.word == "kept"

    async def call_off(self) -> bool:
        """Make sure that it will not do anything; False: it did already. Raises DeviceError as ``look`` does."""
        late = _now() + ARM_SECONDS
        state = await self._patiently(lambda: self._asked(switchscript.keeping(self.id)))
        while state.word in ("arming", "armed") and _now() < late:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            state = await self._patiently(lambda: self._asked(switchscript.keeping(self.id)))
        if state.went_back or state.word == "armed":
            return False
        await self.remove()
        return True

    async def remove(self) -> None:
        """Take away what is left of it, as well as that goes: it does nothing any more."""
        self.over = True
        try:
            async with self._pool.session(self._place, single_use=True) as session:
                await _typed(session, switchscript.removing(self.id))
        except NocmeshError:
            return  # a folder that does nothing is left behind; the change has ended all the same

    async def gone_back(self) -> None:
        """Wait until the device has taken the change back, if it does. Raises DeviceError when nobody can know."""
        while (state := await self.look()).word in ("armed", "fired", "arming"):
            if self.hope <= 0:
                raise DeviceError(f"the switch on {self._place} is still {state.word} long after its time")
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def typed(self, rollback: Sequence[str]) -> list[dict[str, str]]:
        """The lines of ``rollback`` that the device has typed. Raises DeviceError."""
        async with self._pool.session(self._place, single_use=True) as session:
            return switchscript.typed_of((await _typed(session, switchscript.telling(self.id))).answer, rollback)

    async def _seen_armed(self, session: DeviceSession) -> str:
        late = _now() + ARM_SECONDS
        state = await self._seen(session)
        while state.word == "arming" and _now() < late:
            await asyncio.sleep(LOOK_AGAIN_SECONDS / 5)
            state = await self._seen(session)
        if state.word == "armed":
            return ""
        return f"it says {state.word}: is vtysh allowed there, and is there a /proc?"

    async def _seen(self, session: DeviceSession) -> SwitchState:
        return switchscript.state_of((await _typed(session, switchscript.looking(self.id))).answer)

    async def _asked(self, first: str) -> SwitchState:
        async with self._pool.session(self._place, single_use=True) as session:
            if first:
                await session.execute([first], timeout=ASK_SECONDS, failpoint=FAILPOINT)
            state = await self._seen(session)
        if state.word == "armed":
            self._fires = _now() + state.left
        return state

    async def _patiently(self, ask: Callable[[], Awaitable[SwitchState]]) -> SwitchState:
        while True:
            try:
                return await ask()
            except DeviceError:
                if self.hope <= 0:
                    raise
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _program(session: DeviceSession) -> tuple[str, ...]:
    """How vtysh is called there. Raises DeviceError when that cannot be told."""
    [found] = await session.execute([switchscript.PATH_SPACE], timeout=ASK_SECONDS, failpoint=FAILPOINT)
    program = switchscript.vtysh_of(found.answer)
    if not program:
        raise DeviceError("there are routing daemons of several routers; which are its own cannot be told")
    return program


async def _typed(session: DeviceSession, line: str) -> LineResult:
    """One line that must not fail. Raises DeviceError."""
    [result] = await session.execute([line], timeout=ASK_SECONDS, failpoint=FAILPOINT)
    if result.rejected:
        raise DeviceUnreachableError(f"{session.target.name} let no switch be placed: {result.answer[:200]!r}")
    return result


def _now() -> float:
    return asyncio.get_running_loop().time()
