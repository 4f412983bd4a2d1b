"""Commands of the operating system, run from asyncio: what they printed, how they ended, and in time."""

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from typing import NamedTuple, TypeVar

from nocmesh.errors import DeviceTimeoutError, PreconditionError

AT_ONCE = 4
"""Commands side by side: enough for two processors that wait now and then."""
T = TypeVar("T")


class Ran(NamedTuple):
    """A command that has ended."""

    stdout: str
    stderr: str
    code: int


async def ran(*argv: str, stdin: str = "", timeout: float = 20.0) -> Ran:
    """Run `argv` to its end. Raises: PreconditionError (no such program), DeviceTimeoutError (it was killed)."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise PreconditionError(f"there is no program {argv[0]}; install the package that brings it") from error
    try:
        async with asyncio.timeout(timeout):
            out, err = await process.communicate(stdin.encode() if stdin else None)
    except TimeoutError as late:
        raise DeviceTimeoutError(f"`{' '.join(argv)[:200]}` did not end within {timeout:g} s; it was killed") from late
    finally:
        await _ended(process)
    return Ran(out.decode("utf-8", "replace"), err.decode("utf-8", "replace"), process.returncode or 0)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):  # it ended just now
            process.kill()
        await process.wait()
    process._transport.close()  # type: ignore[attr-defined]  # a child that lives on may hold its pipes open


async def each(work: Iterable[Awaitable[T]], at_once: int = AT_ONCE) -> list[T]:
    """All of `work`, at most `at_once` side by side; the first error ends the others."""
    gate = asyncio.Semaphore(at_once)

    async def one(item: Awaitable[T]) -> T:
        async with gate:
            return await item

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in work]
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from several
    return [task.result() for task in tasks]
