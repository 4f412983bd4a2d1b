"""The logs of all processes as one: each role writes its own file, this follows them all as they grow."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from nocmesh.errors import PreconditionError

POLL_SECONDS = 0.2


class LogTail:
    """What is new in a folder's logs, line by line, each with the name of the process that wrote it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}

    def news(self) -> list[str]:
        """The whole lines that came since the last call."""
        found: list[str] = []
        for log in sorted(self._folder.glob("*.log")):
            with log.open("rb") as source:
                found += [f"{log.stem:<12} {line}" for line in self._lines(log, source)]
        return found

    def _lines(self, log: Path, source: BinaryIO) -> list[str]:
        """Up to the last line's end: half a line is read when it is whole."""
        source.seek(self._read.get(log, 0))
        whole, end, _ = source.read().rpartition(b"\n")
        self._read[log] = self._read.get(log, 0) + len(whole) + len(end)
        return whole.decode(errors="replace").splitlines()


@asynccontextmanager
async def logs_followed(folder: Path, file: Path | None, *, verbose: bool) -> AsyncIterator[None]:
    """While the block runs, every line of ``folder``'s logs goes to ``file`` and, where ``verbose``, to stderr.

    Raises PreconditionError when the file cannot be written.
    """
    async with AsyncExitStack() as stack:
        writers = _writers(file, stack, verbose=verbose)
        if not writers:
            yield
            return
        tail = LogTail(folder)
        following = asyncio.create_task(_follow(tail, writers))
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            _pass_on(tail, writers)


def _writers(file: Path | None, stack: AsyncExitStack, *, verbose: bool) -> list[Callable[[str], object]]:
    writers: list[Callable[[str], object]] = [sys.stderr.write] if verbose else []
    if file is not None:
        try:
            writers.append(stack.enter_context(file.open("a", encoding="utf-8")).write)
        except OSError as wrong:
            raise PreconditionError(f"the log file {file} cannot be written: {wrong.strerror}") from wrong
    return writers


async def _follow(tail: LogTail, writers: list[Callable[[str], object]]) -> None:
    while True:
        _pass_on(tail, writers)
        await asyncio.sleep(POLL_SECONDS)


def _pass_on(tail: LogTail, writers: list[Callable[[str], object]]) -> None:
    for line in tail.news():
        for write in writers:
            write(f"{line}\n")
