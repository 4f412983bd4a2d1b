"""The side of a kept process: it begins when its keeper says so, and ends when its keeper is no more.

The keeper holds the other end of our standard input: `go` lets us begin, the end of it says that the keeper died.
"""

import asyncio
import os
from collections.abc import Callable

READ = 4096


async def let_go(handle: int = 0) -> bool:
    """Wait for the keeper's word; False when it died instead."""
    loop = asyncio.get_running_loop()
    word: asyncio.Future[bytes] = loop.create_future()

    def readable() -> None:
        loop.remove_reader(handle)
        word.set_result(os.read(handle, READ))

    loop.add_reader(handle, readable)
    try:
        return bool(await word)
    finally:
        loop.remove_reader(handle)


def on_loss(then: Callable[[], None], handle: int = 0) -> None:
    """Call ``then`` once when the keeper is gone."""
    loop = asyncio.get_running_loop()

    def readable() -> None:
        if not os.read(handle, READ):
            loop.remove_reader(handle)
            then()

    loop.add_reader(handle, readable)
