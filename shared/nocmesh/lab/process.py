"""Commands of the operating system, run from asyncio: what they printed, how they ended, and in time."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO, NamedTuple, TypeVar

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
    """Run `argv` to its end. Raises: PreconditionError (no such program), DeviceTimeoutError (it was killed).

    It writes to files: a service that it leaves running may keep them open, and nobody waits for that one.
    """
    with TemporaryFile() as fed, TemporaryFile() as out, TemporaryFile() as err:
        fed.write(stdin.encode())
        fed.seek(0)
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=fed, stdout=out, stderr=err, start_new_session=True
            )
        except FileNotFoundError as error:
            raise PreconditionError(f"there is no program {argv[0]}; install the package that brings it") from error
        try:
            async with asyncio.timeout(timeout):
                code = await process.wait()
        except TimeoutError as late:
            said = f"`{' '.join(argv)[:200]}` did not end within {timeout:g} s; it was killed"
            raise DeviceTimeoutError(said) from late
        finally:
            await _ended(process)
        return Ran(_text(out), _text(err), code)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):  # it ended just now
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


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
